"""Several hundred damages to the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cache_damage import Damages
from tests.proofs import record

pytestmark = pytest.mark.slow


def test_no_damage_to_the_cache_changes_what_is_reported(tmp_path: Path) -> None:
    """
    Cut off, zeroed, bits flipped, another author's: plan and status say what they say without a cache, twice.
    """
    damages = Damages(tmp_path, 1)
    for _ in range(600):
        damages.damage()

    record("cache", f"damages {damages.done}, reported otherwise {len(damages.wrong)}")
    assert damages.wrong == []
