"""A real Dask scheduler and real workers, each a process of its own, for the tests and the long proofs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence

from tests.build import PATIENCE, ROOT, Repo


def eventually(what: Callable[[], object], say: str) -> None:
    """Wait until something is the case."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, f"never: {say}"
        time.sleep(0.02)


class Cluster:
    """One scheduler with its workers; the folder has what they print. inside: what starts a command there."""

    def __init__(
        self,
        folder: Path,
        scheme: str = "tcp",
        host: str = "127.0.0.1",
        env: Mapping[str, str] = {},
        inside: Sequence[str] = (),
    ) -> None:
        self.folder, self.inside = folder, inside
        self.processes: Dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir()
        file = folder / "scheduler.json"
        self._start(
            "scheduler",
            [sys.executable, "-c", "from distributed.cli.dask_scheduler import main; main()"]
            + ["--protocol", scheme, "--host", f"{scheme}://{host}", "--port", "0"]
            + ["--scheduler-file", str(file), "--no-dashboard", "--no-show"],
            folder,
            env,
        )
        eventually(lambda: file.exists() and file.read_text().endswith("}"), "the scheduler says where it is")
        self.address: str = json.loads(file.read_text())["address"]

    def _start(self, name: str, words: List[str], cwd: Path, env: Mapping[str, str] = {}) -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT), **env}
        with open(self.folder / f"{name}.out", "wb") as out, open(self.folder / f"{name}.err", "wb") as err:
            self.processes[name] = subprocess.Popen(
                [*self.inside, *words],
                cwd=cwd,
                env={**os.environ, "PYTHONPATH": str(ROOT), **env},
                stdout=out,
                stderr=err,
            )

    def worker(self, name: str, clone: Path, *options: str, env: Mapping[str, str] = {}) -> Cluster:
        """Start a worker in a clone, and wait until it has reported to the scheduler."""
        words = [sys.executable, "-m", "stagectl", "worker", self.address, "--name", name, *options]
        self._start(name, words, clone, env)
        eventually(lambda: b" at once" in (self.folder / f"{name}.out").read_bytes(), f"{name} is ready")
        return self

    def plain_worker(self, name: str, clone: Path, env: Mapping[str, str] = {}) -> Cluster:
        """Start a worker that is Dask's own alone."""
        words = [sys.executable, "-c", "from distributed.cli.dask_worker import main; main()", self.address]
        self._start(name, [*words, "--name", name, "--no-nanny", "--no-dashboard"], clone, env)
        eventually(lambda: b"Registered to" in (self.folder / f"{name}.err").read_bytes(), f"{name} is ready")
        return self

    def of(self, process: int) -> str:
        """Return the worker that started a process."""
        parent = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        return next(name for name, worker in self.processes.items() if worker.pid == parent)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End one of the processes."""
        self.processes[name].send_signal(number)
        self.processes[name].wait(PATIENCE)

    def close(self) -> None:
        """End all of them."""
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait(PATIENCE)


@contextlib.contextmanager
def cluster_for(
    repo: Repo, workers: int = 2, *options: str, env: Optional[Mapping[str, str]] = None
) -> Iterator[Cluster]:
    """Have a cluster beside a repository, whose workers stand in it."""
    cluster = Cluster(repo.root.parent / "cluster")
    try:
        for number in range(1, workers + 1):
            cluster.worker(f"w{number}", repo.root, *options, env=env or {})
        yield cluster
    finally:
        cluster.close()
