"""Verbs that get the old name of what is moved, whatever was read before them."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import pytest

from tests.build import APPLIED, Repo

THING = "---\nkind: service\n{}---\ninputs: {{n: {}}}\n"
# What is done to old names beside a pending swap of a and b, and what is planned then beside the swap.
DONE = [
    (("stage", "x", "-a", "restart"), ["y.restart"], ["x"]),
    (("stage", "x*", "-a", "restart"), ["y.restart"], ["x"]),
    (("stage", "a", "-a", "restart"), ["a.restart"], ["x"]),
    (("update", "x", "--set", "n=5"), ["y.update"], ["x"]),
    (("remove", "x"), ["x.remove"], []),
    (("remove", "x", "z"), ["x.remove", "z.remove"], []),
    (("move", "x", "w"), [], ["x"]),
    (("unstage", "x"), [], []),
    (("discard", "x"), [], []),
]


@pytest.fixture
def clone(repo: Repo, tmp_path: Path) -> Repo:
    """A fresh clone in which a and b are swapped, and x is y now; nothing of it is applied."""
    for name, number in zip("abxz", range(1, 5)):
        repo.define(name, inputs={"n": number})
    repo.apply_all().ok("move", "x", "y")
    repo.write("resources/a.yaml", THING.format("moved_from: b\n", 2))
    repo.write("resources/b.yaml", THING.format("moved_from: a\n", 1)).stage()
    repo.git("clone", "-q", str(repo.top), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone", init=False)
    clone.git("config", "user.name", "Bob")
    clone.git("config", "user.email", "bob@example.com")
    clone.git("branch", APPLIED, f"origin/{APPLIED}")
    return clone


def test_an_old_name_means_what_has_another_one_now(clone: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    For every verb, in a clone that has just been looked at as in one where all is read: the same plan follows.
    """

    def planned(line: Tuple[str, ...]) -> Tuple[list, list]:
        clone.git("reset", "-q", "--hard", "origin/main")
        clone.ok("status")
        clone.ok(*line)
        plan = clone.plan()
        return plan.ids, sorted(move["from"] for move in plan.raw["moved"])

    for line, ids, moved in DONE:
        assert (ids, sorted([*moved, "a", "b"])) == planned(line), line
    monkeypatch.setenv("STAGECTL_CACHE", "off")
    for line, ids, moved in DONE:
        assert (ids, sorted([*moved, "a", "b"])) == planned(line), line
