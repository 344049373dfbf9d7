"""A random world: what is changed by hand, edited, checked, taken in and applied ends in agreement."""

from __future__ import annotations

import random
from typing import Any, Dict, List

import pytest

from tests.build import Repo, share
from tests.scenarios.checking.world import by_hand, drop, looked, path_of, there, world

NAMES = ("a", "b", "c")  # b reads a's port, c reads b's


def define(repo: Repo, name: str, port: int, size: int) -> None:
    """Write a definition; what reads another one has no port of its own."""
    reads: Dict[str, Any] = {"a": port, "b": "${a.port}", "c": "${b.port}"}
    repo.define(name, "server", ["first"] if name == "a" else [], inputs={"port": reads[name], "size": size})


class Walk:
    """One walk; what it does is decided by its seed."""

    def __init__(self, repo: Repo, seed: int) -> None:
        self.repo, self.dice = repo, random.Random(seed)
        world(repo, replace_on=["size"] if seed % 2 else [])
        for name in NAMES:
            define(repo, name, 1, 1)
        repo.apply_all()

    def step(self) -> None:
        self.dice.choice((self.hand, self.hand, self.edit, self.check, self.check, self.accept, self.apply))()

    def hand(self) -> None:
        """An author changes the world."""
        name = self.dice.choice(NAMES)
        if not path_of(self.repo, name).exists():
            return
        if self.dice.random() < 0.3:
            drop(self.repo, name)
        else:
            by_hand(self.repo, name, **{self.dice.choice(("port", "size")): self.dice.randrange(1, 4)})

    def edit(self) -> None:
        name = self.dice.choice(NAMES)
        if (self.repo.root / f"resources/{name}.yaml").exists():
            define(self.repo, name, self.dice.randrange(1, 4), self.dice.randrange(1, 4))
            self.repo.commit()
            self.repo.stage()

    def check(self) -> None:
        words = self.dice.choice(([], [self.dice.choice(NAMES)]))
        live = {name for name in NAMES if self.repo.applied(name)}
        if live.issuperset(words):
            self.repo.ok("check", *words, *self.dice.choice(([], ["--record"])))

    def accept(self) -> None:
        """What cannot be taken in, a reference or a parent that is read, is refused, and nothing is half written."""
        ran = self.repo.run("check", "--accept")
        assert ran.code in (0, 1) and "bug" not in ran.err, ran.err
        assert self.repo.git("status", "--porcelain") == ""

    def apply(self, *fails: str) -> None:
        if not fails and self.dice.random() < 0.3:
            self.repo.fail(f"{self.dice.choice(NAMES)}.{self.dice.choice(('run', 'update', 'remove'))}")
        ran = self.repo.apply()
        assert ran.code in (0, 1) and "bug" not in ran.err, ran.err
        self.repo.fail()

    def end(self) -> List[str]:
        """Check and apply all; return the names of which world, applied state and definitions do not agree."""
        self.repo.fail()
        self.repo.stage().ok("check", "--record")
        assert self.repo.apply().code == 0
        assert self.repo.plan().ids == [] and self.repo.plan().raw["recorded"] == []
        assert set(looked(self.repo).values()) <= {"ok"}
        assert self.repo.ok("verify").code == 0
        return [name for name in NAMES if not self._agrees(name)]

    def _agrees(self, name: str) -> bool:
        state: Any = self.repo.applied(name) or {}
        if state.get("inputs") != there(self.repo, name) or "observed" in state:
            return False
        return not state or self.repo.ok("show", name, "--json").json()["resolved"] == state["inputs"]


@pytest.mark.once
@pytest.mark.parametrize("seed", range(share(30)))
def test_a_full_check_and_apply_end_in_agreement(repo: Repo, seed: int) -> None:
    """Whatever was changed by hand, edited, seen, taken in, or failed before."""
    walk = Walk(repo, seed)
    for _ in range(10):
        walk.step()

    assert [] == walk.end()
