"""One repository as plain dicts: what is staged, what is applied, and what an apply makes of it.

What a plan is, tests/oracle.py says; here is what its end leaves behind (docs/design.md, section 4).
"""

from __future__ import annotations

import re
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set

from tests import oracle

Raw = Dict[str, Any]
Ends = Dict[str, str]  # change id -> SUCCESS, ERROR or SKIPPED
INFERRED = ("run", "update", "remove")


def nothing() -> Raw:
    """The applied state of a resource that has none."""
    return {"resource": None, "inputs": {}, "stamps": {}, "unfinished": None, "owed": {}}


def without_seen(state: Raw) -> Raw:
    """A state without what a check saw."""
    return {key: value for key, value in state.items() if key != "observed"}


def looked_at(state: Raw, world: Optional[Raw]) -> Raw:
    """The applied state of a resource after a look at what the world has of it, None for nothing."""
    if world is None:
        return {**state, "observed": {"gone": True, "inputs": {}}}
    differing = {key: world[key] for key, value in state["inputs"].items() if key in world and world[key] != value}
    return {**without_seen(state), **({"observed": {"inputs": differing}} if differing else {})}


class Planned:
    """A plan of the second planner, and what it was made of; raises oracle.Refused."""

    def __init__(
        self,
        kinds: Raw,
        applied: Mapping[str, Raw],
        staged: Mapping[str, Raw],
        selected: Optional[FrozenSet[str]] = None,
        tags: Sequence[str] = (),
    ) -> None:
        self.applied, self.staged = applied, staged
        names = {*applied, *staged}
        expression = (lambda mine: any(tag in mine for tag in tags)) if tags else None
        full = oracle.Look((kinds, applied, staged, expression, False, False), names, set())
        chosen = names if selected is None else set(selected)
        for name in sorted(chosen & staged.keys()):
            verbs = {*oracle.STANDARD, "replace", *kinds[staged[name]["kind"]]["actions"]}
            if set(full.stamps(name)) - verbs:  # its kind changed since
                raise oracle.Refused("no such action", [name])
        self.look, _, self.changes, _ = oracle.part(full, chosen, oracle.NO_REPORTS)
        self.order = oracle.in_order(self.changes.after)
        if len(self.order) < len(self.changes.after):
            raise oracle.Refused("cycle", [])
        self.recorded = oracle.recorded(self.look)

    def ends(self, failing: Set[str]) -> Ends:
        """How each change ends when the actions of some fail."""
        ends: Ends = {}
        for change in self.order:
            waits = {ends[earlier] for earlier in self.changes.after[change]}
            ends[change] = "SKIPPED" if waits - {"SUCCESS"} else "ERROR" if change in failing else "SUCCESS"
        return ends

    def after(self, ends: Ends) -> Dict[str, Raw]:
        """The applied state when the changes have ended so."""
        names = {change.rpartition(".")[0] for change in [*self.order, *self.changes.held]} | set(self.recorded)
        found = dict(self.applied)
        for name in names:
            state = self._of(name, ends)
            found.pop(name, None)
            if state is not None and state != nothing():
                found[name] = state
        return found

    def _of(self, name: str, ends: Ends) -> Optional[Raw]:
        state: Optional[Raw] = {**nothing(), **self.applied.get(name, {})}
        if name in self.recorded and name not in self.look.forms:  # gone, and staged as removed
            return None
        mine = [change for change in self.order if change.rpartition(".")[0] == name]
        for change in mine:
            state = self._end(name, change.rpartition(".")[2], ends[change], state or nothing())
        if state is None:
            return None
        causes = {self.changes.causes[change]["cause"] for change in mine}
        is_done = all(ends[change] == "SUCCESS" for change in mine)
        is_asked = "explicit" in causes and is_done and not any(c.rpartition(".")[2] in INFERRED for c in mine)
        if name in self.recorded and self.look.as_seen(name):
            state = {**without_seen(state), "inputs": self.look.acting(name)}
        if state["resource"] and name in self.look.forms and (name in self.recorded or is_asked):
            state["resource"] = self.look.forms[name]
        debts = (
            {change: self._due(change, ends) for change in mine if ends[change] != "SUCCESS"}
            if state["resource"]
            else {}
        )
        debts.update({held: self._due(held, ends) for held in self.changes.held if held.rpartition(".")[0] == name})
        for change, due in debts.items():
            if due:
                action = change.rpartition(".")[2]
                state["owed"] = {**state["owed"], action: sorted({*state["owed"].get(action, []), *due})}
        return state

    def _end(self, name: str, action: str, end: str, state: Raw) -> Optional[Raw]:
        if end == "ERROR" and action in INFERRED:
            return {**state, "unfinished": self._tried(name, action, state)}
        if end != "SUCCESS":
            return state
        if action == "remove":
            if name not in self.look.forms:
                return None
            left = {**nothing(), "stamps": state["stamps"], "owed": state["owed"]}
            return {**left, "unfinished": {**self._tried(name, "run", state), "replaces": True}}
        paid = {action, "update"} if action == "run" else {action}
        state = {
            **state,
            "stamps": {**state["stamps"], **self._stamps(name, action)},
            "owed": {owed: behind for owed, behind in state["owed"].items() if owed not in paid},
        }
        if action not in INFERRED:
            return state
        state = {**without_seen(state), "resource": self.look.forms[name], "inputs": self.look.acting(name)}
        return {**state, "unfinished": None}

    def _tried(self, name: str, action: str, state: Raw) -> Raw:
        form = self.look.forms.get(name)
        tags = (self.staged.get(name) or state["resource"] or state["unfinished"] or {}).get("tags", [])
        tried = {"action": action, "tags": sorted(tags)}
        if (state["unfinished"] or {}).get("replaces"):
            tried["replaces"] = True
        if action == "remove":
            before = state["resource"] or state["unfinished"]
            form = state["resource"] or state["unfinished"].get("form")
            inputs = state["inputs"] if state["resource"] else state["unfinished"]["inputs"]
            return {**tried, "kind": before["kind"], "inputs": inputs, **related(form)}
        return {**tried, "kind": form["kind"], "inputs": self.look.acting(name), **related(form)}

    def _stamps(self, name: str, action: str) -> Dict[str, str]:
        """The stamps of the explicit actions that a change does."""
        pending = {other: self.staged[name]["actions"][other] for other in self.look.stamps(name)}
        done = {action, "run", "replace"} if action == "run" else {action}
        return {other: stamp for other, stamp in pending.items() if other in done}

    def _due(self, change: str, ends: Ends) -> List[str]:
        name, _, own = change.rpartition(".")
        triggers: Set[str] = set()
        for action, parent, on in oracle.mapped(self.look.forms.get(name), "react_on"):
            triggers |= self.changes.meant(parent, on) if action == own else set()
        return sorted(trigger for trigger in triggers if ends.get(trigger) == "SUCCESS")


def related(form: Optional[Raw]) -> Raw:
    """What is kept of the relations that a try was made with, if there are any."""
    raw = form or {}
    reading = {key: value for key, value in (raw.get("inputs") or {}).items() if oracle.refs(value)}
    kept = {"inputs": reading, "depends_on": raw.get("depends_on"), "unordered": raw.get("unordered")}
    found = {key: value for key, value in kept.items() if value}
    return {"form": found} if found else {}


def renamed(raw: Raw, old: str, new: str) -> Raw:
    """A resource in which another one, or it itself, has a new name."""

    def other(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: other(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [other(inner) for inner in value]
        if not isinstance(value, str):
            return value
        value = value.replace("${" + old + ".", "${" + new + ".")
        return re.sub(rf"^{old}(?=$|\.)", new, value)

    return {key: value if key in ("kind", "tags", "actions") else other(value) for key, value in raw.items()}
