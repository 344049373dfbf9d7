"""A pull request to its end: a plan that cannot be made voids the comment, an apply says in it what became of it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.build import ROOT, Repo
from tests.ci.world import APPLY, ONE_FILE, PLAN, World

pytestmark = pytest.mark.once

BROKEN = "---\nkind: service\n---\ninputs: 7\n"


def breaks(repo: Repo) -> None:
    repo.write(".staged/db.yaml", BROKEN).commit()


def test_a_plan_that_cannot_be_made_replaces_the_comment(shop: World) -> None:
    """
    It says what is wrong with a link to file and line, and that the plan before is void; nothing of it is applied.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    job = shop.plan(shop.propose("update", "app", "--set", "replicas=3", more=breaks))

    [body] = shop.site.bodies(1)
    head = shop.pull["head"]["sha"]
    assert (job.code, shop.site.written()) == (1, ["POST", "PATCH"])
    assert "### There is no plan\n" in body and "is void" in body
    link = f"[`.staged/db.yaml:4`](https://site.example/shop/infra/blob/{head}/.staged/db.yaml#L4)"
    assert f"- {link}: `" in body
    assert body.strip() == job.summary.strip()

    refused = shop.apply(shop.merge())
    assert refused.code == 1
    assert "There is no plan" not in refused.summary
    assert shop.applied("db") == {"port": 5432}


def test_a_merge_without_a_plan_is_not_approved(shop: World) -> None:
    """
    A comment that says there is no plan holds no plan id, though the commit that is merged may have a plan.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    comment = shop.site.comments[1][0]
    comment["body"] = re.sub(r'"plan_id":"\w+"', '"plan_id":""', comment["body"])

    refused = shop.apply(shop.merge())

    assert (refused.code, shop.applied("db")) == (1, {"port": 5432})
    assert "#1 was merged though there was no plan of it" in refused.log


def test_once_mended_the_comment_is_the_plan_again(shop: World) -> None:
    """
    And it can be merged and applied.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433", more=breaks))
    shop.repo.git("switch", "--quiet", "change")
    shop.repo.git("revert", "--no-edit", "HEAD")
    fixed = shop.propose("update", "db", "--set", "port=5434")

    assert shop.plan(fixed).code == 0
    assert "### Plan: 2 to update\n" in shop.site.bodies(1)[0]
    assert shop.apply(shop.merge()).code == 0


def test_what_became_of_it_is_in_the_comment_of_the_merged_pull_request(shop: World) -> None:
    """
    States, the applied commit, and the plan below; on the page of the run, too.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    job = shop.apply(shop.merge())

    [body] = shop.site.bodies(1)
    applied = subprocess.run(
        ["git", "rev-parse", "stagectl/applied"], cwd=shop.hosted, capture_output=True, text=True, check=True
    ).stdout
    assert job.code == 0, job.log
    assert body.startswith("<!-- stagectl:plan {")
    assert "### Applied: 2 SUCCESS\n" in body and f"- applied commit: `{applied[:12]}`\n" in body
    assert "<details><summary>The plan that was reviewed</summary>" in body and "`db.update`" in body
    assert "### Applied: 2 SUCCESS\n" in job.summary


@pytest.mark.parametrize("file", [ONE_FILE, APPLY], ids=lambda path: path.stem)
def test_a_failed_apply_says_so_first(shop: World, file: Path) -> None:
    """
    With the last lines of what failed, what was skipped behind it, and what is left.
    """
    shop.repo.write("kinds/service.yaml", 'actions: {update: [sh, -c, "echo no luck; exit 3"]}\n').commit()
    shop.repo.git("push", "--quiet", "origin", "main")
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    job = shop.apply(shop.merge(), file)

    [body] = shop.site.bodies(1)
    assert job.code == 1
    assert "### Applied: 1 ERROR, 1 SKIPPED\n" in body
    assert "**ERROR** `db.update`: `exit code 3`\n\n```text\nno luck\n```\n" in body
    assert "- **SKIPPED** after `db.update`: `app.update`\n" in body
    assert "stays pending, and is in the next plan" in body


@pytest.mark.full
def test_a_comment_that_cannot_be_written_does_not_undo_an_apply(shop: World) -> None:
    """
    The job succeeds, and its log has a warning with what to do.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    commit = shop.merge()
    shop.site.refuse = {"PATCH": 403}

    job = shop.apply(commit)

    assert (job.code, shop.applied("db")) == (0, {"port": 5433})
    assert "warning: the comment on #1 does not say what became of it" in job.log


def test_the_next_steps_can_ask_what_a_plan_has(shop: World) -> None:
    """
    Outputs of the action: whether there are changes, how many of each, the address of the comment; the page.
    """
    job = shop.plan(shop.propose("update", "db", "--set", "port=5433"))

    outputs = job.outputs["stagectl"]
    counts = {key: outputs[key] for key in ("has-changes", "run", "update", "remove", "other", "held")}
    assert counts == {"has-changes": "true", "run": "0", "update": "2", "remove": "0", "other": "0", "held": "0"}
    assert outputs["comment-url"] == shop.site.comments[1][0]["html_url"]
    assert b"db.update" in shop.site.uploads["stagectl-plan-page"]["plan.html"]
    assert "[The run](https://site.example/shop/infra/actions/runs/11)" in shop.site.bodies(1)[0]


def test_what_is_wrong_with_a_forks_plan_reaches_its_comment(shop: World) -> None:
    """
    The run that may only read leaves it, the one that may write posts it.
    """
    job = shop.plan(shop.propose("update", "db", "--set", "port=5433", origin="eve/infra", more=breaks), PLAN)
    assert job.code == 1

    posted = shop.comment(conclusion="failure")

    assert posted.code == 0, posted.log
    assert "### There is no plan\n" in shop.site.bodies(1)[0]


def test_a_removal_is_a_warning_of_its_own(shop: World) -> None:
    """
    In the comment, first, and as an annotation with the values that go.
    """
    job = shop.plan(shop.propose("remove", "db", "--recursive"))

    assert "> **This plan removes 2 resources.**" in shop.site.bodies(1)[0]
    warnings = [line for line in job.commands if line.startswith("::warning ")]
    assert "::warning title=db.remove destroys::db is removed; the values that go:%0Aport: 5432" in warnings


def test_what_ci_installs_is_locked(tmp_path: Path) -> None:
    """
    Every dependency that pyproject.toml names has a version and a hash; nothing else is asked for; no host is named.
    """
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    wanted = re.findall(
        r'^    "([\w.-]+)[><=]', pyproject.partition("dependencies = [")[2].partition("\n]")[0], re.MULTILINE
    )
    text = (ROOT / "ci/locks/stagectl.txt").read_text("utf-8").lower()

    assert len(wanted) > 4
    for name in (*wanted, "hatchling"):
        if name != "graphlib-backport":  # of a Python that no runner has
            assert re.search(rf"^{re.escape(name.lower().replace('.', '-'))}==", text, re.MULTILINE), name
    for lock in sorted((ROOT / "ci/locks").glob("*.txt")):
        entries = re.split(r"\n(?=\S)", lock.read_text("utf-8").partition("lock.sh\n")[2].strip())
        assert all("--hash=sha256:" in entry for entry in entries)
        assert "://" not in lock.read_text("utf-8")


def test_an_extra_that_there_is_not_is_named(tmp_path: Path) -> None:
    """
    Before anything of stagectl is installed.
    """
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)

    done = subprocess.run(
        ["sh", str(ROOT / "ci/install.sh"), str(python), str(ROOT), "ansible,nope"], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (1, "error: there is no extra 'nope'; there are: ansible, dask, graph\n")
