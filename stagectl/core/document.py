"""The plan as a JSON document, `format_version` 1.0 (design, section 6), and its id.

A document says everything a reviewer approves: its id is made from it alone, and it can be read back and compared.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from stagectl.core import forms, settings
from stagectl.core.diff import ADD, Difference
from stagectl.core.diff import REMOVE as GONE
from stagectl.core.diff import REPLACE as REPLACED
from stagectl.core.errors import FlawedFile, StagectlError
from stagectl.core.model import ACTION, STAMP, TAG, ChangeId, Kind, change_id
from stagectl.core.plan import Cause, Change, Digests, Held, Plan
from stagectl.core.printable import json_text
from stagectl.core.references import parse_template
from stagectl.core.schema import KIND_NAME
from stagectl.core.selection import Selection
from stagectl.core.situation import NEEDS_PARENT, NEEDS_READER, OUTSIDE
from stagectl.core.values import Value, as_written, canonical, digest, dotted, map_strings, undotted

FORMAT_VERSION = "1.0"
# The keys the id is made of: all but where and when the plan was made, and what is outside it.
_APPROVED = ("format_version", "selection", "changes", "held", "recorded", "moved", "kinds")

Document = Dict[str, Any]


def with_id(plan: Plan) -> Plan:
    """Return a plan with its id filled in."""
    return replace(plan, id=plan_id(to_document(plan)))


def plan_id(document: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of what a reviewer approves: see docs/plan.md for what is in it and what is not."""
    approved = {key: document[key] for key in _APPROVED}
    approved["held"] = [{key: held[key] for key in held if key != "message"} for held in document["held"]]
    return hashlib.sha256(canonical(approved).encode("utf-8", "surrogatepass")).hexdigest()


def to_document(plan: Plan) -> Document:
    """Return a plan as plain JSON values; keys may be added in later versions."""
    used = {change.kind for change in plan.changes}
    return {
        "format_version": FORMAT_VERSION,
        "plan_id": plan.id,
        "base": {"commit": plan.base},
        "head": {"commit": plan.head, "dirty": plan.dirty},
        "selection": selection_json(plan.selection),
        "changes": [_change_json(change) for change in plan.changes],
        "held": [_held_json(held) for held in plan.held],
        "recorded": list(plan.recorded),
        "pending": list(plan.pending),
        "moved": [{"from": old, "to": new} for old, new in plan.moved],
        "summary": plan.summary(),
        "kinds": {name: kind.raw for name, kind in sorted(plan.kinds.items()) if name in used},
    }


def selection_json(selection: Selection) -> Document:
    """Return a selection as the document has it."""
    return {
        "tags": list(selection.tags),
        "names": list(selection.names),
        "with_children": selection.with_children,
        "with_parents": selection.with_parents,
    }


def _change_json(change: Change) -> Document:
    """Return a change as the document has it. It is made once: the plan's id and every view want it."""
    made: Document = vars(change).setdefault("_document", {})
    if made:
        return made
    cause, digested = change.cause, digests(change)
    made.update(
        {
            "id": change.id,
            "resource": change.resource,
            "action": change.action,
            "kind": change.kind,
            "tags": list(change.tags),
            "cause": {"type": cause.type, "of": list(cause.of), "inputs": list(cause.inputs)},
            "diff": [difference_json(entry, entry.path[0] in change.sensitive) for entry in change.diff],
            "after": list(change.after),
            "wave": change.wave,
            "triggers": [{"on": trigger, "when": when} for trigger, when in change.triggers],
            "stamps": dict(sorted(change.stamps.items())),
            "digests": {"before": digested.before, "inputs": digested.inputs},
        }
    )
    return made


def digests(change: Change) -> Digests:
    """Return the digests of the values of a change; one read from a document brings them, and no values."""
    if change.digests is not None:
        return change.digests
    if "_document" in vars(change) and vars(change)["_document"]:
        return Digests(**vars(change)["_document"]["digests"])
    return Digests(*(None if values is None else digest(values) for values in (change.before, change.inputs)))


def difference_json(difference: Difference, sensitive: bool) -> Document:
    """Return one difference; a sensitive one without its values."""
    found: Document = {"path": dotted(difference.path), "op": difference.op, "before": None, "after": None}
    if sensitive:
        return {**found, "sensitive": True}
    return {**found, "before": as_written(difference.before), "after": as_written(difference.after)}


def _held_json(held: Held) -> Document:
    return {
        "id": held.id,
        "resource": held.resource,
        "action": held.action,
        "tags": list(held.tags),
        "reason": held.reason,
        "needs": list(held.needs),
        "message": held.message,
    }


def written(document: Document) -> Iterator[str]:
    """Yield the text of a document: a line per key, and a line per change, which a diff of two plans can show."""
    before = "{"
    for key, value in document.items():
        yield f"{before}\n  {json.dumps(key)}: "
        if key in ("changes", "held") and value:
            yield from _lines(value)
        else:
            yield json_text(value, indent=2).replace("\n", "\n  ")
        before = ","
    yield "\n}\n"


def _lines(entries: List[Any]) -> Iterator[str]:
    before = "[\n    "
    for entry in entries:
        yield before + json_text(entry)
        before = ",\n    "
    yield "\n  ]"


# --- and back


def from_document(raw: Any, what: str) -> Plan:
    """Return the plan that a document describes, without values to act with.

    what: how to call the document in an error. Raises StagectlError for what is no plan, is of another format or was
    changed since it was written.
    """
    version = raw.get("format_version") if isinstance(raw, dict) else None
    if not isinstance(version, str):
        raise StagectlError(f"{what} is no plan", "plans are written by: stagectl plan --out FILE")
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        trouble = f"{what} has format {version[:40]}, and this stagectl reads {FORMAT_VERSION}"
        raise StagectlError(trouble, "plan it again")
    try:
        plan = _plan(raw)
        fits = plan_id(to_document(plan)) == plan.id == plan_id(raw)
        if fits:
            _check_order(plan.changes)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, FlawedFile) as error:
        raise StagectlError(f"{what} is no plan: {_trouble(error)}", "plan it again") from None
    if not fits:
        trouble = "was changed since it was written: its plan id does not fit"
        if version != FORMAT_VERSION:
            trouble = f"has format {version[:40]}, and this stagectl makes {FORMAT_VERSION}"
        raise StagectlError(f"{what} {trouble}", "plan it again")
    return plan


def _trouble(error: Exception) -> str:
    return f"the key {error} is missing" if isinstance(error, KeyError) else str(error)[:200]


def _check_order(changes: Tuple[Change, ...]) -> None:
    """Raise ValueError unless each change is there once, after all that it waits for, and in the wave that follows."""
    waves: Dict[ChangeId, int] = {}
    for change in changes:
        early = all(earlier in waves for earlier in change.after)
        if change.id in waves or not early:
            raise ValueError(f"{change.id} is there twice" if early else f"{change.id} comes too early")
        waves[change.id] = 1 + max((waves[earlier] for earlier in change.after), default=-1)
        if change.wave != waves[change.id]:
            raise ValueError(f"{change.id} is in the wrong wave")


def _plan(raw: Mapping[str, Any]) -> Plan:
    selection = raw["selection"]
    return Plan(
        id=forms.text(raw["plan_id"]),
        selection=Selection(
            forms.texts(selection["names"]),
            forms.texts(selection["tags"]),
            bool(selection["with_children"]),
            bool(selection["with_parents"]),
        ),
        changes=tuple(map(_change, raw["changes"])),
        held=tuple(map(_held, raw["held"])),
        recorded=tuple(map(forms.name, raw["recorded"])),
        pending=tuple(map(forms.identity, raw["pending"])),
        moved=tuple((forms.name(move["from"]), forms.name(move["to"])) for move in raw["moved"]),
        kinds={name: _kind(name, body) for name, body in raw["kinds"].items()},
        base=forms.oid_or_none(raw["base"]["commit"]),
        head=forms.oid_or_none(raw["head"]["commit"]),
        dirty=bool(raw["head"]["dirty"]),
    )


# Words that go into texts and pictures as they are: a file from elsewhere must not bring others.
_CAUSES = re.compile("staged|explicit|child|reaction|replace|unfinished|owed")
_REASONS = re.compile(f"{OUTSIDE}|{NEEDS_PARENT}|{NEEDS_READER}")
_OPS = re.compile(f"{ADD}|{GONE}|{REPLACED}")
_WHEN = re.compile("success|changed")


def _kind(name: str, raw: Any) -> Kind:
    forms.text(name, KIND_NAME)
    return Kind(name, raw=None) if raw is None else settings.kind(name, [raw])


def _change(raw: Mapping[str, Any]) -> Change:
    cause = raw["cause"]
    made = raw["digests"]
    return Change(
        **_identified(raw),
        kind=forms.text(raw["kind"], KIND_NAME),
        cause=Cause(
            forms.text(cause["type"], _CAUSES), tuple(map(forms.identity, cause["of"])), forms.texts(cause["inputs"])
        ),
        diff=tuple(_differences(raw["diff"])),
        after=tuple(map(forms.identity, raw["after"])),
        wave=forms.count(raw["wave"]),
        sensitive=frozenset(str(undotted(entry["path"])[0]) for entry in raw["diff"] if entry.get("sensitive")),
        triggers=tuple((forms.identity(entry["on"]), forms.text(entry["when"], _WHEN)) for entry in raw["triggers"]),
        stamps={forms.text(action, ACTION): forms.text(stamp, STAMP) for action, stamp in raw["stamps"].items()},
        digests=Digests(made["before"], made["inputs"]),
    )


def _differences(entries: List[Mapping[str, Any]]) -> Iterator[Difference]:
    for entry in entries:
        before, after = (map_strings(entry[side], _read) for side in ("before", "after"))
        yield Difference(undotted(forms.text(entry["path"])), forms.text(entry["op"], _OPS), before, after)


def _read(path: object, text: str) -> Value:
    return parse_template(text, "")


def _held(raw: Mapping[str, Any]) -> Held:
    return Held(
        **_identified(raw),
        reason=forms.text(raw["reason"], _REASONS),
        needs=tuple(map(forms.identity, raw["needs"])),
        message=forms.text(raw["message"]),
    )


def _identified(raw: Mapping[str, Any]) -> Dict[str, Any]:
    name, action = forms.name(raw["resource"]), forms.text(raw["action"], ACTION)
    if raw["id"] != change_id(name, action):
        raise ValueError(f"the id {raw['id']!r} is not {change_id(name, action)}")
    tags = tuple(forms.text(tag, TAG) for tag in raw["tags"])
    return {"id": change_id(name, action), "resource": name, "action": action, "tags": tags}
