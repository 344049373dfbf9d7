"""A comment that is shortened says so, and names every removal."""

from __future__ import annotations

import pytest

from stagectl.core.errors import UsageError
from stagectl.core.model import Applied, Name
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.selection import Selection
from stagectl.views.comments.plan_markdown import plan_markdown
from tests import build


def large_plan() -> Plan:
    """One hundred updates, and ten removals among them."""
    before = [build.resource(f"x/r{number}", inputs={"v": f"old-{number}"}) for number in range(110)]
    applied = {one.name: Applied(resource=one, inputs=dict(one.inputs)) for one in before}
    after = [build.resource(f"x/r{number}", inputs={"v": f"new-{number}"}) for number in range(110) if number % 11]
    kinds = {"service": build.kind("service")}
    return make_plan(Situation(applied, {Name(one.name): one for one in after}, kinds), Selection())


@pytest.mark.parametrize("most", range(700, 30_000, 900))
def test_a_shortened_comment_says_so_and_names_all_removals(most: int) -> None:
    """
    Whatever room there is: it fits in, and only where not even the removals do, there is no comment.
    """
    plan = large_plan()
    full = plan_markdown(plan, max_bytes=1_000_000)

    try:
        text = plan_markdown(plan, max_bytes=most)
    except UsageError:
        assert most < 1_500
        return

    assert len(text.encode()) <= most
    assert (text != full) == ("*Shortened to fit in: " in text)
    assert all(f"`{change.id}`" in text for change in plan.changes if change.action == "remove")
