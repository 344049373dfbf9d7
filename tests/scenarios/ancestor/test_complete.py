"""None of the ancestor's items is left out."""

from __future__ import annotations

import re
from pathlib import Path


def test_every_item_has_a_test() -> None:
    """
    By its number at the beginning of a docstring: 13 of the behaviours concern staging and planning, and all that went
    wrong does.
    """
    tests = "".join(path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py")))

    found = set(re.findall(r'^    """\n    (Behaviour \d+|W\d+):', tests, re.MULTILINE))

    assert {f"Behaviour {number}" for number in range(1, 14)} | {f"W{number}" for number in range(1, 18)} == found
