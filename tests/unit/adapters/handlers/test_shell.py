"""The shell handler: which program a word of an argument vector means, and killing what runs."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Dict

from stagectl.adapters.handlers import Request, Result
from stagectl.adapters.handlers.groups import kill_all
from stagectl.adapters.handlers.shell import shell

SAY = "#!/bin/sh\necho {} > said\n"


def test_a_bare_word_is_found_as_execvp_would(tmp_path: Path) -> None:
    """
    The first folder of PATH that has a program of that name, a relative one where the action starts; a path is itself.
    """
    root = tmp_path / "root"
    for path, text, mode in (
        ("here/one", SAY.format("here"), 0o755),
        ("bin/one", SAY.format("bin"), 0o755),
        ("bin/two", SAY.format("two"), 0o755),
        ("odd/one", SAY.format("not to be run"), 0o644),
        ("odd/two/file", "a folder of that name", 0o644),
        ("odd/three", "#!/no/such/shell\n", 0o755),
        ("bin/three", SAY.format("three"), 0o755),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        (root / path).chmod(mode)
    odd, bin_ = f"{root}/odd", f"{root}/bin"

    def said(word: str, *folders: str) -> str:
        (root / "said").unlink(missing_ok=True)
        environment = {b"PATH": os.fsencode(":".join(folders))}
        where = {"root": root, "folder": root, "environment": environment}
        done = shell(Request("a.run", "a", "run", "k", "r", [word], {}, {}, None, **where))
        return (root / "said").read_text().strip() if done == Result(True) else done.message

    assert "bin" == said("one", odd, bin_)
    assert "here" == said("one", "here", bin_)
    assert "bin" == said("one", "/no/such/folder", bin_, "here")
    assert "two" == said("two", odd, bin_)
    assert "three" == said("three", odd, bin_)
    assert "here" == said("here/one", bin_)
    assert "could not be started: [Errno 13] Permission denied: 'one'" == said("one", odd)
    for word, folder in (("three", odd), ("four", odd), ("four", "/no/such/folder")):
        assert f"could not be started: [Errno 2] No such file or directory: '{word}'" == said(word, folder)
    assert "could not be started: embedded null byte" == said("o\0ne", bin_)


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
