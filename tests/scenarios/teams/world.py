"""What the tests of this folder share."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest

from stagectl.adapters.remote.remote import Remote
from tests.build import APPLIED, LOCK, PATIENCE, Ran, Repo, own_folder

ADA, BOB = "Ada <ada@example.com>", "Bob <bob@example.com>"


def in_bare(bare: Path, *arguments: str) -> str:
    """What git says in a repository that no author works in; "" if it refuses."""
    done = subprocess.run(["git", *arguments], cwd=bare, capture_output=True, text=True, timeout=PATIENCE)
    return done.stdout.strip() if done.returncode == 0 else ""


_teams: Dict[str, Tuple[Path, str]] = {}  # by config: where one is to copy, made once per process, and its remote


class Team:
    """A bare repository and clones of it, one per person, all on this machine."""

    def __init__(self, folder: Path, config: str = "") -> None:
        self.folder, self.bare = folder, folder / "bare.git"
        if config not in _teams:
            self._begin(config)
            _teams[config] = own_folder(), self.bare.as_uri()
            self._copy(folder, _teams[config][0])
        else:
            kept, uri = _teams[config]
            self._copy(kept, folder)
            self.ada, self.bob = Repo(folder / "ada", init=False), Repo(folder / "bob", init=False)
            for repo in (self.ada, self.bob):
                repo.write(".git/config", repo.read(".git/config").replace(uri, self.bare.as_uri()))
                repo.git("update-index", "-q", "--refresh")

    def _copy(self, source: Path, target: Path) -> None:
        for name in ("ada", "bob", "bare.git"):
            shutil.copytree(source / name, target / name, symlinks=True)

    def _begin(self, config: str) -> None:
        self.ada = Repo(self.folder / "ada")
        self.ada.git("init", "-q", "--bare", "-b", "main", str(self.bare))
        self.ada.git("remote", "add", "origin", self.bare.as_uri())
        self.ada.write("stagectl.yaml", config)
        self.ada.define("db", inputs={"v": 1}).define("web", inputs={"v": 1}).define("dns", inputs={"v": 1})
        self.ada.apply_all()
        self.ada.git("push", "-q", "origin", "main")
        self.bob = self.join("bob")

    def join(self, name: str) -> Repo:
        self.ada.git("clone", "-q", self.bare.as_uri(), str(self.folder / name))
        repo = Repo(self.folder / name, init=False)
        repo.git("config", "user.name", name.capitalize())
        repo.git("config", "user.email", f"{name}@example.com")
        return repo

    def hook(self, name: str, script: str) -> None:
        """Let the bare repository run this before it takes a push; one that runs now stays what it was."""
        path = self.bare / "hooks" / f"{name}.new"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        path.replace(self.bare / "hooks" / name)

    def at(self, ref: str = f"refs/heads/{APPLIED}") -> str:
        """What a ref stands at in the bare repository, "" if it is not there."""
        return in_bare(self.bare, "rev-parse", "-q", "--verify", ref)

    def lock(self) -> Any:
        return self.bob.ok("locks", "--json").json()["lock"]

    def runs(self) -> List[str]:
        """The runs on the remote's applied branch, the oldest first."""
        form = "--format=%(trailers:key=Run,valueonly)"
        return in_bare(self.bare, "log", "--first-parent", "--reverse", form, APPLIED).split()

    def is_sound(self) -> bool:
        """No object is missing or broken, anywhere."""
        places = [self.bare, *(path.parent for path in sorted(self.folder.glob("*/.git")))]
        check = ["git", "fsck", "--strict"]
        done = [subprocess.run(check, cwd=each, capture_output=True, timeout=PATIENCE) for each in places]
        return all(each.returncode == 0 for each in done)


def edit(repo: Repo, name: str, value: int) -> Repo:
    return repo.define(name, inputs={"v": value}).stage()


def tip(repo: Repo) -> str:
    return repo.git("rev-parse", f"refs/heads/{APPLIED}").strip()


def applied_values(repo: Repo, *names: str) -> List[Any]:
    return [repo.applied(name)["inputs"]["v"] for name in names]


def run_of(ran: Ran) -> str:
    found = re.search(r"Run (\S+)", ran.out)
    assert found, ran.out + ran.err
    return found.group(1)


def until(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"that did not come about in {PATIENCE} seconds"
        time.sleep(0.05)


def age(team: Team, term: int = 1) -> None:
    """Make the lock on the remote one that was not renewed for long, with a term that is soon over.

    Its holder is dead or asleep: its renewals are as far apart as its own config says, and so is the end of its own
    term, which no busy machine comes to.
    """

    def put() -> bool:
        old = team.at(LOCK)
        text = in_bare(team.bare, "log", "-1", "--format=%B", old)
        text = re.sub(r"(?m)^Term: .*$", f"Term: {term}", text)
        text = re.sub(r"(?m)^Renewed: .*$", "Renewed: 2001-01-01T00:00:00Z", text)
        who = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        new = in_bare(team.bare, *who, "commit-tree", "-p", old, "-m", text, f"{old}^{{tree}}")
        in_bare(team.bare, "update-ref", LOCK, new, old)  # a renewal may have come first
        return bool(new) and team.at(LOCK) == new

    until(put)


def have_pushes_end_early(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Give a push of the applied branch so long, and all else that is asked of the remote its time."""
    real = Remote._transfer

    def transfer(remote: Remote, what: str, *words: str) -> Tuple[int, bytes]:
        limited = Remote(remote.git, remote.name, seconds) if what == "push" else remote
        return real(limited, what, *words)

    monkeypatch.setattr(Remote, "_transfer", transfer)


# An action that waits to be let go, and not for ever: who should do that may have failed.
GATE = f"touch started; n=0; until [ -f go ] || [ $n = {PATIENCE * 20} ]; do sleep 0.05; n=$((n + 1)); done"


def slow_kind(repo: Repo, script: str) -> None:
    """Let updates of `service` run this."""
    repo.kind("service").write(
        "kinds/service.yaml", json.dumps({"actions": {"run": ["true"], "update": ["sh", "-c", script]}}) + "\n"
    ).commit()
