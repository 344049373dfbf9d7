"""What the docs say is what happens: their commands run, their outputs are seen, their commands and options exist."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import List, Tuple

import pytest

from tests.build import ROOT, Repo


def blocks(path: str) -> List[Tuple[str, str]]:
    """The code blocks of a page: (language, text)."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    """
    Every command runs, and every output shown is somewhere in what they say.
    """
    repo = Repo(tmp_path, init=False)
    said, expected = "", []
    for language, text in blocks("docs/tutorial.md"):
        if language == "text":
            expected.append(text)
        for line in text.splitlines() if language == "sh" else ():
            said += run(repo, line)

    said += repo.run("plan").out
    assert [text for text in expected if text not in said] == []


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
    return ran.out + ran.err


def test_every_command_has_help_and_a_place_in_the_docs(repo: Repo) -> None:
    """
    And every option that the docs name is one the command has.
    """
    docs = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    commands = re.findall(r"^  ([a-z]+)  ", repo.ok("--help").out, re.MULTILINE)

    assert len(commands) == 29
    for command in commands:
        known = repo.ok(command, "--help").out
        assert re.search(rf"stagectl {command}\b", docs), f"docs/commands.md does not tell of {command}"
        usage = " ".join(re.findall(rf"`stagectl {command}( [^`]*)`", docs))
        for option in re.findall(r"(?<![\w-])--[a-z-]+", usage):
            assert option in known, f"{command} has no {option}"


@pytest.mark.parametrize("page", sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md")))
def test_every_link_leads_somewhere(page: str) -> None:
    """
    Pages and their sections.
    """
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in target:
            assert (ROOT / page).parent.joinpath(target).exists(), target
