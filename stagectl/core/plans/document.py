"""The plan as a JSON document, `format_version` 1.0 (docs/design.md, section 6), and its id.

A document says everything a reviewer approves: its id is made from it alone, and it can be read back and compared.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from types import MappingProxyType
from typing import Any, Dict, Iterable, Iterator, Mapping, Sequence

from stagectl.core.diff import Difference
from stagectl.core.plans.plan import Cause, Change, Digests, Held, Plan
from stagectl.core.plans.selection import Selection
from stagectl.core.printable import json_encoder, json_safe, json_text
from stagectl.core.values import Path, Value, as_written, canonical, digest, format_path

FORMAT_VERSION = "1.0"
# The keys the id is made of, beside the changes: all but where and when the plan was made, and what is outside it.
_APPROVED = ("format_version", "selection", "held", "recorded", "moved", "kinds")

_AT_ONCE = 64  # lines in a piece of text
PRINTED, CANONICAL = 0, 1  # two ways to write the same: for people, and with sorted keys and no spaces
_COMMA, _ENCODE = (", ", ","), (json_encoder(json.JSONEncoder(ensure_ascii=False)), canonical)

Document = Dict[str, Any]


def with_id(plan: Plan) -> Plan:
    """Return a plan with its id filled in, and each change's digests and text."""
    return with_id_again(replace(plan, changes=tuple(map(_with_text, plan.changes))))


def with_id_again(plan: Plan) -> Plan:
    """Return a plan, of which all but the changes may be another since it got its id, with the one that it has now."""
    return replace(plan, id=plan_id(frame(plan), changes_text(plan)))


def changes_text(plan: Plan) -> str:
    """Return the changes of a plan as canonical JSON."""
    return _joined(change.text or change_text(change, CANONICAL) for change in plan.changes)


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
    return {**frame(plan), "changes": [json.loads(change_text(change, PRINTED)) for change in plan.changes]}


def frame(plan: Plan) -> Document:
    """Return a plan as plain JSON values, but for its changes: these stand in it as they are."""
    used = {change.kind for change in plan.changes}
    tries = {change.id: change.last._asdict() for change in plan.changes if change.last is not None}
    return {
        "format_version": FORMAT_VERSION,
        "plan_id": plan.id,
        "base": {"commit": plan.base},
        "head": {"commit": plan.head, "dirty": plan.dirty},
        "selection": selection_json(plan.selection),
        "changes": plan.changes,
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


def _with_text(change: Change) -> Change:
    copy = object.__new__(Change)  # there may be thousands: a frozen one sets each field by a call
    fields = vars(copy)
    fields.update(vars(change), digests=digests(change))
    fields["text"] = change_text(copy, CANONICAL)
    return copy


def change_text(change: Change, way: int) -> str:
    """Return a change as the document has it: text at once, since there may be thousands, and this is faster."""
    comma, sensitive, digested = _COMMA[way], change.sensitive, digests(change)
    identity, resource = _quoted(change.id), _quoted(change.resource)
    action, kind, cause = _quoted(change.action), _quoted(change.kind), _cause_text(change.cause, way)
    tags, after = comma.join(map(_quoted, change.tags)), comma.join(map(_quoted, change.after))
    diff = comma.join([difference_text(entry, entry[0][0] in sensitive, way) for entry in change.diff])
    triggers = comma.join([_trigger_text(on, when, way) for on, when in change.triggers])
    stamps = _ENCODE[way](dict(sorted(change.stamps.items()))) if change.stamps else "{}"
    was, comes = _text(digested.before, way), _text(digested.inputs, way)
    if way == CANONICAL:
        conditional = '"conditional":true,' if change.conditional else ""
        protected = '"protected":true,' if change.protected else ""
        return (
            f'{{"action":{action},"after":[{after}],"cause":{cause},{conditional}"diff":[{diff}],'
            f'"digests":{{"before":{was},"inputs":{comes}}},"id":{identity},"kind":{kind},{protected}'
            f'"resource":{resource},"stamps":{stamps},"tags":[{tags}],"triggers":[{triggers}],"wave":{change.wave}}}'
        )
    more = (', "protected": true' if change.protected else "") + (', "conditional": true' if change.conditional else "")
    return (
        f'{{"id": {identity}, "resource": {resource}, "action": {action}, "kind": {kind}, "tags": [{tags}], '
        f'"cause": {cause}, "diff": [{diff}], "after": [{after}], "wave": {change.wave}, "triggers": [{triggers}], '
        f'"stamps": {stamps}, "digests": {{"before": {was}, "inputs": {comes}}}{more}}}'
    )


def _trigger_text(on: str, when: str, way: int) -> str:
    return _ENCODE[way]({"on": on, "when": when})


def _cause_text(cause: Cause, way: int) -> str:
    comma, how = _COMMA[way], _quoted(cause.type)
    of, inputs = comma.join(map(_quoted, cause.of)), comma.join(map(_quoted, cause.inputs))
    if cause.kind_before or cause.tried or cause.drifted:  # few have more
        more = {"kind_before": cause.kind_before, "tried": cause.tried, "drifted": list(cause.drifted)}
        there = {key: value for key, value in more.items() if value}
        return _ENCODE[way]({"type": cause.type, "of": list(cause.of), "inputs": list(cause.inputs), **there})
    if way == CANONICAL:
        return f'{{"inputs":[{inputs}],"of":[{of}],"type":{how}}}'
    return f'{{"type": {how}, "of": [{of}], "inputs": [{inputs}]}}'


def digests(change: Change) -> Digests:
    """Return the digests of the values of a change; one read from a document brings them, and no values."""
    if change.digests is not None:
        return change.digests
    before, inputs = change.before, change.inputs
    return Digests(None if before is None else digest(before), None if inputs is None else digest(inputs))


def difference_text(difference: Difference, sensitive: bool, way: int) -> str:
    """Return one difference; a sensitive one without its values."""
    path, op, before, after, known_after, _ = difference
    if sensitive or known_after:
        return _ENCODE[way](_hidden_json(difference, sensitive))
    was, comes = _value_text(before, way), _value_text(after, way)
    if way == CANONICAL:
        return f'{{"after":{comes},"before":{was},"op":{_quoted(op)},"path":{_quoted_path(path)}}}'
    return f'{{"path": {_quoted_path(path)}, "op": {_quoted(op)}, "before": {was}, "after": {comes}}}'


def _hidden_json(difference: Difference, sensitive: bool) -> Document:
    """Return a difference of which a value is not known yet, or not to be shown."""
    path, op, before, _, known_after, written = difference
    found: Document = {"path": format_path(path), "op": op, "before": None, "after": None}
    found.update({"known_after": list(known_after)} if known_after else {})
    found.update({"sensitive": True} if sensitive else {"before": as_written(before), "written": written})
    return found


def difference_json(difference: Difference, sensitive: bool) -> Document:
    """Return one difference as plain JSON values."""
    found: Document = json.loads(difference_text(difference, sensitive, PRINTED))
    return found


def _text(value: Any, way: int) -> str:
    if value is None:
        return "null"
    kind = type(value)
    return _quoted(value) if kind is str else repr(value) if kind is int else _ENCODE[way](value)


def _value_text(value: Value, way: int) -> str:
    if value is None or type(value) is int:
        return "null" if value is None else repr(value)
    if type(value) is str and "${" not in value:
        return _quoted(value)
    return _ENCODE[way](as_written(value))


@lru_cache(maxsize=1 << 14)  # of thousands of resources most have the same paths
def _quoted_path(path: Path) -> str:
    return _quoted(format_path(path))


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


def json_pieces(plan: Plan, more: Mapping[str, Any] = MappingProxyType({})) -> Iterator[str]:
    """Yield the text of a document: a line per key, and a line per change, which a diff of two plans can show.

    more: keys that it has beside those of the plan.
    """
    before = "{"
    for key, value in {**frame(plan), **more}.items():
        yield f"{before}\n  {json.dumps(key)}: "
        if key in ("changes", "held") and value:
            yield from _lines(value)
        else:
            yield json_text(value, indent=2).replace("\n", "\n  ")
        before = ","
    yield "\n}\n"


def _lines(entries: Sequence[Any]) -> Iterator[str]:
    before = "[\n    "
    for start in range(0, len(entries), _AT_ONCE):
        yield before + ",\n    ".join(map(_line, entries[start : start + _AT_ONCE]))
        before = ",\n    "
    yield "\n  ]"


def _line(entry: Any) -> str:
    return json_safe(change_text(entry, PRINTED)) if isinstance(entry, Change) else json_text(entry)
