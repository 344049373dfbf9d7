"""What the tests of this folder share."""

from __future__ import annotations

from typing import Any, Dict

from tests.build import Repo


def cause(kind: str, *of: str, inputs: Any = ()) -> Dict[str, Any]:
    return {"type": kind, "of": list(of), "inputs": list(inputs)}


def at(path: str, before: Any, after: Any, op: str = "replace") -> Dict[str, Any]:
    """One entry of a diff."""
    return {"path": path, "op": op, "before": before, "after": after}


def error(repo: Repo, *arguments: str) -> str:
    """What a plan that is refused says."""
    done = repo.run("plan", *arguments)
    assert (1, "") == (done.code, done.out)
    return done.err


def chain(repo: Repo, *names: str, **tags: Any) -> Repo:
    """Resources of which each hands the value of the one before it on, the first one's is 1."""
    value: Any = 1
    for name in names:
        repo.define(name, tags=tags.get(name, ()), inputs={"v": value})
        value = f"${{{name}.v}}"
    return repo
