"""A repository with several projects: a job, and a comment, for each that a pull request touches."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Dict, List

import pytest

from tests.build import Repo
from tests.ci.test_gitlab import ON_MERGE_REQUEST, Pipeline
from tests.ci.world import GITHUB, World
from tests.hosting import Job

pytestmark = pytest.mark.once
FILE = GITHUB / "stagectl-projects.yml"


@pytest.fixture
def three(world: World) -> World:
    """Three projects on the site, and a pull request that stages something in two of them."""
    for name in ("app", "infra", "net"):
        project = Repo(world.repo.top, init=False, folder=name)
        project.write("stagectl.yaml", "# a project\n").kind("service").define("db", inputs={"port": 1})
        project.apply_all()
    world.repo.define("web")
    world.host()
    world.repo.git("push", "-q", "origin", *(f"stagectl/{name}/applied" for name in ("app", "infra", "net")))
    world.propose("stage", more=lambda repo: [edited_in(repo, name) for name in ("infra", "net")])
    return world


def edited_in(repo: Repo, name: str) -> None:
    Repo(repo.top, init=False, folder=name).define("db", inputs={"port": 2}).stage()


def of_matrix(world: World, job: str, project: str, event: Dict[str, Any], commit: str) -> Job:
    """Run the job of one project, as the workflow's first job asks for it."""
    world.runner.given = {"matrix": {"project": project}, "needs": {"projects": {"outputs": {"projects": "[...]"}}}}
    name = "pull_request" if "pull_request" in event else "push"
    return world.runner.start(FILE, job, name, event, commit)


def values(world: World) -> List[Any]:
    """The input of db that the site's applied branches have, project by project."""
    found = []
    for name in ("app", "infra", "net"):
        path = f"stagectl/{name}/applied:{name}/.applied/db.json"
        done = subprocess.run(["git", "show", path], cwd=world.hosted, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout)["inputs"]["port"])
    return found


def test_what_was_reviewed_is_applied_project_by_project(three: World) -> None:
    """
    A merge applies those that it changed, each by the plan in its own comment; after that there is nothing to do.
    """
    commit = three.pull["head"]["sha"]
    for name in ("infra", "net"):
        assert 0 == of_matrix(three, "plan", name, {"pull_request": three.pull}, commit).code
    before = three.repo.git("rev-parse", "main").strip()
    commit = three.merge()
    event = {"before": before}
    first = three.runner.start(FILE, "projects", "push", event, commit)
    assert ["infra", "net"] == json.loads(first.outputs["stagectl"]["projects"])

    done = of_matrix(three, "apply", "infra", event, commit)

    assert 0 == done.code, done.log
    assert [1, 2, 1] == values(three)
    assert 0 == of_matrix(three, "apply", "net", event, commit).code
    assert [1, 2, 2] == values(three)
    assert "Nothing to apply." in of_matrix(three, "apply", "infra", event, commit).log


def test_a_fork_s_pull_request_has_its_plans_and_no_comment(three: World) -> None:
    """
    Its token writes nothing: each project's job says so, and goes on.
    """
    three.pull["head"]["repo"]["full_name"] = "eve/infra"

    jobs = [
        of_matrix(three, "plan", name, {"pull_request": three.pull}, three.pull["head"]["sha"])
        for name in ("infra", "net")
    ]

    assert [0, 0] == [job.code for job in jobs], jobs[0].log
    assert [] == three.site.written()
    for name, job in zip(("infra", "net"), jobs):
        assert f"::notice file={name}/.staged/db.yaml" in job.log
        assert "docs/ci.md has two workflows for it" in job.log


def test_on_gitlab_a_job_plans_and_applies_the_project_it_names(three: World) -> None:
    """
    A note and a saved plan of its own, in the top folder, where the artefacts are; the other project is left alone.
    """
    pipeline, here = Pipeline(three), {"STAGECTL_WORKING_DIRECTORY": "infra"}
    job = pipeline.start("stagectl:plan", three.pull["head"]["sha"], {}, **ON_MERGE_REQUEST, **here)
    assert 0 == job.code, job.log
    assert "### Plan in `infra`: " in three.site.bodies(1)[0]
    commit = three.merge()
    files = pipeline.files(pipeline.start("stagectl:plan", commit, {}, **here), "stagectl:plan")

    job = pipeline.start("stagectl:apply", commit, files, **here)

    assert 0 == job.code, job.log
    assert [1, 2, 1] == values(three)


def test_each_project_that_is_touched_gets_a_comment_of_its_own(three: World) -> None:
    """
    The workflow's first job says which: the others are for these. A second run finds its own.
    """
    commit = three.pull["head"]["sha"]
    base = three.repo.git("rev-parse", "main").strip()
    event = {"pull_request": {**three.pull, "base": {"sha": base}}}
    first = three.runner.start(FILE, "projects", "pull_request", event, commit)
    found = json.loads(first.outputs["stagectl"]["projects"])
    assert ["infra", "net"] == found, first.log

    for name in (*found, found[0]):
        three.runner.given = {"matrix": {"project": name}, "needs": {"projects": {"outputs": {"projects": str(found)}}}}
        job = three.runner.start(FILE, "plan", "pull_request", event, commit)
        assert 0 == job.code, job.log
        assert f"::notice file={name}/.staged/db.yaml" in job.log

    assert ["### Plan in `infra`: ", "### Plan in `net`: "] == [
        body.splitlines()[2].partition("1 to")[0].partition("0 to")[0] for body in three.site.bodies(1)
    ]


def test_a_project_that_makes_no_plan_says_so_in_its_own_comment(three: World) -> None:
    """
    The other one keeps its plan.
    """
    broken = Repo(three.repo.top, init=False, folder="infra")
    three.repo.git("switch", "-q", "change")
    broken.write(".staged/db.yaml", "x: [\n").commit()
    commit = three.repo.git("rev-parse", "HEAD").strip()
    three.repo.git("push", "-q", "--force", "origin", f"{commit}:refs/pull/1/head")
    event = {"pull_request": three.pull}

    for name, code in (("infra", 1), ("net", 0)):
        three.runner.given = {"matrix": {"project": name}, "needs": {"projects": {"outputs": {"projects": "x"}}}}
        assert code == three.runner.start(FILE, "plan", "pull_request", event, commit).code

    titles = [next(line for line in body.splitlines() if line.startswith("###")) for body in three.site.bodies(1)]
    assert "### There is no plan of `in infra`" == titles[0]
    assert titles[1].startswith("### Plan in `net`")
    assert "infra/.staged/db.yaml" in three.site.bodies(1)[0]
