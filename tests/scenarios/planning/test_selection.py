"""Rules 2 and 3: the selection, and the target universe, into which no unselected edit leaks."""

from __future__ import annotations

from tests.scenarios.planning.world import at, error


def test_tags_and_names_choose_among_the_staged_changes(repo):
    """
    Rule 2: names and -t intersect, several of a kind mean or; what is not selected is pending.
    """
    for name, tag in (("a", "prod"), ("b", "prod"), ("c", "dev")):
        repo.define(name, tags=[tag])
    repo.stage()

    assert ["a.run", "b.run"] == repo.plan("-t", "prod").ids
    assert ["a.run", "b.run", "c.run"] == repo.plan("-t", "prod", "-t", "dev").ids
    assert ["b.run", "c.run"] == repo.plan("b", "c").ids
    both = repo.plan("b", "c", "-t", "prod")
    assert (["b.run"], ["a.run", "c.run"]) == (both.ids, both.raw["pending"])


def test_the_staged_tags_count_and_the_applied_ones_of_what_goes(repo):
    """
    Rule 2: moved was dev when it was applied; gone has no staged tags any more.
    """
    repo.define("moved", tags=["dev"]).define("gone", tags=["prod"]).define("other", tags=["dev"]).apply_all()
    repo.define("moved", tags=["prod"], inputs={"a": 1}).define("other", tags=["dev"], inputs={"a": 1}).delete(
        "gone"
    ).stage()

    plan = repo.plan("-t", "prod")

    assert ["gone.remove", "moved.update"] == plan.ids
    assert ["other.update"] == plan.raw["pending"]


def test_everything_in_a_selection_has_to_exist(repo):
    """
    Rule 2: names, globs, tags and keys, also after `not`; an empty intersection is an error, never an empty plan.
    """
    repo.define("db", tags=["prod", "tier=data"]).define("x/web", tags=["dev"]).stage()
    names = "hint: the resources there are: db, x/web\n"
    tags = "hint: the tags there are: dev, prod, tier=data\n"
    cases = {
        "+dbb": f"error: there is no resource 'dbb'; did you mean 'db'?\n{names}",
        "y/**": f"error: no resource matches 'y/**'\n{names}",
        "-t | not prd": f"error: no resource has the tag 'prd'; did you mean 'prod'?\n{tags}",
        "-t | not teir=*": f"error: no resource has the tag 'teir=*'; did you mean 'tier=*'?\n{tags}",
    }

    for arguments, message in cases.items():
        assert message == error(repo, *arguments.split(" | ")), arguments
    assert error(repo, "db", "-t", "dev").startswith("error: no resource matches db and -t 'dev'\n")
    assert error(repo, "-t", "dev and prod").startswith("error: no resource matches -t 'dev and prod'\n")


def test_an_unselected_edit_never_leaks_into_a_plan(repo):
    """
    Rule 3: app, and a new reader, see the applied port as long as db's edit is not selected.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"p": "${db.port}", "own": 1}).apply_all()
    repo.define("db", inputs={"port": 2}).define("app", inputs={"p": "${db.port}", "own": 2})
    repo.define("new", inputs={"p": "${db.port}"}).stage()

    plan = repo.plan("app", "new")

    assert ["app.update", "new.run"] == plan.ids
    assert [at("own", 1, 2)] == plan.change("app.update")["diff"]
    assert [at("p", None, 1, "add")] == plan.change("new.run")["diff"]
    assert ["db.update"] == plan.raw["pending"]


def test_an_unselected_removal_never_leaks_into_a_plan(repo):
    """
    Rule 3: db goes and app stops reading it; app alone still plans, with db as applied.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"p": "${db.port}"}).define(
        "web", inputs={"p": "${app.p}"}
    ).apply_all()
    repo.define("app", inputs={"p": 7}).delete("db").stage()

    plan = repo.plan("app")

    assert ["app.update", "web.update"] == plan.ids
    assert ["db.remove"] == plan.raw["pending"]
