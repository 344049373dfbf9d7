"""Repositories with thousands of names: nothing waits for ever (STYLE.md: asking a process has one place)."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import List, Sequence

import pytest

from stagectl.adapters.git import names
from stagectl.adapters.git.git import Git
from stagectl.adapters.git.names import Conversation, read_line
from stagectl.core.errors import StagectlError
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
    asked = [f"HEAD:resources/a/long/folder/with-a-name/{number}.yaml" for number in range(20_000)]

    found = Git(Path(repo.root)).look_up([*asked, f"HEAD:{PLACE}resources/db.yaml"])

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


def test_many_objects_are_what_a_conversation_says(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Contents and sizes, in their order; what is missing, broken or of another kind is refused in the same words.
    """
    texts = [b"", b"\n", b"a blob 1\n", b"x" * 70_000, "ä\r\n\0".encode(), *(b"%d\n" % number for number in range(40))]
    for number, text in enumerate(texts):
        (repo.root / f"{number}").write_bytes(text)
    ids = repo.git("hash-object", "-w", *map(str, range(len(texts)))).split()
    tree, broken = repo.git("rev-parse", "HEAD^{tree}").strip(), repo.root / f".git/objects/{ids[9][:2]}/{ids[9][2:]}"
    cases = {"good": ids, "twice": [*ids, *ids], "missing": ["1" * 40, *ids], "a tree": [*ids, tree]}

    def said(case: Sequence[str], most: int) -> List[object]:
        monkeypatch.setattr(names, "_MANY", most)
        git, found = Git(Path(repo.root)), []
        for ask in (git.sizes, git.look_up, partial(git.contents, kind="blob", at_once=True)):
            try:
                found.append(ask(case))
            except StagectlError as error:
                found.append(str(error))
        return found

    with monkeypatch.context() as without:
        without.delattr(Conversation, "ask")
        assert [[len(text) for text in texts], ids, texts] == said(ids, 2)
    for case in cases.values():
        assert said(case, 1000) == said(case, 2)
    broken.chmod(0o644)
    broken.write_bytes(b"broken")
    assert said(ids, 1000) == said(ids, 2)
