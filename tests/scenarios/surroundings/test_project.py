"""A project in a folder of a repository: everything is relative to it, and it is nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import Repo


@pytest.fixture
def two(tmp_path: Path) -> Repo:
    """The project in infra/, of a repository that has others' files and a second project, net/."""
    repo = Repo(tmp_path / "repo", folder="infra")
    (repo.top / "app.py").write_text("print()\n")
    other(repo).write("stagectl.yaml", "# a project\n").kind("service").define("lan", inputs={"mask": 8})
    repo.define("db", inputs={"port": 1}).commit()
    return repo


def other(repo: Repo) -> Repo:
    return Repo(repo.top, init=False, folder="net")


def test_a_project_in_a_folder_is_staged_applied_and_verified(two: Repo) -> None:
    """
    Its state lies under its folder, on a branch of its own; of the other project nothing is staged or applied.
    """
    two.stage().apply()

    assert {"inputs": {"port": 1}} == two.applied("db")
    assert ["db.run"] == two.log()
    assert "infra/.applied/db.json" in two.git("ls-tree", "-r", "--full-tree", "--name-only", two.branch)
    assert "infra/.staged/db.yaml" == two.git("show", "--format=", "--name-only", "HEAD").strip()
    assert "Checked 2 applied commits: all as they have to be.\n" == two.ok("verify").out
    assert [] == two.plan().ids
    assert not (two.top / "net/.staged").exists()


@pytest.mark.parametrize("where", ["", "infra", "infra/resources", "net"])
def test_the_nearest_config_upwards_says_which_project_is_meant(two: Repo, where: str) -> None:
    """
    From any folder below; with -C, before or behind the command, from anywhere.
    """
    two.stage()
    here = two.top / where

    for words in (("-C", str(two.root), "plan"), ("plan", "-C", str(two.root / "resources"))):
        assert "+ db.run" in two.ok(*words, cwd=here).out
    if where.startswith("infra"):
        assert "+ db.run" in two.ok("plan", cwd=here).out


@pytest.mark.parametrize(
    "where, path",
    [("", "infra/resources/db.yaml"), ("infra", "resources/db.yaml"), ("net", "../infra/resources/db.yaml")],
)
def test_paths_in_messages_open_from_where_one_stands(two: Repo, where: str, path: str) -> None:
    """
    Of what is wrong in a file, and of what is not committed.
    """
    two.write("resources/db.yaml", "x: [\n")

    done = two.run("-C", str(two.root), "validate", cwd=two.top / where)

    assert (1, "") == (done.code, done.out)
    assert done.err.startswith(f"{path}:2:1: not YAML")


@pytest.mark.parametrize(
    "words, said",
    [
        (("-C", "nowhere", "plan"), "error: there is no folder nowhere\nhint: -C takes a folder of the repository\n"),
        (("plan", "-C"), "error: -C needs a folder\nhint: -C takes a folder of the repository\n"),
    ],
)
def test_a_folder_that_is_not_there_is_a_usage_error(two: Repo, words: tuple, said: str) -> None:  # type: ignore[type-arg]
    """
    Nothing is done in another one instead.
    """
    done = two.run(*words)

    assert (64, "", said) == (done.code, done.out, done.err)


def test_init_makes_the_folder_a_project_and_says_where_files_went(tmp_path: Path) -> None:
    """
    The config has its branch, so that a folder with another name keeps it.
    """
    repo = Repo(tmp_path / "repo", folder="")
    folder = repo.top / "teams" / "data"
    folder.mkdir(parents=True)

    said = repo.ok("-C", "teams/data", "init").out

    assert said == (
        "teams/data/ is a project now; its applied branch: stagectl/teams/data/applied\n"
        "wrote teams/data/stagectl.yaml\n"
        "wrote teams/data/kinds/service.yaml\n"
        "made teams/data/resources/\n"
        "wrote teams/data/.stagectl/schema/, for editors\n"
        "Next: write teams/data/resources/NAME.yaml, commit teams/data/kinds/, teams/data/.stagectl/ and "
        "teams/data/stagectl.yaml, then: stagectl stage\n"
    )
    assert "\napplied_branch: stagectl/teams/data/applied " in (folder / "stagectl.yaml").read_text()
    assert "Everything is here already.\n" == repo.ok("init", cwd=folder).out


@pytest.mark.parametrize(
    "folder, why",
    [
        ("my infra", "'my infra' makes no name for a branch"),
        (".hidden", "'.hidden' makes no name for a branch"),
        (
            "applied",
            "its applied branch stagectl/applied/applied cannot be beside stagectl/applied, that of",
        ),
        ("taken", "its applied branch stagectl/taken/applied cannot be beside stagectl/taken, a branch"),
    ],
)
def test_init_asks_for_a_branch_where_the_folder_makes_none(tmp_path: Path, folder: str, why: str) -> None:
    """
    What the hint says works, pasted as it is.
    """
    repo = Repo(tmp_path / "repo", folder="").write("stagectl.yaml", "# the root's\n")
    repo.commit()
    repo.git("branch", "stagectl/taken")
    (repo.top / folder).mkdir()

    done = repo.run("-C", folder, "init")

    assert 1 == done.code
    assert done.err.startswith(f"error: {folder}/ needs an applied_branch in its stagectl.yaml: {why}")
    assert [] == list((repo.top / folder).iterdir())
    repo.shell(done.err.partition("init again: ")[2])
    assert "wrote" in repo.ok("-C", folder, "init").out


@pytest.mark.parametrize("folder", ["kinds", "resources/prod", ".staged"])
def test_what_belongs_to_a_project_is_none_of_its_own(tmp_path: Path, folder: str) -> None:
    """
    As when one stands in a folder of definitions by chance.
    """
    repo = Repo(tmp_path / "repo", folder="")
    (repo.top / folder).mkdir(parents=True, exist_ok=True)

    done = repo.run("init", cwd=repo.top / folder)

    assert 1 == done.code
    assert f"error: {folder}/ belongs to the project in the top folder, and can be none of its own\n" in done.err
    assert not (repo.top / folder / "stagectl.yaml").exists()
