"""An applied branch that was deleted everywhere is missed: nothing that ran is run again by accident."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.build import APPLIED, Repo
from tests.scenarios.teams.world import Team, edit, in_bare, tip

NOWHERE = f"error: the branch {APPLIED} is nowhere, and there was one: "
AGAIN = "; everything would be run again\nhint: have it back: "
REST = "; or record what there is: stagectl apply --record-only; --allow-rollback runs it all\n"


@pytest.fixture
def lost(team: Team) -> Team:
    """All copies are deleted, after a change was applied; carl is a clone of then."""
    edit(team.ada, "db", 2).ok("apply", "--yes")
    team.ada.git("push", "-q", "origin", "main")
    in_bare(team.bare, "update-ref", "-d", f"refs/heads/{APPLIED}")
    return team


def forget(repo: Repo) -> str:
    """Delete the branch and its copy from the remote; return what it was."""
    newest = tip(repo)
    for ref in (f"refs/heads/{APPLIED}", f"refs/remotes/origin/{APPLIED}"):
        repo.git("update-ref", "-d", ref)
    (repo.root / "actions.log").write_text("")
    return newest


def test_the_clone_that_applied_is_given_its_branch_back(lost: Team) -> None:
    """
    The run is known there, and so is the commit: what is printed brings it back.
    """
    newest = forget(lost.ada)

    done = lost.ada.apply()

    assert (1, []) == (done.code, lost.ada.log())
    assert re.search(f"{re.escape(NOWHERE)}run [^ ]+ recorded {newest[:12]} here{re.escape(AGAIN)}", done.err)
    lost.ada.shell(re.findall("hint: have it back: (.*?);", done.err)[0])
    assert newest == tip(lost.ada)
    lost.ada.ok("apply", "--yes")
    assert [] == lost.ada.log()


@pytest.mark.parametrize("way", [("--record-only",), ("--allow-rollback",)], ids=" ".join)
def test_a_fresh_clone_reads_it_in_the_history(lost: Team, way: tuple) -> None:
    """
    A commit staged a change of what was live: nothing runs, until the operator says what is meant.
    """
    carl = lost.join("carl")

    done = carl.apply()

    assert (1, []) == (done.code, carl.log())
    staged = carl.git("log", "-1", "--format=%h (%s) staged a change of what is applied").strip()
    assert done.err.endswith(f"{NOWHERE}{staged}{AGAIN}stagectl sync, in a clone that has it{REST}")
    carl.ok("apply", "--yes", *way)
    assert (["db.run", "dns.run", "web.run"] if "--allow-rollback" in way else []) == sorted(carl.log())
    assert [] == carl.plan().ids


def test_a_clone_that_has_it_gives_it_back(lost: Team) -> None:
    """
    As the hint says.
    """
    carl = lost.join("carl")
    assert 1 == carl.apply().code

    lost.ada.ok("sync")

    carl.git("fetch", "-q")
    assert "No changes" in carl.ok("apply", "--yes").out


def test_a_branch_that_is_called_otherwise_is_missed(team: Team) -> None:
    """
    Who renames it in the config alone runs nothing again; `plan` warns.
    """
    edit(team.ada, "db", 2).ok("apply", "--yes")
    team.ada.write("stagectl.yaml", "applied_branch: other\n").commit()

    refused = team.ada.apply()

    team.ada.shell(re.findall("hint: have it back: (git branch other [0-9a-f]+);", refused.err)[0])
    assert [] == team.ada.plan().ids


def test_without_a_remote_who_deletes_it_means_it(repo: Repo) -> None:
    """
    No colleague has one: `plan` and `apply` warn, and everything is run again.
    """
    repo.define("a", inputs={"v": 1}).apply_all()
    repo.git("update-ref", "-d", f"refs/heads/{APPLIED}")
    warning = f"warning: the branch {APPLIED} is nowhere, and there was one: run "

    assert warning in repo.run("plan").err
    done = repo.apply()

    assert (0, ["a.run"]) == (done.code, repo.log())
    assert warning in done.err


@pytest.mark.parametrize("where", ["here", "in a clone"])
def test_a_first_apply_is_as_simple_as_ever(tmp_path: Path, where: str) -> None:
    """
    Whatever was staged, edited, renamed, asked for and taken back before it.
    """
    repo = Repo(tmp_path / "first").kind("service", actions=("run", "update", "restart"))
    repo.define("a", inputs={"v": 1}).define("b").define("c").commit()
    repo.stage()
    for words in ("update a --set v=2", "stage a -a restart", "move b d", "remove c", "create e --kind service",
                  "discard e --force", "revert HEAD"):  # fmt: skip
        repo.run(*words.split())
    if where == "in a clone":
        repo.git("clone", "-q", str(repo.top), str(tmp_path / "clone"))
        repo = Repo(tmp_path / "clone", init=False)
        repo.git("config", "user.name", "Bob")
        repo.git("config", "user.email", "bob@example.com")

    assert "nowhere" not in repo.run("plan").err
    done = repo.ok("apply", "--yes")

    assert "nowhere" not in done.err


def test_what_another_project_staged_says_nothing(tmp_path: Path) -> None:
    """
    Two projects in one repository: the one that was never applied has its first apply.
    """
    one = Repo(tmp_path / "mono", folder="one")
    one.define("a", inputs={"v": 1}).apply_all()
    one.define("a", inputs={"v": 2}).stage().ok("apply", "--yes")
    two = Repo(tmp_path / "mono", init=False, folder="two")
    two.write("stagectl.yaml", "").kind("service").define("a").commit()
    two.stage()

    assert 0 == two.apply().code
