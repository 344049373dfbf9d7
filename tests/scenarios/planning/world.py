"""What the tests of this folder share: a small world, and what happens in it as rows of a table."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Union

from tests.build import Repo, record

RELATIONS = ("depends_on", "react_on", "unordered")


def edited(repo: Repo) -> Repo:
    """A parent, a child that reads it, and a bystander; the parent was edited after all was recorded."""
    repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"})
    record(repo.define("lone", inputs={"a": 1, "b": "${env:HOME}"}))
    return repo.define("db", inputs={"port": 2}).stage()


Body = Mapping[str, Any]
Edits = Mapping[str, Optional[Body]]  # None: the definition is deleted
# Edits, which are staged; a command line; `fail` with the changes that fail while all is applied.
Step = Union[Edits, str]


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
