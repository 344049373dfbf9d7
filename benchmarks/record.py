"""What reading, staging and recording everything costs for each resource, on all cores and on one, beside git.

    python benchmarks/record.py [--counts 1000,9000] [--rounds 5] [--folder DIR] [CHECKOUT]

A resource has four inputs, one of them its parent's, and folders have a hundred. Each command runs in a fresh copy of a
repository in which nothing is staged, or nothing is applied; what a resource costs is the difference between the two
counts, divided by that of the resources, of medians. What git takes of the processor is measured on one core, where
nothing else is a child of the process. CHECKOUT: another one that is measured instead.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.common import commit_all

COMMANDS = ("validate", "stage", "apply --record-only --yes", "apply --yes")
MAIN = """
import json, os, resource, sys
if int(sys.argv.pop(1)) == 1:
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
sys.path.insert(0, sys.argv.pop(1))
from stagectl.__main__ import entry
here, end = os.getpid(), os._exit
def report():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    os.write(2, f"\\n{json.dumps([usage.ru_utime + usage.ru_stime for usage in usages])}".encode())
os._exit = lambda code: (os.getpid() == here and report(), end(code))
try:
    entry()
finally:
    report()
"""


class Cost(NamedTuple):
    """Seconds: of the whole process by the clock, and of the processor, of the process itself and of its children."""

    clock: float
    own: float
    children: float


def files(count: int) -> Dict[str, str]:
    """Return the files of a repository in which nothing is staged."""
    found = {"kinds/service.yaml": "{}\n"}
    for number in range(count):
        folder, place = divmod(number, 100)
        parent = f'  up: "${{./s{(place - 1) // 3}.port}}"\n' if place else ""
        front = f"kind: service\ntags: [{('dev', 'staging', 'prod')[folder % 3]}, team{folder}]"
        body = f"  image: registry.example/app{place}:1.2\n  port: {8000 + place}\n  replicas: {place % 5}\n{parent}"
        found[f"resources/team{folder}/s{place}.yaml"] = f"---\n{front}\n---\ninputs:\n{body}"
    return found


def measure(checkout: Path, before: Path, command: str, cores: int) -> Cost:
    """Run a command in a copy of a repository. cores: 1, or 0 for all."""
    with tempfile.TemporaryDirectory(dir=before.parent) as folder:
        root = shutil.copytree(before, Path(folder) / "repository", symlinks=True)
        subprocess.run(["git", "status", "--porcelain"], cwd=root, check=True, stdout=subprocess.DEVNULL)
        words = [sys.executable, "-c", MAIN, str(cores), str(checkout), *command.split()]
        began = time.perf_counter()
        done = subprocess.run(words, cwd=root, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        took = time.perf_counter() - began
    return Cost(took, *json.loads(done.stderr.splitlines()[-1]))


def each(costs: Dict[Tuple[int, int], List[Cost]], counts: List[int], cores: int) -> Cost:
    """Return what one resource more costs."""
    few, many = ([statistics.median(side) for side in zip(*costs[count, cores])] for count in counts)
    return Cost(*((more - less) / (counts[1] - counts[0]) for less, more in zip(few, many)))


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, nargs="?", default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--counts", default="1000,9000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--commands", default=",".join(COMMANDS))
    parser.add_argument("--folder", type=Path, default=None, help="where the repositories are made")
    options = parser.parse_args()
    counts = [int(word) for word in options.counts.split(",")]
    print(
        f"| ms for each resource | by the clock, {os.cpu_count()} cores | on one | our processor | git | beside git |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for count in counts:
            commit_all(Path(folder) / f"defined-{count}", files(count))
            staged = shutil.copytree(Path(folder) / f"defined-{count}", Path(folder) / f"staged-{count}")
            words = [sys.executable, "-c", MAIN, "0", str(options.checkout), "stage"]
            subprocess.run(words, cwd=staged, check=True, capture_output=True)
        for command in options.commands.split(","):
            costs: Dict[Tuple[int, int], List[Cost]] = {}
            for _ in range(options.rounds):
                for count in counts:
                    for cores in (0, 1):
                        before = Path(folder) / f"{'staged' if 'apply' in command else 'defined'}-{count}"
                        costs.setdefault((count, cores), []).append(measure(options.checkout, before, command, cores))
            everywhere, alone = each(costs, counts, 0), each(costs, counts, 1)
            figures = (everywhere.clock, alone.clock, alone.own, alone.children, everywhere.clock - alone.children)
            print(f"| `{command}` | {' | '.join(f'{1000 * figure:.2f}' for figure in figures)} |", flush=True)


if __name__ == "__main__":
    main()
