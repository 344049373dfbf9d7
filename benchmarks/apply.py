"""What applying costs above the processes it starts: the same ones, started by a bare ThreadPoolExecutor loop.

    python benchmarks/apply.py [--rounds 5] [--layers 25] [--width 40] [--threads 8] [--command true]

Both are measured in turn, so that a busy machine slows down both; what counts is the ratio of the medians. The ratio of
the processor's time, children included, hangs least on what else the machine does: a run waits for the disk, too.
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
from typing import List, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.common import commit_all, used
from stagectl.core.plans.selection import Selection
from stagectl.usecases.applying.apply import Options, apply
from stagectl.usecases.applying.task import Onlooker
from stagectl.usecases.repository.workspace import Workspace


def repository(folder: Path, layers: int, width: int, command: Sequence[str]) -> None:
    """Make a repository of layers, each resource after two of the layer before; all are staged, none is applied."""
    files = {"kinds/nothing.yaml": json.dumps({"actions": {"run": list(command)}})}
    for layer in range(layers):
        for place in range(width):
            parents = [f"l{layer - 1}/r{place}", f"l{layer - 1}/r{(place + 1) % width}"] if layer else []
            body = json.dumps({"inputs": {"place": place}, "depends_on": sorted(set(parents))})
            files[f".staged/l{layer}/r{place}.yaml"] = f"---\nkind: nothing\n---\n{body}\n"
    commit_all(folder, files)


def bare(folder: Path, layers: int, width: int, threads: int, command: Sequence[str]) -> Tuple[float, float]:
    """Return the seconds that the processes alone take, layer by layer: by the clock, and of the processor."""

    def start(_: int) -> int:
        return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).returncode

    began, before = time.perf_counter(), used()
    with ThreadPoolExecutor(threads) as executor:
        for _ in range(layers):
            assert not any(executor.map(start, range(width)))
    return time.perf_counter() - began, used() - before


def applied(folder: Path, threads: int) -> Tuple[float, float, float]:
    """Return the seconds from the run's begin to the end of its last change, of clock and processor, and of it all."""
    times: List[Tuple[float, float]] = []
    began = time.perf_counter()
    done = apply(
        Workspace(folder),
        Selection(),
        Options(parallel=threads),
        lambda plan: True,
        Onlooker(
            lambda news: times.append((time.perf_counter(), used())),
            begin=lambda plan, run: times.append((time.perf_counter(), used())),
        ),
    )
    assert done.is_complete
    ended = time.perf_counter()
    subprocess.run(["git", "update-ref", "-d", "refs/heads/stagectl/applied"], cwd=folder, check=True)
    return times[-1][0] - times[0][0], times[-1][1] - times[0][1], ended - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    for name, default in (("rounds", 5), ("layers", 25), ("width", 40), ("threads", 8)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--command", nargs="+", default=["true"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repository(folder, asked.layers, asked.width, asked.command)
        os.environ.setdefault("GIT_TERMINAL_PROMPT", "0")
        rounds = []
        for number in range(asked.rounds):
            alone, alone_used = bare(folder, asked.layers, asked.width, asked.threads, asked.command)
            run, run_used, whole = applied(folder, asked.threads)
            rounds.append((alone, run, whole, alone_used, run_used))
            print(f"round {number + 1}: bare {alone:.2f} s, run {run:.2f} s, whole apply {whole:.2f} s", flush=True)
    alone, run, whole, alone_used, run_used = (statistics.median(column) for column in zip(*rounds))
    print(
        f"{asked.layers * asked.width} actions, {asked.layers} layers, {asked.threads} threads, medians of the rounds:"
    )
    print(f"run / bare = {run / alone:.2f}; with planning and recording {whole / alone:.2f}")
    print(f"time of the processor: {run_used:.2f} s / {alone_used:.2f} s = {run_used / alone_used:.2f}")


if __name__ == "__main__":
    main()
