"""What the docs say is what happens: their commands run, their outputs are seen, their commands and options exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.build import ROOT, Repo
from tests.tutorial import PAGE, rendered


def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    """
    Every command runs, and the outputs are what they say; to write them anew: python -m tests.tutorial.
    """
    page = PAGE.read_text(encoding="utf-8")

    assert page == rendered(page, tmp_path)
    assert page.count("```text") > 4


def test_every_command_has_help_and_a_place_in_the_docs(repo: Repo) -> None:
    """
    And every option that the docs name is one the command has.
    """
    docs = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    commands = re.findall(r"^  ([a-z]+)  ", repo.ok("--help").out, re.MULTILINE)

    assert len(commands) == 30
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
