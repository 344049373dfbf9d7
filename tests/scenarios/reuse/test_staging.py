"""A definition that comes to make more than it did is staged as a whole, however much is read."""

from __future__ import annotations

from typing import List

import pytest

from tests.build import Repo


@pytest.mark.parametrize("is_noted", (True, False))
@pytest.mark.parametrize("words", ([], ["-t", "colour=red"], ["shop/*"], ["shop/red"]))
def test_a_new_entry_is_staged(alike: Repo, words: List[str], is_noted: bool) -> None:
    """
    Where it is noted what is staged, and in a clone that has not noted it yet.
    """
    alike.run("status")
    if not is_noted:
        for path in (alike.top / ".git/stagectl/cache").iterdir():
            path.unlink()
    text = alike.read("resources/shop.yaml").replace("  green", "  red: {port: 1}\n  green")

    alike.write("resources/shop.yaml", text).ok("stage", *words)

    assert "port: 1\n" in alike.read(".staged/shop/red.yaml")
