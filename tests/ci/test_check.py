"""A scheduled workflow checks, records, and keeps one issue open while there is drift; on GitLab, too."""

from __future__ import annotations

import json
from typing import Callable, Dict, List, Optional

import pytest

from tests.build import Repo
from tests.ci.test_gitlab import Pipeline
from tests.ci.world import CHECK, World
from tests.hosting import Job

pytestmark = pytest.mark.once


@pytest.fixture
def drifting(world: World) -> World:
    """A database whose check says what a file outside of the repository has."""
    says(world, {})
    look = ["sh", "-c", f'cp {world.folder / "answer"} "$STAGECTL_RESULT"']
    world.repo.kind("service", check=look).define("db", inputs={"port": 5432})
    return world.host()


def says(world: World, answer: Dict[str, object]) -> None:
    (world.folder / "answer").write_text(json.dumps(answer))


def story(world: World, check: Callable[[], Job], body: str) -> List[List[str]]:
    """Look at a world that drifts, loses the database, has it again, and loses it; return the issues after each look.

    Drift is in the body of the issue, and what was seen on the applied branch.
    """
    issues = [look(world, check, {})]
    issues.append(look(world, check, {"inputs": {"port": 5499}}))
    assert "| `db` | drifted | `port` | `5432` | `5499` |" in world.site.issues[1][body]
    issues.append(look(world, check, {"exists": False}))
    assert "| `db` | gone |" in world.site.issues[1][body]
    world.repo.git("fetch", "-q")
    world.repo.ok("sync")
    assert world.repo.plan().cause("db.run") == "drift"
    return [*issues, look(world, check, {"inputs": {"port": 5432}}), look(world, check, {"exists": False})]


def look(world: World, check: Callable[[], Job], answer: Dict[str, object]) -> List[str]:
    """The states of the issues after the job looked at a world."""
    says(world, answer)
    job = check()
    assert job.code == 0, job.log
    return [str(issue["state"]) for issue in world.site.issues.values()]


# An issue is opened, edited, and closed when there is no drift; a later drift opens another one.
ISSUES = [[], ["open"], ["open"], ["closed"], ["closed", "open"]]


def test_an_issue_is_open_while_there_is_drift(drifting: World) -> None:
    """By the workflow file as it is."""
    assert ISSUES == story(drifting, drifting.check, "body")


def test_gitlab_keeps_one_too(drifting: World) -> None:
    """With a token; without one the job leaves what was seen as an artefact."""
    pipeline = Pipeline(drifting)
    commit = drifting.repo.git("rev-parse", "main").strip()

    def check() -> Job:
        return pipeline.start("stagectl:check", commit, {}, STAGECTL_NOTE_TOKEN="t", CI_PROJECT_ID="7")

    assert ISSUES == story(drifting, check, "description")


def test_a_check_that_fails_fails_the_job(drifting: World) -> None:
    """After the issue says what it can."""
    says(drifting, {"exits": 1})
    job = drifting.check()
    assert job.code == 1 and "a check failed" in job.log and "unknown key" in job.summary
    assert Repo(drifting.repo.root, init=False).ok("status").code == 0


def test_issues_of_others_are_left_alone(drifting: World) -> None:
    """Any account can begin an issue with our marker."""
    marker = drifting.repo.ok("check", "--format", "markdown").out.splitlines()[0]
    other = {"number": 1, "iid": 1, "user": {"login": "eve", "id": 3}, "author": {"id": 3}, "state": "open"}
    drifting.site.issues[1] = {**other, "body": marker, "title": "x"}
    says(drifting, {"exists": False})
    assert drifting.check().code == 0
    assert drifting.site.issues[1]["body"] == marker and len(drifting.site.issues) == 2


@pytest.mark.parametrize("site", ["github", "gitlab"])
def test_each_project_and_selection_has_an_issue_of_its_own(drifting: World, site: str) -> None:
    """What one of them sees neither edits nor closes that of another; the titles say which is which."""
    infra = Repo(drifting.repo.top, init=False, folder="infra")
    look = ["sh", "-c", 'echo \'{"exists": false}\' > "$STAGECTL_RESULT"']
    infra.write("stagectl.yaml", "# a project\n").kind("service", check=look).define("web", tags=["prod"]).apply_all()
    drifting.repo.git("push", "-q", "origin", "main")
    says(drifting, {"inputs": {"port": 5499}})
    pipeline = Pipeline(drifting) if site == "gitlab" else None

    for folder, tag in ((".", ""), ("infra", ""), ("infra", "prod"), ("infra", "")):
        job = checked(drifting, pipeline, folder, tag)
        assert job.code == 0, job.log
    says(drifting, {"inputs": {"port": 5432}})
    assert checked(drifting, pipeline, ".", "").code == 0

    assert [(issue["title"].partition(":")[0], issue["state"]) for issue in drifting.site.issues.values()] == [
        ("Drift", "closed"),
        ("Drift in infra", "open"),
        ("Drift in infra -t prod", "open"),
    ]


def checked(world: World, pipeline: Optional[Pipeline], folder: str, tag: str) -> Job:
    """Check one project, and of it what has a tag, by the file of a site."""
    commit = world.repo.git("rev-parse", "main").strip()
    if pipeline is not None:
        where = {"STAGECTL_WORKING_DIRECTORY": folder, "STAGECTL_TAGS": tag, "CI_PROJECT_ID": "7"}
        return pipeline.start("stagectl:check", commit, {}, STAGECTL_NOTE_TOKEN="t", **where)
    file = world.folder / "check.yml"
    inputs = f"command: check\n          working-directory: {folder}\n          tags: {tag or '|'}"
    file.write_text(CHECK.read_text().replace("command: check", inputs))
    return world.runner.start(file, "check", "schedule", {}, commit)
