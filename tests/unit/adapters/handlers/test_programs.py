"""Which program a word of an argument vector means."""

from __future__ import annotations

import os
from pathlib import Path

from stagectl.adapters.handlers import Request, Result
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
