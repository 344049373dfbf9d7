"""What several benchmarks need: a repository of files, the seconds of the processor, two measurements in turn."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from pathlib import Path
from typing import Callable, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple


def commit_all(folder: Path, files: Mapping[str, str]) -> None:
    """Make a repository in which these files are committed."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for words in (
        ["init", "-q"],
        ["config", "user.name", "Bench"],
        ["config", "user.email", "bench@example.com"],
        ["config", "gc.auto", "0"],
        ["add", "-A"],
        ["commit", "-q", "-m", "all"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)


def used() -> float:
    """Return the seconds of the processor that we and our children used up to now."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class Took(NamedTuple):
    """What a command took: seconds by the clock, and of processor time, its children's included."""

    clock: float
    cpu: float


def run(words: Sequence[str], folder: Path, env: Optional[Dict[str, str]] = None) -> Took:
    """Run a command to its end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    nothing = subprocess.DEVNULL
    subprocess.run(words, cwd=folder, env=env, stdin=nothing, stdout=nothing, stderr=nothing, check=True)
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def compare(ours: Callable[[], Took], theirs: Callable[[], Took], rounds: int) -> Tuple[Took, Took]:
    """Return the medians of two measurements made in turn; the first round counts only where there is no other."""
    pairs = [(theirs(), ours()) for _ in range(rounds + 1)]
    medians = [
        Took(*(statistics.median(pair[side][i] for pair in pairs[1:] or pairs) for i in (0, 1))) for side in (1, 0)
    ]
    return medians[0], medians[1]


def row(what: str, ours: Took, theirs: Took, against: str) -> str:
    """Return a line of the table."""
    return (
        f"| {what} | {against} | {ours.clock * 1000:.0f} ms | {theirs.clock * 1000:.0f} ms "
        f"| **{ours.clock / theirs.clock:.2f}** "
        f"| {ours.cpu * 1000:.0f} ms / {theirs.cpu * 1000:.0f} ms = {ours.cpu / theirs.cpu:.2f} |"
    )
