"""What a run was asked to leave out: recorded by nothing, named by every retry, run where it is asked for."""

from __future__ import annotations

import json
from typing import Dict, Tuple

import pytest

from tests.build import Ran, Repo


def failed(done: Ran) -> Ran:
    assert done.code == 1, done.out + done.err
    return done


def states(repo: Repo) -> Dict[str, str]:
    return {change["id"]: change["state"] for change in repo.ok("report", "--json").json()["changes"]}


def shop(repo: Repo, port: int) -> Repo:
    repo.define("db", inputs={"port": port}).define("app", inputs={"p": "${db.port}"}).define("job", inputs={"n": port})
    return repo.define("web", react_on={"restart": ["app.update"]}, inputs={"q": "${app.p}"})


CASES: Dict[Tuple[str, ...], Dict[str, str]] = {
    ("--skip", "db.update"): {"db.update": "SKIPPED", "app.update": "SKIPPED", "web.update": "SKIPPED"},
    ("--skip", "app.update"): {"app.update": "SKIPPED", "web.update": "SKIPPED"},
    ("--noop", "db.update"): {"db.update": "NOOP"},
    ("--end-at", "db.update"): {"app.update": "SKIPPED", "job.update": "SKIPPED", "web.update": "SKIPPED"},
    ("--start-at", "app.update"): {"db.update": "SKIPPED", "job.update": "SKIPPED"},
}


@pytest.mark.parametrize("flags", CASES, ids=" ".join)
def test_recording_leaves_out_what_running_would(repo: Repo, flags: Tuple[str, ...]) -> None:
    """
    `--record-only` with a filter has the states that an apply with the same filter has.
    """
    shop(repo, 1).apply_all()
    shop(repo, 2).stage()
    base = repo.git("rev-parse", "stagectl/applied").strip()

    recorded = repo.apply("--record-only", *flags)
    found = states(repo)
    repo.git("update-ref", "refs/heads/stagectl/applied", base)
    ran = repo.apply(*flags)

    assert found == states(repo)
    assert {key: state for key, state in found.items() if state not in ("SUCCESS",)} == {
        **CASES[flags],
        **({"web.restart": "SKIPPED"} if "web.restart" in found and found["web.restart"] == "SKIPPED" else {}),
    }
    assert recorded.code == ran.code == (0 if flags[0] == "--noop" else 1)


def test_what_was_left_out_is_not_recorded_with_values_that_were_not_applied(repo: Repo) -> None:
    """
    The reader keeps its applied value, and both are in the next plan.
    """
    shop(repo, 1).apply_all()
    shop(repo, 2).stage()

    failed(repo.apply("--record-only", "--skip", "db.update"))

    assert (repo.applied("app")["inputs"], repo.applied("job")["inputs"]) == ({"p": 1}, {"n": 2})
    assert repo.plan().ids[:2] == ["db.update", "app.update"]
    assert repo.log() == []


def test_every_retry_names_what_the_run_was_asked_to_leave_out(repo: Repo) -> None:
    """
    Also the retry of a retry, and whatever waited for it; what is left is in the plan.
    """
    for number in (1, 2):
        repo.define("a", inputs={"n": number}).define("x", inputs={"n": number}).define("b", inputs={"n": "${a.n}"})
        repo.define("c", react_on={"restart": ["a.update", "x.update"]})
        if number == 1:
            repo.apply_all()
    repo.stage().fail("b.update")
    failed(repo.apply("--skip", "x.update"))

    first = repo.fail().ok("retry")
    assert "x.update: SKIPPED (left out by --skip in the run that is tried again)\n" in first.err
    again = repo.ok("retry")

    assert again.err == (
        "Nothing to retry: all else in that run succeeded, or was done since; it was asked to leave out "
        "x.update, c.restart.\nhint: a retry leaves that out, too; what is left of it is in: stagectl plan\n"
    )
    assert repo.log() == ["a.update", "b.update"]
    assert repo.plan().ids == ["x.update", "c.restart"]


def test_retry_says_what_end_at_left_out(repo: Repo) -> None:
    """
    With the flags that left it out, and not as if the run had not had it.
    """
    repo.define("a").define("b", depends_on=["a"]).define("c", depends_on=["b"]).commit()
    repo.stage().fail("a.run")
    failed(repo.apply("--end-at", "b.run"))

    done = repo.fail().ok("retry")

    assert "c.run: SKIPPED (left out by --start-at or --end-at in the run that is tried again)\n" in done.err
    assert repo.log() == ["a.run", "b.run"]
    assert "it was asked to leave out c.run." in repo.ok("retry").err


def test_retry_refuses_what_was_staged_anew_since(repo: Repo) -> None:
    """
    The failed definition was mended: nothing runs, and the hint, pasted, applies what is staged. Others do not count.
    """
    repo.define("a", inputs={"n": 1}).define("b").commit()
    repo.stage().fail("a.run")
    failed(repo.apply())
    repo.fail().define("b", inputs={"other": 1}).define("a", inputs={"n": 2}).stage()

    done = failed(repo.run("retry"))

    assert done.err == (
        "error: a: staged anew since that run, which would be tried again as it was\n"
        "hint: apply what is staged now: stagectl apply a\n"
    )
    assert repo.log() == ["b.run"]
    repo.ok("apply", "a", "--yes")
    assert repo.applied("a")["inputs"] == {"n": 2}


def test_start_at_a_reaction_runs_it(repo: Repo) -> None:
    """
    What it reacts on is left out, and comes with its reaction the next time; a retry runs it, too.
    """
    repo.define("db", inputs={"n": 1}).define("app", react_on={"restart": ["db.update"]}).apply_all()
    repo.define("db", inputs={"n": 2}).stage().fail("app.restart")

    failed(repo.apply("--start-at", "app.restart"))
    assert states(repo) == {"db.update": "SKIPPED", "app.restart": "ERROR"}
    repo.fail().run("retry")

    assert repo.log() == ["app.restart"]
    assert repo.plan().ids == ["db.update", "app.restart"]


def test_a_debt_for_an_action_that_its_kind_lost_is_no_success(repo: Repo) -> None:
    """
    Nothing runs and nothing is recorded; the hint, pasted, drops the debt.
    """
    repo.define("db", inputs={"n": 1}).define("app", react_on={"restart": ["db.update"]}).apply_all()
    repo.define("db", inputs={"n": 2}).stage().fail("app.restart")
    failed(repo.apply())
    raw = json.loads(repo.read("kinds/service.yaml"))
    del raw["actions"]["restart"]
    repo.write("kinds/service.yaml", json.dumps(raw)).define("app").commit()
    repo.stage()

    for flags in ((), ("--record-only",)):
        assert failed(repo.apply(*flags)).err == (
            "error: app.restart is owed, and the kind 'service' has no such action any more\n"
            "hint: give the kind the action again, or pass over it and drop the debt: "
            "stagectl apply --noop app.restart && stagectl discard app\n"
        )
    assert repo.applied("app")["owed"] == {"restart": ["db.update"]}
    repo.ok("apply", "--yes", "--noop", "app.restart")
    repo.ok("discard", "app")
    assert repo.plan().ids == []
