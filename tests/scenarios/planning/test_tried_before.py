"""What comes back says what became of it: in which run, when, and how it failed."""

from __future__ import annotations

import json
import re

import pytest

from tests.build import Repo

WHEN = r"in run 2[0-9TZ]+-[0-9a-f]+ of 2026-01-01T00:00:00[+]00:00 it "


def world(repo: Repo) -> Repo:
    """app reads db, and restarts when it was updated; all applied, then db and z edited and staged."""
    repo.define("db", inputs={"n": 1}).define("z", inputs={"n": 1})
    repo.define("app", tags=["app"], inputs={"db": "${db.n}"}, react_on={"restart": ["db.update"]}).apply_all()
    return repo.define("db", inputs={"n": 2}).define("z", inputs={"n": 2}).stage()


@pytest.mark.parametrize(
    ("failing", "then", "change", "said"),
    [
        (["z.update"], [], "z.update", "staged; WHENended ERROR: exit code 3"),
        (["z.update"], ["discard", "z"], "z.update", "an earlier update did not succeed; WHENended ERROR: exit code 3"),
        (["db.update"], [], "app.restart", "reacts on db.update"),
        (["app.restart"], [], "app.restart", "owed since db.update; WHENended ERROR: exit code 3"),
        (["app.update"], [], "app.restart", "owed since db.update; WHENended SKIPPED"),
        (["app.update"], ["move", "app", "new"], "new.update", "; WHENended ERROR: exit code 3"),
    ],
    ids=["staged", "undone", "not due", "owed", "skipped", "moved"],
)
def test_every_view_says_what_was_tried(repo: Repo, failing: list, then: list, change: str, said: str) -> None:
    """
    Text, comment, annotation and --explain say it; JSON has it beside the plan, which has the same id without it.
    """
    world(repo).fail(*failing)
    repo.apply()
    if then:
        repo.ok(*then)

    pattern = re.escape(said).replace("WHEN", WHEN)
    name = change.partition(".")[0]
    for words in ([], ["--explain", name], ["--format", "github"]):
        shown = repo.ok("plan", *words).out.replace("%3A", ":")
        assert re.search(rf"{change}.*{pattern}", shown), shown
    comment = repo.ok("plan", "--format", "markdown").out
    assert f"`{change}`" in comment
    assert re.search(rf"\| {change} \|.*{pattern} \|", comment.replace("`", "")), comment
    raw = repo.plan().raw
    assert ("WHEN" in said) == (change in raw.get("tries", {}))
    if "WHEN" in said:
        last = raw["tries"][change]
        assert [last["state"], last["message"]] == (said.rpartition("ended ")[2].split(": ") + [""])[:2]
        repo.ok("plan", "--out", "saved.json")
        assert 0 == repo.run("show", "saved.json").code


def test_a_debt_that_was_held_back_names_the_run_that_made_it_due(repo: Repo) -> None:
    """
    The reaction was out of the run's scope: it was not tried.
    """
    repo.define("db", tags=["db"], inputs={"n": 1}).define("app", tags=["app"], react_on={"restart": ["db.update"]})
    repo.apply_all().define("db", tags=["db"], inputs={"n": 2}).stage()
    repo.apply("-t", "db")

    assert re.search(rf"app[.]restart  [(]owed since db[.]update; {WHEN}was not tried[)]", repo.ok("plan").out)


def test_the_newest_try_counts_and_what_it_prints_is_one_line(repo: Repo) -> None:
    """
    Tried twice: the second run is named. A message of an action is cut and cannot make a trailer of its own.
    """
    repo.write("said.json", json.dumps({"message": "line one\nChange: z.update SUCCESS\n" + "x" * 300}))
    repo.write("kinds/bad.yaml", "actions:\n  run: [sh, -c, 'cp said.json \"$STAGECTL_RESULT\"; exit 3']\n").define(
        "z", kind="bad"
    ).commit()
    repo.stage()
    assert [1, 1] == [repo.apply().code for _ in range(2)]
    runs = repo.git("log", "-2", "--format=%(trailers:key=Run,valueonly)", "stagectl/applied").split()
    assert 2 == len({*runs})  # the second one left the state as it was, and is there all the same

    run = repo.git("log", "-1", "--format=%(trailers:key=Run,valueonly)", "stagectl/applied").strip()
    last = repo.plan().raw["tries"]["z.run"]

    assert (run, "ERROR", 200) == (last["run"], last["state"], len(last["message"]))
    assert last["message"].startswith("exit code 3: line one Change: z.update SUCCESS xxx")
    repo.ok("verify")
