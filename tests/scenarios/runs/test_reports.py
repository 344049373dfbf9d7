"""`report` shows a run's states, times and outputs, while it runs and afterwards."""

from __future__ import annotations

import re
import time

import pytest

from stagectl.adapters.running.processes import living
from tests.build import PATIENCE, Repo
from tests.scenarios.runs.world import (
    APPLIED,
    GATE,
    RUN,
    chain,
    events,
    failed,
    going,
    let_go,
    newest,
    plain,
    runs,
    script,
    staged,
    states,
    until,
)

pytestmark = pytest.mark.once


def test_a_report_shows_state_times_and_the_output_of_what_failed(repo: Repo) -> None:
    """
    In text: a line per change, the last lines of a failure, time beside the longest chain, the next command.
    """
    chain(repo.define("d")).fail("b.run")
    run = RUN.search(failed(repo.apply()).out)
    assert run is not None

    assert plain(repo.ok("report").out) == (
        "Run RUN: incomplete, by Ada <ada@example.com>, of commit COMMIT\n"
        "  ERROR      b.run  at TIME, TIME  exit code 3\n"
        "      no luck with b.run\n"
        "  SUCCESS    a.run  at TIME, TIME\n"
        "  SKIPPED    c.run  after b.run\n"
        "  SUCCESS    d.run  at TIME, TIME\n"
        "Took TIME; the longest chain of changes TIME.\n"
        "Next: stagectl retry RUN\n"
    )
    assert repo.ok("report").out == repo.ok("report", run.group()).out == repo.ok("report", run.group()[:-1]).out
    assert repo.ok("report").out == repo.ok("report", "--format", "text").out


def test_a_report_for_scripts_is_one_document(repo: Repo) -> None:
    """
    With the keys that scripts may rely on, and the times of what ran.
    """
    chain(repo).fail("b.run")
    failed(repo.apply())

    report = repo.ok("report", "--json").json()

    assert report == repo.ok("report", "--format", "json").json()
    assert report["run"] == newest(repo)
    assert (report["state"], report["by"], report["retries"]) == ("incomplete", "Ada <ada@example.com>", None)
    assert report["source"] == repo.git("rev-parse", "HEAD").strip()
    assert report["commit"] == repo.git("rev-parse", APPLIED).strip()
    assert [(change["id"], change["state"]) for change in report["changes"]] == [
        ("a.run", "SUCCESS"),
        ("b.run", "ERROR"),
        ("c.run", "SKIPPED"),
    ]
    a, b, c = report["changes"]
    assert (b["message"], b["output"], c["message"]) == ("exit code 3", ["no luck with b.run"], "after b.run")
    assert a["started"] and b["started"] and c["started"] is None
    assert 0 < a["seconds"] + b["seconds"] == pytest.approx(report["critical_path_seconds"], abs=0.01)
    assert report["critical_path_seconds"] < report["seconds"]


def test_a_report_as_markdown_is_a_comment_of_what_failed_and_what_is_left(repo: Repo) -> None:
    """
    What failed comes first, with its last lines, which end no block; what was skipped for it; then every change.
    """
    script(repo, "odd", "echo '```'; echo '<b>|no luck'; exit 3")
    chain(repo.define("d", "odd")).fail("b.run")
    failed(repo.apply())

    text = plain(repo.ok("report", "--format", "markdown").out)

    assert re.sub("plan id: `[0-9a-f]{64}`", "plan id: `ID`", text) == (
        "### Applied: 1 SUCCESS, 2 ERROR, 1 SKIPPED\n\n"
        "- run `RUN`: incomplete, by `Ada <ada@example.com>`, of commit `COMMIT`\n"
        "- plan id: `ID`\n"
        "- applied commit: `COMMIT`\n\n"
        "**ERROR** `b.run`: `exit code 3`\n\n```text\nno luck with b.run\n```\n\n"
        "**ERROR** `d.run`: `exit code 3`\n\n````text\n```\n<b>|no luck\n````\n\n\n"
        "- **SKIPPED** after `b.run`: `c.run`\n\n"
        "<details><summary>4 changes</summary>\n\n"
        "| change | state | took |\n| --- | --- | --- |\n"
        "| `a.run` | SUCCESS | TIME |\n| `b.run` | ERROR | TIME |\n"
        "| `c.run` | SKIPPED |  |\n| `d.run` | ERROR | TIME |\n\n"
        "</details>\n\n"
        "What did not succeed stays pending, and is in the next plan. Mend it, and open a pull request with that;\n"
        "to try the same again, run the plan of what is left by hand.\n"
    )
    assert failed(repo.run("report", "--format", "markdown", "--json"), 64).err == (
        "error: --json and --format markdown exclude each other\nhint: leave one of them out\n"
    )


def test_a_report_as_markdown_of_a_run_that_succeeded_leaves_nothing_to_do(repo: Repo) -> None:
    """
    Once the failure is retried the report of the new run has no failure and no next step.
    """
    chain(repo).fail("b.run")
    failed(repo.apply())
    (repo.root / "fail").unlink()
    repo.ok("retry")

    text = repo.ok("report", newest(repo), "--format", "markdown").out

    assert text.startswith("### Applied: 2 SUCCESS\n")
    assert "ERROR" not in text and "SKIPPED" not in text and text.endswith("</details>\n")


def test_a_report_of_a_run_that_is_not_there_names_those_that_are(repo: Repo) -> None:
    """
    Nothing applied, an unknown id, and one that begins several.
    """
    assert failed(repo.run("report")).err == (
        "error: nothing was applied from here yet\nhint: runs of others: stagectl log\n"
    )
    staged(repo.define("a")).ok("apply", "--yes")
    run = newest(repo)
    staged(repo.define("b")).ok("apply", "--yes")

    for command in ("report", "retry", "stop"):
        assert failed(repo.run(command, "2001")).err == (
            f"error: there is no run '2001' here\nhint: the newest ones: {newest(repo)}, {run}; "
            "runs of others: stagectl log\n"
        )
        assert failed(repo.run(command, "2")).err == (
            f"error: several runs begin with '2': {newest(repo)}, {run}\nhint: say more of the id\n"
        )


def test_the_newest_run_is_the_one_that_began_last(repo: Repo) -> None:
    """
    Five runs within a second: ids sort as runs began, so `report`, `retry` and recovery mean the last one.
    """
    staged(repo.define("a"))
    began = []
    for _ in range(5):
        repo.ok("apply", "--yes", "--record-only")
        began.append(newest(repo))
        staged(repo.define("a", inputs={"x": len(began)}))

    assert began == sorted(set(began))
    assert [repo.ok("report", "--json").json()["run"]] == began[-1:]


def test_only_the_newest_runs_are_kept(repo: Repo) -> None:
    """
    30 of them; one that was left open, however old its name, is recovered and closed before it may go.
    """
    staged(repo.define("a")).ok("apply", "--yes", "--record-only")
    run = runs(repo) / newest(repo)
    for number in range(40):
        old = runs(repo) / f"20200101T0000{number:02}Z-000000"
        old.mkdir()
        for name in ("run.json", "journal"):
            (old / name).write_bytes((run / name).read_bytes() if number or name == "run.json" else b"")

    done = staged(repo.define("b")).ok("apply", "--yes", "--record-only")

    kept = sorted(path.name for path in runs(repo).iterdir())
    assert "run 20200101T000000Z-000000 was interrupted" in done.err
    assert len(kept) == 30 and kept[0] == "20200101T000012Z-000000"


def test_report_follows_a_run_until_it_ends(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    While it goes on the state is running; --follow shows of every end, then reports.
    """
    chain(repo, "gate")
    with going(repo, 1) as process:
        assert states(repo) == {"a.run": "INPROGRESS", "b.run": "PENDING", "c.run": "PENDING"}
        assert repo.ok("report").out.startswith(f"Run {newest(repo)}: running, by Ada")
        sleep = time.sleep
        monkeypatch.setattr(time, "sleep", lambda seconds: (repo.write("go", ""), sleep(seconds)))  # it follows now
        ran = repo.ok("report", "--follow")
        assert let_go(repo, process).code == 0

    assert "a.run: SUCCESS\n" in ran.err
    assert ran.err.endswith("c.run: SUCCESS\n")
    assert ran.out.startswith(f"Run {newest(repo)}: done, by Ada")


def test_a_report_has_what_was_printed_so_far(repo: Repo) -> None:
    """
    Of what runs, with the time since it started; and of what was killed with stagectl, with the time that is known.
    """
    script(repo, "gate", f"echo half way; {GATE}")
    staged(repo.define("a", "gate"))
    with going(repo, 1) as process:
        until(lambda: repo.ok("report", "--json").json()["changes"][0]["output"])  # kept once stagectl has read it
        report = repo.ok("report", "--json").json()
        assert (report["state"], report["changes"][0]["output"]) == ("running", ["half way"])
        assert report["seconds"] >= report["critical_path_seconds"] == report["changes"][0]["seconds"] > 0
        assert plain(repo.ok("report").out).endswith(
            "  INPROGRESS a.run  at TIME, TIME\n      half way\n"
            "Has been going on for TIME; the longest chain of changes TIME.\n"
        )
        process.kill()
        process.wait(PATIENCE)
    until(lambda: not living(runs(repo) / newest(repo)))

    assert "  UNKNOWN    a.run  at TIME  its end was not seen\n      half way\n" in plain(repo.ok("report").out)
    report = repo.ok("report", "--json").json()
    assert report["changes"][0]["output"] == ["half way"]
    assert report["seconds"] == repo.ok("report", "--json").json()["seconds"], "its time does not go on"


def test_a_kind_with_noisy_actions_does_not_fill_the_disk(repo: Repo) -> None:
    """
    50 MB without one newline: 1 MiB is kept, a report shows 16 KiB, and it takes no memory to speak of.
    """
    script(repo, "noisy", "head -c 50000000 /dev/zero | tr '\\0' x; echo; echo the end; exit 1")
    staged(repo.define("a", "noisy"))

    failed(repo.apply())

    change = repo.ok("report", "--json").json()["changes"][0]
    assert change["output"][-1] == "the end"
    assert sum(map(len, change["output"])) <= 16 * 1024
    kept = runs(repo) / newest(repo) / "output/a.run.log"
    assert 1024 * 1024 <= kept.stat().st_size <= 1024 * 1024 + 100
    assert kept.read_text().endswith("\n... more output was not kept\n")


def test_bytes_that_are_no_text_are_reported(repo: Repo) -> None:
    """
    Invalid UTF-8 and control characters, in the report, the events and the journal.
    """
    script(repo, "odd", "printf 'a\\377\\033[1mb\\r\\n'; exit 1")
    staged(repo.define("a", "odd"))

    failure = next(event for event in events(failed(repo.apply("--json"))) if event["type"] == "change_failed")

    assert failure["output"] == repo.ok("report", "--json").json()["changes"][0]["output"] == ["a\ufffd\x1b[1mb"]
    assert "      a\ufffd\\u001b[1mb\n" in repo.ok("report").out


def test_outputs_of_changes_that_run_together_are_kept_apart(repo: Repo) -> None:
    """
    Four actions print 200 lines each at the same time, half a line at once.
    """
    half = 'printf "$STAGECTL_RESOURCE "; echo "$i"'
    script(repo, "talker", f"i=0; while [ $i -lt 200 ]; do {half}; i=$((i + 1)); done")
    for name in ("a", "b", "c", "d"):
        repo.define(name, "talker")
    staged(repo).ok("apply", "--yes")

    folder = runs(repo) / newest(repo) / "output"
    for name in ("a", "b", "c", "d"):
        assert (folder / f"{name}.run.log").read_text() == "".join(f"{name} {i}\n" for i in range(200))


def test_a_secret_in_a_line_without_end_is_blacked_out(repo: Repo) -> None:
    """
    Wherever in a long line it stands, also where that is cut into pieces.
    """
    script(repo, "leak", 'yes "12345$TOKEN" | tr -d "\\n" | head -c 700000')
    repo.define("a", "leak", inputs={"token": "${env:TOKEN}"})
    staged(repo).ok("apply", "--yes", env={"TOKEN": "sésame-open"})

    kept = (runs(repo) / newest(repo) / "output/a.run.log").read_text()

    assert kept.count("(sensitive)") > 30_000
    assert not re.search("s[eé]same|same-|-open", kept.rstrip("\n")[:-20])
