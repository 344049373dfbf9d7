"""The audit trail and single resources, as text and JSON."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Sequence

from stagectl.core.model import Applied, Kind, Resource
from stagectl.core.observed import Observed
from stagectl.core.pictures.reports import Blame, LogEntry, Shown, Verification
from stagectl.core.printable import json_text
from stagectl.core.values import as_written, canonical, format_path, leaves, same
from stagectl.views.text import BOLD, COLOURS, COMMIT, list_words, paint, safe, sign_of, state_text, value_text


def log_json(entries: Sequence[LogEntry]) -> str:
    """Return the log as a JSON list."""
    return json_text([_entry(entry) for entry in entries], indent=2) + "\n"


def _entry(entry: LogEntry) -> Dict[str, Any]:
    found: Dict[str, Any] = {
        "type": entry.type,
        "commit": entry.commit,
        "author": entry.author,
        "date": entry.date,
        "subject": entry.subject,
        "changes": list(entry.changes),
        "names": list(entry.names),
    }
    if entry.type == "stage":
        found["unnamed"] = list(entry.unnamed)
    else:
        found.update(
            {
                "results": dict(entry.results),
                "run": entry.run,
                "plan": entry.plan,
                "source": entry.source,
                "record_only": entry.record_only,
                "discarded": list(entry.discarded),
                **({"checked": dict(entry.checked)} if entry.checked else {}),
            }
        )
    return found


def log_text(entries: Sequence[LogEntry], filtered: bool = False, *, colour: bool = False) -> str:
    """Return the log for people, newest first; filtered: whether only some of it was asked for."""
    lines = []
    for entry in entries:
        what = f"{entry.type:5}" + (", recorded only" if entry.record_only else "")
        where = f"  run {entry.run}, of {entry.source[:12]}" if entry.run and entry.source else ""
        commit = paint(entry.commit[:12], COMMIT, colour)
        lines.append(f"{commit}  {entry.date}  {paint(what, BOLD, colour)}  {safe(entry.author)}{safe(where)}")
        for change in entry.changes:
            result = entry.results.get(change)
            name = paint(safe(change), COLOURS[sign_of(change.rpartition(".")[2])], colour)
            lines.append(f"    {name}{'  ' + state_text(safe(result), colour) if result else ''}")
        lines += [f"    {safe(change)}  discarded" for change in entry.discarded]
        lines += [f"    {safe(name)}  {safe(state)}" for name, state in entry.checked.items()]
        if entry.names:
            lines.append(f"    without a change: {list_words(entry.names)}")
        if entry.unnamed:
            lines.append(f"    its message names no change of: {list_words(entry.unnamed)}")
    nothing = "Nothing of that was staged or applied.\n" if filtered else "Nothing was staged or applied yet.\n"
    return "\n".join(lines) + "\n" if lines else nothing


def blame_text(found: Sequence[Blame]) -> str:
    """Return where each value comes from, a line each: staged in, live since, path and value."""
    lines = [
        f"staged {_short(one.staged)}  live {_short(one.applied)}  {safe(format_path(one.path))}: {safe(_sides(one))}"
        + (" (output)" if one.is_output else " (seen)" if one.is_seen else "")
        for one in found
    ]
    return "\n".join(lines) + "\n" if lines else "It has no inputs.\n"


def _sides(one: Blame) -> str:
    """Return the value that is staged, and the one that is live where that is another."""
    if one.staged is None:
        return canonical(one.live)
    return canonical(one.value) + (
        f" (live: {canonical(one.live)})" if one.applied and not same(one.value, one.live) else ""
    )


def _short(commit: Optional[str]) -> str:
    return commit[:12] if commit else "-" * 12


def blame_json(found: Sequence[Blame]) -> str:
    """Return where each value comes from as a JSON list; values are as the files say them."""
    rows = [
        {
            "path": format_path(one.path),
            "value": one.value,
            "staged": one.staged,
            "live": one.live,
            "applied": one.applied,
            **({"output": True} if one.is_output else {}),
            **({"seen": True} if one.is_seen else {}),
        }
        for one in found
    ]
    return json_text(rows, indent=2) + "\n"


def show_json(shown: Shown) -> str:
    """Return one resource as JSON; sensitive values are null."""
    raw = {
        "name": shown.name,
        "defined": _resource(shown.defined, shown),
        "staged": _resource(shown.staged, shown),
        "applied": _applied_json(shown.applied, shown),
        "resolved": _hide(shown.resolved, shown),
        "sensitive": sorted(shown.sensitive),
        "parents": list(shown.parents),
        "children": list(shown.children),
        "written": dict(sorted((format_path(path), place) for path, place in shown.written.items())),
    }
    return json_text(raw, indent=2) + "\n"


def _hide(inputs: Any, shown: Shown) -> Any:
    return {key: None if key in shown.sensitive else as_written(value) for key, value in sorted(inputs.items())}


def _resource(resource: Optional[Resource], shown: Shown) -> Any:
    if resource is None:
        return None
    return {
        "kind": resource.kind,
        "tags": list(resource.tags),
        "inputs": _hide(resource.inputs, shown),
        "source": resource.source,
        "template": list(resource.template),
        "actions": dict(resource.actions),
    }


def _applied_json(state: Optional[Applied], shown: Shown) -> Any:
    if state is None:
        return None
    return {
        "live": state.live,
        "kind": state.resource.kind if state.resource else None,
        "tags": list(state.tags),
        "inputs": _hide(state.inputs, shown),
        "outputs": dict(sorted(state.outputs.items())),
        "stamps": dict(state.stamps),
        "unfinished": state.unfinished.action if state.unfinished else None,
        "owed": {action: list(behind) for action, behind in state.owed.items()},
        "observed": _observed_json(state.observed, shown),
    }


def _observed_json(observed: Optional[Observed], shown: Shown) -> Any:
    """Return what a check saw that is not as it was applied."""
    if observed is None:
        return None
    inputs = _hide(observed.inputs, shown)
    return {"gone": observed.gone, "inputs": inputs, "differs": sorted(observed.differs), "unnamed": observed.unnamed}


def show_text(shown: Shown) -> str:
    """Return one resource for people."""
    side = shown.staged or shown.defined or (shown.applied.resource if shown.applied else None)
    lines = [f"{shown.name}" + (f"  kind {side.kind}  tags {list_words(side.tags) or 'none'}" if side else "")]
    lines.append(f"  defined: {'yes' if shown.defined else 'no'}{_template(shown.defined)}")
    lines.append(f"  staged:  {'yes' if shown.staged else 'no'}{_stamps(shown.staged)}")
    lines.append(f"  applied: {_applied_text(shown.applied)}{f', as {shown.before}' if shown.before else ''}")
    lines.append(f"  parents: {list_words(shown.parents) or 'none'}")
    lines.append(f"  children: {list_words(shown.children) or 'none'}")
    before = shown.applied.inputs if shown.applied else {}
    for key in sorted(shown.resolved.keys() | before.keys()):
        lines += _input_lines(key, shown)
    lines += _seen_lines(shown)
    lines += _output_lines(shown.applied)
    return "\n".join(lines) + "\n"


def _template(resource: Optional[Resource]) -> str:
    return f", expanded from {list_words(resource.template)}" if resource and resource.template else ""


def _stamps(resource: Optional[Resource]) -> str:
    return (
        f", with {list_words([f'{a} {s}' for a, s in resource.actions.items()])}"
        if resource and resource.actions
        else ""
    )


def _applied_text(state: Optional[Applied]) -> str:
    if state is None:
        return "no"
    text = "yes" if state.live else "no"
    text += f", unfinished {state.unfinished.action}" if state.unfinished else ""
    text += f", owed {list_words(sorted(state.owed))}" if state.owed else ""
    return text + (f", {'gone' if state.is_gone else 'drifted'} as a check saw" if state.observed else "")


def _input_lines(key: str, shown: Shown) -> List[str]:
    if key in shown.sensitive:
        return [f"    {safe(key)}: (sensitive)"]
    if key not in shown.resolved:
        return [f"    {safe(key)}: only as applied"]
    found = [
        (path, f"{safe(format_path(path))}: {value_text(leaf)}") for path, leaf in leaves(shown.resolved[key], (key,))
    ]
    places = {path: f"   ({place})" for path, place in shown.written.items()}
    return [f"    {line}{places.get(path, '')}" for path, line in found]


def _seen_lines(shown: Shown) -> List[str]:
    """Return the values that a check saw in place of those applied."""
    observed = (shown.applied.observed if shown.applied else None) or Observed()
    hidden = sorted(observed.differs | (observed.inputs.keys() & shown.sensitive))
    lines = [f"{safe(key)}: (sensitive)" for key in hidden]
    shows = {key: value for key, value in sorted(observed.inputs.items()) if key not in hidden}
    lines += [f"{safe(format_path(path))}: {value_text(leaf)}" for path, leaf in leaves(shows)] if shows else []
    return [f"    {line} (seen)" for line in lines]


def _output_lines(state: Optional[Applied]) -> List[str]:
    """Return what actions reported; of a try that did not succeed what no resource reads."""
    found = [(path, leaf, "output") for path, leaf in leaves(state.outputs)] if state and state.outputs else []
    tried = state.unfinished.outputs if state and state.unfinished else {}
    found += [(path, leaf, "output of what is unfinished") for path, leaf in leaves(tried)] if tried else []
    return [f"    {safe(format_path(path))}: {value_text(leaf)} ({what})" for path, leaf, what in found]


def kinds_json(kinds: Sequence[Kind]) -> str:
    """Return the kinds as a JSON list."""
    raw = [{"kind": kind.name, "handler": kind.handler, "actions": list(kind.verbs())} for kind in kinds]
    return json.dumps(raw, indent=2) + "\n"


def kinds_text(kinds: Sequence[Kind]) -> str:
    """Return the kinds for people, a line each."""
    width = max((len(kind.name) for kind in kinds), default=0)
    lines = [f"{kind.name:{width}}  {', '.join(kind.verbs())}" for kind in kinds]
    return "\n".join(lines) + "\n" if lines else "There are no kinds yet: add kinds/<name>.yaml.\n"


def verify_text(found: Verification) -> str:
    """Return what a verification found, a line each."""
    if found.tip is None:
        return "Nothing is applied yet.\n"
    lines = [f"{finding.commit[:12]}: {safe(finding.message)}" for finding in found.findings]
    lines += [f"notice: {notice.commit[:12]}: {safe(notice.message)}" for notice in found.notices]
    parts = f"{len(found.findings)} of them wrong" if found.findings else "all as they have to be"
    return "\n".join([*lines, f"Checked {found.commits} applied commits: {parts}."]) + "\n"


def verify_json(found: Verification) -> str:
    """Return what a verification found as one JSON document."""
    rows = {
        key: [{"commit": finding.commit, "message": finding.message} for finding in findings]
        for key, findings in (("findings", found.findings), ("notices", found.notices))
    }
    return json_text({"tip": found.tip, "commits": found.commits, **rows}, indent=2) + "\n"
