"""The plan as a JSON document, `format_version` 1.0 (docs/design.md, section 6), and its id.

A document says everything a reviewer approves: its id is made from it alone, and it can be read back and compared.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any, Dict, Iterable, Iterator, List, Mapping

from stagectl.core.diff import Difference
from stagectl.core.plans.plan import Cause, Change, Digests, Held, Plan
from stagectl.core.plans.selection import Selection
from stagectl.core.printable import json_text
from stagectl.core.values import as_written, canonical, digest, format_path

FORMAT_VERSION = "1.0"
# The keys the id is made of, beside the changes: all but where and when the plan was made, and what is outside it.
_APPROVED = ("format_version", "selection", "held", "recorded", "moved", "kinds")

_AT_ONCE = 64  # lines in a piece of text

Document = Dict[str, Any]


def with_id(plan: Plan) -> Plan:
    """Return a plan with its id filled in, and each change's digests and part of the document."""
    with_json = replace(plan, changes=tuple(map(_with_json, plan.changes)))
    return replace(with_json, id=plan_id(to_document(with_json), changes_text(with_json)))


def changes_text(plan: Plan) -> str:
    """Return the changes of a plan as canonical JSON."""
    return _joined(change.text or canonical(_change_json(change, digests(change))) for change in plan.changes)


def _joined(changes: Iterable[str]) -> str:
    return f"[{','.join(changes)}]"


def plan_id(document: Mapping[str, Any], changes: str = "") -> str:
    """Return the SHA-256, in hex, of what a reviewer approves: see docs/plan.md for what is in it and what is not.

    changes: those of the document as canonical JSON, where they are there already.
    """
    # Thousands of changes as one value take a third longer than one by one. Their key is the first of all.
    changes = changes or _joined(map(canonical, document["changes"]))
    approved = {key: document[key] for key in _APPROVED}
    approved.update({"files": document["files"]} if document.get("files") else {})
    approved["held"] = [{key: held[key] for key in held if key not in ("message", "of")} for held in document["held"]]
    text = f'{{"changes":{changes},{canonical(approved)[1:]}'
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def to_document(plan: Plan) -> Document:
    """Return a plan as plain JSON values; keys may be added in later versions."""
    used = {change.kind for change in plan.changes}
    tries = {change.id: change.last._asdict() for change in plan.changes if change.last is not None}
    return {
        "format_version": FORMAT_VERSION,
        "plan_id": plan.id,
        "base": {"commit": plan.base},
        "head": {"commit": plan.head, "dirty": plan.dirty},
        "selection": selection_json(plan.selection),
        "changes": [change.json or _change_json(change, digests(change)) for change in plan.changes],
        "held": [_held_json(held) for held in plan.held],
        "recorded": list(plan.recorded),
        "pending": list(plan.pending),
        "moved": [{"from": old, "to": new} for old, new in plan.moved],
        "summary": plan.summary(),
        **({"tries": tries} if tries else {}),
        "kinds": {name: kind.raw for name, kind in sorted(plan.kinds.items()) if name in used},
        **({"files": dict(sorted(plan.files.items()))} if plan.files else {}),
        **({"project": plan.project} if plan.project else {}),
    }


def selection_json(selection: Selection) -> Document:
    """Return a selection as the document has it."""
    return {
        "tags": list(selection.tags),
        "names": list(selection.names),
        "with_children": selection.with_children,
        "with_parents": selection.with_parents,
    }


def _with_json(change: Change) -> Change:
    digested = digests(change)
    copy = object.__new__(Change)  # there may be thousands: a frozen one sets each field by a call
    document = _change_json(change, digested)
    vars(copy).update(vars(change), digests=digested, json=document, text=canonical(document))
    return copy


def _change_json(change: Change, digested: Digests) -> Document:
    cause = change.cause
    return {
        "id": change.id,
        "resource": change.resource,
        "action": change.action,
        "kind": change.kind,
        "tags": list(change.tags),
        "cause": _cause_json(cause),
        "diff": [difference_json(entry, entry.path[0] in change.sensitive) for entry in change.diff],
        "after": list(change.after),
        "wave": change.wave,
        "triggers": [{"on": trigger, "when": when} for trigger, when in change.triggers],
        "stamps": dict(sorted(change.stamps.items())),
        "digests": {"before": digested.before, "inputs": digested.inputs},
        **({"protected": True} if change.protected else {}),
        **({"conditional": True} if change.conditional else {}),
    }


def _cause_json(cause: Cause) -> Document:
    found: Document = {"type": cause.type.value, "of": list(cause.of), "inputs": list(cause.inputs)}
    if not any(cause[3:]):  # few have more
        return found
    more = {"kind_before": cause.kind_before, "tried": cause.tried, "drifted": list(cause.drifted)}
    return {**found, **{key: value for key, value in more.items() if value}}


def digests(change: Change) -> Digests:
    """Return the digests of the values of a change; one read from a document brings them, and no values."""
    if change.digests is not None:
        return change.digests
    return Digests(*(None if values is None else digest(values) for values in (change.before, change.inputs)))


def difference_json(difference: Difference, sensitive: bool) -> Document:
    """Return one difference; a sensitive one without its values."""
    path, op, before, after, known_after, written = difference
    found: Document = {"path": format_path(path), "op": op.value, "before": None, "after": None}
    if known_after:
        found["known_after"] = list(known_after)
    if sensitive:
        found["sensitive"] = True
        return found
    found["before"] = as_written(before)
    if known_after:
        found["written"] = written
    else:
        found["after"] = as_written(after)
    return found


def _held_json(held: Held) -> Document:
    return {
        "id": held.id,
        "resource": held.resource,
        "action": held.action,
        "tags": list(held.tags),
        "reason": held.reason.value,
        "needs": list(held.needs),
        "message": held.message,
        "of": list(held.of),
    }


def json_pieces(document: Document) -> Iterator[str]:
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
    for start in range(0, len(entries), _AT_ONCE):
        yield before + ",\n    ".join(map(json_text, entries[start : start + _AT_ONCE]))
        before = ",\n    "
    yield "\n  ]"
