"""A project whose folder gets another name keeps its branch: the state is read where it is, and moved by an apply."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import Repo


@pytest.fixture
def renamed(tmp_path: Path) -> Repo:
    """What was applied in infra/ is in platform/aws/ now; one of two resources was edited since."""
    repo = Repo(tmp_path / "repo", folder="infra")
    repo.write("stagectl.yaml", "applied_branch: stagectl/infra/applied\n")
    repo.define("db", inputs={"port": 1}).define("app", inputs={"p": "${db.port}"}).apply_all()
    return moved(repo, "platform/aws")


def moved(repo: Repo, folder: str) -> Repo:
    new = Repo(repo.top, init=False, folder=folder)
    new.root.parent.mkdir(parents=True, exist_ok=True)
    new.branch = repo.branch
    repo.git("-C", str(repo.top), "mv", repo.folder, folder)
    new.commit("another name")
    return new


def test_the_state_is_read_where_it_is_and_moved_by_the_next_apply(renamed: Repo) -> None:
    """
    Nothing is run again, by neither way of planning; history, and what verifies it, know both folders.
    """
    assert [] == renamed.plan().ids
    assert [] == renamed.run("plan", "--format", "json", env={"STAGECTL_CACHE": "off"}).json()["changes"]
    assert "Applied: 2 resources" in renamed.ok("status").out
    assert "Checked 2 applied commits: all as they have to be.\n" == renamed.ok("verify").out

    renamed.define("db", inputs={"port": 2}).stage()
    assert ["db.update", "app.update"] == renamed.plan().ids
    assert 0 == renamed.apply().code

    there = renamed.git("ls-tree", "-r", "--full-tree", "--name-only", renamed.branch).split()
    assert ["platform/aws/.applied/app.json", "platform/aws/.applied/db.json"] == [
        p for p in there if "/.applied/" in p
    ]
    assert [] == renamed.plan().ids
    assert "Checked 3 applied commits: all as they have to be.\n" == renamed.ok("verify").out
    log = [[*entry["changes"]] for entry in renamed.ok("log", "--json", "db").json() if entry["changes"]]
    assert [["db.run"], ["db.run"], ["db.update"], ["db.update"]] == sorted(log)
    assert "port" in renamed.ok("log", "--blame", "db").out


def test_a_debt_is_dropped_where_the_state_is(renamed: Repo) -> None:
    """
    An applied commit without a source stays in the old folder, and is verified there.
    """
    renamed.define("web", react_on={"restart": ["db.update"]}).stage().apply()
    renamed.define("db", inputs={"port": 2}).stage().fail("web.restart").apply()
    again = moved(renamed, "third")

    again.ok("discard", "web")

    assert "all as they have to be.\n" in again.ok("verify").out
    assert [] == again.plan().ids


def test_a_project_of_the_top_folder_may_move_into_a_folder(tmp_path: Path) -> None:
    """
    Its config has to name the branch.
    """
    repo = Repo(tmp_path / "repo", folder="").define("db", inputs={"port": 1}).apply_all()
    repo.write("stagectl.yaml", "applied_branch: stagectl/applied\n").commit()
    new = Repo(repo.top, init=False, folder="infra")
    new.root.mkdir()
    repo.git("mv", "resources", "kinds", ".staged", "stagectl.yaml", "infra/")
    new.branch = repo.branch
    new.commit()

    assert [] == new.plan().ids
    new.define("db", inputs={"port": 2}).stage()
    assert 0 == new.apply().code
    assert "Checked 3 applied commits: all as they have to be.\n" == new.ok("verify").out


def test_two_projects_cannot_have_one_branch(renamed: Repo) -> None:
    """
    As after copying a folder with its config: nothing of the other one is taken for what is applied here.
    """
    twin = Repo(renamed.top, init=False, folder="copy")
    renamed.define("db", inputs={"port": 2}).stage().apply()
    twin.root.mkdir()
    for path in ("kinds/service.yaml", "stagectl.yaml", ".staged/db.yaml", "resources/db.yaml"):
        twin.write(path, renamed.read(path))
    twin.commit()

    done = twin.run("plan")

    assert (1, "") == (done.code, done.out)
    assert done.err == (
        "error: the branch stagectl/infra/applied has the state of the project in platform/aws, which is there, too\n"
        "hint: give one of the two another applied_branch in its stagectl.yaml\n"
    )
    twin.write("stagectl.yaml", "applied_branch: stagectl/copy/applied\n").commit()
    assert ["db.run"] == twin.plan().ids
