"""The applied state as a git tree (docs/design.md, section 4): `.staged/` as last applied, `.applied/<name>.json`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence

from stagectl.adapters.applied.form import changes_by_action, checked_tags, form_json, kind_name, parse_form, stamps_of
from stagectl.adapters.git.git import Git
from stagectl.adapters.git.objects import empty_tree, object_id, store_object
from stagectl.core import forms
from stagectl.core.errors import StagectlError
from stagectl.core.model import (
    ACTION,
    APPLIED,
    LARGEST_STATE,
    NAME,
    STAGED,
    Applied,
    Attempt,
    Name,
    Oid,
    Resource,
    names_of,
    staged_path,
)
from stagectl.core.observed import Observed
from stagectl.core.planning.resolve import DEEPEST
from stagectl.core.values import Inputs, Value, canonical, leaves, pack, unpack

MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)  # what bad JSON leads to
WAY_OUT = "only `stagectl apply` may write the applied branch; go back to its last good commit"
ParseForm = Callable[[Name, Mapping[str, Any], Inputs], Resource]
_MANY = 1000  # paths: of more, all are listed
_AUTHOR = "stagectl <stagectl@localhost> 0 +0000"


def state_path(name: str) -> str:
    """Return the path of a resource's applied state."""
    return f"{APPLIED}/{name}.json"


def load_states(git: Git, commit: Oid) -> Dict[Name, Applied]:
    """Return the applied state a commit of the applied branch holds; raises StagectlError where it is damaged."""
    entries = git.entries(commit, [STAGED, APPLIED])
    contents = git.blobs((entry.oid for entry in entries if entry.mode == "100644"), LARGEST_STATE)
    files = {entry.path: contents.get(entry.oid, b"") for entry in entries}
    return _states(files, commit)


def oids_of(git: Git, commit: Oid, paths: Sequence[str]) -> List[Optional[Oid]]:
    """Return the objects at some paths of an applied state; looking for a path takes git longer than listing it."""
    if len(paths) <= _MANY:
        return git.look_up([git.at(commit, path) for path in paths])
    there = {entry.path: entry.oid for entry in git.entries(commit, [STAGED, APPLIED])}
    return [there.get(path) for path in paths]


def load_some(git: Git, commit: Oid, names: Iterable[Name]) -> Dict[Name, Optional[Applied]]:
    """Return the same of some resources, None for those that have no state there."""
    paths = [path for name in sorted(names) for path in (staged_path(name), state_path(name))]
    oids = dict(zip(paths, oids_of(git, commit, paths)))
    there = {path: oid for path, oid in oids.items() if oid is not None}
    files = dict(zip(there, git.objects(list(there.values()))))
    return {**dict.fromkeys(names), **_states(files, commit)}


def _states(files: Mapping[str, bytes], commit: Oid) -> Dict[Name, Applied]:
    found: Dict[Name, Applied] = {}
    for path in sorted(files):
        name = Name(path[len(APPLIED) + 1 : -len(".json")])
        if path == state_path(name) and NAME.fullmatch(name):
            found[name] = _state(name, files[path], files.get(staged_path(name)), path, commit)
    for name in sorted({name for path in files for name in names_of(path)} - found.keys()):
        raise _damage_error(commit, staged_path(name), f"{state_path(name)} is missing")
    return found


def _damage_error(commit: Oid, path: str, why: str) -> StagectlError:
    return StagectlError(f"the applied state is damaged: {path} in {commit[:12]}: {why}", WAY_OUT)


def _state(name: Name, data: bytes, content: Optional[bytes], path: str, commit: Oid) -> Applied:
    try:
        state = parse_state(name, raw_state(data))
    except MALFORMED as error:
        raise _damage_error(commit, path, f"{type(error).__name__}: {str(error)[:200]}") from None
    if state.resource is None and content is None:
        return state
    if state.resource is None or content is None:
        raise _damage_error(commit, path, f"it says that the resource is {'not ' * (not state.live)}live")
    return replace(state, resource=replace(state.resource, content=content))


def raw_state(data: bytes) -> Any:
    """Return what the JSON of `.applied/<name>.json` holds; raises ValueError for what no apply writes."""
    if len(data) > LARGEST_STATE:
        raise ValueError(f"it has more than {LARGEST_STATE} bytes")
    try:
        raw = _JSON.decode(data.decode())
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(raw, dict):
        raise ValueError("it is no mapping")
    # Brackets are counted first, because that takes no time.
    if data.count(b"[") + data.count(b"{") > DEEPEST and any(len(path) > DEEPEST + 2 for path, _ in leaves(raw)):
        raise ValueError("it is nested too deep")
    return raw


_quoted = json.encoder.encode_basestring  # what an encoder without ASCII does with a string; in C
_SCALARS = {str: _quoted, int: repr, bool: canonical}  # an encoder of any value takes five times as long
_JSON = json.JSONDecoder(parse_constant=forms.no_number)


def parse_state(name: Name, raw: Mapping[str, Any], parse: ParseForm = parse_form) -> Applied:
    """Return what a parsed `.applied/<name>.json` says, without the bytes of the file; raises MALFORMED.

    parse: what its form is read with, in full by default.
    """
    found = {key: _READ[key](value) for key, value in raw.items() if key in _READ}  # most have none of these
    if "written" in raw:
        inputs, sensitive = _parse_inputs(raw)
        found.update(resource=parse(name, raw["written"], inputs), inputs=inputs, outputs=_parse_outputs(raw))
        found.update(sensitive=sensitive)
    return Applied(**found)


def _parse_observed(raw: Mapping[str, Any]) -> Observed:
    inputs, differs = _parse_inputs(raw)
    return Observed(bool(raw.get("gone")), inputs, differs, bool(raw.get("unnamed")))


def _parse_attempt(raw: Mapping[str, Any]) -> Attempt:
    inputs, sensitive = _parse_inputs(raw)
    if raw["action"] not in ("run", "update", "remove"):
        raise ValueError(f"unfinished action {raw['action']!r}")
    kind, tags = kind_name(raw["kind"]), checked_tags(tuple(raw["tags"]))
    form = parse_form(Name(""), {**raw["form"], "kind": kind}, {}) if "form" in raw else None
    outputs, replaces = _parse_outputs(raw), bool(raw.get("replaces"))
    return Attempt(raw["action"], kind, tags, inputs, sensitive, outputs, form, replaces)


def _parse_inputs(raw: Mapping[str, Any]) -> Any:
    inputs = unpack(raw["inputs"], raw.get("env", {}))
    if not isinstance(inputs, dict):
        raise ValueError("inputs is no mapping")
    return inputs, frozenset(map(forms.text, raw.get("sensitive", ())))


def _parse_outputs(raw: Mapping[str, Any]) -> Dict[str, Value]:
    outputs = raw.get("outputs", {})
    if not isinstance(outputs, dict):
        raise ValueError("outputs is no mapping")
    return outputs


# How each part of a state is read that is there whether or not the resource is live.
_READ: Mapping[str, Callable[[Any], Any]] = {
    "stamps": lambda raw: stamps_of(raw.items()),
    "unfinished": _parse_attempt,
    "owed": changes_by_action,
    "tried": lambda raw: frozenset(forms.text(action, ACTION) for action in raw),
    "protect": bool,
    "observed": _parse_observed,
}


def state_bytes(state: Applied) -> bytes:
    """Return `.applied/<name>.json`: sorted keys, two spaces, no clocks; the same state is the same bytes."""
    seen = state.observed
    raw = _filled(
        stamps=dict(state.stamps),
        owed={action: sorted(behind) for action, behind in state.owed.items()},
        tried=sorted(state.tried),
        protect=state.protect,
        # `sensitive` has the inputs that differ and cannot be shown.
        observed=seen and _values_json(seen.inputs, seen.differs, gone=seen.gone, unnamed=seen.unnamed),
        unfinished=state.unfinished and _attempt_json(state.unfinished),
    )
    if state.resource is not None:
        raw.update(_values_json(state.inputs, state.sensitive, outputs=dict(state.outputs)))
        raw["written"] = form_json(state.resource, state.inputs)
    return f"{indent_json(raw)}\n".encode()


def _filled(**parts: Any) -> Dict[str, Any]:
    """Return those parts of a state that say something."""
    return {key: value for key, value in parts.items() if value}


def indent_json(value: Any, margin: str = "\n") -> str:
    """Return a plain JSON value as `json.dumps` with sorted keys and two spaces does, which has no C for that."""
    write = _SCALARS.get(type(value))
    if write is not None:
        return write(value)
    if not value or not isinstance(value, (dict, list, tuple)):
        return canonical(value)
    inner = margin + "  "
    if isinstance(value, dict):
        entries = [f"{_quoted(key)}: {indent_json(value[key], inner)}" for key in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(entries)}{margin}}}"
    return f"[{inner}{f',{inner}'.join([indent_json(entry, inner) for entry in value])}{margin}]"


def _attempt_json(tried: Attempt) -> Dict[str, Any]:
    said = {"action": tried.action, "kind": tried.kind, "tags": sorted(tried.tags)}
    form = {key: value for key, value in form_json(tried.form, {}).items() if key != "kind"} if tried.form else None
    values = _values_json(tried.inputs, tried.sensitive, outputs=dict(tried.outputs), replaces=tried.replaces)
    return {**said, **values, **({} if form is None else {"form": form})}


def _values_json(inputs: Value, sensitive: Iterable[str], **more: Any) -> Dict[str, Any]:
    plain, templates = pack(dict(inputs))
    return {"inputs": plain, **_filled(env=templates, sensitive=sorted(sensitive), **more)}


def root_commit(git: Git) -> Oid:
    """Store and return the fixed empty commit that every applied branch begins with."""
    return store_object(git, "commit", _root(empty_tree(git)))


def root_id(like: Oid) -> Oid:
    """Return the id of that commit where ids are like another one; nothing is stored."""
    return object_id("commit", _root(object_id("tree", b"", like)), like)


def _root(tree: Oid) -> bytes:
    return f"tree {tree}\nauthor {_AUTHOR}\ncommitter {_AUTHOR}\n\nNothing is applied yet\n".encode()
