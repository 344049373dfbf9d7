"""A repository with several projects: a job, and a comment, for each that a pull request touches."""

from __future__ import annotations

import json

import pytest

from tests.build import Repo
from tests.ci.world import GITHUB, World

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
    world.propose("stage", more=lambda repo: [edited_in(repo, name) for name in ("infra", "net")])
    return world


def edited_in(repo: Repo, name: str) -> None:
    Repo(repo.top, init=False, folder=name).define("db", inputs={"port": 2}).stage()


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
