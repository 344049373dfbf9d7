"""Rules of section 5 of the design from the command line, with differences and words; see test_second_planner.py."""

from __future__ import annotations

import shlex
from typing import Mapping, Sequence

import pytest

from tests.build import Repo, record
from tests.scenarios.planning.world import Edits, Step, edit, happen, of
from tests.unit.core.planning.worlds import Shown, at, cause

ALL = Shown(
    "db.update app.update free.update job.restart web.update",
    {"web.update": {"cause": cause("child", "app.update", inputs=["v"])}},
)

RULES = {
    "1: a child joins only if a value it reads changed; order alone makes no child": (
        {"db": of(port=1, host="h"), "app": of(p="${db.port}", own=1), "web": of(h="${db.host}"),
         "job": of(depends_on=["db"])},
        [{"db": of(port=2, host="h")}],
        {"": Shown("db.update app.update", {
            "db.update": {"cause": cause("staged", inputs=["port"])},
            "app.update": {"cause": cause("child", "db.update", inputs=["p"]), "diff": [at("p", 1, 2)]}})},
    ),
    "1: inputs come and go; a value of another type is another value; the order of keys is nothing": (
        {"db": of(a=1, b=1, c={"x": 1, "y": 2}, old=1)},
        [{"db": of(c={"y": 2, "x": 1}, b="1", a=True, new=None)}],
        {"": Shown("db.update", {"db.update": {"diff": [
            at("a", 1, True), at("b", 1, "1"), at("new", None, None, "add"), at("old", 1, None, "remove")]}})},
    ),
    "3: an unselected edit never leaks into a plan": (
        {"db": of(port=1), "app": of(p="${db.port}", own=1)},
        [{"db": of(port=2), "app": of(p="${db.port}", own=2), "new": of(p="${db.port}")}],
        {"app new": Shown("app.update new.run", {"app.update": {"diff": [at("own", 1, 2)]},
                                                 "new.run": {"diff": [at("p", None, 1, "add")]}}, pending="db.update")},
    ),
    "5, 8: with tags, untagged children join, and others are held; with children, or with names, every one joins": (
        {"db": of("prod", v=1), "free": of(v="${db.v}"), "app": of("dev", v="${db.v}"), "web": of("prod", v="${app.v}"),
         "job": of("dev", react_on={"restart": ["db.update"]})},
        [{"db": of("prod", v=2)}],
        {"-t prod": Shown(
            "db.update free.update",
            held={"app.update": "outside-selection", "job.restart": "outside-selection"},
            said={
                "app.update": "it reads what changes here, and its tags are not selected; --with-children takes it in",
                "job.restart": "it reacts on db.update, and its tags are not selected; --with-children takes it in"}),
         "-t prod --with-children": ALL, "db": ALL},
    ),
    "5: a change waits for parents that are not live, its other changes with it, and what reads it for it": (
        {},
        [{"db": of(v=1), "dns": of(), "one": of(depends_on=["dns"]), "app": of(v="${db.v}", depends_on=["dns"]),
          "web": of(v="${app.v}")}, "stage app -a test"],
        {"app web one": Shown(
            "", pending="db.run dns.run",
            held={"app.run": "needs-parent db.run dns.run", "app.test": "needs-parent db.run dns.run",
                  "web.run": "needs-parent app.run", "one.run": "needs-parent dns.run"},
            said={"app.run": "it needs db.run, dns.run, which are not selected; --with-parents takes them in",
                  "one.run": "it needs dns.run, which is not selected; --with-parents takes it in"})},
    ),
    "9: a connection orders unless the body says unordered, which leaves the value": (
        {},
        [{"a": of(v=1), "b": of(v="${a.v}"), "c": of(v="${a.v}", unordered=["a"])}],
        {"": Shown("a.run b.run c.run", {"b.run": {"after": ["a.run"]},
                                         "c.run": {"after": [], "diff": [at("v", None, 1, "add")]}})},
    ),
    "9: removals go the other way round, by connection and by depends_on, and show what goes": (
        {"a": of(v=1, w={"x": [2]}), "b": of(v="${a.v}"), "c": of(depends_on=["b"])},
        [dict.fromkeys("abc")],
        {"": Shown("c.remove b.remove a.remove", {
            "b.remove": {"after": ["c.remove"]},
            "a.remove": {"after": ["b.remove"],
                         "diff": [at("v", 1, None, "remove"), at("w.x.0", 2, None, "remove")]}})},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("live", "steps", "plans"), RULES.values(), ids=RULES)
def test_a_rule_of_the_processor(repo: Repo, live: Edits, steps: Sequence[Step], plans: Mapping[str, Shown]) -> None:
    """
    What is live, what happens then, and plans by their words; the number is that of the rule. Whatever a plan has
    beside that would be another plan. The last one is applied, which does what it says and leaves nothing of it.
    """
    edit(repo, live).commit()
    if live:
        record(repo)
    happen(repo, *steps)
    repo.write("actions.log", "")
    for line, shown in plans.items():
        words = shlex.split(line)
        plan = repo.plan(*words)
        seen = shown.seen_in(plan)
        assert shown == seen, seen
    repo.ok("apply", "--yes", *words)
    assert sorted(plan.ids) == sorted(repo.log())
    assert not {*plan.ids} & {*repo.plan(*words).ids}
