"""Two applies at once: where they may, where one has to wait, and what comes of both."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any, Callable, List, Sequence
from unittest import mock

import pytest

from stagectl.core.plans.plan import Plan
from stagectl.core.plans.selection import Selection
from stagectl.usecases.applying.apply import Options, apply
from stagectl.usecases.applying.task import Onlooker
from stagectl.usecases.planning.reviewed import OtherPlan
from stagectl.usecases.repository.workspace import Workspace
from tests.build import LOCK, PATIENCE, Ran, Repo, ended
from tests.scenarios.teams.world import Team, applied_values, run_of, tip, until

pytestmark = pytest.mark.once

# Updates of each resource wait for a file of its own.
GATES = (
    'name=$(echo "$STAGECTL_RESOURCE" | tr / +); touch "started-$name"; n=0; '
    f'until [ -f "go-$name" ] || [ $n = {PATIENCE * 20} ]; do sleep 0.05; n=$((n + 1)); done; '
    'printf \'{"outputs": {"port": 5432}}\' > "$STAGECTL_RESULT"'
)
OUTPUTS = {"type": "object", "properties": {"port": {}}}


def gated(repo: Repo) -> Repo:
    """Let updates of `service` wait, each for its own file, and report a port."""
    run = ["sh", "-c", 'printf \'{"outputs": {"port": 5432}}\' > "$STAGECTL_RESULT"']
    kind = {"actions": {"run": run, "update": ["sh", "-c", GATES]}, "outputs": OUTPUTS}
    repo.write("kinds/service.yaml", json.dumps(kind) + "\n")
    repo.write(".gitignore", "started-*\ngo-*\nactions.log\nfail\n").commit()
    return repo


def going(repo: Repo, name: str, *words: str) -> subprocess.Popen[str]:
    process = repo.begin("apply", "--yes", name, *words)
    until((repo.root / f"started-{name}").exists)
    return process


def let_go(repo: Repo, *names: str) -> None:
    for name in names:
        repo.write(f"go-{name}", "")


def staged(repo: Repo, **values: int) -> Repo:
    for name, value in values.items():
        repo.define(name, inputs={"v": value})
    return repo.stage()


def test_two_applies_of_one_clone_are_at_work_at_once(repo: Repo) -> None:
    """
    Without a remote: each has its own run, `locks` shows both, `report` follows both, and both are recorded.
    """
    gated(repo.define("db", inputs={"v": 1}).define("web", inputs={"v": 1})).apply_all()
    staged(repo, db=2, web=2)
    first, second = going(repo, "db"), going(repo, "web")

    here = repo.ok("locks", "--json").json()["here"]
    runs = [line["words"].rpartition("run ")[2] for line in here]
    states = [repo.ok("report", run, "--json").json()["state"] for run in runs]
    let_go(repo, "web")
    later = ended(second)
    between = repo.ok("status")
    let_go(repo, "db")
    done = ended(first)

    assert [["db"], ["web"]] == [line["part"]["writes"] for line in here]
    assert ["running", "running"] == states
    assert (0, 0, "") == (done.code, later.code, between.err), (done, later)
    assert sorted(runs) == sorted([run_of(done), run_of(later)])
    assert [2, 2] == applied_values(repo, "db", "web")
    assert repo.ok("locks").out.startswith("This machine: free\n")
    assert ["db.update", "web.update"] == sorted(
        change["id"] for run in runs for change in repo.ok("report", run, "--json").json()["changes"]
    )
    repo.ok("verify")


def test_two_machines_are_at_work_at_once(team: Team) -> None:
    """
    The lock has an entry for each, results are put together on the remote, and the lock is gone when both have ended.
    """
    gated(team.ada).git("push", "-q", "origin", "main")
    team.bob.git("pull", "-q", "origin", "main")
    staged(team.ada, db=2)
    staged(team.bob, web=2)
    first, second = going(team.ada, "db"), going(team.bob, "web")

    held = team.bob.ok("locks", "--json").json()
    text = team.bob.ok("locks").out
    let_go(team.ada, "db")
    done = ended(first)
    one = team.bob.ok("locks", "--json").json()["locks"]
    let_go(team.bob, "web")
    later = ended(second)

    assert [["db"], ["web"]] == [lock["part"]["writes"] for lock in held["locks"]]
    assert held["lock"] == held["locks"][0]
    assert [" (db)", " (web)"] == [line[line.rindex(" (") :] for line in text.splitlines() if " locked by " in line]
    assert [["web"]] == [lock["part"]["writes"] for lock in one]
    assert (0, 0) == (done.code, later.code), (done, later)
    assert [run_of(done), run_of(later)] == team.runs()[1:]
    assert ("", tip(team.bob), True) == (team.at(LOCK), team.at(), team.is_sound())
    team.ada.ok("sync")
    for repo in (team.ada, team.bob):
        assert [2, 2] == applied_values(repo, "db", "web")
        repo.ok("verify")


def reader(repo: Repo) -> None:
    repo.define("app", inputs={"of": "${db.v}", "v": 1})


def ordered(repo: Repo) -> None:
    repo.define("app", inputs={"v": 1}, depends_on=["db"])


def reacting(repo: Repo) -> None:
    repo.define("app", inputs={"v": 1}, react_on={"restart": ["db.update"]})


def aimed(repo: Repo) -> None:
    repo.define("db", inputs={"v": 1, "target": "node"}).define("app", inputs={"v": 1, "target": "node"})


def unknown(repo: Repo) -> None:
    repo.define("app", inputs={"v": 1, "target": "${web.port}"})


@pytest.mark.parametrize(
    "relate, edited, common",
    [
        (reader, {"v": 2, "of": "${db.v}"}, "db"),
        (ordered, {"v": 2}, "db"),
        (aimed, {"v": 2, "target": "node"}, "target node"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_one_writes_no_other_looks_at(
    repo: Repo, relate: Callable[[Repo], object], edited: Any, common: str
) -> None:
    """
    A child waits for its parent, whatever relates them, and nothing runs twice on a target; with 75, or --wait.
    """
    gated(repo.define("db", inputs={"v": 1}).define("web", inputs={"v": 1}))
    relate(repo)
    repo.apply_all()
    more = {"target": "node"} if relate is aimed else {}
    kept = json.loads(json.dumps(edited))
    if relate is ordered:
        repo.define("app", inputs=kept, depends_on=["db"])
    else:
        repo.define("app", inputs=kept)
    repo.define("web", inputs={"v": 2}).define("db", inputs={"v": 1, "w": 1, **more}).stage()
    process = going(repo, "db")

    refused = repo.run("apply", "--yes", "app")
    let_go(repo, "web", "app")
    repo.ok("apply", "--yes", "web")
    waiting = repo.begin("apply", "--yes", "app", "--wait")
    let_go(repo, "db")

    assert (75, True) == (refused.code, refused.err.splitlines()[0].endswith(f"; in common: {common}")), refused
    assert 0 == ended(process).code
    assert 0 == ended(waiting).code
    assert repo.plan().ids == []


def test_a_target_known_after_excludes_all(repo: Repo) -> None:
    """
    Its value may be that of any other: one that acts on it has everything to itself.
    """
    gated(repo.define("db", inputs={"v": 1}).define("web", inputs={"v": 1}))
    unknown(repo)
    repo.apply_all()
    repo.define("web", inputs={"v": 2}).define("db", inputs={"v": 2}).stage()
    process = going(repo, "web")

    refused = repo.run("apply", "--yes", "db")
    here = repo.ok("locks", "--json").json()["here"]
    let_go(repo, "web", "db", "app")

    assert (75, [True]) == (refused.code, [line["part"]["whole"] for line in here])
    assert 0 == ended(process).code


def test_a_part_is_locked_for_maintenance(team: Team) -> None:
    """
    By name or by tag; what is staged with that tag later waits, too, and the rest is applied meanwhile.
    """
    team.bob.define("db", inputs={"v": 2}, tags=["prod"]).define("dns", inputs={"v": 2}).stage()
    first = team.bob.ok("lock", "-t", "prod", "--reason", "a move").out
    second = team.ada.ok("lock", "dn*", "--reason", "names").out
    new = team.bob.define("late", inputs={"v": 1}, tags=["prod"]).define("web", inputs={"v": 2}).stage()

    ids = [lock["id"] for lock in team.bob.ok("locks", "--json").json()["locks"]]
    for name in ("db", "dns", "late"):
        refused = new.run("apply", "--yes", name)
        assert (75, True) == (refused.code, "origin is locked for maintenance by " in refused.err), refused
    new.ok("apply", "--yes", "web")

    assert f"Locked: a move. No apply of -t 'prod' starts until: stagectl unlock {ids[0]}\n" == first
    assert f"Locked: names. No apply of dn* starts until: stagectl unlock {ids[1]}\n" == second
    team.ada.ok("unlock", ids[0])
    assert [ids[1]] == [lock["id"] for lock in team.bob.ok("locks", "--json").json()["locks"]]
    new.ok("apply", "--yes", "db", "late")
    unlocked = team.ada.run("unlock", ids[0])
    assert (1, True) == (unlocked.code, "the lock on origin is another one: " in unlocked.err)
    team.ada.ok("unlock", ids[1])
    assert "" == team.at(LOCK)


def test_a_lock_of_a_part_names_what_there_is(team: Team) -> None:
    """
    A name or a tag that means nothing is an error, and nothing is locked.
    """
    team.bob.write("stagectl.yaml", "vocabulary: [prod]\n").define("dns", inputs={"v": 1}, tags=["prod"]).stage()
    with mock.patch.dict(os.environ, STAGECTL_TRACE="1"):  # among many resources it reads what the index has
        locked = team.bob.ok("lock", "-t", "prod", "--reason", "x")
    assert "trace: " not in locked.err
    team.bob.ok("unlock", team.lock()["id"])
    for words in (("wbe",), ("-t", "prd")):
        assert 1 == team.bob.run("lock", *words, "--reason", "x").code
    assert "" == team.at(LOCK)


def test_one_entry_that_is_taken_away_stops_one_run(team: Team) -> None:
    """
    The other goes on, and both are recorded.
    """
    gated(team.ada).git("push", "-q", "origin", "main")
    team.bob.git("pull", "-q", "origin", "main")
    team.ada.define("db", inputs={"v": 2}).define("next", inputs={"v": 1}, depends_on=["db"]).stage()
    staged(team.bob, web=2)
    first, second = team.ada.begin("apply", "--yes"), going(team.bob, "web")
    until((team.ada.root / "started-db").exists)
    mine = next(lock for lock in team.bob.ok("locks", "--json").json()["locks"] if "db" in lock["part"]["writes"])

    team.bob.ok("unlock", mine["id"])
    let_go(team.ada, "db")
    let_go(team.bob, "web")
    done, later = ended(first), ended(second)

    assert (0, "warning" in later.err) == (later.code, False)
    assert done.code in (0, 1) and {run_of(done), run_of(later)} == set(team.runs()[1:])


def confirmed(repo: Repo, meanwhile: Callable[[], object], options: Options) -> List[Sequence[str]]:
    """Apply, saying yes; return each plan that was asked about. meanwhile happens before the first answer."""
    asked: List[Sequence[str]] = []

    def confirm(plan: Plan) -> bool:
        asked.append([change.id for change in plan.changes])
        if len(asked) == 1:
            meanwhile()
        return True

    apply(Workspace(repo.root), Selection(), options, confirm, Onlooker(lambda news: None))
    return asked


def test_a_plan_that_is_another_one_under_the_lock_is_asked_about_again(repo: Repo) -> None:
    """
    Once where it is the same; a saved id refuses it, and nothing runs.
    """
    repo.define("db", inputs={"v": 1}).define("web", inputs={"v": 1}).apply_all()
    staged(repo, db=2)

    assert [["db.update"]] == confirmed(repo, lambda: None, Options())
    staged(repo, db=3)
    assert [["db.update"], ["db.update", "web.update"]] == confirmed(repo, lambda: staged(repo, web=3), Options())
    staged(repo, db=4)
    expected = repo.plan().raw["plan_id"]
    with pytest.raises(OtherPlan, match="not the one that was reviewed"):
        confirmed(repo, lambda: staged(repo, web=4), Options(expect=expected))
    assert [3, 3] == applied_values(repo, "db", "web")


def test_what_was_applied_meanwhile_is_not_applied_again(repo: Repo) -> None:
    """
    While the question was open another apply did it all: under the lock there is nothing left.
    """
    repo.define("db", inputs={"v": 1}).apply_all()
    staged(repo, db=2)
    others: List[Ran] = []

    asked = confirmed(repo, lambda: others.append(repo.ok("apply", "--yes")), Options())

    assert ([["db.update"]], ["db.update"]) == (asked, repo.log())
    assert 2 == repo.git("log", "--first-parent", "--format=%s", "stagectl/applied").count("apply: 1 of 1 changes")


def test_a_run_that_was_killed_beside_another_is_recorded_and_the_other_goes_on(repo: Repo) -> None:
    """
    Of two runs one dies: the next apply records what is known of it, and the other one is not taken for dead.
    """
    gated(repo.define("db", inputs={"v": 1}).define("web", inputs={"v": 1}).define("dns", inputs={"v": 1})).apply_all()
    staged(repo, db=2, web=2, dns=2)
    first, second = going(repo, "db"), going(repo, "web")
    first.kill()
    ended(first)
    let_go(repo, "dns")

    done = repo.ok("apply", "--yes", "dns")
    let_go(repo, "web", "db")
    later = ended(second)

    assert "was interrupted: 0 of 1 changes are recorded, how db.update ended is unknown" in done.err
    assert (0, []) == (later.code, [line for line in later.err.splitlines() if "interrupted" in line])
    assert ["db.update"] == repo.plan().ids
    assert [2, 2] == applied_values(repo, "web", "dns")
