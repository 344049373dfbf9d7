"""Repositories with thousands of names: nothing waits for ever (STYLE.md: asking a process has one place)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stagectl.adapters.git.git import Git
from stagectl.adapters.git.names import Conversation, read_line
from tests.build import PLACE, Repo

ECHO = "import sys\nfor line in sys.stdin.buffer:\n    sys.stdout.buffer.write(line)\n    sys.stdout.buffer.flush()\n"


def conversation(program: str) -> Conversation[bytes]:
    """Return one with a program in Python."""
    words, pipe = [sys.executable, "-c", program], subprocess.PIPE
    return Conversation(lambda: subprocess.Popen(words, stdin=pipe, stdout=pipe, env={}), read_line)


def test_twenty_thousand_names_are_looked_up_at_once(repo: Repo) -> None:
    """
    Neither pipe takes as much: questions and answers go in turn.
    """
    repo.define("db", inputs={"port": 1}).stage()
    names = [f"HEAD:resources/a/long/folder/with-a-name/{number}.yaml" for number in range(20_000)]

    found = Git(Path(repo.root)).look_up([*names, f"HEAD:{PLACE}resources/db.yaml"])

    assert [None] * 20_000 == found[:-1]
    assert found[-1] is not None


def test_answers_belong_to_their_questions() -> None:
    """
    Short, long and empty ones, in one conversation and over many portions.
    """
    talk = conversation(ECHO)
    questions = [b"x" * (number * 37 % 9000) for number in range(300)]

    assert [question + b"\n" for question in questions] == talk.ask(questions)


def test_a_process_that_ends_gives_no_answers() -> None:
    """
    No answer is never taken for one, and what comes late is none to the next question: another process is asked.
    """
    talk = conversation("print(input())")

    with pytest.raises(EOFError):
        talk.ask([b"one", b"two", b"three"])
    assert [b"four\n"] == talk.ask([b"four"])
    assert [b"five\n"] == talk.ask([b"five"])


@pytest.mark.full
def test_five_thousand_new_definitions_are_staged_by_the_first_stage(repo: Repo) -> None:
    """
    The first `stage` of a team that adopts stagectl.
    """
    for number in range(5000):
        repo.write(f"resources/f{number % 50}/r{number}.yaml", "---\nkind: service\n---\n{}\n")

    done = repo.run("stage")

    assert (0, 5000) == (done.code, len(repo.git("ls-files", ".staged").splitlines()))
