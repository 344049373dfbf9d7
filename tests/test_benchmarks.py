"""The benchmark works; what it measures is for people, and time proves nothing here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import ROOT

pytestmark = pytest.mark.once


PROGRAMS = [path for path in sorted((ROOT / "benchmarks").glob("*.py")) if "argparse" in path.read_text()]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_every_benchmark_starts(path: Path) -> None:
    """
    What it imports is there, under the name it has now.
    """
    done = subprocess.run([sys.executable, str(path), "--help"], capture_output=True, text=True, timeout=300)

    assert 0 == done.returncode and "usage" in done.stdout, done.stderr


def test_the_benchmark_of_checks_has_both_ratios_and_the_memory() -> None:
    """
    By the clock, of the processor's time, and the most that a check holds.
    """
    words = [str(ROOT / "benchmarks/checks.py"), "--resources", "3", "--rounds", "1"]

    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=300)

    assert 0 == done.returncode, done.stderr
    assert ["clock", "processor", "memory of a check of 3"] == [
        line.partition(":")[0] for line in done.stdout.splitlines()
    ]


@pytest.mark.full
def test_the_benchmark_measures_every_row_of_a_small_repository(tmp_path: Path) -> None:
    """
    Every line of the table is there, with a ratio; the repository is as it was, so that it can be measured again.
    """
    program = Path(sys.executable).parent / "stagectl"
    words = ["--counts", "45", "--one", "18,36", "--rounds", "0", "--stagectl", str(program)]
    words += ["--folder", str(tmp_path)]

    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/scale.py"), *words], capture_output=True, text=True, timeout=300
    )

    assert 0 == done.returncode, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("| 45: ") or "`plan --help`" in line]
    rows = [line.split(" | ") for line in lines]
    measured = [row[0].strip("| ") for row in rows if "**" in row[-2]]  # what is no ratio has none
    assert ["`plan --help`", "45: the first `plan` of a clone, k = 0"] == measured[:2]
    assert ["45: `status`", "45: `stage` of one file"] == measured[-2:]
    assert [part for part in ("k = 0 (0 changes)", "k = 1 (") if any(part in row for row in measured)] == [
        "k = 0 (0 changes)",
        "k = 1 (",
    ]
    status = ["git", "-C", str(tmp_path / "r45"), "status", "--porcelain"]
    assert "" == subprocess.run(status, capture_output=True, text=True, check=True).stdout


def test_the_benchmark_of_outputs_measures_both_rows() -> None:
    """
    A plan in which an output may change, and one without; each with its ratio, after a look at what is planned.
    """
    program = Path(sys.executable).parent / "stagectl"
    words = [str(ROOT / "benchmarks/outputs.py"), "--count", "12", "--readers", "3", "--rounds", "0"]

    done = subprocess.run(
        [sys.executable, *words, "--stagectl", str(program)], capture_output=True, text=True, timeout=300
    )

    assert 0 == done.returncode, done.stderr
    assert 2 == sum("**" in line for line in done.stdout.splitlines() if line.startswith("| 12: `plan`"))


def test_the_benchmark_of_templates_measures_both_verbs() -> None:
    """
    A line per verb and clock, each with its ratio.
    """
    words = [str(ROOT / "benchmarks/templates.py"), "--resources", "3", "--rounds", "1"]

    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=300)

    assert 0 == done.returncode, done.stderr
    assert ["status", "status", "stage", "stage"] == [line.partition(",")[0] for line in done.stdout.splitlines()]
    assert all(line.endswith(" times") for line in done.stdout.splitlines())


def test_the_benchmark_of_projects_measures_its_rows() -> None:
    """
    Git's look, the plan, and the plan without that look, each with its ratio.
    """
    program = Path(sys.executable).parent / "stagectl"
    words = [str(ROOT / "benchmarks/projects.py"), "--count", "12", "--others", "30", "--rounds", "0"]

    done = subprocess.run(
        [sys.executable, *words, "--stagectl", str(program)], capture_output=True, text=True, timeout=300
    )

    assert 0 == done.returncode, done.stderr
    assert 3 == sum("**" in line for line in done.stdout.splitlines())


@pytest.mark.full
def test_the_benchmark_beside_another_checkout_measures_plans_in_memory_and_on_the_command_line(tmp_path: Path) -> None:
    """
    Each with a ratio; here the checkout is compared with itself.
    """
    words = [str(ROOT / "benchmarks/before.py"), str(ROOT), "--count", "18", "--edits", "0,1", "--rounds", "0"]

    done = subprocess.run(
        [sys.executable, *words, "--folder", str(tmp_path)], capture_output=True, text=True, timeout=300
    )

    assert 0 == done.returncode, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines()[2:]]
    assert ["18: a plan in memory, 0 edits", "18: a plan in memory, 1 edits"] == [row[0] for row in rows[:2]]
    assert ["18: `plan --format json`, 0 edits", "18: `plan --format json`, 1 edits"] == [row[0] for row in rows[2:]]
    assert all("**" in row[-1] for row in rows)


@pytest.mark.full
def test_the_benchmark_of_recording_has_a_row_for_each_command(tmp_path: Path) -> None:
    """
    On all cores and on one, with what git takes of it.
    """
    words = [str(ROOT / "benchmarks/record.py"), "--counts", "3,6", "--rounds", "1", "--folder", str(tmp_path)]
    words += ["--commands", "validate,apply --yes"]

    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=300)

    assert 0 == done.returncode, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines()[2:]]
    assert ["`validate`", "`apply --yes`"] == [row[0] for row in rows]
    assert {6} == {len(row) for row in rows}
