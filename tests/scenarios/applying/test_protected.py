"""Protection: as applied or as staged, whichever protects; every reader of a plan sees it."""

from __future__ import annotations

import shlex
from typing import Dict, Tuple

import pytest

from tests.build import Repo
from tests.scenarios.applying.world import failed

FLAG = "--allow-remove a"
Protects = Tuple[bool, bool]  # when it was applied, when it goes


@pytest.mark.parametrize("how", ["gone", "replaced", "half made"])
@pytest.mark.parametrize(("applied", "staged"), [(True, True), (True, False), (False, True), (False, False)])
def test_whichever_side_protects(repo: Repo, applied: bool, staged: bool, how: str) -> None:
    """
    Text, JSON and comment name what is protected and its flag exactly where `apply` wants it.
    """
    repo.kind("disk", protect=applied, replace_on=["n"]).define("a", "disk", inputs={"n": 1}).define("b").commit()
    repo.stage()
    if how == "half made":
        repo.fail("a.run")
        failed(repo.apply())
    else:
        repo.ok("apply", "--yes")
    repo.fail().kind("disk", protect=staged, replace_on=["n"])
    if how == "replaced":
        repo.define("a", "disk", inputs={"n": 2})
    else:
        repo.delete("a")
    repo.stage().commit()

    protected = applied or staged
    plan = repo.ok("plan").out
    assert ("protected)" in plan, f"Protected, applied only with {FLAG}\n" in plan) == (protected, protected)
    removal = repo.plan().change("a.remove")
    assert removal.get("protected", False) is protected
    comment = repo.ok("plan", "--format", "markdown").out
    assert ("Protected" in comment, FLAG in comment) == (protected, protected)
    refused = repo.apply()
    assert refused.code == (1 if protected else 0), refused.err
    if protected:
        assert refused.err == (
            "error: a: protected by the kind, and would be removed\nhint: if that is meant: --allow-remove a\n"
        )
        command = next(line for line in comment.splitlines() if line.startswith("stagectl apply"))
        repo.ok(*shlex.split(command)[1:])
    assert repo.log()[-1] == ("a.run" if how == "replaced" else "a.remove")


def test_what_is_applied_again_has_the_protection_of_then(repo: Repo) -> None:
    """
    The applied state says so, in one key, and only where it protects.
    """
    states: Dict[bool, object] = {}
    for number, protect in enumerate((True, False)):
        repo.kind("disk", protect=protect).define("a", "disk", inputs={"n": number}).commit()
        repo.stage().ok("apply", "--yes")
        states[protect] = repo.applied("a")

    assert states == {True: {"inputs": {"n": 0}, "protect": True}, False: {"inputs": {"n": 1}}}
    repo.ok("verify")
    repo.delete("a").stage().ok("apply", "--yes")


def test_a_saved_plan_keeps_what_is_protected(repo: Repo) -> None:
    """
    Shown again it names it, and applied it wants the flag.
    """
    repo.kind("disk", protect=True).define("a", "disk").apply_all()
    repo.delete("a").stage().ok("plan", "--out", "plan.json")

    assert f"Protected, applied only with {FLAG}\n" in repo.ok("show", "plan.json").out
    failed(repo.run("apply", "plan.json"))
    repo.ok("apply", "plan.json", *shlex.split(FLAG))
