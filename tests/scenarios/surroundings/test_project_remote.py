"""Two projects of one repository with a remote: a lock for each, there and here; and what git and hooks do in each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Dict

import pytest

from tests.build import Repo, ended, put_stagectl_on_path
from tests.scenarios.teams.world import GATE, in_bare, until

FOLDERS = ("infra", "net")


def projects(top: Path, *, init: bool = True) -> Dict[str, Repo]:
    """Two projects with a resource each, of the same name."""
    first = Repo(top, folder=FOLDERS[0], init=init)
    return {folder: first if folder == FOLDERS[0] else Repo(top, init=False, folder=folder) for folder in FOLDERS}


@pytest.fixture
def shared(tmp_path: Path) -> Dict[str, Repo]:
    """Ada's clone, everything applied and on the remote; an update waits in its project's folder until it may go on."""
    ada, bare = projects(tmp_path / "ada"), tmp_path / "bare.git"
    ada["infra"].git("init", "-q", "--bare", "-b", "main", str(bare))
    ada["infra"].git("remote", "add", "origin", bare.as_uri())
    for repo in ada.values():
        repo.write("stagectl.yaml", "# a project\n").define("db", inputs={"v": 1})
        actions = {"run": ["true"], "update": ["sh", "-c", GATE]}
        repo.write("kinds/service.yaml", json.dumps({"actions": actions}) + "\n").apply_all()
        repo.write(".gitignore", "started\ngo\n").commit()
    ada["infra"].git("push", "-q", "origin", "main")
    return ada


def joined(ada: Dict[str, Repo], folder: Path) -> Dict[str, Repo]:
    ada["infra"].git("-C", str(ada["infra"].top), "clone", "-q", (folder / "bare.git").as_uri(), str(folder / "bob"))
    bob = projects(folder / "bob", init=False)
    bob["infra"].git("config", "user.name", "Bob")
    bob["infra"].git("config", "user.email", "bob@example.com")
    return bob


def test_two_clones_apply_two_projects_at_once_and_one_project_in_turn(shared: Dict[str, Repo], tmp_path: Path) -> None:
    """
    The lock on the remote is the project's: who comes second in the same one is refused, and says whose it is.
    """
    bare, bob = tmp_path / "bare.git", joined(shared, tmp_path)
    infra = shared["infra"].define("db", inputs={"v": 2}).stage()
    running = infra.begin("apply", "--yes")
    until((infra.root / "started").exists)

    held = in_bare(bare, "for-each-ref", "--format=%(refname)", "refs/stagectl/").split()
    bob["infra"].define("db", inputs={"v": 3}).stage()
    refused = bob["infra"].apply("--allow-rollback")
    (bob["net"].root / "go").touch()
    there = bob["net"].define("db", inputs={"v": 2}).stage().apply()

    assert ["refs/stagectl/locks/stagectl/infra/applied"] == held
    assert 75 == refused.code and "Ada <ada@example.com>" in refused.err
    assert bob["infra"].ok("locks", "--json").json()["lock"]["owner"] == "Ada <ada@example.com>"
    assert bob["net"].ok("locks", "--json").json()["lock"] is None
    assert 0 == there.code, there.err
    (infra.root / "go").touch()
    assert 0 == ended(running).code
    assert "" == in_bare(bare, "for-each-ref", "refs/stagectl/")
    for folder in FOLDERS:
        state = json.loads(in_bare(bare, "show", f"stagectl/{folder}/applied:{folder}/.applied/db.json"))
        assert {"v": 2} == state["inputs"]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dict[str, Repo]:
    """Two projects, and `stagectl` among the programs."""
    put_stagectl_on_path(tmp_path, monkeypatch)
    found = projects(tmp_path / "repo")
    for repo in found.values():
        repo.write("stagectl.yaml", "# a project\n").kind("service").define("db", inputs={"port": 1})
    found["infra"].commit()
    return found


def test_git_diff_shows_values_of_every_project_that_set_it_up(installed: Dict[str, Repo]) -> None:
    """
    From the top folder: infra/ has the attributes, and net/ has not.
    """
    infra = installed["infra"]
    for repo in installed.values():
        repo.stage()
    infra.ok("init", "--git")
    assert (infra.root / ".gitattributes").exists() and not (infra.top / ".gitattributes").exists()
    for repo in installed.values():
        repo.define("db", inputs={"port": 2}).write(".staged/db.yaml", repo.read(".staged/db.yaml").replace("1", "2"))

    shown = infra.git("-C", str(infra.top), "diff", "--", "*/.staged/*")

    mine, theirs = shown.partition("diff --git a/net")[::2]
    assert "-inputs.port: 1\n+inputs.port: 2\n" in mine, shown
    assert '-  "port": 1\n' in theirs and '+  "port": 2\n' in theirs, shown


def test_hooks_of_each_project_let_good_commits_pass_and_stop_bad_ones(installed: Dict[str, Repo]) -> None:
    """
    Installed by pre-commit in the top folder, run by `git commit` and by `stage`: the project whose files they are.
    """
    infra, net = installed["infra"], installed["net"]
    hooks = [
        f"  - {{id: {words[0]}-{folder}, name: {words[0]} {folder}, entry: stagectl {' '.join(words)} -C {folder}, "
        f"language: system, files: ^{folder}/, pass_filenames: false}}\n"
        for folder in FOLDERS
        for words in (("validate",), ("stage", "--check"))
    ]
    (infra.top / ".pre-commit-config.yaml").write_text("repos:\n- repo: local\n  hooks:\n" + "".join(hooks))
    for repo in installed.values():
        repo.stage()
    infra.commit()
    infra.git("-C", str(infra.top), "config", "core.hooksPath", ".hooks")
    hook = infra.top / ".hooks/pre-commit"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\nPRE_COMMIT_HOME={infra.top.parent}/pc exec {sys.executable} -m pre_commit run\n")
    hook.chmod(0o755)

    def committed(repo: Repo) -> str:
        repo.git("add", "-A", ".")
        repo.git("commit", "-q", "-m", "by hand", check=False)
        return repo.git("log", "-1", "--format=%s").strip()

    infra.define("db", inputs={"port": 2})
    assert "by hand" != committed(infra)  # not staged
    infra.stage()
    assert "stage: db.run in infra" == infra.git("log", "-1", "--format=%s").strip()
    net.define("db", inputs={"port": "${no.port}"})
    infra.write("notes", "").git("reset", "-q")
    assert "by hand" == committed(infra)  # what is wrong in the other project is not its own
    assert infra.git("rev-parse", "HEAD") == (committed(net), net.git("rev-parse", "HEAD"))[1]
