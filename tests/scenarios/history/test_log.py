"""`log`: who staged and applied what, from commits, trailers and trees alone; it cannot be forged by a message."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Optional
from unittest import mock

import pytest

from tests.build import ROOT, Repo, made_once

pytestmark = pytest.mark.once

KEYS = ["type", "commit", "author", "date", "subject", "changes", "names"]
STAGE_KEYS = [*KEYS, "unnamed"]
APPLY_KEYS = [*KEYS, "results", "run", "plan", "source", "record_only", "discarded"]


def oid(repo: Repo, revision: str = "HEAD") -> str:
    return repo.git("rev-parse", revision).strip()


def log(repo: Repo, *arguments: str) -> List[Dict[str, Any]]:
    return list(repo.ok("log", "--json", *arguments).json())


def reported(repo: Repo, *arguments: str) -> List[str]:
    """The changes of the entries, the newest first."""
    return [f"{entry['type']} {' '.join(entry['changes'] + entry['names'])}" for entry in log(repo, *arguments)]


@made_once
def applied_twice(repo: Repo) -> Repo:
    """A creation of two, then an update and a restart an hour later, applied."""
    repo.define("db", tags=["data"], inputs={"port": 1}).define("app", tags=["web"], inputs={"p": 1}).apply_all()
    with mock.patch.dict(os.environ, GIT_COMMITTER_DATE="2026-01-01T01:00:00Z"):
        repo.define("db", tags=["data"], inputs={"port": 2}).stage("db").stage("app", "-a", "restart")
        repo.ok("apply", "--yes")
    return repo


@pytest.fixture
def past(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """What was applied twice; the clock goes on."""
    applied_twice(repo)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-01T02:00:00Z")
    return repo


# --- filters


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["apply app.restart db.update", "stage app.restart", "stage db.update", "apply app.run db.run",
              "stage app.run db.run"]),
        (["db"], ["apply db.update", "stage db.update", "apply db.run", "stage db.run"]),
        (["d*"], ["apply db.update", "stage db.update", "apply db.run", "stage db.run"]),
        (["-t", "web"], ["apply app.restart", "stage app.restart", "apply app.run", "stage app.run"]),
        (["-t", "web", "-t", "data", "-n", "1"], ["apply app.restart db.update"]),
        (["--action", "restart"], ["apply app.restart", "stage app.restart"]),
        (["--action", "run", "app"], ["apply app.run", "stage app.run"]),
        (["--action", "run", "-t", "web", "-n", "1"], ["apply app.run"]),
        (["--action", "restart", "db"], []),
        (["--action", "test"], []),
        (["--since", "2025-12-31", "-n", "1"], ["apply app.restart db.update"]),
        (["--since", "2026-01-02"], []),
        (["--since", "2026-01-02", "db"], []),
    ],
)  # fmt: skip
def test_filters_meet_in_one_change(past: Repo, arguments: List[str], expected: List[str]) -> None:
    """
    A name, tags, an action, a date, a number, each alone and together; an entry shows what was asked for.
    """
    assert expected == reported(past, *arguments)


def test_an_empty_answer_says_what_was_looked_for(past: Repo, tmp_path: Path) -> None:
    """
    A new repository has no history; a filter that holds for nothing says so.
    """
    assert "Nothing of that was staged or applied.\n" == past.ok("log", "db", "--action", "restart").out
    assert "Nothing was staged or applied yet.\n" == Repo(tmp_path / "new").ok("log").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bd"], "error: there is no resource 'bd'\nhint: the resources there are: app, db\n"),
        (["z*"], "error: no resource matches 'z*'\nhint: the resources there are: app, db\n"),
        (["-t", "dta"],
         "error: no resource has the tag 'dta'; did you mean 'data'?\nhint: the tags there are: data, web;"
         " one that may match nothing: 'vocabulary' in stagectl.yaml\n"),
        (["--action", "restrat"],
         "error: no kind has an action 'restrat', and none was ever staged or applied; did you mean 'restart'?\n"
         "hint: the actions there are: remove, restart, run, test, update\n"),
        (["--since", "yesterdya"], "error: git does not know the date 'yesterdya'; did you mean 'yesterday'?\n"
         "hint: for example: --since 2026-01-31, '2 days ago'\n"),
        (["--since", ""],
         "error: git does not know the date ''\nhint: for example: --since 2026-01-31, '2 days ago'\n"),
    ],
)  # fmt: skip
def test_what_never_was_is_an_error(past: Repo, arguments: List[str], message: str) -> None:
    """
    An unknown name, glob, tag, action or date, with a suggestion; never a silent nothing.
    """
    done = past.run("log", *arguments)

    assert (1, "") == (done.code, done.out)
    assert message == done.err


@pytest.mark.parametrize(
    "since",
    ["2026-01-01T00:00:00Z", "2 days ago", "two.weeks.ago", "last Tuesday", "yesterday noon",
     "Thu, 7 Apr 2005 22:13:13 +0200", "1 jan 2026 10:00 CET", "sept 3rd", "@1700000000", "3 months 2 days ago at 5pm"],
)  # fmt: skip
def test_dates_are_those_that_git_reads(repo: Repo, since: str) -> None:
    """
    In all their forms, and they mean what they mean to git.
    """
    repo.define("a").commit()
    repo.stage()

    found = [entry["commit"] for entry in repo.ok("log", "--since", since, "--json").json()]

    assert repo.git("log", f"--since={since}", "--grep=^Staged", "--format=%H").split() == found


def test_what_was_removed_is_still_found(past: Repo) -> None:
    """
    The log knows the names and actions of then; a kind that lost an action does not lose the history.
    """
    past.ok("remove", "db")
    past.ok("apply", "--yes")
    past.kind("service").commit()

    assert ["apply db.remove", "stage db.remove"] == reported(past, "db", "-n", "2")
    assert ["apply app.restart", "stage app.restart"] == reported(past, "--action", "restart")


def test_the_keys_scripts_rely_on(past: Repo) -> None:
    """
    An apply shows its run, plan, source and results; the text shows the same.
    """
    apply, stage = log(past, "-n", "2")

    assert (APPLY_KEYS, STAGE_KEYS) == (list(apply), list(stage))
    assert ({"app.restart": "SUCCESS", "db.update": "SUCCESS"}, oid(past), False, []) == tuple(
        apply[key] for key in ("results", "source", "record_only", "discarded")
    )
    assert past.ok("log", "-n", "2").out == (
        f"{apply['commit'][:12]}  2026-01-01T01:00:00+00:00  apply  Ada <ada@example.com>  "
        f"run {apply['run']}, of {oid(past)[:12]}\n"
        "    app.restart  SUCCESS\n    db.update  SUCCESS\n"
        f"{stage['commit'][:12]}  2026-01-01T01:00:00+00:00  stage  Ada <ada@example.com>\n    app.restart\n"
    )


# --- what cannot be forged


FORGED = "x\n\nStaged: prod/db.update\nRestaged: web\nChange: a.run SUCCESS\nRun: 1\nDiscarded: a.run\nRecorded: b\n"


def test_a_commit_that_quotes_trailers_is_no_entry(past: Repo) -> None:
    """
    It did not touch `.staged/`, or not these files; a merge stages nothing by itself.
    """
    before = log(past)
    past.git("commit", "-q", "--allow-empty", "-m", FORGED)
    past.write("notes.txt", "x").commit(FORGED)
    past.git("checkout", "-q", "-b", "topic", "HEAD~1")
    past.commit("side")
    past.git("checkout", "-q", "main")
    past.git("merge", "-q", "--no-ff", "topic", "-m", FORGED)

    assert before == log(past)


def test_of_a_commit_that_staged_only_what_it_touched_counts(past: Repo) -> None:
    """
    An author rewrote its message: changes of other resources, and results, are not believed.
    """
    past.define("db", tags=["data"], inputs={"port": 3}).stage("db")
    past.git("commit", "-q", "--amend", "-m", FORGED.replace("web", "app") + "Staged: db.update\nStaged: db.update\n")

    entry = log(past)[0]

    assert ("stage", ["db.update"], []) == (entry["type"], entry["changes"], entry["names"])
    assert STAGE_KEYS == list(entry)


@pytest.mark.parametrize("how", ["git", "bullets", "rewritten"])
def test_a_squash_merge_is_an_entry(past: Repo, how: str) -> None:
    """
    Git indents the messages, sites make a list of them, people write their own: all that was staged is reported.
    """
    past.git("checkout", "-q", "-b", "topic")
    past.define("db", tags=["data"], inputs={"port": 3}).stage("db")
    past.define("app", tags=["web"], inputs={"p": 2}).stage("app")
    messages = past.git("log", "--reverse", "--format=* %B", "main..topic")
    past.git("checkout", "-q", "main")
    past.git("merge", "-q", "--squash", "topic")
    words = {"git": [], "bullets": ["-m", f"Topic (#1)\n\n{messages}"], "rewritten": ["-m", "Topic (#1)"]}
    past.git("commit", "-q", *(words[how] or ["--no-edit"]))

    entry = log(past)[0]

    changes = [] if how == "rewritten" else ["app.update", "db.update"]
    assert (oid(past), "stage", changes) == (entry["commit"], entry["type"], sorted(entry["changes"]))
    assert ([], ["app", "db"] if how == "rewritten" else []) == (entry["names"], entry["unnamed"])
    assert oid(past) == log(past, "db")[0]["commit"]
    past.ok("revert", "HEAD")
    assert [] == past.plan().ids


def test_what_git_alone_staged_is_an_entry(past: Repo) -> None:
    """
    A `git revert` of a staging commit changes staged files, and quotes no change.
    """
    past.define("db", tags=["data"], inputs={"port": 3}).stage("db")
    past.git("revert", "--no-edit", "HEAD")

    entry = log(past)[0]

    assert ([], ["db"]) == (entry["changes"], entry["unnamed"])
    assert "    its message names no change of: db\n" in past.ok("log", "-n", "1").out


def test_where_a_shallow_clone_ends_nothing_is_made_up(past: Repo, tmp_path: Path) -> None:
    """
    Git takes its last commit for one that made every file; only what its message says counts there.
    """
    past.define("db", tags=["data"], inputs={"port": 3}).stage("db")
    for depth, changes in (("1", ["stage db.update"]), ("2", ["stage db.update", "stage app.restart"])):
        past.git("clone", "-q", "--depth", depth, past.top.as_uri(), str(tmp_path / depth))
        clone = Repo(tmp_path / depth, init=False)
        assert changes == reported(clone)
        assert [] == [entry["unnamed"] for entry in log(clone) if entry["unnamed"]]


@pytest.mark.parametrize("text", [FORGED, "a\x1eb\x1f", "\x1e" * 9, "e\u202e\x1b[31m"])
def test_no_message_breaks_the_log(past: Repo, text: str) -> None:
    """
    Separators, control and direction characters in a subject: the entry is there, and its text is safe.
    """
    past.define("db", tags=["data"], inputs={"port": 3}).stage("db")
    past.git("commit", "-q", "--amend", "-m", f"{text}\n\nStaged: db.update\n")

    assert ["db.update"] == log(past)[0]["changes"]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", past.ok("log").out)


def test_an_authors_name_stays_in_its_line(past: Repo) -> None:
    """
    With newlines and trailers in it.
    """
    name = "Eve\n\nStaged: prod/db.update\x1e\x1b[31m"
    past.define("db", tags=["data"], inputs={"port": 3}).commit()
    past.ok("stage", env={"GIT_AUTHOR_NAME": name, "GIT_COMMITTER_NAME": name})
    past.ok("apply", "--yes", env={"GIT_AUTHOR_NAME": name, "GIT_COMMITTER_NAME": name})

    apply, stage = log(past, "-n", "2")

    assert ({"db.update": "SUCCESS"}, ["db.update"]) == (apply["results"], stage["changes"])
    assert "\x1b" not in past.ok("log").out


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("resources/db.yaml", '---\nkind: service\ntags: ["x\\n\\nStaged: a.run"]\n---\n{}\n'),
        ("resources/db.yaml", '---\nkind: "x\\n\\nStaged: a.run"\n---\n{}\n'),
        ("resources/a\nStaged: b.run.yaml", "---\nkind: service\n---\n{}\n"),
        (".staged/db.yaml", '---\nkind: service\nactions: {"restart\\nStaged: a.run": 1-abcd}\n---\n{}\n'),
        ("kinds/service.yaml", '{"actions": {"x\\nChange": ["true"]}}\n'),
    ],
)  # fmt: skip
def test_no_name_tag_kind_or_action_has_a_newline(repo: Repo, path: str, text: str) -> None:
    """
    They are refused before anything is written, and the message stays in its line.
    """
    repo.write(path, text)

    done = repo.run("stage")

    assert (1, "", []) == (done.code, done.out, log(repo) if path.startswith("resources") else [])
    assert not re.search(r"^(Staged|Change)", done.err, re.MULTILINE)


# --- the same everywhere


def test_another_clone_shows_the_same(past: Repo, tmp_path: Path) -> None:
    """
    With the applied branch as a remote one; merges and side branches are in it.
    """
    past.git("checkout", "-q", "-b", "topic")
    past.define("db", tags=["data"], inputs={"port": 4}).stage("db")
    past.git("checkout", "-q", "main")
    past.commit("main goes on")
    past.git("merge", "-q", "--no-ff", "topic", "-m", "merge topic")
    subprocess.run(["git", "clone", "-q", str(past.top), str(tmp_path / "clone")], check=True)
    clone = Repo(tmp_path / "clone", init=False)

    assert log(past) == log(clone)
    assert ["db.update"] == log(clone)[0]["changes"]


def test_plain_git_shows_the_same_changes(past: Repo) -> None:
    """
    By `git log` with trailers, of the branch for what was staged, of the applied one for what was applied.
    """
    format = "--format=%(trailers:key=Staged,key=Change,valueonly)"
    staged = past.git("log", format, "main").split()
    applied = past.git("log", "--first-parent", format, "stagectl/applied").split("\n")

    entries = log(past)
    assert staged == [change for entry in entries if entry["type"] == "stage" for change in entry["changes"]]
    assert [line for line in applied if line] == [
        f"{change} {state}"
        for entry in entries
        if entry["type"] == "apply"
        for change, state in entry["results"].items()
    ]


def test_settings_of_the_user_change_nothing(past: Repo) -> None:
    """
    How they search and sign their own logs.
    """
    before = log(past)
    for key, value in (("grep.patternType", "fixed"), ("log.showSignature", "true"), ("log.date", "relative")):
        past.git("config", key, value)

    assert before == log(past)


# --- blame


def blame(repo: Repo, name: str) -> Dict[str, Any]:
    """Per path: value, staged in, live value, applied in."""
    rows = repo.ok("log", "--blame", name, "--json").json()
    return {row["path"]: (row["value"], row["staged"], row["live"], row["applied"]) for row in rows}


def put(repo: Repo, name: str, *options: str, apply: bool = True, **inputs: Any) -> Any:
    """Stage inputs, and apply them; returns both commits."""
    staged = repo.define(name, inputs=inputs).stage(name) and oid(repo)
    if apply:
        repo.ok("apply", "--yes", *options)
    return staged, oid(repo, "stagectl/applied") if apply else None


def test_every_value_has_the_commits_it_is_from(repo: Repo) -> None:
    """
    Staged in different commits, recorded only, put back, staged differently than it is live, gone.
    """
    first, one = put(repo, "db", a=1, b=1, c=[1, {"x": 1}], d=1, gone=1)
    second, two = put(repo, "db", "--record-only", a=1, b=2, c=[1, {"x": 2}], d=2, gone=1)
    third, three = put(repo, "db", a=1, b=2, c=[1, {"x": 2}], d=1, gone=1)
    fourth, _ = put(repo, "db", apply=False, a=1, b=3, c=[1, {"x": 2}], d=1, new=1)

    assert blame(repo, "db") == {
        "a": (1, first, 1, one), "b": (3, fourth, 2, two), "c.0": (1, first, 1, one), "c.1.x": (2, second, 2, two),
        "d": (1, third, 1, three), "gone": (None, None, 1, one), "new": (1, fourth, None, None),
    }  # fmt: skip
    assert f"staged {fourth[:12]}  live {two[:12]}  b: 3 (live: 2)\n" in repo.ok("log", "--blame", "db").out
    assert f"staged {'-' * 12}  live {one[:12]}  gone: 1\n" in repo.ok("log", "--blame", "db").out


def test_reverted_and_re_added_values_are_those_of_the_last_time(repo: Repo) -> None:
    """
    A value that was away is new when it comes back, and so is a resource.
    """
    put(repo, "db", a=1)
    put(repo, "db", a=2)
    repo.ok("revert", "HEAD")
    reverted = oid(repo)
    assert blame(repo, "db")["a"][:2] == (1, reverted)
    repo.ok("remove", "db")
    repo.ok("apply", "--yes")

    commit, applied = put(repo, "db", a=1)

    assert {"a": (1, commit, 1, applied)} == blame(repo, "db")


@pytest.mark.parametrize("is_applied", [False, True])
def test_a_moved_resource_keeps_its_past(repo: Repo, is_applied: bool) -> None:
    """
    A rename stages no value.
    """
    first, one = put(repo, "db", a=1, b=1)
    repo.ok("move", "db", "base")
    repo.ok("move", "base", "bottom")
    if is_applied:
        repo.ok("apply", "--yes")
    second, _ = put(repo, "bottom", apply=False, a=1, b=2) if is_applied else (first, None)

    found = blame(repo, "bottom")

    assert (first, second) == (found["a"][1], found["b"][1])
    assert [1, one] == list(found["a"][2:])


def test_a_value_that_is_sensitive_by_now_is_not_shown(repo: Repo) -> None:
    """
    It was staged and applied before its kind said so; neither is what a reader got of it, nor a part of it.
    """
    repo.define("db", inputs={"pw": "hunter2", "all": {"pw": "hunter2"}, "n": 1})
    repo.define("app", inputs={"pw": "${db.pw}"}).apply_all()
    repo.kind("service", sensitive=["pw", "all"])
    repo.define("db", inputs={"pw": "${env:PW}", "n": 1}).stage()

    for name in ("db", "app"):
        for form in ((), ("--json",)):
            said = repo.ok("log", "--blame", name, *form).out
            assert ("hunter2" not in said, True) == (True, "(sensitive)" in said)
    assert "n: 1\n" in repo.ok("log", "--blame", "db").out


def test_a_merge_is_not_blamed_for_what_it_merged(repo: Repo) -> None:
    """
    Two branches each changed a value of one file.
    """
    first, _ = put(repo, "db", a=1, m=0, n=0, o=0, b=1)
    repo.git("checkout", "-q", "-b", "topic")
    side, _ = put(repo, "db", apply=False, a=2, m=0, n=0, o=0, b=1)
    repo.git("checkout", "-q", "main")
    main, _ = put(repo, "db", apply=False, a=1, m=0, n=0, o=0, b=2)
    repo.git("merge", "-q", "--no-ff", "topic", "-m", "merge topic")

    found = blame(repo, "db")

    assert [side, main, first] == [found[key][1] for key in "abm"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--blame", "bd"], 1, "error: there is no resource 'bd'\n"),
        (["--blame", "d*"], 1, "error: 'd*' may be several resources\nhint: --blame takes one, by its full name\n"),
        (["--blame", "db", "-n", "1"], 64, "error: --blame takes one resource, and no filters\n"),
    ],
)  # fmt: skip
def test_a_blame_that_cannot_be_meant_is_an_error(past: Repo, arguments: List[str], code: int, message: str) -> None:
    """
    An unknown name, several, and filters it would ignore.
    """
    done = past.run("log", *arguments)

    assert (code, "") == (done.code, done.out)
    assert message in done.err


# --- docs/audit.md


def audit(question: Optional[str] = None) -> List[str]:
    """The commands that docs/audit.md shows, of one section or all."""
    text = (ROOT / "docs/audit.md").read_text(encoding="utf-8")
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")[1:]}
    chosen = sections.values() if question is None else [sections[question]]
    shown = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [block.strip() for part in chosen for block in shown.findall(part)]


def sh(repo: Repo, command: str) -> str:
    done = subprocess.run(command, shell=True, cwd=repo.root, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


@pytest.mark.parametrize("repo", [""], indirect=True, ids=["top"])  # the page's commands are of such a project
@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("What is live?", ["prod/db.json\n", '"port": 5433', "source: resources/prod/db.yaml"]),
        ("Who put it there, when, and why?", ["prod/db.update SUCCESS", "Ada", "prod/db.update"]),
        ("What is pending?", ["+++ b/.staged/prod/db.yaml", "prod/db.update"]),
        ("Squash merges", ["Ada: stage: prod/db.update", "M\t.staged/prod/db.yaml"]),
        ("What was live last Tuesday?", ['"port": 5432', '-    "port": 5432', '+    "port": 5433']),
    ],
)  # fmt: skip
def test_plain_git_answers(repo: Repo, question: str, answers: List[str]) -> None:
    """
    Every command of docs/audit.md, on a database that was created, updated and is about to be updated again.
    """
    repo.define("prod/db", inputs={"port": 5432}).commit()
    repo.ok("stage", env={"GIT_COMMITTER_DATE": "2025-01-01T00:00:00Z"})
    repo.ok("apply", "--yes", env={"GIT_COMMITTER_DATE": "2025-01-01T00:00:00Z"})
    repo.define("prod/db", inputs={"port": 5433}).stage()
    repo.ok("apply", "--yes", env={"GIT_COMMITTER_DATE": "2099-01-01T00:00:00Z"})
    repo.define("prod/db", inputs={"port": 5434}).stage()

    said = "".join(sh(repo, command) for command in audit(question))

    assert [answer for answer in answers if answer not in said] == []


@pytest.mark.parametrize("repo", [""], indirect=True, ids=["top"])  # the page's commands are of such a project
def test_bisect_finds_the_apply_that_broke_it(repo: Repo) -> None:
    """
    On the applied branch, where every commit is an apply; the words are those of docs/audit.md.
    """
    commits = []
    for port in (1, 2, 5433, 5434, 5435):
        repo.define("prod/db", inputs={"port": port}).stage().ok("apply", "--yes")
        commits.append(oid(repo, "stagectl/applied"))
    script = audit("Which apply broke it?")[0]

    check = "sh -c '! grep -q 543 .applied/prod/db.json'"
    said = sh(repo, script.replace("GOOD", commits[0]).replace("./check.sh", check))

    assert f"{commits[2]} is the first bad commit" in said
