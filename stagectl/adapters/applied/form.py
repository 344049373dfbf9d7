"""The form of a resource that was applied, as `.applied/<name>.json` keeps it: what its file says, without its bytes.

So that no YAML is read again. An input that is written as it was applied is not repeated.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping

from stagectl.core import forms
from stagectl.core.model import ACTION, TAG, Name, Resource, Trigger
from stagectl.core.references import parse_template
from stagectl.core.schemas.schema import KIND_NAME
from stagectl.core.stamps import STAMP
from stagectl.core.values import Inputs, as_written, map_strings, same


def form_json(resource: Resource, applied: Inputs) -> Dict[str, Any]:
    """Return the form of a resource as JSON; applied: the values that its inputs had."""
    found: Dict[str, Any] = {
        "kind": resource.kind,
        "tags": list(resource.tags),
        "inputs": {
            key: as_written(value)
            for key, value in resource.inputs.items()
            if key not in applied or not same(value, applied[key])
        },
        "without": sorted(applied.keys() - resource.inputs.keys()),
        "depends_on": {action: list(changes) for action, changes in resource.depends_on_changes.items()}
        or list(resource.depends_on),
        "react_on": {action: [list(trigger) for trigger in some] for action, some in resource.react_on.items()},
        "unordered": list(resource.unordered),
        "overrides": [list(path) for path in resource.overrides],
        "source": resource.source,
        "moved_from": list(resource.moved_from),
        "template": list(resource.template),
        "actions": [list(entry) for entry in resource.actions.items()],
    }
    return {key: value for key, value in found.items() if value}


def parse_form(name: Name, raw: Mapping[str, Any], applied: Inputs) -> Resource:
    """Return the resource that `form_json` was given, without its bytes; raises ValueError, TypeError, KeyError, ..."""
    depends_on = raw.get("depends_on", [])
    source = raw.get("source")
    inputs = {key: value for key, value in applied.items() if key not in raw.get("without", ())}
    inputs.update({forms.text(key): _parse(value) for key, value in raw.get("inputs", {}).items()})
    return Resource(
        name=name,
        kind=forms.text(raw["kind"], KIND_NAME),
        tags=tuple(forms.text(tag, TAG) for tag in raw.get("tags", ())),
        inputs=inputs,
        depends_on=tuple(map(forms.name, depends_on)) if isinstance(depends_on, list) else (),
        depends_on_changes={
            forms.text(action, ACTION): tuple(map(forms.identity, changes)) for action, changes in depends_on.items()
        }
        if isinstance(depends_on, dict)
        else {},
        react_on={
            forms.text(action, ACTION): tuple(Trigger(forms.identity(on), forms.text(when)) for on, when in some)
            for action, some in raw.get("react_on", {}).items()
        },
        unordered=tuple(map(forms.name, raw.get("unordered", ()))),
        overrides=tuple(forms.texts(path) for path in raw.get("overrides", ())),
        source=None if source is None else forms.text(source),
        moved_from=tuple(map(forms.name, raw.get("moved_from", ()))),
        template=tuple(map(forms.name, raw.get("template", ()))),
        actions={forms.text(action, ACTION): forms.text(stamp, STAMP) for action, stamp in raw.get("actions", ())},
    )


def _parse(value: Any) -> Any:
    return map_strings(value, lambda _, text: parse_template(text, ""), ())
