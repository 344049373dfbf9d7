"""A plan from the JSON document that describes it; its author is not known."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from stagectl.core import forms
from stagectl.core.diff import Difference, Op
from stagectl.core.errors import FlawedFile, StagectlError
from stagectl.core.model import ACTION, TAG, ChangeId, Kind, change_id
from stagectl.core.plans.document import FORMAT_VERSION, changes_text, frame, plan_id
from stagectl.core.plans.plan import Cause, CauseType, Change, Digests, Held, Plan, Reason, Try
from stagectl.core.plans.selection import Selection
from stagectl.core.references import parse_template
from stagectl.core.schemas import settings
from stagectl.core.schemas.schema import KIND_NAME
from stagectl.core.stamps import STAMP
from stagectl.core.values import Value, map_strings, read_path


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
        fits = plan_id(frame(plan), changes_text(plan)) == plan.id == plan_id(raw)
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
    tries = {forms.identity(change): _try(last) for change, last in raw.get("tries", {}).items()}
    return Plan(
        id=forms.text(raw["plan_id"]),
        selection=Selection(
            forms.texts(selection["names"]),
            forms.texts(selection["tags"]),
            bool(selection["with_children"]),
            bool(selection["with_parents"]),
        ),
        changes=tuple(replace(change, last=tries.get(change.id)) for change in map(_change, raw["changes"])),
        held=tuple(map(_read_held, raw["held"])),
        recorded=tuple(map(forms.name, raw["recorded"])),
        pending=tuple(map(forms.identity, raw["pending"])),
        moved=tuple((forms.name(move["from"]), forms.name(move["to"])) for move in raw["moved"]),
        kinds={name: _kind(name, body) for name, body in raw["kinds"].items()},
        files={forms.text(path): forms.text(digest, _SHA256) for path, digest in raw.get("files", {}).items()},
        base=forms.oid_or_none(raw["base"]["commit"]),
        head=forms.oid_or_none(raw["head"]["commit"]),
        dirty=bool(raw["head"]["dirty"]),
        project=forms.text(raw.get("project", "")),
    )


# A word that goes into texts and pictures as it is: a file from elsewhere must not bring others.
_WHEN = re.compile("success|changed")
_SHA256 = re.compile("[0-9a-f]{64}")
_RUN = re.compile("[0-9A-Za-z-]*", re.ASCII)
_AT = re.compile("[0-9TZ:+-]+", re.ASCII)
_STATE = re.compile("[A-Z]*", re.ASCII)


def _kind(name: str, raw: Any) -> Kind:
    forms.text(name, KIND_NAME)
    return Kind(name, raw=None) if raw is None else settings.kind(name, [raw])


def _change(raw: Mapping[str, Any]) -> Change:
    made = raw["digests"]
    return Change(
        **_identify(raw),
        kind=forms.text(raw["kind"], KIND_NAME),
        cause=_cause(raw["cause"]),
        diff=tuple(_differences(raw["diff"])),
        after=tuple(map(forms.identity, raw["after"])),
        wave=forms.count(raw["wave"]),
        sensitive=frozenset(str(read_path(entry["path"])[0]) for entry in raw["diff"] if entry.get("sensitive")),
        triggers=tuple((forms.identity(entry["on"]), forms.text(entry["when"], _WHEN)) for entry in raw["triggers"]),
        stamps={forms.text(action, ACTION): forms.text(stamp, STAMP) for action, stamp in raw["stamps"].items()},
        digests=Digests(made["before"], made["inputs"]),
        protected=bool(raw.get("protected")),
        conditional=bool(raw.get("conditional")),
    )


def _try(raw: Mapping[str, Any]) -> Try:
    run, at, state = forms.text(raw["run"], _RUN), forms.text(raw["at"], _AT), forms.text(raw["state"], _STATE)
    return Try(run, at, state, forms.text(raw["message"]))


def _cause(raw: Mapping[str, Any]) -> Cause:
    kind, tried = raw.get("kind_before", ""), raw.get("tried", "")
    return Cause(
        CauseType(raw["type"]),
        tuple(map(forms.identity, raw["of"])),
        forms.texts(raw["inputs"]),
        kind and forms.text(kind, KIND_NAME),
        tried and forms.text(tried, ACTION),
        forms.texts(raw.get("drifted", [])),
    )


def _differences(entries: List[Mapping[str, Any]]) -> Iterator[Difference]:
    for entry in entries:
        before, after = (map_strings(entry[side], _read) for side in ("before", "after"))
        known_after = tuple(map(forms.identity, entry.get("known_after", ())))
        written = forms.text(entry.get("written", ""))
        yield Difference(read_path(forms.text(entry["path"])), Op(entry["op"]), before, after, known_after, written)


def _read(path: object, text: str) -> Value:
    return parse_template(text, "")


def _read_held(raw: Mapping[str, Any]) -> Held:
    return Held(
        **_identify(raw),
        reason=Reason(raw["reason"]),
        needs=tuple(map(forms.identity, raw["needs"])),
        message=forms.text(raw["message"]),
        of=tuple(map(forms.identity, raw.get("of", ()))),
    )


def _identify(raw: Mapping[str, Any]) -> Dict[str, Any]:
    name, action = forms.name(raw["resource"]), forms.text(raw["action"], ACTION)
    if raw["id"] != change_id(name, action):
        raise ValueError(f"the id {raw['id']!r} is not {change_id(name, action)}")
    tags = tuple(forms.text(tag, TAG) for tag in raw["tags"])
    return {"id": change_id(name, action), "resource": name, "action": action, "tags": tags}
