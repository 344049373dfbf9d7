"""Killing what runs: of one run, where several use the same worker, or all of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Dict

from stagectl.adapters.handlers import Request, Result
from stagectl.adapters.handlers.groups import kill_all
from stagectl.adapters.handlers.shell import shell


def test_what_runs_of_one_run_is_killed_and_that_of_another_is_not(tmp_path: Path) -> None:
    """
    Then all of it.
    """
    ends: Dict[str, Result] = {}
    started = {run: threading.Event() for run in ("one", "other")}

    def act(run: str) -> None:
        request = Request(
            "a.run", "a", "run", "k", run, ["sleep", "1000"], {}, {}, None, root=tmp_path, folder=tmp_path,
            started=lambda process: started[run].set(),
        )  # fmt: skip
        ends[run] = shell(request)

    threads = {run: threading.Thread(target=act, args=(run,)) for run in started}
    for run, thread in threads.items():
        thread.start()
        started[run].wait()
    kill_all("one")
    threads["one"].join()
    assert ends == {"one": Result(False, message="ended by signal 9")} and threads["other"].is_alive()
    kill_all()
    threads["other"].join()
    assert ends["other"] == Result(False, message="ended by signal 9")
