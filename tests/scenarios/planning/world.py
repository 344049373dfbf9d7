"""What the tests of this folder share: small words for what a plan says, and rules as rows of a table."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence, Union

from tests.build import Repo, record
from tests.unit.core.planning.worlds import Shown

RELATIONS = ("depends_on", "react_on", "unordered")


def edited(repo: Repo) -> Repo:
    """A parent, a child that reads it, and a bystander; the parent was edited after all was applied."""
    repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"})
    repo.define("lone", inputs={"a": 1, "b": "${env:HOME}"}).apply_all()
    return repo.define("db", inputs={"port": 2}).stage()


# --- rules as rows

Body = Mapping[str, Any]
Edits = Mapping[str, Optional[Body]]  # None: the definition is deleted
Step = Union[
    Edits, str
]  # edits, which are staged; a command line; `fail` with the changes that fail while all is applied


def of(*tags: str, kind: str = "service", **values: Any) -> Body:
    """A definition: tags, relations, and everything else is an input."""
    inputs = {key: value for key, value in values.items() if key not in RELATIONS}
    return {"kind": kind, "tags": tags, "inputs": inputs, **{key: values[key] for key in RELATIONS if key in values}}


def edit(repo: Repo, edits: Edits) -> Repo:
    for name, body in edits.items():
        if body is None:
            repo.delete(name)
        else:
            repo.define(name, **body)
    return repo


def happen(repo: Repo, *steps: Step) -> Repo:
    """Take these steps."""
    for step in steps:
        if not isinstance(step, str):
            edit(repo, step).stage()
        elif step.startswith("fail "):
            assert 1 == repo.fail(*step.split()[1:]).apply().code
            repo.fail()
        else:
            repo.ok(*step.split())
    return repo


@dataclass(frozen=True)
class Rule:
    """What is live, what happens then, and plans by their words."""

    live: Edits
    steps: Sequence[Step]
    plans: Mapping[str, Shown]

    def holds(self, repo: Repo) -> None:
        """Compare each plan; the last one is applied, which does what it says and leaves nothing of it."""
        edit(repo.kind("vm", replace_on=["zone"]), self.live).commit()
        if self.live:
            record(repo)
        happen(repo, *self.steps)
        repo.write("actions.log", "")
        for line, shown in self.plans.items():
            words = shlex.split(line)
            plan = repo.plan(*words)
            seen = shown.seen_in(plan)
            assert shown == seen, seen
        repo.ok("apply", "--yes", *words)
        ran = [change["id"] for change in plan.raw["changes"] if change["kind"] != "plain"]
        assert sorted(ran) == sorted(repo.log())
        assert not {*plan.ids} & {*repo.plan(*words).ids}
