"""`remove` names the readers and both ways out."""

from __future__ import annotations

from tests.build import Repo


def test_removing_a_parent_names_the_readers_and_both_ways_out(shop: Repo) -> None:
    """
    Nothing is removed by accident.
    """
    done = shop.run("remove", "db")

    assert done.err == (
        "error: db cannot be removed: app still reads it\n"
        "hint: either remove them too (stagectl remove db --recursive), "
        "or write the last applied values into them (stagectl remove db --detach)\n"
    )
    assert (shop.root / "resources/db.yaml").exists()


def test_removing_a_parent_that_was_never_applied_does_the_same(repo: Repo) -> None:
    """
    A reader that goes, too, or that is not staged, is none.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"}).stage()
    repo.define("later", inputs={"db": "${db.port}"})

    assert repo.run("remove", "db").err == (
        "error: db cannot be removed: app still reads it\n"
        "hint: either remove them too (stagectl remove db --recursive), "
        "or write the last applied values into them (stagectl remove db --detach)\n"
    )
    repo.ok("remove", "db", "app")


def test_recursive_removes_all_descendants(shop: Repo) -> None:
    """
    Children go first.
    """
    shop.ok("remove", "db", "--recursive")

    assert ["app.remove", "db.remove"] == shop.plan().ids


def test_detach_writes_the_last_applied_values_into_the_readers(repo: Repo) -> None:
    """
    The reader keeps its value, loses its relations, and nothing of it runs; a literal `${` stays one.
    """
    repo.define("db", inputs={"port": 5432, "text": "$${x}"}).define(
        "app",
        inputs={"whole": "${db.port}", "inside": "p:${db.port}/${env:HOME}/$${y}", "text": "${db.text}"},
        depends_on=["db"],
        react_on={"restart": ["db.update", "other.update"]},
    ).define("other").apply_all()

    repo.ok("remove", "db", "--detach")

    plan = repo.plan()
    assert (["db.remove"], ["app"]) == (plan.ids, plan.raw["recorded"])
    text = repo.read("resources/app.yaml")
    assert "db" not in text
    assert '"p:5432/${env:HOME}/$${y}"' in text
    assert "other.update" in text


def test_text_that_no_commit_has_is_not_removed(repo: Repo) -> None:
    """
    An edit, and a definition that is new, as with `discard`; what the hint says drops it.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"port": 1}).apply_all()
    repo.define("db", inputs={"port": 2}).define("new", inputs={"port": 1})

    for names, path in (("db", "resources/db.yaml"), ("app new", "resources/new.yaml")):
        lost = names.split()[-1]
        assert repo.run("remove", *names.split()).err == (
            f"error: not committed, so removing would lose it: {path}\n"
            f"hint: commit it first, or drop it: stagectl discard {lost} --force\n"
        )
        assert (repo.root / path).exists() and (repo.root / "resources/app.yaml").exists()
    repo.ok("discard", "db", "--force")
    repo.ok("remove", "db")
