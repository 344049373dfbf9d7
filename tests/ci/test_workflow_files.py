"""The workflow files themselves: no pasted expressions, few permissions, pinned actions."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import ROOT
from tests.ci.world import APPLY, COMMENT, GITLAB, MARKER, ONE_FILE, PLAN
from tests.hosting import parsed, scripts_of

pytestmark = pytest.mark.once


EVERY_FILE = [ROOT / "action.yml", ONE_FILE, PLAN, COMMENT, APPLY, GITLAB]


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: path.name)
def test_no_expression_is_pasted_into_a_script(path: Path) -> None:
    """
    GitHub's `${{ }}` is replaced in the script's text before a shell reads it; GitLab's `$[[ ]]` likewise.
    """
    scripts = list(scripts_of(parsed(path)))

    assert scripts or path in (ONE_FILE, PLAN, COMMENT, APPLY)
    assert [text for text in scripts if "${{" in text or "$[[" in text] == []


@pytest.mark.parametrize("path", [ONE_FILE, PLAN, COMMENT, APPLY], ids=lambda path: path.name)
def test_permissions_are_given_per_job_and_none_is_left_to_the_default(path: Path) -> None:
    """
    Only the job that applies may write to the repository, and only those that comment to pull requests: it does, too.
    """
    raw = parsed(path)

    assert raw["permissions"] == {}
    for name, job in raw["jobs"].items():
        writes = [key for key, value in job["permissions"].items() if value != "read"]
        comments = path == COMMENT or any(step.get("with", {}).get("comment") for step in job["steps"])
        applies = ["contents", "pull-requests"] if name == "apply" else []
        assert writes == (applies or (["pull-requests"] if comments else []))


@pytest.mark.parametrize("path", [ONE_FILE, PLAN, COMMENT, APPLY], ids=lambda path: path.name)
def test_actions_are_pinned_by_full_commit_ids(path: Path) -> None:
    """
    A tag can be moved; our own place is left to the user, and fails as it is.
    """
    uses = [step["uses"] for job in parsed(path)["jobs"].values() for step in job["steps"]]

    assert [each for each in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each)] == []
    assert [each for each in uses if "stagectl" in each] == ["OWNER/stagectl@" + "0" * 40] * len(parsed(path)["jobs"])


NO_MARKERS = [
    "",
    "<!-- stagectl:plan -->",
    "<!-- stagectl:plan [] -->",
    "<!-- stagectl:plan {} --> x",
    "<!-- stagectl:plan {" + "[" * 50_000 + "} -->",
    f"x{MARKER}",
    f"\n{MARKER}",
    MARKER.replace("aaa", "AAA"),
    MARKER.replace("{}", "7"),
]


@pytest.mark.parametrize("text", NO_MARKERS, ids=range(len(NO_MARKERS)))
def test_what_is_no_marker_is_no_marker(text: str) -> None:
    """
    A comment that only looks a little like ours is somebody else's.
    """
    source = "import sys; sys.path.insert(0, sys.argv[1]); import marker; print(marker.parse(sys.stdin.read()))"
    program = [sys.executable, "-c", source, str(ROOT / "ci")]

    assert subprocess.run(program, input=text, capture_output=True, text=True).stdout == "None\n"
