"""The promotion pipeline as users get it: staging and its smoke test, a pull request, production."""

from __future__ import annotations

import json
from typing import Callable, Optional

import pytest

from tests.build import Repo
from tests.ci.test_gitlab import Pipeline
from tests.ci.world import PROMOTE, PROMOTE_GITLAB, World
from tests.hosting import Job

pytestmark = pytest.mark.once
BRANCH = "promote/staging-to-prod"


@pytest.fixture
def two(world: World) -> World:
    """An app and a smoke test that reacts on it, in staging and prod; a number of its own per environment in `env`."""
    for at, folder in enumerate(("staging", "prod")):
        world.repo.define(f"{folder}/env", inputs={"port": 8000 + at}, overrides=["port"])
        world.repo.define(f"{folder}/app", inputs={"image": 1, "port": "${./env.port}"})
        world.repo.define(f"{folder}/smoke", react_on={"test": ["./app.update"]})
    world.host()
    world.runner.given = {"secrets": {"STAGECTL_PROMOTE_TOKEN": "its-token"}}
    return world


def on_github(world: World, name: str, commit: str) -> Job:
    event, payload = ("pull_request", {"pull_request": world.pull}) if name == "plan" else ("push", {})
    return world.runner.start(PROMOTE, name, event, payload, commit)


def reviewed(world: World, image: int) -> str:
    """Propose another image for staging, let both plans be commented, merge; returns the commit on main."""
    commit = world.propose("update", "staging/app", "--set", f"image={image}")
    comments(world, commit)
    return world.merge()


def comments(world: World, commit: str) -> None:
    for environment in ("staging", "prod"):
        world.runner.given["matrix"] = {"environment": environment}
        assert on_github(world, "plan", commit).code == 0


def promoted(world: World) -> Optional[str]:
    """What the branch of the promotion makes of production's app; None where it is not there."""
    here = Repo(world.hosted, init=False)
    return here.git("show", f"{BRANCH}:.staged/prod/app.yaml", check=False) or None


def failing(world: World) -> None:
    fails = {verb: ["true"] for verb in ("run", "update", "remove")}
    world.repo.write("kinds/service.yaml", json.dumps({"actions": {**fails, "test": ["false"]}})).commit()


def test_staging_is_applied_and_promoted_by_a_pull_request_and_production_follows_its_merge(two: World) -> None:
    """
    One pull request while there is something to promote; merged, production gets the version and keeps its port.
    """
    commit = reviewed(two, 2)
    assert on_github(two, "staging", commit).code == 0
    job = on_github(two, "promote", commit)

    assert job.code == 0, job.log
    [pull] = two.site.promotions.values()
    assert ("Promote staging to prod", BRANCH, "main") == (pull["title"], pull["head"]["ref"], pull["base"])
    assert "prod/app" in pull["body"] and "Promotes: " in pull["body"]
    assert '"image": 2' in str(promoted(two)) and two.applied("prod/app")["image"] == 1
    tip = Repo(two.hosted, init=False).git("rev-parse", BRANCH)
    assert on_github(two, "promote", commit).code == 0
    assert 1 == len(two.site.promotions) and tip == Repo(two.hosted, init=False).git("rev-parse", BRANCH)

    two.repo.git("fetch", "-q", "origin")
    two.pull = {}
    two.repo.git("branch", "-q", "-D", "change")
    commit = two.propose("status", more=lambda repo: repo.git("merge", "-q", "--ff-only", f"origin/{BRANCH}"))
    comments(two, commit)
    commit = two.merge()
    for name in ("staging", "promote", "prod"):
        assert on_github(two, name, commit).code == 0
    assert {"image": 2, "port": 8001} == two.applied("prod/app")


def test_a_smoke_test_that_fails_promotes_nothing(two: World) -> None:
    """
    The job of staging fails, and the promotion is not started; started by hand, its gate is closed.
    """
    failing(two)
    two.repo.git("push", "-q", "origin", "main")
    commit = reviewed(two, 2)
    assert on_github(two, "staging", commit).code == 1
    job = on_github(two, "promote", commit)

    assert job.code == 1
    assert "not verified: staging/smoke.test did not succeed yet" in job.log
    assert ({}, None) == (two.site.promotions, promoted(two))


def test_what_went_back_in_staging_closes_the_pull_request(two: World) -> None:
    """
    It is not promoted by an old branch later.
    """
    for image, state in ((2, "open"), (1, "closed")):
        commit = reviewed(two, image)
        assert on_github(two, "staging", commit).code == 0
        assert on_github(two, "promote", commit).code == 0
        assert [state] == [pull["state"] for pull in two.site.promotions.values()]


def test_gitlab_does_the_same(two: World) -> None:
    """
    The saved plan of staging, then a merge request; without a token the branch alone.
    """
    pipeline = Pipeline(two, PROMOTE_GITLAB)
    two.propose("update", "staging/app", "--set", "image=2")
    commit = two.merge()
    start: Callable[..., Job] = pipeline.start
    files = pipeline.files(start("staging:plan", commit, {}), "staging:plan")
    assert start("staging:apply", commit, files).code == 0
    assert {"image": 2, "port": 8000} == two.applied("staging/app")
    known = {"CI_PROJECT_ID": "7", "CI_DEFAULT_BRANCH": "main"}
    job = start("staging:promote", commit, {}, **known)
    assert (job.code, {}) == (0, two.site.promotions), job.log
    assert f"Pushed {BRANCH}" in job.log and '"image": 2' in str(promoted(two))

    for _ in range(2):
        job = start("staging:promote", commit, {}, **known, STAGECTL_NOTE_TOKEN="the-token")
        assert job.code == 0, job.log
        assert [("open", BRANCH)] == [(one["state"], one["source_branch"]) for one in two.site.promotions.values()]


def test_two_folders_are_needed(two: World) -> None:
    """
    An input that was forgotten is an error that shows both.
    """
    pipeline = Pipeline(two, PROMOTE_GITLAB)
    commit = two.repo.git("rev-parse", "main").strip()
    job = pipeline.start("staging:promote", commit, {}, CI_DEFAULT_BRANCH="main", STAGECTL_TO="")

    assert job.code == 1
    assert "error: promote needs two folders\n  hint: for example from: staging, to: prod" in job.log
