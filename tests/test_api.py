"""The Python API: what the commands do, with typed values."""

from __future__ import annotations

from typing import List, Tuple

import pytest

from stagectl import Repository
from stagectl.api import OtherPlan, StagectlError
from tests.build import Repo


def test_stage_plan_and_apply_with_values(repo: Repo) -> None:
    """
    What a script stages, plans and applies is what the commands show afterwards.
    """
    repo.define("db", tags=["prod"], inputs={"port": 1}).define("app", inputs={"port": "${db.port}"}).commit()
    repository = Repository(repo.root)
    seen: List[Tuple[str, str]] = []

    staged = repository.stage()
    plan = repository.plan()
    done = repository.apply(plan, watch=lambda change, outcome: seen.append((change.id, outcome.state)))

    assert ("db.run", "app.run") == staged.changes
    assert ["db.run", "app.run"] == [change.id for change in plan.changes] == repo.log()
    assert done.is_complete and done.commit == repo.git("rev-parse", "stagectl/applied").strip()
    assert [("db.run", "INPROGRESS"), ("db.run", "SUCCESS"), ("app.run", "INPROGRESS"), ("app.run", "SUCCESS")] == seen
    assert repository.status().is_clean
    assert ["apply", "stage"] == [entry.type for entry in repository.log("db")]
    assert {"port": 1} == dict(repository.show("app").resolved)
    repository.stage(tags=["prod"], actions=["restart"])
    assert ["db.restart"] == [change.id for change in repository.plan(["db"]).changes]


def test_a_plan_that_is_no_longer_the_plan_is_refused_with_what_differs(repo: Repo) -> None:
    """
    Also one that was saved and loaded; a plan object is a pin.
    """
    repo.define("db", inputs={"port": 1}).commit()
    repository = Repository(repo.root)
    repository.stage()
    repository.save_plan(repository.plan(), repo.root / "plan.json")
    repo.define("db", inputs={"port": 2}).stage()

    with pytest.raises(OtherPlan) as caught:
        repository.apply(repository.load_plan(repo.root / "plan.json"))

    assert caught.value.difference is not None
    assert ["db.run"] == [pair.after.id for pair in caught.value.difference.differ]
    assert [] == repo.log()


def test_errors_have_a_message_and_a_hint(repo: Repo) -> None:
    """
    Whatever a command refuses, the API raises.
    """
    with pytest.raises(StagectlError) as caught:
        Repository(repo.root).plan(["nowhere"])

    assert ("there is no resource 'nowhere'", True) == (caught.value.message, bool(caught.value.hint))
