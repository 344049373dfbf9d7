"""What was reviewed is applied on merge, and nothing else."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from tests.build import Repo
from tests.ci.world import APPLY, ONE_FILE, World

pytestmark = pytest.mark.once


@pytest.mark.parametrize("file", [ONE_FILE, APPLY], ids=lambda path: path.stem)
def test_what_was_reviewed_is_applied_on_merge(shop: World, file: Path) -> None:
    """
    The plan id travels in the comment; the applied branch is pushed by the author who merged: nothing is left to do.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    commit = shop.merge()

    job = shop.apply(commit, file)

    assert job.code == 0, job.log
    assert (shop.applied("db"), shop.applied("app")) == ({"port": 5433}, {"db": 5433})
    log = subprocess.run(
        ["git", "log", "-1", "--format=%an %(trailers:key=Applied-by)", "stagectl/applied"],
        cwd=shop.hosted, capture_output=True, text=True,
    )  # fmt: skip
    assert log.stdout.split("\n")[0] == "ada Applied-by: ada <7+ada@users.noreply.github.com>"
    assert "Nothing to apply." in shop.apply(commit, file).log


def test_a_plan_that_changed_since_the_review_is_refused(shop: World) -> None:
    """
    The log says what differs and how to go on; by hand, with the id of the plan there is now, it runs.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    shop.repo.ok("update", "app", "--set", "replicas=3")
    commit = shop.merge()

    refused = shop.apply(commit)

    assert refused.code == 1
    assert (shop.applied("db"), shop.applied("app")) == ({"port": 5432}, {"db": 5432})
    assert "app.update" in refused.log and "replicas: 3" in refused.log
    now = shop.plan_id(refused)
    assert f"expect: {now}" in refused.log
    assert shop.apply(commit, expect=now).code == 0
    assert shop.applied("app") == {"db": 5433, "replicas": 3}


def not_merged(world: World) -> None:
    world.pull["merged_at"] = None


def from_a_fork(world: World) -> None:
    world.pull["head"]["repo"] = {"full_name": "eve/infra"}


def from_a_fork_that_is_gone(world: World) -> None:
    world.pull["head"]["repo"] = None


def without_comment(world: World) -> None:
    world.site.comments.clear()


def by_a_stranger(world: World) -> None:
    world.site.comments[1][0]["user"] = {"login": "eve"}


@pytest.mark.full
@pytest.mark.parametrize("how", [not_merged, from_a_fork, from_a_fork_that_is_gone, without_comment, by_a_stranger])
def test_what_was_not_approved_is_not_applied(shop: World, how: Callable[[World], None]) -> None:
    """
    Without a comment of ours that a trusted run wrote, the job ends with the id to give once a reviewer looked.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    commit = shop.merge()
    how(shop)

    job = shop.apply(commit)

    assert (job.code, shop.applied("db")) == (1, {"port": 5432})
    assert f"run the workflow by hand with expect: {shop.plan_id(job)}" in job.log
    assert "port: 5432" in job.summary


def test_what_succeeded_is_pushed_though_the_job_failed(shop: World) -> None:
    """
    db was updated and app was not: the site's applied branch says so.
    """
    no_luck = {"actions": {"update": ["sh", "-c", "echo no luck; echo ::add-mask::app; exit 3"]}}
    shop.repo.write("kinds/plain.yaml", json.dumps(no_luck)).commit()
    shop.repo.git("push", "--quiet", "origin", "main")
    shop.repo.define("app", kind="plain", inputs={"db": "${db.port}"}).apply_all()
    shop.repo.git("push", "--quiet", "origin", "main", "stagectl/applied")
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))

    job = shop.apply(shop.merge())

    assert (job.code, shop.applied("db")) == (1, {"port": 5433})
    assert "no luck" in job.log and "Pushed refs/heads/stagectl/applied." in job.log
    assert "\\u003a:add-mask::app" in job.log and job.commands == []  # what an action prints is not obeyed


def overtaken(world: World) -> None:
    """Let the site's applied branch move while the action runs, by another value of the same resource."""
    bob = Repo(world.folder / "bob", init=False)
    world.repo.git("clone", "--quiet", str(world.hosted), str(bob.root))
    bob.git("config", "user.name", "Bob")
    bob.git("config", "user.email", "bob@example.com")
    bob.ok("update", "db", "--set", "port=6000")
    bob.ok("apply", "--yes", "--record-only", "--offline", "db")
    bob.git("push", "--quiet", "origin", "stagectl/applied:refs/heads/theirs")
    theirs = bob.git("rev-parse", "stagectl/applied").strip()
    move = ["git", f"--git-dir={world.hosted}", "update-ref", "refs/heads/stagectl/applied", theirs]
    world.repo.write("kinds/service.yaml", json.dumps({"actions": {"update": move}})).commit()
    world.repo.git("push", "--quiet", "origin", "main")


def protected(world: World) -> None:
    """Let the site reject whatever is pushed to the branch."""
    hook = world.hosted / "hooks" / "update"
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/stagectl/applied ]\n')
    hook.chmod(0o755)


@pytest.mark.parametrize("how", [overtaken, protected])
def test_what_cannot_be_pushed_is_kept(shop: World, how: Callable[[World], None]) -> None:
    """
    Never forced: a push that the site rejects fails the job, and a bundle with the applied commit is its artefact.
    """
    shop.propose("update", "db", "--set", "port=5433")
    shop.merge()
    how(shop)
    commit = shop.repo.git("rev-parse", "HEAD").strip()

    job = shop.apply(commit, expect=shop.repo.plan().raw["plan_id"])

    assert (job.code, "could not be pushed" in job.log) == (1, True), job.log
    assert shop.applied("db") != {"port": 5433}
    bundle = shop.folder / "kept.bundle"
    bundle.write_bytes(shop.site.artifacts["applied.bundle"])
    shop.repo.git("fetch", "--quiet", str(bundle), "refs/heads/stagectl/applied")
    assert json.loads(shop.repo.git("show", "FETCH_HEAD:.applied/db.json"))["inputs"] == {"port": 5433}


def test_actions_do_not_get_the_token(shop: World) -> None:
    """
    The scripts need it for comments; what stagectl starts has no use for it.
    """
    seen = shop.folder / "seen"
    shop.repo.write("kinds/plain.yaml", json.dumps({"actions": {"run": ["sh", "-c", f"env > {seen}"]}})).commit()
    shop.repo.git("push", "--quiet", "origin", "main")
    shop.plan(shop.propose("create", "job", "--kind", "plain"))

    assert shop.apply(shop.merge()).code == 0

    assert "STAGECTL_RESOURCE=job" in seen.read_text()
    assert "the-token" not in seen.read_text()


@pytest.mark.full
@pytest.mark.parametrize("file", [ONE_FILE, APPLY], ids=lambda path: path.stem)
def test_what_is_protected_goes_when_the_workflow_gets_its_name(shop: World, file: Path) -> None:
    """
    The merge alone is refused, with the flag in the log; started by hand with `allow-remove`, it goes.
    """
    shop.repo.kind("disk", protect=True).define("data", "disk").commit()
    shop.repo.stage().ok("apply", "--yes")
    shop.repo.git("push", "-q", "origin", "main", "stagectl/applied")
    shop.plan(shop.propose("remove", "data"))
    commit = shop.merge()

    refused = shop.apply(commit, file)

    assert refused.code == 1 and "--allow-remove data" in refused.log, refused.log
    done = shop.apply(commit, file, **{"expect": shop.plan_id(refused), "allow-remove": "data"})
    assert done.code == 0, done.log
    assert shop.applied("data") is None
