"""The form of a resource that was applied, as `.applied/<name>.json` keeps it: what its file says, without its bytes.

So that no YAML is read again. An input that is written as it was applied is not repeated.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable, Dict, Iterable, Mapping, Tuple

from stagectl.core import forms
from stagectl.core.model import ACTION, TAG, ChangeId, Name, Resource, Trigger
from stagectl.core.references import parse_template
from stagectl.core.schemas.schema import KIND_NAME
from stagectl.core.stamps import STAMP
from stagectl.core.values import Inputs, as_written, map_strings, parts_in, same

_AS_IT_IS = ("kind", "tags", "react_on", "unordered", "overrides", "source", "moved_from", "template")


def form_json(resource: Resource, applied: Inputs) -> Dict[str, Any]:
    """Return the form of a resource as JSON; applied: the values that its inputs had."""
    found: Dict[str, Any] = {
        **{key: getattr(resource, key) for key in _AS_IT_IS},
        "inputs": {
            key: as_written(value)
            for key, value in resource.inputs.items()
            if key not in applied or not same(value, applied[key])
        },
        "without": sorted(applied.keys() - resource.inputs.keys()),
        "depends_on": resource.depends_on_changes or resource.depends_on,
        "actions": list(resource.actions.items()),
    }
    return {key: value for key, value in found.items() if value}


def parse_form(name: Name, raw: Mapping[str, Any], applied: Inputs) -> Resource:
    """Return the resource that `form_json` was given, without its bytes; raises ValueError, TypeError, KeyError, ..."""
    written = {forms.text(key): _parse(value) for key, value in raw.get("inputs", {}).items()}
    inputs = {**applied, **written}
    for key in raw.get("without", ()):
        inputs.pop(key, None)
    given = dict(raw)
    if isinstance(given.get("depends_on"), dict):
        given["depends_on_changes"] = given.pop("depends_on")
    found = Resource(name, inputs=inputs, **{key: _READ[key](value) for key, value in given.items() if key in _READ})
    # Values that were applied have no references, so these stand in what is written otherwise alone.
    vars(found)["parts"] = {key: parts for key, value in written.items() if (parts := parts_in(value))}
    return found


def parse_outside(name: Name, raw: Mapping[str, Any], applied: Inputs) -> Resource:
    """Return its kind and tags alone, all that there is of a settled resource; raises the same errors for these."""
    return Resource(name, kind_name(raw["kind"]), checked_tags(tuple(raw.get("tags", ()))))


def _parse(value: Any) -> Any:
    return map_strings(value, lambda _, text: parse_template(text, ""), ())


def kind_name(raw: Any) -> str:
    """Return the name of a kind; raises TypeError or ValueError."""
    return forms.text(raw, KIND_NAME)


@lru_cache(maxsize=1024)  # many resources have the same ones
def checked_tags(raw: Tuple[Any, ...]) -> Tuple[str, ...]:
    """Return tags; raises TypeError or ValueError."""
    return tuple(forms.text(tag, TAG) for tag in raw)


def _names(raw: Any) -> Tuple[Name, ...]:
    return tuple(map(forms.name, raw))


def changes_by_action(raw: Mapping[str, Any]) -> Dict[str, Tuple[ChangeId, ...]]:
    """Return changes by actions; raises TypeError, ValueError or AttributeError."""
    return {forms.text(action, ACTION): tuple(map(forms.identity, changes)) for action, changes in raw.items()}


def stamps_of(pairs: Iterable[Tuple[Any, Any]]) -> Dict[str, str]:
    """Return stamps by actions; raises TypeError or ValueError."""
    return {forms.text(action, ACTION): forms.text(stamp, STAMP) for action, stamp in pairs}


def _triggers(raw: Mapping[str, Any]) -> Dict[str, Tuple[Trigger, ...]]:
    return {
        forms.text(action, ACTION): tuple(Trigger(forms.identity(on), forms.text(when)) for on, when in some)
        for action, some in raw.items()
    }


# How each part of a form is read, its inputs apart.
_READ: Mapping[str, Callable[[Any], Any]] = {
    "kind": kind_name,
    "tags": lambda raw: checked_tags(tuple(raw)),
    **dict.fromkeys(("depends_on", "unordered", "moved_from", "template"), _names),
    "depends_on_changes": changes_by_action,
    "react_on": _triggers,
    "overrides": lambda raw: tuple(map(forms.texts, raw)),
    "source": forms.text,
    "actions": stamps_of,
}
