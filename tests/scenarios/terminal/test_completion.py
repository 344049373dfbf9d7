"""What a shell completes, asked as the shell does it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import List

import pytest

from tests.build import PATIENCE, ROOT, Repo


def completed(repo: Repo, line: str) -> List[str]:
    """What bash would offer behind a line."""
    words = line.split(" ")
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_STAGECTL_COMPLETE": "complete_bash",
    }
    done = subprocess.run(
        [sys.executable, "-m", "stagectl"], cwd=repo.root, env=env, capture_output=True, text=True, timeout=PATIENCE
    )
    return done.stdout.split()


def test_words_of_the_repository_are_completed(repo: Repo) -> None:
    """
    Commands, options, names, tags, keys of `--set`, changes of the plan, runs.
    """
    schema = {"type": "object", "properties": {"port": {}, "pool": {}}}
    repo.kind("service", actions=("run", "update", "remove"), inputs=schema).commit()
    repo.define("prod/db", kind="service", tags=["prod"], inputs={"port": 1}).apply_all()
    repo.define("prod/app", kind="service", inputs={"port": 1}).stage()
    run = repo.ok("report", "--json").json()["run"]

    asked = {
        "stagectl pl": ["plan"],
        "stagectl plan prod/d": ["prod/db"],
        "stagectl plan -t pr": ["prod"],
        "stagectl plan --detailed": ["--detailed-exitcode"],
        "stagectl update prod/db --set po": ["pool=", "port="],
        "stagectl create x --kind service --set poo": ["pool="],
        "stagectl update prod/db --unset p": ["pool", "port"],
        "stagectl apply --skip prod": ["prod/app.run"],
        "stagectl report 2": [run],
        "stagectl completion b": ["bash"],
        "stagectl update prod/db --set nope": [],
        "stagectl -C ": [],  # the shell completes folders itself
        "stagectl -C . plan -C ": [],
        "stagectl -C . pl": ["plan"],
    }

    assert asked == {line: completed(repo, line) for line in asked}


def test_outside_of_a_repository_nothing_is_completed(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """
    And no error is printed into the line.
    """
    bare = Repo.__new__(Repo)
    bare.root = tmp_path

    assert [] == completed(bare, "stagectl plan d")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_own_script(repo: Repo, shell: str) -> None:
    """
    One that the shell can read, where it is installed.
    """
    scripts = {
        "bash": repo.ok("completion", "bash").out,
        "zsh": repo.ok("completion", "zsh").out,
        "fish": repo.ok("completion", "fish").out,
    }
    script = scripts[shell]

    assert 3 == len(set(scripts.values()))
    assert "_STAGECTL_COMPLETE=complete_bash" in script and "stagectl" in script
    if shutil.which(shell):
        flag = "--no-execute" if shell == "fish" else "-n"
        assert 0 == subprocess.run([shell, flag], input=script, text=True, timeout=PATIENCE).returncode


def test_bash_completes(repo: Repo) -> None:
    """
    The script, sourced, fills the answer that bash shows.
    """
    repo.define("prod/db").stage()
    script = repo.ok("completion", "bash").out
    lines = f"""{script}
stagectl() {{ PYTHONPATH={ROOT} {sys.executable} -m stagectl "$@"; }}
for at in . nowhere; do
    COMP_WORDS=(stagectl -C $at plan prod/) COMP_CWORD=4
    _stagectl stagectl
    echo "${{COMPREPLY[@]}}"
done
"""
    done = subprocess.run(["bash", "-c", lines], cwd=repo.root, capture_output=True, text=True, timeout=PATIENCE)

    assert ("prod/db\n\n", "") == (done.stdout, done.stderr)
