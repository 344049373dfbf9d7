"""What a promotion asks for before it stages anything."""

from __future__ import annotations

from typing import Callable, Dict, List

import pytest

from stagectl.adapters import yamlfile
from tests.build import Repo, made_once


@pytest.fixture
@made_once
def both(repo: Repo) -> Repo:
    """app, a test that reacts on it, and what app reads, in staging and prod; all applied."""
    for folder in ("staging", "prod"):
        repo.define(f"{folder}/db", inputs={"v": 1})
        repo.define(f"{folder}/app", inputs={"v": 1, "db": "${./db.v}"})
        repo.define(f"{folder}/smoke", react_on={"test": ["./app.update"]})
    return repo.apply_all()


def owed(repo: Repo) -> None:
    repo.ok("update", "staging/app", "--set", "v=2")
    repo.fail("staging/smoke.test").run("apply", "--yes")


def unfinished(repo: Repo) -> None:
    repo.ok("update", "staging/db", "--set", "v=2")
    repo.ok("update", "staging/app", "--set", "v=2")
    repo.ok("apply", "staging/app", "--yes")
    repo.fail("staging/db.update").run("apply", "--yes")


def staged_by_name(repo: Repo) -> None:
    repo.ok("update", "staging/app", "--set", "v=2")
    repo.apply()
    repo.ok("stage", "staging/app", "-a", "restart")


@pytest.mark.parametrize(
    ("make", "named"),
    [(owed, "staging/smoke.test"), (unfinished, "staging/db.update"), (staged_by_name, "staging/app.restart")],
)
def test_what_did_not_succeed_is_not_promoted(both: Repo, make: Callable[[Repo], None], named: str) -> None:
    """
    The error names it and nothing is committed; --unverified promotes, and the commit says what was open.
    """
    make(both)
    head = both.git("rev-parse", "HEAD")

    refused = both.run("promote", "staging", "prod")

    assert (1, True) == (refused.code, f"not verified: {named} did not succeed yet" in refused.err)
    assert head == both.git("rev-parse", "HEAD")
    both.ok("promote", "staging", "prod", "--unverified")
    body = both.git("log", "-1", "--format=%B")
    tip = both.git("rev-parse", "stagectl/applied").strip()
    assert f"Unverified: {named}" in body
    assert f"Promotes: {tip}" in body


def test_what_is_open_elsewhere_is_no_hindrance(both: Repo) -> None:
    """
    A debt of something that is neither taken nor waited for: the promotion goes on.
    """
    both.define("staging/other", react_on={"test": ["prod/db.update"]}).apply_all()
    both.ok("update", "prod/db", "--set", "v=9")
    both.fail("staging/other.test").run("apply", "--yes")
    both.ok("update", "staging/app", "--set", "v=2")
    both.run("apply", "staging/app", "--yes")

    both.ok("promote", "staging", "prod", "app")

    assert "prod/app.update" in both.plan().ids


def test_what_is_new_gets_values_of_its_own(both: Repo) -> None:
    """
    Overrides and what reads the environment are listed; given, they are the target's, and the list is kept.
    """
    both.define("staging/web", inputs={"port": 1, "size": 2, "who": "${env:USER_NAME}"}, overrides=["port"])
    both.commit()
    both.stage()
    both.run("apply", "--yes", env={"USER_NAME": "x"})

    refused = both.run("promote", "staging", "prod")
    assert "  prod/web.port\n  prod/web.who\n" in refused.err
    assert "stagectl promote staging prod --set 'prod/web.port=...' --set 'prod/web.who=...'" in refused.err
    words = ("web*", "--create", "--unverified", "--set", "prod/web.who=me and you")
    assert both.run("promote", "staging", "prod", *words).err.endswith(
        "hint: stagectl promote staging prod 'web*' --unverified --create"
        " --set 'prod/web.who=me and you' --set 'prod/web.port=...'\n"
    )
    both.ok("promote", "staging", "prod", "--set", "prod/web.port=80", "--set", "web.who=${env:PROD_NAME}")

    found: Dict[str, object] = {one["path"]: one["after"] for one in both.plan().change("prod/web.run")["diff"]}
    assert {"port": 80, "size": 2, "who": "${env:PROD_NAME}"} == found
    assert "overrides" in both.read("resources/prod/web.yaml")
    assert 64 == both.run("promote", "staging", "prod", "--set", "wbe.port=1").code


def test_a_rename_is_promoted_as_one(both: Repo) -> None:
    """
    Nothing is removed or run: what prod has under the old name goes on under the new one, and its readers follow.
    """
    both.define("prod/reader", inputs={"x": "${prod/db.v}"}).apply_all()
    both.ok("move", "staging/db", "staging/sql")
    both.apply()

    both.ok("promote", "staging", "prod")

    assert ([], [{"from": "prod/db", "to": "prod/sql"}]) == (both.plan().ids, both.plan().raw["moved"])
    assert "${prod/sql.v}" in both.read("resources/prod/reader.yaml")


# New name -> old one, in the source.
EXCHANGES = {
    "a swap": {"a": "b", "b": "a"},
    "two swaps": {"a": "b", "b": "a", "c": "d", "d": "c"},
    "a swap and a ring": {"a": "b", "b": "a", "c": "d", "d": "e", "e": "c"},
    "a swap and a chain": {"a": "b", "b": "a", "f": "c", "c": "d"},
}


@pytest.mark.once
@pytest.mark.parametrize("moves", EXCHANGES.values(), ids=EXCHANGES)
def test_names_that_are_exchanged_are_exchanged_in_the_target(repo: Repo, moves: Dict[str, str]) -> None:
    """
    At once, each with the values that it keeps; nothing runs, readers follow, and a second time nothing is to do.
    """
    for folder in ("staging", "prod"):
        for number, name in enumerate("abcde"):
            repo.define(f"{folder}/{name}", inputs={"n": number, "own": folder}, overrides=["own"])
        repo.define(f"{folder}/reader", inputs={name: f"${{./{name}.n}}" for name in "abcde"})
    repo.apply_all()
    texts = {name: repo.read(f"resources/staging/{name}.yaml") for name in "abcde"}
    new_names = {old: new for new, old in moves.items()}
    for old in moves.values():
        repo.delete(f"staging/{old}")
    for new, old in moves.items():
        text = texts[old].replace("kind:", f"moved_from: staging/{old}\nkind:")
        repo.write(f"resources/staging/{new}.yaml", text)
    inputs = {name: f"${{./{new_names.get(name, name)}.n}}" for name in "abcde"}
    repo.define("staging/reader", inputs=inputs).stage().ok("apply", "--yes")

    repo.ok("promote", "staging", "prod")

    plan = repo.plan()
    moved = [{"from": f"prod/{old}", "to": f"prod/{new}"} for new, old in moves.items()]
    assert ([], sorted(moved, key=str)) == (plan.ids, sorted(plan.raw["moved"], key=str))
    repo.ok("apply", "--yes")
    for new, old in moves.items():
        assert {"n": "abcde".index(old), "own": "prod"} == repo.applied(f"prod/{new}")["inputs"]
    assert "No changes" in repo.ok("plan").out
    assert "Nothing" in repo.ok("promote", "staging", "prod").out


def test_a_misspelt_target_is_no_new_environment(both: Repo) -> None:
    """
    The error suggests the one that is meant; --create means a new one.
    """
    refused = both.run("promote", "staging", "prd")

    assert refused.err == "error: there is no folder 'prd'; did you mean 'prod'?\nhint: a new one takes --create\n"
    both.ok("promote", "staging", "prd", "--create")


SHAPES: List[object] = [{"a": 1}, [], [{"host": "s"}, {"host": "t"}], "text"]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_an_override_in_a_list_is_kept_whole_or_named(repo: Repo, shape: object) -> None:
    """
    Where the source has no such entry, or no list, the error names the override and nothing is written.
    """
    repo.define("staging/db", inputs={"urls": shape})
    repo.define("prod/db", inputs={"urls": [{"host": "p", "port": 1}]}, overrides=["urls.0.host"]).apply_all()
    before = repo.read("resources/prod/db.yaml")

    done = repo.run("promote", "staging", "prod")

    if done.code:
        assert "urls.0.host" in done.err
        assert before == repo.read("resources/prod/db.yaml")
    else:
        body = yamlfile.load(repo.read("resources/prod/db.yaml").encode())[1]
        assert [{"host": "p"}, {"host": "t"}] == body["inputs"]["urls"]
