"""Twelve at once in one working tree, round after round."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.at_once import beside_an_apply, stages
from tests.proofs import record

pytestmark = pytest.mark.slow


def test_of_twelve_stages_at_once_nothing_is_lost(tmp_path: Path) -> None:
    """
    Six resources, and six actions on one more: each is staged once, however often a command was asked to try again.
    """
    reported = stages(tmp_path, 12, 10)

    assert 12 * 10 == reported["done"]
    record("twelve stages at once", ", ".join(f"{what} {count}" for what, count in sorted(reported.items())))


def test_beside_an_apply_ten_plans_and_a_stage(tmp_path: Path) -> None:
    """
    Each plan is the one of before or of after; what was staged meanwhile is applied next.
    """
    reported = beside_an_apply(tmp_path, 12, 10)

    assert 12 * 10 == sum(reported.values())
    record("beside an apply", ", ".join(f"{what} {count}" for what, count in sorted(reported.items())))
