"""The workflow files themselves: no pasted expressions, few permissions, pinned actions."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest
from ruamel.yaml import YAML

from tests.build import ROOT
from tests.ci.world import APPLY, CHECK, COMMENT, GITLAB, MARKER, ONE_FILE, PLAN, PROMOTE, PROMOTE_GITLAB
from tests.hosting import parsed, scripts_of

pytestmark = pytest.mark.once


RELEASE, COMPONENT = ROOT / ".github/workflows/release.yml", ROOT / "templates/stagectl.yml"
WORKFLOWS = [ONE_FILE, PLAN, COMMENT, APPLY, CHECK, PROMOTE]
EVERY_FILE = [ROOT / "action.yml", *WORKFLOWS, PROMOTE_GITLAB, GITLAB, RELEASE, COMPONENT]
# Each was compared with what other projects pin: docs/decisions/pinned-actions.md.
PINNED = {
    "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0",
    "actions/upload-artifact@330a01c490aca151604b8cf639adc76d48f6c5d4 # v5.0.0",
    "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0",
    "actions/attest-build-provenance@0f67c3f4856b2e3261c31976d6725780e5e4c373 # v4.1.1",
    "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2",
}


def documents(path: Path) -> List[Any]:
    """All documents of a YAML file: a component has two."""
    return list(YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: path.name)
def test_no_expression_is_pasted_into_a_script(path: Path) -> None:
    """
    GitHub's `${{ }}` is replaced in the script's text before a shell reads it; GitLab's `$[[ ]]` likewise.
    """
    scripts = list(scripts_of(documents(path)))

    assert scripts or path in WORKFLOWS
    assert [text for text in scripts if "${{" in text or "$[[" in text] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_permissions_are_given_per_job_and_none_is_left_to_the_default(path: Path) -> None:
    """
    Only the jobs that apply and check may write to the repository, and only those that comment to pull requests.
    """
    raw = parsed(path)

    assert raw["permissions"] == {}
    for name, job in raw["jobs"].items():
        writes = [key for key, value in job["permissions"].items() if value != "read"]
        comments = path == COMMENT or any(step.get("with", {}).get("comment") for step in job["steps"])
        pushes = {job: ["contents", "pull-requests"] for job in ("apply", "staging", "promote", "prod")}
        applies = {**pushes, "check": ["contents", "issues"]}.get(name, [])
        assert writes == (applies or (["pull-requests"] if comments else []))


def test_the_release_gives_each_job_what_it_needs_and_no_more() -> None:
    """
    No job may write to the repository; the one that publishes has a token for the index alone, behind an environment.
    """
    raw = parsed(RELEASE)

    assert raw["permissions"] == {} and raw["on"] == {"push": {"tags": ["v*"]}}
    assert [job["permissions"] for job in raw["jobs"].values()] == [
        {"contents": "read", "id-token": "write", "attestations": "write"},
        {"id-token": "write"},
    ]
    assert raw["jobs"]["publish"]["environment"] == "release" and raw["jobs"]["publish"]["needs"] == "build"
    steps = [step["uses"].partition("@")[0] for job in raw["jobs"].values() for step in job["steps"] if "uses" in step]
    assert steps == [
        "actions/checkout",
        "actions/attest-build-provenance",
        "actions/upload-artifact",
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]


def test_what_is_pinned_was_compared() -> None:
    """
    One commit and one version for each action, in every file, with the version behind it for those who update it.
    """
    text = "".join(path.read_text("utf-8") for path in [*EVERY_FILE, *sorted((ROOT / "ci/github").glob("*.yml"))])

    assert set(re.findall(r"uses: ((?!OWNER)\S+@.*)", text)) == PINNED


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_full_commit_ids(path: Path) -> None:
    """
    A tag can be moved; our own place is left to the user, and fails as it is.
    """
    uses = [step["uses"] for job in parsed(path)["jobs"].values() for step in job["steps"]]

    assert [each for each in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each)] == []
    assert [each for each in uses if "/stagectl@" in each] == ["OWNER/stagectl@" + "0" * 40] * len(parsed(path)["jobs"])


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
    A comment that only looks a little like ours is another author's.
    """
    source = "import sys; sys.path.insert(0, sys.argv[1]); import marker; print(marker.parse(sys.stdin.read()))"
    program = [sys.executable, "-c", source, str(ROOT / "ci")]

    assert subprocess.run(program, input=text, capture_output=True, text=True).stdout == "None\n"
