"""Edits at random: what is known without reading everything is what reading everything says."""

from __future__ import annotations

import os
from random import Random
from typing import Callable, List
from unittest import mock

import pytest

from tests.build import Repo

NAMES = ["base", "far", "a", "b", "c", "shop"]


class Walk:
    """A repository in which definitions become templates, alike, many and whole again, with commits in between."""

    def __init__(self, repo: Repo, seed: int) -> None:
        self.repo, self.random = repo, Random(seed)

    def define(self) -> None:
        """Write a definition anew, in any of the forms; a template is like nothing, or like one farther away."""
        name = self.random.choice(NAMES)
        value = self.random.randrange(3)
        front = "template: true\nkind: plain\n" if name in ("base", "far") else "kind: plain\n"
        if name == "base" and self.random.random() < 0.6:
            front += "like: far\n"
        elif name in ("a", "b", "c", "shop") and self.random.random() < 0.7:
            front = f"like: {self.random.choice(['base', 'far', *NAMES[2 : NAMES.index(name)]])}\nkind: plain\n"
        if name == "shop" and self.random.random() < 0.8:
            keys = self.random.sample(["x", "y", "z"], self.random.randrange(1, 4))
            front += "each: {" + ", ".join(f"{key}: {{v: {value}}}" for key in keys) + "}\n"
        text = f"---\n{front}---\ninputs:\n  {name}: {value}\n" + ("  each: ${each.v}\n" if "each" in front else "")
        self.repo.write(f"resources/{name}.yaml", text)

    def revalue(self) -> None:
        """Change a value, and nothing about who is like whom."""
        path = f"resources/{self.random.choice(NAMES)}.yaml"
        if (self.repo.root / path).exists():
            text = self.repo.read(path)
            self.repo.write(path, text[:-2] + str(self.random.randrange(9)) + "\n" if text[-2:-1].isdigit() else text)

    def collide(self) -> None:
        """Write, or take away, a definition of the name that an entry has, too."""
        path = self.repo.root / "resources/shop/x.yaml"
        if path.exists():
            path.unlink()
        elif "x:" not in self.repo.read("resources/shop.yaml") or self.random.random() < 0.2:
            self.repo.write("resources/shop/x.yaml", "---\nkind: plain\n---\n")

    def remove(self) -> None:
        (self.repo.root / f"resources/{self.random.choice(NAMES[2:5])}.yaml").unlink(missing_ok=True)

    def stage(self) -> None:
        self.repo.run("stage", *self.random.choice([[], [], ["a"], ["shop/x"], ["b", "c"]]))

    def apply(self) -> None:
        self.repo.run("apply", "--yes")

    def commit(self) -> None:
        self.repo.git("add", "-A", "resources")
        self.repo.git("commit", "-q", "--allow-empty", "-m", "by hand")

    def go_back(self) -> None:
        """Have definitions as HEAD has them, or as a commit before."""
        revision = self.random.choice(["HEAD", "HEAD", "HEAD~1"])
        self.repo.git("checkout", "-q", revision, "--", "resources", check=False)
        self.repo.git("reset", "-q")

    def step(self) -> str:
        verbs: List[Callable[[], None]] = [self.define] * 3 + [self.revalue] * 3 + [self.stage] * 3
        verbs += [self.commit, self.go_back, self.apply, self.remove, self.collide]
        verb = self.random.choice(verbs)
        verb()
        return verb.__name__


@pytest.mark.parametrize("seed", range(8))
def test_what_is_known_of_some_is_what_is_known_of_all(repo: Repo, seed: int) -> None:
    """
    After every step `status` says the same with and without what was noted, and after all is staged nothing is left.
    """
    walk = Walk(repo, seed)
    likes = {"a": "base", "b": "a", "c": "far", "shop": "far\neach: {x: {v: 1}, y: {v: 2}}"}
    for name in NAMES:
        front = f"like: {likes[name]}" if name in likes else "template: true\nkind: plain"
        repo.write(f"resources/{name}.yaml", f"---\n{front}\n---\ninputs:\n  {name}: 0\n")
    repo.apply_all()
    repo.ok("status")

    done = []
    for _ in range(14):
        done.append(walk.step())
        reported = repo.run("status")
        with mock.patch.dict(os.environ, STAGECTL_CACHE="off"):
            assert reported == repo.run("status"), done
        if reported.code == 0 and walk.random.random() < 0.3:
            staged = repo.run("stage")
            assert staged.code != 0 or "Not staged" not in repo.ok("status").out, done
