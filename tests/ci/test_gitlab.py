"""The same on GitLab: notes, saved plans, hostile variables."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict

import pytest

from tests.build import ROOT, Repo
from tests.ci.world import EVIL, GITLAB, World
from tests.hosting import Job, parsed, programs

pytestmark = pytest.mark.once


def merged(one: Dict[str, Any], other: Dict[str, Any]) -> Dict[str, Any]:
    """As GitLab puts jobs together: mappings by key, everything else replaced."""
    both = {key: merged(one[key], other[key]) for key in other if isinstance(one.get(key), dict)}
    return {**one, **other, **both}


class Pipeline:
    """Runs a job of the GitLab file as it is, or of one that includes it."""

    def __init__(self, world: World, including: Path = GITLAB) -> None:
        self.world = world
        self.spec = merged(parsed(GITLAB), parsed(including))
        self.source = Repo(world.folder / "stagectl-source", init=False)
        shutil.copytree(ROOT / "ci", self.source.root / "ci", ignore=shutil.ignore_patterns("__pycache__"))
        self.source.git("init", "--quiet")
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
            self.source.git("config", key, value)
        self.commit = self.source.commit()
        self.programs = programs(world.folder / "pipeline-programs")
        self.jobs = 0

    def start(self, name: str, commit: str, files: Dict[str, bytes], **more: str) -> Job:
        """Run one job with a commit checked out and the artefacts of earlier ones."""
        self.jobs += 1
        job = Job(self.world.folder / f"gitlab-{self.jobs}")
        at = job.folder / "project"
        self.world.repo.git("clone", "--quiet", "--no-checkout", str(self.world.hosted), str(at))
        clone = Repo(at, init=False)
        clone.git("fetch", "--quiet", "origin", "+refs/pull/*:refs/pull/*")
        clone.git("checkout", "--quiet", "--detach", commit)
        for path, content in files.items():
            (at / path).write_bytes(content)
        base = self.job(name)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", "\n".join([*base["before_script"], *base["script"]])],
            cwd=at,
            env={**os.environ, **self._environment(job, base), **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        job.code, job.log = done.returncode, done.stdout
        return job

    def job(self, name: str) -> Dict[str, Any]:
        """A job with all that it extends."""
        own = dict(self.spec[name])
        parent = own.pop("extends", None)
        return merged(self.job(parent), own) if parent else own

    def _environment(self, job: Job, base: Dict[str, Any]) -> Dict[str, str]:
        return {
            **base["variables"],
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            "STAGECTL_REPOSITORY": str(self.source.root),
            "STAGECTL_COMMIT": self.commit,
            "CI_API_V4_URL": f"{self.world.site.url}/v4",
            "CI_BUILDS_DIR": str(job.folder),
            "CI_JOB_ID": "11",
            "GITLAB_USER_NAME": "Ada",
            "GITLAB_USER_EMAIL": "ada@example.com",
        }

    def files(self, job: Job, name: str) -> Dict[str, bytes]:
        """What the job leaves as artefacts, by its own description."""
        return {path: (job.folder / "project" / path).read_bytes() for path in self.job(name)["artifacts"]["paths"]}


ON_MERGE_REQUEST = {"CI_MERGE_REQUEST_IID": "1", "CI_MERGE_REQUEST_PROJECT_ID": "7", "STAGECTL_NOTE_TOKEN": "the-token"}


def test_a_merge_request_gets_its_numbers_and_a_note(shop: World) -> None:
    """
    The widget's three numbers, and a note that is edited by later pipelines.
    """
    pipeline = Pipeline(shop)
    commit = shop.propose("stage", "db", "-a", "restart")
    job = pipeline.start("stagectl:plan", commit, {}, **ON_MERGE_REQUEST)
    commit = shop.propose("update", "db", "--set", "port=5433")
    job = pipeline.start("stagectl:plan", commit, {}, **ON_MERGE_REQUEST)

    report = pipeline.spec["stagectl:plan"]["artifacts"]["reports"]["terraform"]
    assert job.code == 0, job.log
    assert json.loads((job.folder / "project" / report).read_text()) == {"create": 0, "update": 3, "delete": 0}
    assert shop.site.written() == ["POST", "PUT"]
    [body] = shop.site.bodies(1)
    assert "What differs since plan" in body
    assert body == pipeline.files(job, "stagectl:plan")["comment.md"].decode()


def test_a_merge_request_without_a_token_still_has_its_plan(shop: World) -> None:
    """
    A fork's pipeline has none; no call is made.
    """
    job = Pipeline(shop).start("stagectl:plan", shop.propose("update", "db", "--set", "port=5433"), {})

    assert (job.code, shop.site.calls) == (0, []), job.log
    assert "db.update" in job.log


def test_the_saved_plan_is_applied_and_pushed(shop: World) -> None:
    """
    The plan job's file is what the button runs.
    """
    pipeline = Pipeline(shop)
    shop.propose("update", "db", "--set", "port=5433")
    commit = shop.merge()
    files = pipeline.files(pipeline.start("stagectl:plan", commit, {}), "stagectl:plan")

    job = pipeline.start("stagectl:apply", commit, files)

    assert (job.code, shop.applied("db")) == (0, {"port": 5433}), job.log


def test_a_saved_plan_that_is_not_true_any_more_is_refused(shop: World) -> None:
    """
    Another operator applied meanwhile: nothing runs twice.
    """
    pipeline = Pipeline(shop)
    shop.propose("update", "db", "--set", "port=5433")
    commit = shop.merge()
    files = pipeline.files(pipeline.start("stagectl:plan", commit, {}), "stagectl:plan")
    pipeline.start("stagectl:apply", commit, files)

    job = pipeline.start("stagectl:apply", commit, files)

    assert job.code == 1
    assert "Nothing to push" in job.log


def test_hostile_variables_do_nothing(shop: World) -> None:
    """
    They are arguments of stagectl, and none of the shell.
    """
    commit = shop.propose("update", "db", "--set", "port=5433")
    pipeline = Pipeline(shop)
    for variable in ("STAGECTL_NAMES", "STAGECTL_TAGS"):
        for value in EVIL:
            job = pipeline.start("stagectl:plan", commit, {}, **{variable: value})

            assert (job.code, "error: there is no plan" in job.log) == (1, True), job.log
            assert list(shop.folder.rglob("x")) == []
