"""The text of a plan that is too long to be read whole."""

from __future__ import annotations

from stagectl.core.plans.plan import Cause, Change, Plan
from stagectl.views.plans.plan_text import FOLD_FROM, plan_text


def many(count: int) -> Plan:
    changes = [
        Change(f"f{i % 2}/r{i}.update", f"f{i % 2}/r{i}", "update", "node", (), Cause("child"))  # type: ignore[arg-type]
        for i in range(count)
    ]
    return Plan(changes=tuple(changes))


def test_a_long_plan_counts_what_is_alike() -> None:
    """
    Of each folder, kind, action and type of cause three changes are reported, and how many more there are.
    """
    lines = plan_text(many(FOLD_FROM)).splitlines()

    assert lines == [
        "~ f0/r0.update  (reads what was applied earlier)",
        "~ f0/r2.update  (reads what was applied earlier)",
        "~ f0/r4.update  (reads what was applied earlier)",
        f"~ ... and {FOLD_FROM // 2 - 3} more of node in f0/  (child)",
        "~ f1/r1.update  (reads what was applied earlier)",
        "~ f1/r3.update  (reads what was applied earlier)",
        "~ f1/r5.update  (reads what was applied earlier)",
        f"~ ... and {FOLD_FROM // 2 - 3} more of node in f1/  (child)",
        "All of them: stagectl plan --format json, or --format html",
        "",
        f"Plan: 0 to run, {FOLD_FROM} to update, 0 to remove, 0 other.",
    ]


def test_a_plan_that_people_read_shows_every_change() -> None:
    """
    One line a change, whatever they have in common.
    """
    assert FOLD_FROM - 1 == sum(line.startswith("~") for line in plan_text(many(FOLD_FROM - 1)).splitlines())
