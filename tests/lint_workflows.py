"""Linters for the workflow files. pre-commit runs this file, in an environment of its own: what the linters need fits
no Python 3.8 beside what the tests need.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from tests.build import ROOT
from tests.hosting import parsed, scripts_of

GITHUB = ROOT / "ci" / "github"
WORKFLOWS = sorted(GITHUB.glob("*.yml"))
ACTION, GITLAB = ROOT / "action.yml", ROOT / "ci" / "gitlab" / "stagectl.gitlab-ci.yml"


def linted(*command: str) -> List[str]:
    """What a linter, installed beside this Python, complains of."""
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run([str(program), *command[1:]], cwd=ROOT, capture_output=True, text=True)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def test_zizmor_finds_nothing() -> None:
    """
    The linter for the security of workflows, without the network.
    """
    assert linted("zizmor", "--offline", "--quiet", "action.yml", *map(str, WORKFLOWS)) == []


@pytest.mark.parametrize(
    "schema, paths, more",
    [
        ("vendor.github-actions", [ACTION], []),
        ("vendor.github-workflows", WORKFLOWS, []),
        ("vendor.gitlab-ci", [GITLAB], ["--data-transform", "gitlab-ci"]),
    ],
)
def test_the_files_are_what_the_sites_take(schema: str, paths: List[Path], more: List[str]) -> None:
    """
    By the schemas that the linter brings along.
    """
    assert linted("check-jsonschema", "--builtin-schema", schema, *more, *map(str, paths)) == []


def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    """
    In any script of any of the files.
    """
    for number, text in enumerate(text for path in [ACTION, *WORKFLOWS, GITLAB] for text in scripts_of(parsed(path))):
        (tmp_path / f"{number}.sh").write_text(f"#!/usr/bin/env bash\n{text}\n")
    found = sorted(map(str, tmp_path.glob("*.sh")))

    assert len(found) >= 5
    assert linted("shellcheck", *found) == []
