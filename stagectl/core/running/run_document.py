"""What a run is and did as JSON values, as its journal keeps it, and back."""

from __future__ import annotations

import json
import re
from json.encoder import encode_basestring_ascii
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from stagectl.core import forms
from stagectl.core.model import ChangeId, Oid
from stagectl.core.plans.document import changes_text, frame
from stagectl.core.plans.read_document import from_document
from stagectl.core.printable import json_safe, json_text
from stagectl.core.running.outcome import INPROGRESS, STATES, Outcome
from stagectl.core.running.runs import Filter, Header, Record

_STATES = re.compile("|".join(STATES))
_RETRIES = re.compile("[0-9A-Za-z-]*", re.ASCII)  # the id of a run, or nothing


def read_record(header: Header, entries: Sequence[Mapping[str, Any]]) -> Record:
    """Return what a run did, from the lines of its journal; raises KeyError, TypeError or ValueError."""
    outcomes: Dict[ChangeId, Outcome] = {}
    begun: Dict[ChangeId, float] = {}
    ended: Optional[float] = None
    commit: Optional[Oid] = None
    kept: Optional[Oid] = None
    for entry in entries:
        if "end" in entry:
            ended = forms.seconds(entry["end"])
            commit, kept = forms.oid_or_none(entry["commit"]), forms.oid_or_none(entry.get("kept"))
            continue
        identity = forms.identity(entry["change"])
        outcomes[identity] = read_outcome(entry)
        if entry["state"] == INPROGRESS:
            begun[identity] = forms.seconds(entry["at"])
    return Record(header, outcomes, begun, ended, commit, kept)


def journal_lines(news: Sequence[Tuple[ChangeId, Outcome]], now: float) -> str:
    """Return starts and ends as lines of the journal. now: seconds since the epoch."""
    ends: Dict[int, str] = {}  # by identity: thousands that are recorded at once have one end
    lines = []
    for identity, outcome in news:
        end = ends.get(id(outcome)) or json.dumps({"at": now, **outcome_json(outcome)})[1:]
        lines.append(f'{{"change": {encode_basestring_ascii(identity)}, {ends.setdefault(id(outcome), end)}\n')
    return "".join(lines)


def outcome_json(outcome: Outcome) -> Dict[str, Any]:
    """Return a start or an end as a line of the journal has it."""
    found: Dict[str, Any] = {"state": outcome.state}
    if outcome.state != INPROGRESS:
        found.update(changed=outcome.reported, message=outcome.message, seconds=round(outcome.seconds, 3))
        found.update({"output": outcome.output} if outcome.output else {})
        found.update({"outputs": dict(outcome.outputs)} if outcome.outputs else {})
        found.update({} if outcome.began else {"began": False})
    return found


def read_outcome(entry: Mapping[str, Any]) -> Outcome:
    """Return what `outcome_json` was given."""
    return Outcome(
        forms.text(entry["state"], _STATES),
        bool(entry.get("changed", True)),
        _text(entry.get("message", "")),
        _text(entry.get("output", "")),
        forms.seconds(entry.get("seconds", 0.0)),
        _outputs(entry.get("outputs", {})),
        bool(entry.get("began", True)),
    )


def _outputs(value: Any) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{str(value)[:60]} is no mapping")
    return value


def _text(value: Any) -> str:
    """Return a text from outside, whatever it is: it may have halves of characters."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no string")
    return value


def header_text(header: Header) -> str:
    """Return what a run is about, as its file has it; the changes of its plan are text already."""
    plan = {key: value for key, value in frame(header.plan).items() if key != "changes"}
    text = f'{{"changes":{changes_text(header.plan)},{json_text(plan)[1:]}'
    return json_safe(f'{json_text(_header_json(header))[:-1]},"plan":{text}}}')


def _header_json(header: Header) -> Dict[str, Any]:
    wanted = header.filter
    return {
        "run": header.run,
        "source": header.source,
        "base": header.base,
        "by": header.by,
        "started": round(header.started, 3),
        "process": header.process,
        "host": header.host,
        "record_only": header.record_only,
        "sign": header.sign,
        "fail_fast": header.fail_fast,
        "retries": header.retries,
        "outputs": {name: dict(outputs) for name, outputs in header.outputs.items()},
        "filter": {key: getattr(wanted, key) for key in ("noop", "skip", "start_at", "end_at", "only")},
    }


def read_header(raw: Mapping[str, Any], run: str) -> Header:
    """Return what `header_text` was given; raises KeyError, TypeError, ValueError or StagectlError."""
    return Header(
        run=run,
        plan=from_document(raw["plan"], f"the plan of run {run}"),
        source=forms.oid(raw["source"]),
        base=forms.oid_or_none(raw["base"]),
        by=forms.text(raw["by"]),
        started=forms.seconds(raw["started"]),
        process=forms.count(raw["process"]),
        host=forms.text(raw["host"]),
        retries=forms.text(raw["retries"], _RETRIES),
        record_only=bool(raw["record_only"]),
        sign=bool(raw["sign"]),
        outputs={forms.name(name): _outputs(outputs) for name, outputs in raw.get("outputs", {}).items()},
        fail_fast=bool(raw.get("fail_fast")),  # runs of versions before had none
        filter=_filter(raw["filter"]),
    )


def _filter(raw: Mapping[str, Any]) -> Filter:
    ids = {key: tuple(map(forms.identity, found or ())) for key, found in raw.items()}
    only = None if raw["only"] is None else ids["only"]
    return Filter(ids["noop"], ids["skip"], ids["start_at"], ids["end_at"], only)
