"""Variables are filled in when an action runs, and secrets are never shown."""

from __future__ import annotations

import re

from tests.build import Repo, record
from tests.scenarios.applying.world import a_kind, failed, refused, shown


def test_an_unset_variable_stops_before_the_first_action(repo: Repo) -> None:
    """
    a would run first and reads no variable: it does not run either. --record-only needs none.
    """
    repo.define("a").define("b", depends_on=["a"], inputs={"x": "${env:PW}", "y": "u:${env:USER_X}"}).commit()
    repo.stage()

    assert (
        "error: not set in the environment: PW (read by b), USER_X (read by b)\n"
        "hint: set what the inputs read with ${env:...}\n"
    ) == refused(repo, "--yes")
    repo.ok("apply", "--yes", "--record-only")
    assert [] == repo.log()


def test_a_variable_reaches_the_action_and_nothing_else(repo: Repo) -> None:
    """
    Filled in for the action, through references too; not in any object of the repository, nor in any output.
    """
    a_kind(repo, "seen", "cat >> actions.log")
    repo.define("a", "seen", inputs={"token": "${env:TOKEN}", "url": "http://${env:TOKEN}@h"})
    repo.define("b", "seen", inputs={"t": "${a.token}"}).commit()
    repo.stage()
    env = {"TOKEN": "hunter2hunter2"}

    ran = repo.ok("apply", "--yes", env=env)

    assert '{"token": "hunter2hunter2", "url": "http://hunter2hunter2@h"}{"t": "hunter2hunter2"}' == repo.read(
        "actions.log"
    )
    everything = (
        ran.out
        + ran.err
        + "".join(repo.ok(*command, env=env).out for command in (["show", "a"], ["show", "b", "--json"], ["log"]))
    )
    assert "hunter2" not in everything
    blobs = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").splitlines()
    for blob in (line.split()[0] for line in blobs if line.endswith("blob")):
        assert "hunter2" not in repo.git("cat-file", "blob", blob)
    assert [] == [path for path in (repo.top / ".git").rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]


def test_a_secret_that_an_action_prints_is_not_printed_by_apply(repo: Repo) -> None:
    """
    The last lines of a failed action are shown, but not the value of a variable in them.
    """
    a_kind(repo, "leak", "cat; exit 1")
    repo.define("a", "leak", inputs={"user": "ada", "token": "${env:TOKEN}"}).commit()

    ran = failed(repo.stage().run("apply", "--yes", env={"TOKEN": "hunter2hunter2"}))

    assert "ada" in ran.err, "what is no secret is shown"
    assert "hunter2" not in ran.out + ran.err


def test_a_changed_variable_affects_nothing(repo: Repo) -> None:
    """
    It is stored unexpanded, so another value is no difference.
    """
    record(repo.define("a", inputs={"x": "${env:X}"}))

    assert "No changes. The applied state matches what is staged.\n" == repo.ok("plan", env={"X": "other"}).out


def test_a_literal_cannot_imitate_a_variable(repo: Repo) -> None:
    """
    `${env:X}` and `$${env:X}` differ in the state, in what the action gets, and in what the plan shows.
    """
    a_kind(repo, "seen", "cat >> actions.log")
    record(repo.define("v", "seen", inputs={"x": "${env:X}"}).define("l", "seen", inputs={"x": "$${env:X}"}))
    assert shown(repo, "v") != shown(repo, "l")
    assert {"inputs": {"x": "${env:X}"}} == repo.applied("l"), "a plain value is plain JSON"

    repo.define("v", "seen", inputs={"x": "$${env:X}"}).define("l", "seen", inputs={"x": "${env:X}"}).stage()
    assert ["l.update", "v.update"] == sorted(repo.plan().ids)
    reviewed = repo.plan("v").raw["plan_id"]

    repo.ok("apply", "--expect", reviewed, "v", env={"X": "value"})
    assert '{"x": "${env:X}"}' == repo.read("actions.log")
    repo.ok("apply", "--yes", "l", env={"X": "value"})
    assert '{"x": "${env:X}"}{"x": "value"}' == repo.read("actions.log")


def test_a_literal_in_a_variables_place_is_another_plan(repo: Repo) -> None:
    """
    Who reviewed the variable has not reviewed the literal that looks like it.
    """
    repo.define("a", inputs={"x": "${env:X}"}).commit()
    reviewed = repo.stage().plan().raw["plan_id"]
    repo.define("a", inputs={"x": "$${env:X}"}).stage()

    assert "the plan is not the one that was reviewed" in refused(repo, "--expect", reviewed)


def test_a_reviewer_sees_whether_a_value_is_a_literal_or_a_variable(repo: Repo) -> None:
    """
    From a variable to the literal text: the plan does not show the same value on both sides.
    """
    record(repo.define("a", inputs={"x": "${env:X}"}))
    repo.define("a", inputs={"x": "$${env:X}"}).stage()

    (entry,) = repo.plan().change("a.update")["diff"]
    before, after = re.search(r"x: (.*) -> (.*)\n", repo.ok("plan").out).groups()  # type: ignore[union-attr]

    assert before != after
    assert entry["before"] != entry["after"]


def test_a_sensitive_value_is_never_shown(repo: Repo) -> None:
    """
    The input and whatever reads it, before and after: null with "sensitive" in JSON, a word in text.
    """
    repo.kind("safe", sensitive=["password"])
    record(repo.define("a", "safe", inputs={"password": "${env:OLD}"}).define("b", inputs={"u": "x:${a.password}"}))
    repo.define("a", "safe", inputs={"password": "${env:NEW}"}).stage()

    plan, text = repo.plan(), repo.ok("plan").out

    for change, path in (("a.update", "password"), ("b.update", "u")):
        (entry,) = plan.change(change)["diff"]
        assert {"path": path, "op": "replace", "before": None, "after": None, "sensitive": True} == entry
    assert "OLD" not in text and "NEW" not in text
    assert "password: (sensitive)\n" in text
    assert {"password": None} == repo.ok("show", "a", "--json").json()["staged"]["inputs"]
