"""Worlds whose outputs are functions of their inputs: whatever happens, everything gets the values it should."""

from __future__ import annotations

from tests.build import share
from tests.outputs_world import live_through


def test_after_a_full_apply_everything_has_what_it_should_and_nothing_ran_in_vain() -> None:
    """Up to 500 worlds: random edits, partial applies, failures, kills; then whole applies until a plan is empty."""
    worlds = share(500)
    assert sum(live_through(seed) for seed in range(worlds)) > 4 * worlds
