"""What is said so that people can act: what is named can be selected, and all that is wrong comes in one go."""

from __future__ import annotations

import json

from tests.build import Repo


def test_the_changes_that_a_held_one_needs_can_be_pasted_behind_it(repo: Repo) -> None:
    """
    Of a reader that is in the way, a parent that is missing and a gate that is not done: with them nothing is held.
    """
    repo.define("db", inputs={"v": 1, "w": 1}).define("app", inputs={"x": "${db.w}"}).define("smoke").apply_all()
    repo.define("db", inputs={"v": 1}).define("app", inputs={"x": 2}).define("new", inputs={"x": "${far.v}"})
    repo.define("far", inputs={"v": 1}).define("late", depends_on={"run": ["smoke.test"]}).stage()
    repo.ok("stage", "smoke", "-a", "test")
    needed = {"db.update": ["app.update"], "new.run": ["far.run"], "late.run": ["smoke.test"]}

    for change, needs in needed.items():
        name = change.partition(".")[0]
        (held,) = repo.plan(name).raw["held"]
        assert (change, needs) == (held["id"], held["needs"])
        assert all(need in held["message"] for need in needs)
        plan = repo.plan(name, *needs)
        assert [] == plan.raw["held"] and {change, *needs} <= {*plan.ids}


def test_what_was_moved_is_suggested_under_its_name(repo: Repo) -> None:
    """
    To who reads an old name, and to who mistypes one.
    """
    repo.define("prod/db", inputs={"v": 1}).define("prod/app").apply_all()
    repo.ok("move", "prod/db", "prod/storage")
    repo.ok("apply", "--yes")
    repo.define("prod/web", inputs={"x": "${prod/db.v}"})

    assert "there is no resource 'prod/db'; did you mean 'prod/storage'" in repo.run("stage").err
    repo.delete("prod/web")
    for words in (("plan", "prod/dbb"), ("update", "prod/dbb", "--set", "v=2"), ("show", "prod/dbb")):
        assert "there is no resource 'prod/dbb'; did you mean 'prod/storage'?" in repo.run(*words).err, words


def test_all_that_is_wrong_comes_in_one_go(repo: Repo) -> None:
    """
    A key, a value that its kind refuses, relations and references: of all files, in the order of their places.
    """
    repo.write("kinds/strict.yaml", json.dumps({"inputs": {"properties": {"n": {"type": "integer"}}}}))
    repo.define("a", "strict", inputs={"n": "x"}).define("b", depends_on=["nope"]).define(
        "c", inputs={"y": "${gone.z}"}
    )
    repo.write("resources/d.yaml", "---\nkind: service\nbogus: 1\n---\n").define("e", react_on={"jump": ["a.update"]})

    for verb in ("stage", "validate"):
        said = repo.run(verb).err.splitlines()
        assert [f"resources/{name}.yaml" for name in "abcde"] == [line.partition(":")[0] for line in said], said
        assert ["must be a whole number", "'nope'", "'gone'", "'bogus'", "'jump'"] == [
            next(word for word in ("must be a whole number", "'nope'", "'gone'", "'bogus'", "'jump'") if word in line)
            for line in said
        ]


def test_what_was_half_made_of_another_kind_can_be_applied(repo: Repo) -> None:
    """
    It is removed with the kind that it was tried with, and run with the other one.
    """
    repo.kind("other").define("a", inputs={"v": 1}).stage().commit()
    repo.fail("a.run").apply()

    repo.fail().define("a", "other", inputs={"v": 1}).stage()

    assert [("a.remove", "service"), ("a.run", "other")] == [(c["id"], c["kind"]) for c in repo.plan().raw["changes"]]
    repo.ok("apply", "--yes")
    assert ["a.remove", "a.run"] == repo.log()
    assert "No changes" in repo.ok("plan").out
