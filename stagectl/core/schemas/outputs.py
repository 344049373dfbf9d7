"""What a kind says of the outputs that its actions report (docs/design.md, section 9)."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Mapping, Optional

from stagectl.core.errors import Flaws, nearest
from stagectl.core.model import ACTION, STANDARD_ACTIONS
from stagectl.core.schemas.schema import NO_ACTION_NAME, items_of, mapping


def output_schema(raw: Mapping[str, Any], flaws: Flaws) -> Any:
    """Return the JSON Schema of a kind's outputs, None where it has none; what cannot be reported is a flaw."""
    schema = raw.get("outputs")
    if schema is None:
        return None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or schema.get("type", "object") != "object":
        flaws.add(0, ("outputs",), "'outputs' is a JSON Schema of a mapping, which names the outputs in 'properties'")
        return None
    _check_names(raw, properties, flaws)
    return schema


def _check_names(raw: Mapping[str, Any], properties: Mapping[str, Any], flaws: Flaws) -> None:
    required, sensitive = (_items(found, key) for found, key in ((raw["outputs"], "required"), (raw, "sensitive")))
    inputs = raw.get("inputs")
    taken = inputs.get("properties") if isinstance(inputs, dict) else None
    for name in properties:
        if isinstance(taken, dict) and name in taken:
            message = f"'{name[:60]}' is an input of this kind: an output needs a name of its own"
            flaws.add(0, ("outputs", "properties", name), message, on_key=True)
    for index, name in enumerate(required):
        if isinstance(name, str) and name not in properties:
            flaws.add(0, ("outputs", "required", index), _no_output(name, properties))
    for index, name in enumerate(sensitive):
        if isinstance(name, str) and name in properties:
            message = f"'{name[:60]}' is an output, which git would keep: report where the secret lies instead"
            flaws.add(0, ("sensitive", index), message)


def _items(found: Mapping[str, Any], key: str) -> List[Any]:
    """Return a list, an empty one for what is none and has a flaw of its own."""
    items = found.get(key)
    return items if isinstance(items, list) else []


def _no_output(name: str, properties: Mapping[str, Any]) -> str:
    known = nearest(name, properties) or f"; it has: {', '.join(sorted(properties))[:200] or 'none'}"
    return f"'{name[:60]}' is no output of this kind{known}"


def reports(raw: Mapping[str, Any], flaws: Flaws) -> Optional[Dict[str, FrozenSet[str]]]:
    """Return the outputs that each action may change, None where the kind does not say."""
    if raw.get("reports") is None:
        return None
    outputs = raw.get("outputs")
    properties = outputs.get("properties") if isinstance(outputs, dict) else None
    if not isinstance(properties, dict):
        flaws.add(0, ("reports",), "'reports' names outputs by action, and this kind has no 'outputs'", on_key=True)
        return None
    found = {}
    for action, names in mapping(raw["reports"], 0, ("reports",), flaws, "'reports'").items():
        _check_action(raw, action, flaws)
        found[action] = frozenset(_read_reported(action, names, properties, flaws))
    return found


def _check_action(raw: Mapping[str, Any], action: str, flaws: Flaws) -> None:
    actions = raw.get("actions")
    own = [one for one in (actions if isinstance(actions, dict) else ()) if ACTION.fullmatch(str(one))]
    verbs = list(dict.fromkeys([*STANDARD_ACTIONS, *own]))
    if not ACTION.fullmatch(action):
        flaws.add(0, ("reports", action), f"'{action[:60]}' {NO_ACTION_NAME}", on_key=True)
    elif action not in verbs:
        near = nearest(action, verbs) or f"; it has: {', '.join(verbs)[:200]}"
        flaws.add(0, ("reports", action), f"'{action[:60]}' is no action of this kind{near}", on_key=True)


def _read_reported(action: str, names: Any, properties: Mapping[str, Any], flaws: Flaws) -> List[str]:
    found = []
    for index, name in enumerate(items_of(names, 0, ("reports", action), flaws)):
        if isinstance(name, str) and name in properties:
            found.append(name)
        else:
            what = _no_output(name, properties) if isinstance(name, str) else "'reports' lists names of outputs"
            flaws.add(0, ("reports", action, index), what)
    return found
