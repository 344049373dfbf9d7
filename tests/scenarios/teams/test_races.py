"""Applies and syncs that race: one wins, and nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Sequence

import pytest

from tests.build import LOCK, Ran, Repo, ended
from tests.proofs import record
from tests.scenarios.teams.world import Team, applied_values, edit, run_of, slow_kind

pytestmark = pytest.mark.once

NOTHING = "No changes. The applied state matches what is staged."


def race(team: Team, repos: Sequence[Repo], value: int) -> List[Ran]:
    """Let all apply a change of the same resource at the same moment."""
    for repo in repos:
        repo.git("pull", "-q", "origin", "main")
    head = repos[0].define("db", inputs={"v": value}).stage()
    head.git("push", "-q", "origin", "main")
    for repo in repos[1:]:
        repo.git("pull", "-q", "origin", "main")
    return [ended(process) for process in [repo.begin("apply", "--yes") for repo in repos]]


def raced(folder: Path, people: int, rounds: int) -> Dict[str, int]:
    """Race and check: of each round exactly one run ran the action, all others were refused or found it done."""
    team = Team(folder, "lock_term: 60\n")
    counter = folder / "counter"
    slow_kind(team.ada, f'echo "$STAGECTL_RUN" >> {counter}; sleep 0.2')
    team.ada.git("push", "-q", "origin", "main")
    repos = [team.join(f"p{number}") for number in range(people)]
    reported = {"ran": 0, "refused": 0, "found it done": 0}
    for number in range(rounds):
        all_of_them = race(team, repos, number + 10)
        ran = [each for each in all_of_them if each.code == 0 and "Applied: 1 SUCCESS." in each.out]
        refused = [
            each for each in all_of_them if each.code == 75 and each.err.startswith("error: origin is locked by ")
        ]
        done = [each for each in all_of_them if each.code == 0 and NOTHING in each.out.splitlines()]
        assert 1 == len(ran), all_of_them
        assert people == len(ran) + len(refused) + len(done), all_of_them
        assert number + 1 == len(counter.read_text().split()), "the action ran once a round"
        reported["ran"] += 1
        reported["refused"] += len(refused)
        reported["found it done"] += len(done)
    assert counter.read_text().split() == team.runs()[1:], "every run that acted is on the branch, in order"
    assert ("", True) == (team.at(LOCK), team.is_sound())
    return reported


def test_of_applies_that_race_one_wins(tmp_path: Path) -> None:
    """
    Three people, two rounds: the action runs once a round, and the branch has every run.
    """
    assert 2 == raced(tmp_path, 3, 2)["ran"]


@pytest.mark.slow
def test_of_twelve_applies_that_race_one_wins_twenty_times(tmp_path: Path) -> None:
    """
    The same, long.
    """
    reported = raced(tmp_path, 12, 20)
    record("twelve applies race", ", ".join(f"{what} {count}" for what, count in sorted(reported.items())))
    assert 20 == reported["ran"]


def test_syncs_that_race_lose_nothing(team: Team) -> None:
    """
    Four people applied different things offline, and sync at once: everything is on the branch.
    """
    names = ["db", "web", "dns"]
    repos = [team.join(f"p{number}") for number in range(3)]
    runs = [run_of(edit(repo, name, 7).ok("apply", "--yes", "--offline")) for repo, name in zip(repos, names)]

    synced = [ended(process) for process in [repo.begin("sync") for repo in repos]]

    assert [0, 0, 0] == [each.code for each in synced], synced
    assert set(runs) == set(team.runs()[1:])
    team.bob.ok("sync")
    assert [7, 7, 7] == applied_values(team.bob, *names)
    assert team.is_sound()
