"""What a plan of a project costs in a repository that has many other files, beside the same project alone.

    python benchmarks/projects.py [--count 1000] [--others 200000] [--rounds 9] [--stagectl PATH]

Both are made in turn; what counts is the ratio of the medians, git's own look (`git status -- FOLDER`) taken off both.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterator, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

import generate
from scale import Took, compare, row, run

FOLDER = "teams/infra"


def made(root: Path, folder: str, count: int, others: int, stagectl: str) -> Path:
    """Make a repository with one project, everything applied, and other files; return the project's folder."""
    project = root / folder
    for path, text in {**generate.files(count), "stagectl.yaml": "# a project\n"}.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    for number in range(others):
        path = root / f"src/p{number // 10000}/m{number // 100}/f{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n")
    for words in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "B"],
        ["config", "user.email", "b@example.com"],
    ):
        run(["git", *words], root)
    run(["git", "add", "."], root)
    run(["git", "commit", "-q", "-m", "all"], root)
    run([stagectl, "apply", "--record-only", "--yes"], project)
    return project


def measured(alone: Path, inside: Path, stagectl: str, rounds: int) -> Iterator[str]:
    """Yield the lines of the table."""
    look = ["git", "status", "--porcelain", "--", "."]
    plan = [stagectl, "plan", "--format", "json"]
    git = compare(lambda: run(look, inside), lambda: run(look, alone), rounds)
    ours = compare(lambda: run(plan, inside), lambda: run(plan, alone), rounds)
    yield row("`git status -- FOLDER`", *git, "alone")
    yield row("`plan --format json`", *ours, "alone")
    yield row("the same without git's look", *_less(ours, git), "alone")


def _less(ours: Tuple[Took, Took], git: Tuple[Took, Took]) -> Tuple[Took, ...]:
    return tuple(Took(one.clock - look.clock, one.cpu - look.cpu) for one, look in zip(ours, git))


def main() -> None:
    """Make both repositories, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--others", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--stagectl", default="stagectl")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stagectl-bench-") as folder:
        alone = made(Path(folder, "alone"), "", asked.count, 0, asked.stagectl)
        inside = made(Path(folder, "inside"), FOLDER, asked.count, asked.others, asked.stagectl)
        time.sleep(3)  # git looks again at what is as young as its index
        print(f"{asked.count} resources, {asked.others} other files\n")
        print("| what | against | inside | alone | ratio | of processor time |\n| --- | --- | --- | --- | --- | --- |")
        for line in measured(alone, inside, asked.stagectl, asked.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
