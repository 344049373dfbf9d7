"""`stage --patch` asks, and the shell completes."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path
from typing import List

import pytest

from tests.build import PATIENCE, Repo


def answered(repo: Repo, answers: str, *arguments: str) -> str:
    """What `stage -p` says on a terminal to an author who types these answers."""
    return on_terminal(repo, answers, "stage", "-p", *arguments)


def on_terminal(repo: Repo, answers: str, *command: str) -> str:
    """What a command says on a terminal to an author who types these answers."""
    import pty
    import subprocess

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "stagectl", *command],
        cwd=repo.root, stdin=slave, stdout=slave, stderr=slave, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    os.close(slave)
    os.write(master, answers.encode())
    said, more = b"", b"-"
    while more:
        if not select.select([master], [], [], PATIENCE)[0]:
            process.kill()
            raise AssertionError(f"nothing more is said, and it does not end: {said!r}")
        try:
            more = os.read(master, 4096)
        except OSError:  # EIO: the other side is closed
            break
        said += more
    process.wait(PATIENCE)
    os.close(master)
    return said.decode().replace("\r\n", "\n")


def test_stage_patch_asks_per_resource_and_action(shop: Repo) -> None:
    """
    The edit is declined, the restart taken.
    """
    shop.define("db", tags=["prod"], inputs={"port": 1})

    said = answered(shop, "?\nn\ny\n", "db", "-a", "restart")

    assert "~ db\n    port: 5432 -> 1\nStage db? [y,n,a,q,?] " in said
    assert "Stage the action db.restart? [y,n,a,q,?] " in said
    assert ["db.restart"] == shop.plan().ids


def test_a_promotion_asks_for_the_values_of_what_is_new(repo: Repo) -> None:
    """
    Each path of the overrides, on a terminal; what is typed is the target's.
    """
    repo.define("staging/web", inputs={"port": 1, "v": 1}, overrides=["port"]).define("prod/db").apply_all()

    said = on_terminal(repo, "8080\n", "promote", "staging", "prod")

    assert "prod/web.port: " in said
    assert '"port": 8080' in repo.read("resources/prod/web.yaml")


def test_stage_patch_needs_an_author_to_ask(shop: Repo) -> None:
    """
    Without a terminal it is a usage error.
    """
    done = shop.run("stage", "-p")

    assert (64, "error: there is no terminal to ask on\n") == (done.code, done.err.splitlines(keepends=True)[0])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("stagectl re", ["remove", "revert", "report", "retry", "resume"]),
        ("stagectl plan --det", ["--detailed-exitcode"]),
        ("stagectl plan a", ["app"]),
        ("stagectl stage -t p", ["prod"]),
        ("stagectl stage -a res", ["restart"]),
        ("stagectl update db --untag p", ["prod"]),
        ("stagectl create x --kind se", ["service"]),
    ],
)
def test_the_shell_completes_commands_options_names_tags_kinds_and_actions(
    shop: Repo, line: str, words: List[str]
) -> None:
    """
    Of the repository around.
    """
    count = len(line.split()) - 1
    env = {"_STAGECTL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(count)}

    assert words == shop.run(env=env).out.split()
