"""The fuzzers' targets, for a moment, with the same inputs each time; `python -m tests.fuzz` goes on for longer."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.build import share
from tests.fuzz.__main__ import changed
from tests.fuzz.targets import TARGETS

pytestmark = pytest.mark.once
INPUTS = {"reader": 1_500, "references": 2_000, "selection": 4_000, "plan": 600, "journal": 600}


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_what_a_reader_promises(name: str) -> None:
    """
    Files, references, selections, saved plans and journals: read or refused, bounded, and the same when read again.
    """
    target, seeds = TARGETS[name]

    kept = sum(
        target(data) is None for data in itertools.islice(changed(seeds(), random.Random(10)), share(INPUTS[name]))
    )

    assert share(INPUTS[name]) == kept
