"""Twenty-one minutes of inputs for each reader, with atheris where it is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import ROOT
from tests.fuzz.targets import TARGETS
from tests.proofs import record

pytestmark = pytest.mark.slow
SECONDS = 1260


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_breaks_a_reader_for_long(target: str, tmp_path: Path) -> None:
    """
    What is found is in a file that the message names; it becomes a test.
    """
    command = [sys.executable, "-m", "tests.fuzz", target, str(SECONDS), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    assert 0 == done.returncode, done.stdout[-5000:]
    guided, blind = (
        re.search(r"number_of_executed_units: (\d+)", done.stdout),
        re.search(r": (\d+) inputs", done.stdout),
    )
    found = guided or blind
    assert found, done.stdout[-5000:]
    record(f"fuzzing: {target}", f"{int(found[1]):,} in {SECONDS} seconds" + ("" if guided else ", by chance"))
