"""What was seen is shared as applies are, and is no conflict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import Repo, ended
from tests.scenarios.checking.world import answer, world
from tests.scenarios.runs.world import until
from tests.scenarios.teams.world import Team


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """Two clones, with servers in them."""
    found = Team(tmp_path)
    world(found.ada).define("a", "server", inputs={"v": 1}).define("b", "server", inputs={"v": 1}).apply_all()
    found.ada.git("push", "-q", "origin", "main")
    found.bob.git("pull", "-q")
    found.bob.ok("sync")
    return found


def seen(repo: Repo, name: str, value: int, *more: str) -> None:
    """Record that a check saw another value."""
    answer(repo, name, {"inputs": {"v": value}})
    repo.ok("check", name, "--record", *more)


def test_what_was_seen_is_pushed(team: Team) -> None:
    """Under the lock of an apply; the other clone plans with it after a fetch."""
    seen(team.ada, "a", 9)
    assert team.at() == team.ada.git("rev-parse", "stagectl/applied").strip() and team.lock() is None
    team.bob.ok("sync")
    assert team.bob.plan().cause("a.update") == "drift"


def test_the_lock_of_an_apply_keeps_it_waiting(team: Team) -> None:
    """It looks all the same; what cannot be recorded is an error of its own."""
    team.bob.ok("lock", "--reason", "night")
    before = team.at()
    answer(team.ada, "a", {"inputs": {"v": 9}})
    assert team.ada.run("check", "a", "--record").code == 75 and team.at() == before
    assert team.ada.run("check", "a").code == 0


def test_sync_puts_checks_and_runs_together(team: Team) -> None:
    """A check of what was applied anew elsewhere gives way; one of something else stays; neither is a conflict."""
    seen(team.bob, "a", 9, "--offline")
    seen(team.bob, "b", 8, "--offline")
    team.ada.ok("update", "a", "--set", "v=2")
    team.ada.ok("apply", "--yes")
    team.bob.ok("sync")
    assert team.bob.applied("a") == {"inputs": {"v": 2}}
    assert team.bob.applied("b")["observed"] == {"inputs": {"v": 8}}
    assert team.bob.ok("verify").code == 0 and team.is_sound()


@pytest.mark.parametrize("between", ["check", "discard"])
def test_who_has_neither_clone_can_verify_what_was_put_together(team: Team, between: str) -> None:
    """
    An apply began with what a check saw, or a discard dropped: it was made again with what others had seen meanwhile.
    """
    seen(team.bob, "b", 8)
    team.ada.ok("sync")
    seen(team.bob, "b", 9, "--offline") if between == "check" else team.bob.ok("discard", "b")
    team.bob.git("pull", "-q")
    team.bob.ok("update", "a", "--set", "v=2")
    team.bob.ok("apply", "a", "--yes", "--offline")
    seen(team.ada, "a", 7)
    team.ada.ok("update", "db", "--set", "v=2")
    team.ada.ok("apply", "db", "--yes")
    team.bob.ok("sync")
    assert team.join("carol").ok("verify").out.endswith("all as they have to be.\n")


def test_a_run_is_put_onto_a_check(team: Team) -> None:
    """The other way round the run's result wins."""
    team.bob.git("pull", "-q")
    team.bob.ok("update", "a", "--set", "v=3")
    team.bob.ok("apply", "--yes", "--offline")
    seen(team.ada, "a", 9)
    team.bob.ok("sync")
    assert team.bob.applied("a") == {"inputs": {"v": 3}} and team.bob.ok("verify").code == 0


def test_a_run_wins_over_what_was_seen_meanwhile(repo: Repo, tmp_path: Path) -> None:
    """A check commit that came in while it ran is no conflict; what was seen of others stays."""
    wait = "touch begun; until [ -f go ]; do sleep 0.05; done"
    world(repo, actions={"update": ["sh", "-c", wait]}).write(".gitignore", "begun\ngo\nanswers/\n")
    repo.define("a", "server", inputs={"v": 1}).define("b", "server", inputs={"v": 1}).apply_all()
    repo.git("clone", "-q", ".", str(tmp_path / "other"))
    other = Repo(tmp_path / "other", init=False)
    other.git("config", "user.name", "Bob")
    other.git("config", "user.email", "bob@example.com")
    other.git("branch", "stagectl/applied", "origin/stagectl/applied")
    answer(other, "b", {"inputs": {"v": 8}})
    seen(other, "a", 9, "--offline")
    other.ok("check", "b", "--record", "--offline")
    repo.ok("update", "a", "--set", "v=2")
    process = repo.begin("apply", "--yes")
    until((repo.root / "begun").exists)
    repo.git("fetch", "-q", str(other.top), "stagectl/applied:stagectl/applied")
    repo.write("go", "")
    assert ended(process).code == 0
    assert repo.applied("a") == {"inputs": {"v": 2}} and repo.applied("b")["observed"] == {"inputs": {"v": 8}}
    assert repo.ok("verify").code == 0 and repo.plan().cause("b.update") == "drift"
