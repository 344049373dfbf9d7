"""What the tests of this folder share."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Callable, Dict, List

from stagectl.core.values import canonical
from tests.build import Ran, Repo, record


def saved(repo: Repo, *arguments: str) -> Dict[str, Any]:
    """Save a plan in plan.json, and return what stands in it."""
    repo.ok("plan", "--out", "plan.json", *arguments)
    return dict(json.loads(repo.read("plan.json")))


def own_id(document: Dict[str, Any]) -> str:
    """The plan id by docs/plan.md, computed from the document alone."""
    keys = ("format_version", "selection", "changes", "held", "recorded", "moved", "kinds")
    approved = {key: document[key] for key in keys}
    reported = ("message", "of")
    approved["held"] = [{key: held[key] for key in held if key not in reported} for held in document["held"]]
    return hashlib.sha256(canonical(approved).encode()).hexdigest()


def reported(code: int, *lines: str) -> Ran:
    """A command that only says something on stderr."""
    return Ran(code, "", "".join(f"{line}\n" for line in lines))


def nothing(repo: Repo) -> List[str]:
    record(repo.define("a"))
    return []


def held(repo: Repo) -> List[str]:
    record(repo.define("db", tags=["p"], inputs={"x": 1}).define("app", tags=["q"], inputs={"x": "${db.x}"}))
    repo.define("db", tags=["p"], inputs={"x": 2}).define("new", tags=["p"], depends_on=["base"]).define("base").stage()
    return ["-t", "p and not q"]


def recorded(repo: Repo) -> List[str]:
    record(repo.define("a", tags=["p"]).define("b"))
    repo.define("a", tags=["p", "q"]).define("b", tags=["q"]).stage()
    return []


def moved(repo: Repo) -> List[str]:
    record(repo.define("a", inputs={"x": 1}).define("b", inputs={"y": "${a.x}"}))
    repo.ok("move", "a", "c")
    return []


def bad(message: str) -> Any:
    return (f"error: plan.json is no plan: {message}", "hint: plan it again")


def since(repo: Repo, edit: Callable[[Repo], Any], *selection: str) -> List[str]:
    """The range-diff, its head left out, from the plan there is to the one after an edit."""
    before = saved(repo, *selection)
    edit(repo)
    repo.ok("stage")
    now = repo.ok("plan", "--format", "json", "--since", "plan.json", *selection).json()
    lead, _, rest = repo.ok("plan", "--since", "plan.json", *selection).out.partition("\n\n")
    assert repo.ok("plan", *selection).out == rest
    assert (before["plan_id"], False) == (now["since"]["plan_id"], now["since"]["unchanged"])
    head, *lines = lead.splitlines()
    assert f"Since plan {before['plan_id'][:12]} (now {now['plan_id'][:12]}):" == head
    return [line[2:] for line in lines]
