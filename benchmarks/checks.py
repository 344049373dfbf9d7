"""What checking costs above the processes it starts, and how much memory: the same ones from a bare ThreadPoolExecutor.

    python benchmarks/checks.py [--rounds 5] [--resources 1000] [--threads 8] [--command true]

Both are measured in turn; what counts is the ratio of the medians, by the clock and of the processor's time, children
included. The memory is the most that one `stagectl check` in a process of its own has at once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, List, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.common import commit_all, used
from stagectl.core.plans.selection import Selection
from stagectl.usecases.applying.task import Onlooker
from stagectl.usecases.checking.check import CheckOptions, check
from stagectl.usecases.repository.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from stagectl.__main__ import main; sys.exit(main())"


def stagectl(folder: Path, *words: str) -> None:
    """Run a command line of this tree in a process of its own."""
    line = [sys.executable, "-c", START, str(ROOT), *words]
    subprocess.run(line, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def repository(folder: Path, resources: int, command: Sequence[str]) -> None:
    """Make a repository of resources that are recorded as applied, with a check that runs a command."""
    files = {"kinds/thing.yaml": json.dumps({"check": list(command)})}
    for number in range(resources):
        body = json.dumps({"inputs": {"number": number, "name": f"thing {number}"}})
        files[f".staged/f{number % 100}/r{number}.yaml"] = f"---\nkind: thing\n---\n{body}\n"
    commit_all(folder, files)
    stagectl(folder, "apply", "--record-only", "--yes")


def timed(work: Callable[[], object]) -> Tuple[float, float]:
    """Return the seconds that something takes: by the clock, and of the processor."""
    clock, processor = time.perf_counter(), used()
    work()
    return time.perf_counter() - clock, used() - processor


def bare(folder: Path, resources: int, threads: int, command: Sequence[str]) -> None:
    """Start the processes alone."""

    def one(number: int) -> None:
        subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(resources)))


def checked(folder: Path, threads: int) -> None:
    """Check all of it, in this process."""
    here = os.getcwd()
    os.chdir(folder)
    try:
        check(Workspace(folder), Selection(), CheckOptions(threads), Onlooker(lambda news: None))
    finally:
        os.chdir(here)


def most_memory(folder: Path) -> float:
    """Return the most MB that a check has at once, in a process of its own."""
    line = [sys.executable, "-c", START, str(ROOT), "check", "--json"]
    process = subprocess.Popen(line, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_maxrss / 1000


def main() -> None:
    """Measure, and print the ratios and the memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--command", nargs="+", default=["true"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repository(folder, asked.resources, asked.command)
        rounds: List[Tuple[Tuple[float, float], Tuple[float, float]]] = [
            (
                timed(lambda: bare(folder, asked.resources, asked.threads, asked.command)),
                timed(lambda: checked(folder, asked.threads)),
            )
            for _ in range(asked.rounds)
        ]
        for at, what in enumerate(("clock", "processor")):
            sides = [statistics.median(sides[side][at] for sides in rounds) for side in (0, 1)]
            print(f"{what}: bare {sides[0]:.2f} s, check {sides[1]:.2f} s, ratio {sides[1] / sides[0]:.2f}")
        print(f"memory of a check of {asked.resources}: {most_memory(folder):.0f} MB")


if __name__ == "__main__":
    main()
