"""Worlds whose outputs are functions of their inputs: whatever happens, everything gets the values it should."""

from __future__ import annotations

from tests.outputs_world import live_through


def test_after_a_full_apply_everything_has_what_it_should_and_nothing_ran_in_vain() -> None:
    """500 worlds: random edits, partial applies, failures and kills; then whole applies until the plan is empty."""
    assert sum(live_through(seed) for seed in range(500)) > 2000
