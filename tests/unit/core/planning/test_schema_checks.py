"""Schemas that lead back to themselves: as deep as inputs go, and no deeper."""

from __future__ import annotations

from typing import Any, Dict

from stagectl.adapters.yamlfile import MOST_LEVELS
from stagectl.core.model import Kind, Name
from stagectl.core.planning.schema_checks import Schemas

TREE: Dict[str, Any] = {
    "$defs": {"node": {"properties": {"below": {"$ref": "#/$defs/node"}, "n": {"type": "integer"}}}},
    "properties": {"top": {"$ref": "#/$defs/node"}},
}


def tree(depth: int, bottom: Any) -> Dict[str, Any]:
    """Mappings in mappings, and a value at the bottom."""
    found: Dict[str, Any] = {"n": bottom}
    for _ in range(depth):
        found = {"below": found}
    return found


def test_a_schema_of_a_tree_judges_what_is_nested_as_deep_as_a_file_can_be() -> None:
    """
    The value at the bottom is right or wrong; nothing is refused for its depth, also after a schema that has no end.
    """
    schemas, kind = Schemas(), Kind("tree", schema=TREE)

    (endless,) = schemas.troubles(Name("a"), Kind("ring", schema={"allOf": [{"$ref": "#"}]}), {"x": 1})
    assert endless.message.endswith("cannot be used: it needs itself without end")
    assert [] == schemas.troubles(Name("a"), kind, {"top": tree(MOST_LEVELS, 1)})
    wrong = schemas.troubles(Name("a"), kind, {"top": tree(MOST_LEVELS, "x")})
    assert [("inputs", "top", *["below"] * MOST_LEVELS, "n")] == [trouble.at for trouble in wrong]
