"""The plan of the house is true: its rooms, its fences, its modules, and every reference to the design."""

from __future__ import annotations

import re
from typing import Dict, List, Set

import pytest

from tests.build import ROOT

PLAN = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
DESIGN = (ROOT / "docs/design.md").read_text(encoding="utf-8")
LAYERS = ("cli", "views", "usecases", "adapters", "core")


def folders() -> Set[str]:
    """The layers and their rooms, as there are."""
    found = {path.parent for layer in (*LAYERS, "api") for path in (ROOT / "stagectl" / layer).rglob("__init__.py")}
    return {f"{path.relative_to(ROOT / 'stagectl').as_posix()}/" for path in found}


def fences() -> Dict[str, List[str]]:
    """The rooms of each layer from above to below, as import-linter holds them."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.findall(r'containers = \["stagectl\.(\w+)"\]\n(?:exhaustive = true\n)?layers = \[(.*?)\]', text)
    return {layer: re.findall(r"\w+", rooms) for layer, rooms in found}


def test_every_room_has_its_paragraph() -> None:
    """
    The list of rooms is that of the folders; only a layer whose floor is empty has no paragraph of its own.
    """
    reported = set(re.findall(r"^\*\*`([\w/]+/)`\*\*", PLAN, re.MULTILINE))

    assert folders() - {"usecases/"} == reported


def test_every_room_is_in_the_picture() -> None:
    """
    The picture has the rooms of each layer in the frame of that layer.
    """
    frames = dict(re.findall(r"subgraph (\w+)\n(.*?)\n    end", PLAN, re.DOTALL))

    drawn = {
        f"{layer}/{label or name}/"
        for layer, frame in frames.items()
        for name, label in re.findall(r'([\w-]+)(?:\["([\w-]+)"\])?(?= ~~~|$)', frame, re.MULTILINE)
    }

    assert {room for room in folders() if room.count("/") == 2} == drawn


@pytest.mark.parametrize("layer", ["usecases", "views", "adapters", "core"])
def test_the_order_of_rooms_is_the_one_that_is_held(layer: str) -> None:
    """
    What may import what stands in the order of import-linter's contract; modules on the floor are no rooms.
    """
    reported = re.search(rf"^- {layer}: (.*)$", PLAN, re.MULTILINE)

    rooms = [room for room in fences()[layer] if f"{layer}/{room}/" in folders()]
    assert reported is not None
    assert rooms == reported[1].split(", ")


def test_every_module_that_is_named_is_there() -> None:
    """
    The ways of `plan` and `apply`, and where each rule lives, name modules by their paths.
    """
    named = set(re.findall(r"`((?:\w+/)+\w+\.py)`", PLAN))

    assert len(named) > 20
    assert [] == sorted(path for path in named if not (ROOT / "stagectl" / path).is_file())


@pytest.mark.parametrize("room", ["usecases/planning", "usecases/applying", "core/planning"])
def test_the_ways_are_found_without_a_search(room: str) -> None:
    """
    Where plans are made and carried out the paragraph of the room says what each module does, and names no other.
    """
    paragraph = re.search(rf"\*\*`{room}/`\*\*(.*?)\n\n", PLAN, re.DOTALL)

    modules = {path.name for path in (ROOT / "stagectl" / room).glob("[a-z]*.py")}
    assert paragraph is not None
    assert modules == set(re.findall(r"`(\w+\.py)`", paragraph[1]))


def test_every_reference_to_the_design_leads_to_a_section() -> None:
    """
    Code, tests and docs name sections of docs/design.md and of no other page, and the section is there.
    """
    sections = set(re.findall(r"^## (\d+)\.", DESIGN, re.MULTILINE))
    files = [path for folder in ("stagectl", "tests", "docs", "ci") for path in (ROOT / folder).rglob("*.*")]

    named, elsewhere = set(), []
    for path in files:
        if path.suffix in (".py", ".md", ".yml"):
            text = path.read_text(encoding="utf-8")
            named |= set(re.findall(r"\bdesign(?:\.md)?, sections? (\d+)", text))
            if "DESIGN" + ".md" in text:
                elsewhere.append(str(path.relative_to(ROOT)))

    assert {str(number) for number in range(1, 14)} == sections
    assert named
    assert named <= sections
    assert [] == elsewhere
