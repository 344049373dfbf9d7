"""How state machines are run."""

from __future__ import annotations

from typing import Type

from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


def let_work(machine: Type[RuleBasedStateMachine], runs: int, length: int, *, random: bool = False) -> None:
    """Run a machine several times, for so many steps at the most: the same ones each time, unless they are random."""
    reported = settings(
        max_examples=runs,
        stateful_step_count=length,
        database=None,
        derandomize=not random,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(machine, settings=reported)
