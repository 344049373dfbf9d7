"""The shapes of repositories, for a project in a folder: each is served as it is for one in the top folder."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import List

import pytest

from tests.build import Repo
from tests.scenarios.surroundings.test_git_manners import settings

UPDATE = "~ db.update  (staged)\n    v: 1 -> 2\n\nPlan: 0 to run, 1 to update, 0 to remove, 0 other.\n"


def edited(path: Path, folder: str = "teams/data") -> Repo:
    """A project in a folder in a folder, with something applied, something staged, and others' files."""
    repo = Repo(path, folder=folder)
    (repo.top / "app").mkdir()
    (repo.top / "app/main.py").write_text("print()\n")
    repo.define("db", inputs={"v": 1}).apply_all().define("db", inputs={"v": 2}).stage()
    return repo


def cloned(repo: Repo, path: Path, *options: str) -> Repo:
    """The project in a clone by the file protocol, its applied branch fetched."""
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("clone", "-q", "--branch", "main", "--no-single-branch", *options, f"file://{repo.top}", str(path))
    found = Repo(path, init=False, folder=repo.folder)
    settings(found, user_name="CI", user_email="ci@example.com")
    return found


def works(repo: Repo) -> bool:
    """Whether it plans, applies, verifies and stages, and leaves nothing behind that git sees."""
    first, applied, verified = repo.ok("plan").out, repo.apply("--offline"), repo.ok("verify").out
    repo.ok("update", "db", "--set", "v=3")
    found = (
        first,
        applied.code,
        verified.endswith("all as they have to be.\n"),
        repo.plan().ids,
        repo.git("status", "-s"),
    )
    print(*found, sep="\n")
    return found == (UPDATE, 0, True, ["db.update"], "")


def test_a_linked_worktree(tmp_path: Path) -> None:
    """
    It shares the runs and the lock with the main one.
    """
    repo = edited(tmp_path / "repo")
    repo.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))

    assert works(Repo(tmp_path / "linked", init=False, folder=repo.folder))

    assert 2 == len(list((repo.top / ".git/stagectl/projects/teams/data/@/runs").iterdir()))


@pytest.mark.parametrize(
    "how", [["--cone", "teams"], ["--no-cone", "/teams/data/resources/*", "/teams/data/.staged/*"]]
)
def test_a_sparse_checkout(tmp_path: Path, how: List[str]) -> None:
    """
    Of its folder alone, or of a part of that: the config and the kinds are read from the index then.
    """
    repo = edited(tmp_path / "repo")
    repo.git("-C", str(repo.top), "sparse-checkout", "set", *how)
    assert not (repo.top / "app").exists()
    assert (how[0] == "--cone") is (repo.root / "stagectl.yaml").exists()

    assert works(repo)


ASKED = ("plan", "status", "diff", "log", "log --blame db", "show db", "validate", "graph", "stage --check", "verify",
         "check", "report", "projects --changed-since HEAD", "plan --against *", "plan --base HEAD", "promote a b",
         "revert HEAD", "apply --yes --offline", "update db --set v=3", "move db base", "discard --all")  # fmt: skip


@pytest.mark.full
def test_every_command_in_a_shallow_clone_answers_as_in_the_top_folder(tmp_path: Path) -> None:
    """
    What is refused for want of history too, with the same next step: it is pasted, and then all works.
    """
    said = {}
    for folder in ("", "teams/data"):
        place = tmp_path / (folder.replace("/", "-") or "top")
        clone = cloned(edited(place, folder), place.with_suffix(".clone"), "--depth=1")
        whole = Repo(shutil.copytree(clone.top, place.with_suffix(".whole")), init=False, folder=folder)
        done = {words: clone.run(*words.split()) for words in ASKED}
        for words, one in done.items():
            said[folder, words] = (one.code, plainly(one.out, clone), plainly(one.err, clone))
        whole.shell(done["apply --yes --offline"].err.partition("get it: ")[2].partition("\n")[0])
        assert works(whole)

    assert [said["", words] for words in ASKED] == [said["teams/data", words] for words in ASKED]
    assert (0, 1) == (said["", "plan"][0], said["", "apply --yes --offline"][0])


def plainly(text: str, repo: Repo) -> str:
    """What was said without its project's folder and branch, and without ids of commits."""
    text = text.replace(repo.branch, "BRANCH").replace(str(repo.root), "ROOT")
    text = text.replace(f" in {repo.folder}", "") if repo.folder else text
    return re.sub(r"\b[0-9a-f]{7,64}\b", "ID", text)


@pytest.mark.parametrize("options", [["--filter=blob:none"], []])
def test_a_partial_and_a_whole_clone(tmp_path: Path, options: List[str]) -> None:
    """
    What of a partial clone is not here is asked for as for a project in the top folder.
    """
    clone = cloned(edited(tmp_path / "repo"), tmp_path / "clone", *options)
    if options == ["--filter=blob:none"]:
        assert "this partial clone lacks what it needs" in clone.run("plan").err
        clone.git("fetch", "-q", "--refetch", "--no-filter")

    assert works(clone)


def test_a_bare_repository_with_head(tmp_path: Path) -> None:
    """
    -C names the folder in the commit; one below it will do, and one that is not there is a usage error.
    """
    repo = edited(tmp_path / "repo")
    site = tmp_path / "site.git"
    repo.git("clone", "-q", "--bare", str(repo.top), str(site))
    bare = Repo(site, init=False, folder="")

    for folder in ("teams/data", "teams/data/resources"):
        assert UPDATE == bare.ok("plan", "--head", "main", "-C", folder).out
    assert UPDATE == repo.ok("-C", str(site), "-C", "teams/data", "plan", "--head", "main").out
    assert "error: there is no folder teams\n" in repo.run("-C", "teams", "plan", cwd=repo.root).err


def test_a_repository_that_is_a_submodule(tmp_path: Path) -> None:
    """
    Its own top folder counts, not the one of the repository around it, which may be a project, too.
    """
    repo = edited(tmp_path / "repo")
    around = Repo(tmp_path / "around", folder="").write("stagectl.yaml", "# the one around\n")
    around.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.top), "sub")
    around.commit()
    inner = Repo(around.top / "sub", init=False, folder=repo.folder)
    settings(inner, user_name="CI", user_email="ci@example.com")

    assert works(inner)


def test_object_ids_of_sha256(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    From the first stage to verify.
    """
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")

    assert works(edited(tmp_path / "repo"))


def test_while_a_merge_is_in_progress(tmp_path: Path) -> None:
    """
    Of others' files: the plan is the same, and what cannot be committed alone is refused with the next step.
    """
    repo = edited(tmp_path / "repo")
    repo.git("checkout", "-q", "-b", "theirs")
    (repo.top / "app/main.py").write_text("print(2)\n")
    repo.commit()
    repo.git("checkout", "-q", "main")
    (repo.top / "app/main.py").write_text("print(3)\n")
    repo.commit()
    subprocess.run(["git", "merge", "-q", "theirs"], cwd=repo.top, capture_output=True)

    assert UPDATE == repo.ok("plan").out
    done = repo.run("update", "db", "--set", "v=3")

    assert 1 == done.code and "merge" in done.err
    assert "resources" not in repo.git("status", "--porcelain")


def test_a_folder_with_odd_letters(tmp_path: Path) -> None:
    """
    What is a pattern to git, or no letter of a branch: with an applied_branch of its own it is a project.
    """
    repo = Repo(tmp_path / "repo", folder="a [b]*é/c")
    repo.write("stagectl.yaml", "applied_branch: stagectl/odd/applied\n")
    twin = repo.top / "a b*é/c/resources"
    twin.mkdir(parents=True)
    (twin / "db.yaml").write_text("nothing of ours\n")
    repo.define("db", inputs={"v": 1}).apply_all().define("db", inputs={"v": 2}).stage()

    assert works(repo)
