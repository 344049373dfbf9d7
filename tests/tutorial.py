"""Runs the tutorial and writes what its commands say into it: `.venv/bin/python -m tests.tutorial`."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

from tests.build import ROOT, Repo

PAGE = ROOT / "docs" / "tutorial.md"
_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def rendered(page: str, folder: Path) -> str:
    """The page with every block of output as the last command before it makes it; all commands have to succeed."""
    repo = Repo(folder, init=False)
    said = ""

    def block(match: re.Match[str]) -> str:
        nonlocal said
        if match.group(1) == "text":
            return f"```text\n{said}```"
        for line in match.group(2).splitlines():
            said = run(repo, line)
        return match.group()

    return _BLOCK.sub(block, page)


def run(repo: Repo, line: str) -> str:
    """Run one line of a tutorial; returns what it says."""
    if not line.startswith("stagectl "):
        done = subprocess.run(line, shell=True, cwd=repo.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if line.startswith("git init"):
            repo.git("config", "user.name", "Ada")
            repo.git("config", "user.email", "ada@example.com")
        return done.stdout
    ran = repo.run(*shlex.split(line)[1:])
    assert ran.code == 0 or "cannot be removed" in ran.err, ran.err
    return ran.out if ran.code == 0 else ran.err  # results; on a terminal, what goes to stderr meanwhile is wiped


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(HOME=folder, NO_COLOR="1")
        PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
