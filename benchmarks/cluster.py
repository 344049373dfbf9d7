"""What a Dask cluster costs per action: the same run in threads and on one, in turn, and who pays for it.

    python benchmarks/cluster.py [--rounds 3] [--layers 25] [--width 40] [--workers 2] [--slots 4] [--command true]

Scheduler and workers are processes of this machine. Seconds go by who is waited for, and machines are busy: what counts
are ratios, and the CPU time per action of each process, because the busiest one with a single thread is the limit.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Optional

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.apply import repository
from stagectl.core.plans.selection import Selection
from stagectl.usecases.applying.apply import Options, apply
from stagectl.usecases.applying.cluster import Where
from stagectl.usecases.applying.task import Onlooker
from stagectl.usecases.repository.workspace import Workspace
from tests.cluster import Cluster

TICKS = os.sysconf("SC_CLK_TCK")


def spent(process: int) -> float:
    """Return the seconds of CPU time that a process itself has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak(process: int) -> float:
    """Return the most memory that a process has had, in MiB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def ours() -> float:
    """Return the seconds of CPU time that this process itself has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(folder: Path, slots: int, cluster: Optional[Cluster]) -> Dict[str, float]:
    """Apply everything once; return seconds from the run's begin to its last end, and CPU seconds per process."""
    where = Where("dask", cluster.address) if cluster else Where("threads")
    times: List[float] = []
    before = {name: spent(process.pid) for name, process in cluster.processes.items()} if cluster else {}
    own: List[float] = []

    def begin(plan: object, run: str) -> None:
        times.append(time.perf_counter())
        own.append(ours())

    def watch(news: object) -> None:
        times.append(time.perf_counter())
        own.append(ours())

    whole = time.perf_counter()
    done = apply(
        Workspace(folder),
        Selection(),
        Options(parallel=slots, where=where),
        lambda plan: True,
        Onlooker(watch, begin=begin),
    )
    assert done.is_complete
    subprocess.run(["git", "update-ref", "-d", "refs/heads/stagectl/applied"], cwd=folder, check=True)
    found = {"seconds": times[-1] - times[0], "whole": time.perf_counter() - whole, "coordinator": own[-1] - own[0]}
    if cluster:
        after = {name: spent(process.pid) - before[name] for name, process in cluster.processes.items()}
        found["scheduler"] = after.pop("scheduler")
        found["worker"] = sum(after.values())
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    for name, default in (("rounds", 3), ("layers", 25), ("width", 40), ("workers", 2), ("slots", 4)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--command", nargs="+", default=["true"])
    asked = parser.parse_args()
    actions, slots = asked.layers * asked.width, asked.workers * asked.slots
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "repository")
        folder.mkdir()
        repository(folder, asked.layers, asked.width, asked.command)
        cluster = Cluster(Path(name, "cluster"))
        for number in range(asked.workers):
            cluster.worker(f"w{number}", folder, "--parallel", str(asked.slots))
        rounds: Dict[str, List[Dict[str, float]]] = {"threads": [], "dask": []}
        try:
            for number in range(asked.rounds):
                for what in rounds:
                    rounds[what].append(measured(folder, slots, cluster if what == "dask" else None))
                    print(f"round {number + 1}, {what}: {rounds[what][-1]['seconds']:.2f} s", flush=True)
            memory = {"coordinator": peak(os.getpid()), "scheduler": peak(cluster.processes["scheduler"].pid)}
        finally:
            cluster.close()
    print(f"{actions} actions, {asked.layers} layers, {slots} at once, {asked.workers} workers, medians of the rounds:")
    medians = {
        what: {key: statistics.median(one[key] for one in found) for key in found[0]} for what, found in rounds.items()
    }
    for what, found in medians.items():
        told = [f"{key} {found[key] / actions * 1000:.2f} ms" for key in found if key not in ("seconds", "whole")]
        print(
            f"{what}: {found['seconds']:.2f} s, the whole apply {found['whole']:.2f} s; "
            f"CPU time per action: {', '.join(told)}"
        )
    print(f"peak memory: {', '.join(f'{name} {value:.0f} MiB' for name, value in memory.items())}")
    print(f"dask / threads = {medians['dask']['seconds'] / medians['threads']['seconds']:.2f}")


if __name__ == "__main__":
    main()
