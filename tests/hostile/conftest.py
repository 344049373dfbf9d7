"""Repositories made from one that was made once, and commands that are measured."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, List, NamedTuple

import pytest

from tests.build import PATIENCE, ROOT, Repo

SECONDS = 1.0  # of the processor, for the command and every git that it starts
NOISE = 3.0  # a busy machine makes the same work take that much longer, however it is measured
MEGABYTES = 200
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff\U000e0000-\U000e007f]"
)


class Measured(NamedTuple):
    """One command that ended within the bounds."""

    code: int
    out: str
    err: str
    seconds: float
    megabytes: float


Bounded = Callable[..., Measured]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository like that of `repo`: making one takes twelve processes."""
    return tmp_path_factory.mktemp("template") / "repo"


@pytest.fixture
def repo(template: Path, tmp_path: Path) -> Repo:
    if not template.exists():
        Repo(template)
    shutil.copytree(template, tmp_path / "repo", symlinks=True)
    return Repo(tmp_path / "repo", init=False)


@pytest.fixture
def bounded(tmp_path: Path, record_property: Callable[[str, object], None]) -> Bounded:
    """Run one command line within the bounds; what it says acts on nothing, and is no bug of ours."""

    def run(repo: Repo, *arguments: str, seconds: float = SECONDS) -> Measured:
        notes = tmp_path / "notes"
        command: List[str] = [sys.executable, "-S", str(Path(__file__).parent / "measured.py"), str(notes)]
        done = subprocess.run(
            [*command, sys.executable, "-m", "stagectl", *arguments],
            cwd=repo.root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        used = json.loads(notes.read_text())
        out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        assert done.returncode in (0, 1, 64), (done.returncode, err)
        assert "bug in stagectl" not in err and "Traceback" not in err, err
        assert not UNSAFE.search(out + err), UNSAFE.search(out + err)
        assert err or out or done.returncode == 0, "an error says what is wrong"
        assert used["seconds"] < seconds * NOISE and used["megabytes"] < MEGABYTES, used
        for key, value in used.items():
            record_property(key, value)
        return Measured(done.returncode, out, err, used["seconds"], used["megabytes"])

    return run
