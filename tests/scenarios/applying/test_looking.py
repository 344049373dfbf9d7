"""`log`, `show`, `status` and `kinds` after an apply."""

from __future__ import annotations

from tests.build import Repo, record
from tests.scenarios.applying.world import APPLIED, failed


def test_log_shows_who_staged_and_applied_what(repo: Repo) -> None:
    """
    Newest first, in text and as JSON; with a name only what is about it, with -n only the newest.
    """
    repo.define("a").apply_all()
    repo.define("b").stage().fail("b.run")
    failed(repo.apply())

    ids = (
        repo.git("log", "--first-parent", "-2", "--format=%H", APPLIED).split()
        + repo.git("log", "-2", "--format=%H", "--", ".staged").split()
    )
    applied2, applied1, staged2, staged1 = ids
    when = "2026-01-01T00:00:00+00:00"
    person = "Ada <ada@example.com>"
    run = repo.git("log", "-1", "--format=%(trailers:key=Run,valueonly)", APPLIED).strip()
    source = repo.git("rev-parse", "HEAD")[:12]
    assert [
        ("apply", applied2, person, ["b.run"]),
        ("apply", applied1, person, ["a.run"]),
        ("stage", staged2, person, ["b.run"]),
        ("stage", staged1, person, ["a.run"]),
    ] == [(e["type"], e["commit"], e["author"], e["changes"]) for e in repo.ok("log", "--json").json()]
    assert (
        f"{applied2[:12]}  {when}  apply  {person}  run {run}, of {source}\n    b.run  ERROR\n"
        f"{staged2[:12]}  {when}  stage  {person}\n    b.run\n"
    ) == repo.ok("log", "b").out
    assert (f"{applied2[:12]}  {when}  apply  {person}  run {run}, of {source}\n    b.run  ERROR\n") == repo.ok(
        "log", "-n", "1"
    ).out


def test_show_prints_one_resource_as_defined_staged_and_applied(repo: Repo) -> None:
    """
    Three different states of one resource, now and --at the commit before.
    """
    record(repo.define("db", inputs={"port": 1}).define("app", tags=["t"], inputs={"db": "${db.port}", "x": 1}))
    repo.define("app", tags=["t"], inputs={"db": "${db.port}", "x": 2}).stage()
    repo.define("app", tags=["u"], inputs={"db": "${db.port}", "x": 3})

    now = repo.ok("show", "app", "--json").json()
    then = repo.ok("show", "app", "--json", "--at", "HEAD~1").json()

    assert [3, 2, 1] == [now[side]["inputs"]["x"] for side in ("defined", "staged", "applied")]
    assert (["u"], ["t"], ["t"]) == tuple(now[side]["tags"] for side in ("defined", "staged", "applied"))
    assert {"db": 1, "x": 2} == now["resolved"]
    assert (["db"], []) == (now["parents"], now["children"])
    assert [1, 1] == [then["defined"]["inputs"]["x"], then["staged"]["inputs"]["x"]]
    assert ["app"] == repo.ok("show", "db", "--json").json()["children"]


def test_show_of_a_name_that_is_nowhere_is_an_error(repo: Repo) -> None:
    """
    With a suggestion.
    """
    record(repo.define("app"))

    assert (
        "error: there is no resource 'apq'; did you mean 'app'?\nhint: the resources there are: app\n"
        == failed(repo.run("show", "apq")).err
    )


def test_status_shows_all_that_is_open(repo: Repo) -> None:
    """
    Not staged, not committed, not applied, unfinished, owed: in text, short and as JSON.
    """
    record(
        repo.define("db", inputs={"x": 1})
        .define("app", react_on={"restart": ["db.update"]})
        .define("web", inputs={"x": 1})
    )
    assert (
        f"Applied: 3 resources, at {repo.git('rev-parse', '--short=12', APPLIED).strip()}.\n"
        "Nothing to do. What is defined is staged, committed and applied.\n"
    ) == repo.ok("status").out
    repo.define("db", inputs={"x": 2}).define("web", inputs={"x": 2}).stage().fail("app.restart", "web.update")
    failed(repo.apply())
    repo.define("new").stage().define("db", inputs={"x": 3})
    repo.write(".staged/new.yaml", repo.read(".staged/new.yaml") + "# edited\n")

    status = repo.ok("status", "--json").json()

    assert {"name": "db", "state": "changed"} in status["unstaged"]
    assert [".staged/new.yaml"] == status["uncommitted"]
    assert [{"id": "new.run", "cause": "staged"}, {"id": "web.update", "cause": "staged"}] == status["pending"]
    assert (["web.update"], ["app.restart"]) == (status["unfinished"], status["owed"])
    assert 3 == status["live"]
    assert repo.git("rev-parse", APPLIED).strip() == status["applied"]
    text, short = repo.ok("status").out, repo.ok("status", "-s").out
    for name in ("changed: db", ".staged/new.yaml", "new.run", "web.update", "app.restart"):
        assert name in text
    assert {"D  db", "S  new.run", "S  web.update", "U  web.update", "O  app.restart"} <= set(short.splitlines())


def test_kinds_lists_the_kinds_and_their_actions(repo: Repo) -> None:
    """
    Those every kind has come first, in text and as JSON.
    """
    assert "plain    run, update, remove\nservice  run, update, remove, restart, test\n" == repo.ok("kinds").out
    assert [
        {"kind": "plain", "handler": "shell", "actions": ["run", "update", "remove"]},
        {"kind": "service", "handler": "shell", "actions": ["run", "update", "remove", "restart", "test"]},
    ] == repo.ok("kinds", "--json").json()
