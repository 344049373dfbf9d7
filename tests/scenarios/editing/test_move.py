"""`move` is neither a removal nor a creation."""

from __future__ import annotations

from tests.build import Repo


def test_move_is_neither_a_removal_nor_a_creation(shop: Repo) -> None:
    """
    References are rewritten, relative ones stay relative, and the applied state goes along.
    """
    shop.ok("move", "db", "data/main")

    plan = shop.plan()
    assert ([], [{"from": "db", "to": "data/main"}]) == (plan.ids, plan.raw["moved"])
    assert "${data/main.port}" in shop.read("resources/app.yaml")
    assert "moved_from: db" in shop.read("resources/data/main.yaml")
    shop.ok("apply", "--yes")
    assert (None, {"port": 5432}) == (shop.applied("db"), shop.applied("data/main")["inputs"])
    assert "No changes" in shop.ok("plan").out


def test_a_moved_resource_is_updated_under_its_new_name(shop: Repo) -> None:
    """
    A reader that was not selected, and still says the old name as applied, is affected all the same.
    """
    shop.ok("move", "db", "main")
    shop.ok("apply", "main", "--yes")

    shop.ok("update", "main", "--set", "port=1")

    assert ["main.update", "app.update"] == shop.plan("main").ids


def test_a_plain_rename_gets_a_hint(shop: Repo) -> None:
    """
    Git's own move removes and runs again; the plan says how to keep the resource.
    """
    shop.ok("remove", "app")
    shop.git("mv", "resources/db.yaml", "resources/base.yaml")
    shop.stage()

    assert "warning: base looks like db moved" in shop.ok("plan").err


def test_a_part_of_a_plain_rename_is_a_removal_or_a_new_resource(repo: Repo) -> None:
    """
    Staging one of its names stages that one, and says how to keep what is applied; what it says does it, in both cases.
    """
    text = repo.define("a", inputs={"n": 1}).apply_all().read("resources/a.yaml")
    head = repo.git("rev-parse", "HEAD").strip()
    for name, change in (("a", "a.remove"), ("x", "x.run")):
        repo.delete("a").write("resources/x.yaml", text)

        staged = repo.ok("stage", name)

        hint = "to keep what is applied: add 'moved_from: a' to the front matter of x, then: stagectl stage x"
        assert f"warning: x looks like a moved, and {name} alone is staged; {hint}\n" == staged.err
        assert [change] == repo.plan().ids
        repo.write("resources/x.yaml", text.replace("kind:", "moved_from: a\nkind:")).ok("stage", "x")
        assert ([], [{"from": "a", "to": "x"}]) == (repo.plan().ids, repo.plan().raw["moved"])
        repo.git("reset", "-q", "--hard", head)
        repo.git("clean", "-fdq")


def test_a_move_rewrites_readers_whose_definition_reads_no_more(repo: Repo) -> None:
    """
    The staged copy still reads the old name; the reader's definition, which reads nothing now, is staged with the move.
    """
    repo.define("db", inputs={"v": 1}).define("app", inputs={"p": "${db.v}"}).apply_all()
    repo.define("app", inputs={"p": 7})

    repo.ok("move", "db", "base")

    assert ["app.update"] == repo.plan().ids
    assert [{"from": "db", "to": "base"}] == repo.plan().raw["moved"]
