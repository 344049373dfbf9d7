"""Environment variables in values: which there are, and values with them filled in."""

from __future__ import annotations

from typing import List, Mapping

from stagectl.core.values import EnvVariable, Template, Value, parts_in


def variables(value: Value) -> List[str]:
    """Return the names, sorted, of the environment variables a value needs."""
    found = {part.name for part in parts_in(value) if isinstance(part, EnvVariable)}
    return sorted(found)


def with_environment(value: Value, environment: Mapping[str, str]) -> Value:
    """Return a value with its environment variables filled in; raises KeyError for one that is not set."""
    if isinstance(value, dict):
        return {key: with_environment(inner, environment) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_environment(inner, environment) for inner in value]
    if isinstance(value, Template):
        return "".join(environment[part.name] if isinstance(part, EnvVariable) else str(part) for part in value.parts)
    return value
