"""What comes back says what became of it: in which run, when, and how it failed."""

from __future__ import annotations

import json
import re
from typing import Mapping, Sequence, Tuple

from tests.build import Repo
from tests.scenarios.planning.world import Step, happen, of

WHEN = r"in run 2[0-9TZ]+-[0-9a-f]+ of 2026-01-01T00:00:00[+]00:00 it "
ERROR = "WHENended ERROR: exit code 3"
STORY: Sequence[Tuple[Sequence[Step], Mapping[str, str]]] = [
    (
        ["fail z.update app.restart"],
        {"z.update": f"staged; {ERROR}", "app.restart": f"owed since db.update; {ERROR}"},
    ),
    (["discard z"], {"z.update": f"an earlier update did not succeed; {ERROR}"}),
    (["apply --yes", {"db": of("db", n=3)}, "fail db.update"], {"app.restart": "reacts on db.update"}),
    (["fail app.update"], {"app.restart": "owed since db.update; WHENended SKIPPED"}),
    (["move app new"], {"new.update": f"; {ERROR}"}),
    (
        ["apply --yes", {"db": of("db", n=4)}, "apply --yes -t db"],  # out of the run's scope
        {"new.restart": "owed since db.update; WHENwas not tried"},
    ),
]


def test_every_view_says_what_was_tried(repo: Repo) -> None:
    """
    Text, comment, annotation and --explain say it; JSON has it beside the plan, which has the same id without it.
    """
    repo.define("db", tags=["db"], inputs={"n": 1}).define("z", inputs={"n": 1})
    repo.define("app", tags=["app"], inputs={"db": "${db.n}"}, react_on={"restart": ["db.update"]}).apply_all()
    happen(repo, {"db": of("db", n=2), "z": of(n=2)})
    for steps, expected in STORY:
        happen(repo, *steps)
        views = [repo.ok("plan", *words).out.replace("%3A", ":") for words in ([], ["--format", "github"])]
        comment = repo.ok("plan", "--format", "markdown").out.replace("`", "")
        tries = repo.plan().raw.get("tries", {})
        repo.ok("plan", "--out", "saved.json")
        assert 0 == repo.run("show", "saved.json").code
        for change, said in expected.items():
            pattern = re.escape(said).replace("WHEN", WHEN)
            explained = repo.ok("plan", "--explain", change.partition(".")[0]).out
            for shown in (*views, explained):
                assert re.search(rf"{change}.*{pattern}", shown), shown
            assert re.search(rf"\| {change} \|.*{pattern} \|", comment), comment
            assert ("WHEN" in said) == (change in tries)
            if "ended " in said:
                last = tries[change]
                assert [last["state"], last["message"]] == (said.rpartition("ended ")[2].split(": ") + [""])[:2]


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
