"""A pull request gets its plan as a comment and as annotations."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.build import ROOT
from tests.ci.world import ONE_FILE, PLAN, World, edited, script

pytestmark = pytest.mark.once


OPENSTACK = ROOT / "fixtures" / "openstack"


def openstack(world: World) -> str:
    """A pull request on the OpenStack fixture that updates keystone_puppet.admin_port; returns its commit."""
    for folder in ("resources", "kinds"):
        shutil.copytree(OPENSTACK / folder, world.repo.root / folder, dirs_exist_ok=True)
    return world.host().propose("update", "keystone_puppet", "--set", "admin_port=35358")


def as_in_docs(text: str) -> str:
    """A comment without what differs between two runs: the abbreviated commits."""
    return re.sub(r"`[0-9a-f]{12}`", "`...`", text).strip()


def test_a_pull_request_on_openstack_gets_the_comment_that_the_docs_show(world: World) -> None:
    """
    The steps run to their end, the comment is in docs/ci.md word for word, and the same text is on the run's page.
    """
    job = world.plan(openstack(world))

    assert (job.code, world.site.written()) == (0, ["POST"]), job.log
    [body] = world.site.bodies(1)
    shown = re.search(r"^````markdown\n(.*?)^````$", (ROOT / "docs/ci.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert shown is not None
    assert as_in_docs(body) == as_in_docs(shown.group(1))
    assert job.summary.strip() == body.strip()


def test_it_is_annotated_on_the_lines_that_differ(world: World) -> None:
    """
    Ten notices, as many as the site takes of a step: the plan, the changes on their lines, and how many more there are.
    """
    job = world.plan(openstack(world))

    lines = world.repo.git("show", "change:.staged/keystone_puppet.yaml").splitlines()
    line = 1 + next(number for number, text in enumerate(lines) if "admin_port" in text)
    notices = [each for each in job.commands if each.startswith("::notice ")]
    assert len(notices) == 10
    assert notices[1] == (
        f"::notice file=.staged/keystone_puppet.yaml,line={line},title=keystone_puppet.update::"
        "keystone_puppet.update: staged%0Aadmin_port: 35357 -> 35358"
    )


def test_the_comment_is_edited_and_says_what_differs_since(shop: World) -> None:
    """
    A second push edits the comment, which then leads with the range-diff; a third run has nothing new to say.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    commit = shop.propose("update", "db", "--set", "port=5434")
    job = shop.plan(commit)

    [body] = shop.site.bodies(1)
    assert (job.code, shop.site.written()) == (0, ["POST", "PATCH"])
    assert "**What differs since plan" in body
    assert "~ db.update  differs: values\n-    port: 5432 -> 5433\n+    port: 5432 -> 5434\n" in body

    shop.plan(commit)
    assert "Unchanged since plan" in shop.site.bodies(1)[0]
    assert "says this already" in shop.plan(commit).log
    assert shop.site.written() == ["POST", "PATCH", "PATCH"]


def test_a_strangers_comment_with_the_marker_is_left_alone(shop: World) -> None:
    """
    Neither edited nor believed, wherever it is among many.
    """
    commit = shop.propose("update", "db", "--set", "port=5433")
    shop.plan(commit)
    [ours] = shop.site.bodies(1)
    forged = re.sub(r'"plan_id":"\w+"', f'"plan_id":"{"a" * 64}"', ours)
    for number in range(7):
        shop.site.says(1, f"looks good {number}", "eve")
    shop.site.says(1, forged, "eve")
    shop.site.says(1, forged, "github-actions")

    assert shop.plan(commit).code == 0

    bodies = shop.site.bodies(1)
    assert len(bodies) == 10
    assert bodies[-2:] == [forged, forged]
    assert "aaaaaaaa" not in bodies[0]


def test_every_selection_has_a_comment_of_its_own(shop: World, tmp_path: Path) -> None:
    """
    A workflow for one environment does not overwrite the comment of another.
    """
    commit = shop.propose("update", "db", "--set", "port=5433")

    shop.plan(commit)
    shop.plan(commit, edited(ONE_FILE, tmp_path, "plan", names="app\ndb"))

    assert [re.findall(r'"names":(\[.*?\])', body) for body in shop.site.bodies(1)] == [["[]"], ['["app","db"]']]


def test_a_plan_that_cannot_be_fails_with_annotations(shop: World) -> None:
    """
    What is wrong is reported on the line where it stands, and in the comment.
    """
    commit = shop.propose(
        "update", "db", "--set", "port=5433",
        more=lambda repo: repo.write(".staged/db.yaml", "---\nkind: service\n---\ninputs: 7\n").commit(),
    )  # fmt: skip

    job = shop.plan(commit)

    assert (job.code, shop.site.written()) == (1, ["POST"])
    assert any(line.startswith("::error file=.staged/db.yaml,line=4,") for line in job.commands), job.log
    assert "error: there is no plan" in job.log


@pytest.mark.full
def test_a_comment_that_is_not_allowed_says_which_permission_is_missing(shop: World) -> None:
    """
    In the job's log, with the site's own words.
    """
    shop.site.refuse = {"POST": 403}

    job = shop.plan(shop.propose("update", "db", "--set", "port=5433"))

    assert job.code == 1
    assert "403 Resource not accessible by integration" in job.log
    assert "hint: the job needs `permissions: pull-requests: write`" in job.log


def test_without_the_right_to_read_comments_there_still_is_a_plan(shop: World) -> None:
    """
    Only what differs since the last one is not known.
    """
    shop.site.refuse = {"GET": 403}

    job = shop.plan(shop.propose("update", "db", "--set", "port=5433"), PLAN)

    assert (job.code, len(shop.site.artifacts)) == (0, 3)
    assert "what the last comment said is not known" in job.log


def test_in_a_shallow_clone_the_way_to_get_history_is_printed(shop: World, tmp_path: Path) -> None:
    """
    The applied branch is not in it.
    """
    shop.repo.git("clone", "--quiet", "--depth=1", f"file://{shop.hosted}", str(tmp_path / "shallow"))

    done = script("action.py", tmp_path / "shallow", INPUT_COMMAND="plan")

    assert (done.returncode, "fetch-depth: 0" in done.stdout) == (1, True), done.stdout
