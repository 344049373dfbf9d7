"""`move` of expanded resources, and of what they name: everything means what it meant."""

from __future__ import annotations

from tests.build import Repo
from tests.scenarios.reuse.conftest import BASE, SHOP, WEB


def test_what_is_like_a_template_moves_with_its_definition(alike: Repo) -> None:
    """
    Within its folder; it stays like the template, and what is live goes along.
    """
    alike.ok("move", "prod/web", "prod/site")

    text = WEB.format("prod", "large").replace("tags: [prod]\n", "tags: [prod]\nmoved_from: prod/web\n")
    assert text == alike.read("resources/prod/site.yaml")
    assert "template: [base/web]\n" in alike.read(".staged/prod/site.yaml")
    assert [] == alike.plan().ids
    assert ["prod/site"] == alike.plan().raw["recorded"]


def test_what_a_template_names_relative_to_it_keeps_it_in_its_folder(alike: Repo) -> None:
    """
    Elsewhere the template would name another resource; the error says which, and where.
    """
    reported = alike.run("move", "prod/web", "live/web")

    assert reported.err == (
        "error: prod/web cannot leave its folder: resources/base/web.yaml:14:14 names others relative to it (./app)\n"
        "hint: write that value into resources/prod/web.yaml first, and then move it\n"
    )
    own = WEB.format("prod", "large") + "depends_on: [./app]\n"
    alike.write("resources/prod/web.yaml", own).apply_all()
    alike.ok("move", "prod/web", "live/web")
    assert alike.read("resources/live/web.yaml").endswith('depends_on: ["../prod/app"]\n')
    assert [] == alike.plan().ids


def test_an_entry_is_renamed(alike: Repo) -> None:
    """
    In place, with its comment; its own `moved_from` says what it was. What reads its name changes, and nothing else.
    """
    alike.ok("move", "shop/blue", "shop/azure")

    text = alike.read("resources/shop.yaml")
    assert SHOP.replace("blue: {port: 8001}", "azure: {port: 8001, moved_from: shop/blue}") == text
    assert "moved_from: shop/blue\n" in alike.read(".staged/shop/azure.yaml")
    assert ["shop/azure.update"] == alike.plan().ids
    assert ["url"] == [row["path"] for row in alike.plan().change("shop/azure.update")["diff"]]


def test_an_entry_of_a_list_is_renamed(alike: Repo) -> None:
    """
    A list of names has no place for what one was called; it becomes a mapping, where it is needed.
    """
    alike.write("resources/x.yaml", "---\nkind: plain\neach: [a, b]\n---\n").commit()
    alike.ok("stage")
    alike.ok("move", "x/a", "x/c")
    assert "each: [c, b]\n" in alike.read("resources/x.yaml")

    alike.apply_all()
    alike.ok("move", "x/b", "x/d")
    assert {"c": {}, "d": {"moved_from": "x/b"}} == _front(alike, "resources/x.yaml")["each"]
    assert ["x/d"] == alike.plan().raw["recorded"]


def test_an_entry_cannot_leave_its_definition(alike: Repo) -> None:
    """
    The error says how it is done by hand.
    """
    reported = alike.run("move", "shop/blue", "store/blue")

    assert reported.err == (
        "error: shop/blue is an entry of resources/shop.yaml, which makes shop/... only\n"
        "hint: define store/blue with 'moved_from: shop/blue', take 'blue' out of 'each', and stage both\n"
    )


def test_a_renamed_entry_goes_back(alike: Repo) -> None:
    """
    By moving back, and by discarding either name.
    """
    for words in (["move", "shop/azure", "shop/blue"], ["discard", "shop/azure"], ["discard", "shop/blue"]):
        alike.ok("move", "shop/blue", "shop/azure")
        alike.ok(*words)
        assert SHOP == alike.read("resources/shop.yaml"), words
        assert "Nothing to do" in alike.ok("status").out, words


def test_what_a_template_names_is_moved(alike: Repo) -> None:
    """
    Named in full it is rewritten there, for all; relative to the resource it is said on top, by that one alone.
    """
    alike.define("db", inputs={"url": "x"})
    alike.write("resources/base/web.yaml", BASE.replace("  image", "  db: ${db.url}\n  app: ${./app.port}\n  image"))
    alike.apply_all()

    alike.ok("move", "db", "data/db")
    assert '  db: "${data/db.url}"\n' in alike.read("resources/base/web.yaml")
    assert "db" not in alike.read("resources/prod/web.yaml")
    assert [] == alike.plan().ids

    alike.ok("move", "prod/app", "prod/api")
    assert alike.read("resources/prod/web.yaml").endswith('  app: "${./api.port}"\ndepends_on: ["./api"]\n')
    assert "${./app.port}" in alike.read("resources/base/web.yaml")
    assert WEB.format("staging", "small") == alike.read("resources/staging/web.yaml")
    assert [] == alike.plan().ids
    assert "Not staged" not in alike.ok("status").out


def test_what_an_entry_names_is_moved(alike: Repo) -> None:
    """
    In the definition, whose entries are all in one folder, and among the values of an entry.
    """
    alike.define("shop/vpc", inputs={"id": 1}).define("db", inputs={"url": "x"})
    text = SHOP.replace("8001}", '8001, db: "${db.url}"}').replace("8002}", "8002, db: none}")
    alike.write("resources/shop.yaml", f"{text}  db: ${{each.db}}\n  vpc: ${{./vpc.id}}\n").apply_all()

    alike.ok("move", "shop/vpc", "shop/net")
    assert alike.read("resources/shop.yaml").endswith('  vpc: "${./net.id}"\n')
    alike.ok("move", "db", "data/db")
    assert '8001, db: "${data/db.url}"}' in alike.read("resources/shop.yaml")
    assert [] == alike.plan().ids


def test_what_others_are_like_is_moved(alike: Repo) -> None:
    """
    They are like it under its new name.
    """
    alike.write("resources/prod/web2.yaml", "---\nlike: prod/web\n---\n").apply_all()
    alike.ok("move", "prod/web", "prod/site")

    assert "like: prod/site\n" in alike.read("resources/prod/web2.yaml")
    assert "template: [prod/site, base/web]\n" in alike.read(".staged/prod/web2.yaml")
    assert [] == alike.plan().ids
    assert "Not staged" not in alike.ok("status").out


def _front(repo: Repo, path: str) -> dict:  # type: ignore[type-arg]
    from stagectl.adapters import yamlfile

    front: dict = yamlfile.load(repo.read(path).encode())[0]  # type: ignore[type-arg]
    return front
