"""Whatever stands in the files, in git and in what actions print: nothing of it acts where it is shown."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from pathlib import Path
from typing import List
from xml.etree import ElementTree

import pytest

from tests.build import Repo, made_once
from tests.hostile.conftest import UNSAFE

pytestmark = pytest.mark.once

LINES = [
    "\x1b]0;title\x07\x1b[2J\x1b[31m",  # a terminal's title, its screen, its colours
    "\x9b2J\x85\x7f\r",  # the same in one byte, a line end, a rubout, an overwritten line
    "\u202etxt.exe\u2066\u200e\u061c",  # the other way round
    "a\u200bb\u00adc\u2060d\ufeffe\U000e0041",  # what no reader sees
    "::error file=x::forged",
    "  ::add-mask::prod",
    "##[add-mask]prod ##vso[task.setvariable variable=x]y",
    "<script>alert(1)</script></pre>--><img src=x onerror=alert(1)>",
    "Change: db.update SUCCESS",
    "${env:HOME} $(id) `id`",
]
HOSTILE = "\n".join(LINES)
ONE_LINE = " ".join(LINES).replace("\r", "")
LOG_COMMAND = re.compile(r"^[ \t]*::|##\[|##vso\[", re.MULTILINE)


@pytest.fixture
@made_once
def hostile(repo: Repo) -> Repo:
    """A repository with a hostile text wherever one can stand, an apply that failed, and pending edits."""
    repo.git("config", "user.name", ONE_LINE.replace("<", "").replace(">", ""))
    text = HOSTILE.replace("${", "$${")
    script = "printf '%s\\n' \"$0\"; [ ! -e fail ]"
    kind = {"description": HOSTILE, "actions": {a: ["sh", "-c", script, HOSTILE] for a in ("run", "update", "test")}}
    repo.write("kinds/odd.yaml", json.dumps({**kind, "inputs": {"title": HOSTILE, "properties": {HOSTILE: {}}}}))
    repo.define("db", "odd", inputs={"v": text, HOSTILE: {HOSTILE: [text]}}).define("app", inputs={"p": "${db.v}"})
    repo.apply_all()
    subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", HOSTILE.replace("\x00", "")], cwd=repo.root)
    repo.define("db", "odd", inputs={"v": text + "!", HOSTILE: {HOSTILE: [text, 2]}}).stage().stage("db", "-a", "test")
    repo.write("fail", "").apply()
    repo.define("new", "odd", inputs={"v": text}).commit(HOSTILE)
    (repo.root / "resources/a\x1b[2J\u202e\n::error::forged.txt").write_text("x")
    return repo


COMMANDS = """
plan|plan --format json|plan --explain db|plan --against main|status|status -s|status --json|diff|diff --json
diff --unstaged|log|log --json|log db|log --blame db|show db|show db --json|show db --at HEAD|validate|graph
kinds|kinds --json|report|report --json|verify|verify --json|stage --check|locks
plan --format mermaid|plan --format dot|graph --format mermaid|graph --format dot
""".replace("\n", "|").strip("|").split("|")  # fmt: skip


def test_nothing_that_is_shown_acts(hostile: Repo) -> None:
    """
    On a terminal and in a log of CI: values, keys, descriptions, authors, subjects, output of actions.
    """
    seen: List[str] = []
    for command in COMMANDS:
        done = hostile.run(*command.split())
        assert "bug in stagectl" not in done.err, (command, done.err)
        for text in (done.out, done.err):
            assert not UNSAFE.search(text), (command, UNSAFE.search(text), text[:2000])
            assert not LOG_COMMAND.search(text), (command, LOG_COMMAND.search(text))
        seen.append(done.out)
    assert sum("forged" in text for text in seen) > 10, "it is shown, or this proves nothing"


def test_what_an_apply_says_does_not_act(hostile: Repo) -> None:
    """
    The plan before it, its progress, what a failed action printed; and as events.
    """
    for words in (["apply", "--yes"], ["apply", "--yes", "--json"], ["retry"]):
        done = hostile.run(*words)

        assert done.code == 1
        for text in (done.out, done.err):
            assert not UNSAFE.search(text) and not LOG_COMMAND.search(text), (words, text)


def test_annotations_are_ours_and_no_others(hostile: Repo) -> None:
    """
    `plan --format github` writes commands to the log: one a line, on files that there are.
    """
    done = hostile.ok("plan", "--format", "github")

    assert not UNSAFE.search(done.out)
    for line in done.out.splitlines():
        assert re.match(r"::(notice|warning|error) (file=\.staged/[a-z]+\.yaml,line=\d+,)?title=[^:]*::", line), line


@pytest.mark.parametrize("words", ["plan --format svg", "graph --format svg"])
def test_pictures_are_data(hostile: Repo, words: str) -> None:
    """
    Well-formed, with no element or attribute that runs, loads or links.
    """
    picture = hostile.ok(*words.split()).out

    assert not UNSAFE.search(picture)
    for element in ElementTree.fromstring(picture).iter():
        assert element.tag.rpartition("}")[2] in {"svg", "title", "desc", "style", "g", "path", "rect", "text", "tspan",
            "defs", "marker", "line", "polygon", "circle"}, element.tag  # fmt: skip
        assert not [key for key in element.attrib if key.startswith("on") or key.endswith("href")]


@pytest.mark.parametrize("words", ["plan --format html", "graph --format html", "report --format html"])
def test_pages_are_data(hostile: Repo, words: str) -> None:
    """
    No element begins in a value, and the page's policy allows no script of another author's.
    """
    page = hostile.ok(*words.split()).out

    assert not UNSAFE.search(page)
    assert "<img" not in page and "<script>alert" not in page and "default-src 'none'" in page
    assert "alert(1)" in html.unescape(page) or "graph" in words, "it is shown, or this proves nothing"


def test_commits_say_names_and_nothing_of_values(hostile: Repo) -> None:
    """
    Messages and trailers of staging and of applies are made of names and our own words; the person is one line. Why
    something failed is one as well.
    """
    staging = hostile.git("log", "-1", "--format=%B", "--grep=^stage:").split("\n")
    assert all(re.fullmatch(r"|stage: [a-z.]+( and \d more)?|(Staged|Restaged): [a-z.]+", line) for line in staging)
    applying = hostile.git("log", "-1", "--format=%B", "stagectl/applied").splitlines()
    ours = (
        r"|apply: \d of \d changes|(Run|Plan|Base|Selection|Applied-by|Change|Reason|Unchanged|Unstarted|Recorded): .*"
    )
    assert all(re.fullmatch(ours, line) for line in applying), applying
    assert not UNSAFE.search("".join(staging + applying))
    assert not [line for line in applying if line.endswith("SUCCESS")], "nothing succeeded"


def test_a_hook_that_prints_does_not_act(repo: Repo) -> None:
    """
    What a hook says when it refuses is reported, and is data.
    """
    hook = repo.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    (repo.root / "said").write_bytes(HOSTILE.encode())
    hook.write_text("#!/bin/sh\ncat said\nexit 1\n")
    hook.chmod(0o755)

    done = repo.define("a").run("stage")

    assert done.code == 1 and "forged" in done.err
    assert not UNSAFE.search(done.err) and not LOG_COMMAND.search(done.err), done.err


def test_words_of_the_command_line_do_not_act(repo: Repo, tmp_path: Path) -> None:
    """
    They may come from the name of a branch, or from a title: in errors they are data.
    """
    for words in (["plan", HOSTILE], ["plan", f"--{HOSTILE}"], [HOSTILE], ["plan", "--head", HOSTILE], ["log", HOSTILE],
                  ["plan", "-t", HOSTILE], ["show", HOSTILE], ["apply", "--expect", HOSTILE, "--yes"]):  # fmt: skip
        done = repo.run(*words, env=dict(os.environ))

        assert done.code in (1, 64) and "bug in stagectl" not in done.err
        assert not UNSAFE.search(done.err) and not LOG_COMMAND.search(done.err), (words, done.err)
