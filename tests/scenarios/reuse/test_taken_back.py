"""`unstage`, `discard` and `revert` of expanded resources: staged file and definition go back, and nothing else."""

from __future__ import annotations

from typing import Tuple

import pytest

from tests.build import Repo
from tests.scenarios.reuse.conftest import SHOP, WEB


def is_as_before(repo: Repo) -> bool:
    """Whether nothing is defined, staged or to be applied that is not applied already."""
    return "Nothing to do. What is defined is staged, committed and applied.\n" in repo.ok("status").out


def test_unstage_leaves_the_definitions(alike: Repo) -> None:
    """
    Of one that is like a template, and of an entry.
    """
    alike.ok("update", "prod/web", "--set", "size=huge")
    alike.ok("update", "shop/blue", "--set", "port=1")
    alike.ok("unstage", "--all")

    assert [] == alike.plan().ids
    assert "  changed: prod/web\n  changed: shop/blue\n" in alike.ok("status").out


def test_discard_takes_an_override_out(alike: Repo) -> None:
    """
    What the definition says now and did not say goes; what it said otherwise, it says again; comments stay.
    """
    sets = ["--set", "image=x", "--set", "size=huge", "--unset", "labels.cost", "--set", "labels.new=1"]
    alike.ok("update", "prod/web", *sets, "--tag", "new")
    alike.ok("discard", "prod/web")

    assert WEB.format("prod", "large").rstrip("\n") in alike.read("resources/prod/web.yaml")
    assert "image" not in alike.read("resources/prod/web.yaml")
    assert is_as_before(alike)


def test_discard_puts_the_values_of_an_entry_back(alike: Repo) -> None:
    """
    And leaves those of the others.
    """
    alike.ok("update", "shop/blue", "--set", "port=1")
    alike.ok("update", "shop/green", "--set", "port=2")
    alike.ok("discard", "shop/blue")

    assert SHOP.replace("8002", "2") == alike.read("resources/shop.yaml")
    assert ["shop/green.update"] == alike.plan().ids


def test_discard_of_what_is_not_applied(alike: Repo) -> None:
    """
    A new entry goes, and a new definition that is like a template; the template stays.
    """
    alike.write("resources/shop.yaml", SHOP.replace("  green", "  red: {port: 8003}\n  green")).commit()
    alike.ok("create", "prod/api", "--like", "base/web")
    alike.ok("stage")
    alike.ok("discard", "shop/red", "prod/api")

    assert SHOP == alike.read("resources/shop.yaml")
    assert not (alike.root / "resources/prod/api.yaml").exists()
    assert is_as_before(alike)


def test_discard_of_a_removal(alike: Repo) -> None:
    """
    The definition is like its template again, the entry has its values.
    """
    alike.ok("remove", "prod/web")
    alike.ok("discard", "prod/web")
    assert "---\nlike: base/web\ntags: [prod]\n---\ninputs:\n  size: large\n" == alike.read("resources/prod/web.yaml")
    assert is_as_before(alike)

    alike.ok("remove", "shop/blue")
    alike.ok("discard", "shop/blue")
    assert "blue" in alike.read("resources/shop.yaml")
    assert is_as_before(alike)


@pytest.mark.parametrize("command", [("discard", "shop/*"), ("discard", "--all"), ("revert", "HEAD")])
@pytest.mark.parametrize("how", ["remove", "delete"])
def test_a_removal_of_all_that_one_definition_makes_is_taken_back(
    alike: Repo, command: Tuple[str, ...], how: str
) -> None:
    """
    The file that made them is gone: each gets a definition of its own, and nothing runs.
    """
    if how == "remove":
        alike.ok("remove", "shop/*")
    else:
        alike.delete("shop").stage()

    alike.ok(*command)

    assert ["blue.yaml", "green.yaml"] == sorted(path.name for path in (alike.root / "resources/shop").iterdir())
    assert ([], "") == (alike.plan().ids, alike.git("status", "--short"))
    alike.ok("stage")
    assert [] == alike.plan().ids


def test_discard_of_a_templates_edit(alike: Repo) -> None:
    """
    The template is shared, and stays as it is: each definition says what it was, on top.
    """
    text = alike.read("resources/base/web.yaml")
    alike.write("resources/base/web.yaml", text.replace("1.27", "1.28")).commit()
    alike.ok("stage")
    alike.ok("discard", "prod/web")

    assert alike.read("resources/prod/web.yaml").endswith('  image: "nginx:1.27"\n')
    assert ["staging/web.update"] == alike.plan().ids
    assert "Not staged" not in alike.ok("status").out


def test_discard_of_what_is_written_for_several(alike: Repo) -> None:
    """
    The error says where it stands, and nothing is written.
    """
    alike.write("resources/shop.yaml", SHOP.replace("http:", "https:")).commit()
    alike.ok("stage")

    reported = alike.run("discard", "shop/blue")
    assert "error: shop/blue: url is written in resources/shop.yaml:10:8, and not for shop/blue alone\n" in reported.err
    assert ["shop/blue.update", "shop/green.update"] == alike.plan().ids


def test_discard_of_a_definition_that_became_like_another(alike: Repo) -> None:
    """
    What was copied is copied again; what was expanded is expanded again.
    """
    app = alike.read("resources/prod/app.yaml")
    alike.write("resources/prod/app.yaml", "---\nlike: base/web\n---\ninputs: {port: 9}\ndepends_on: null\n").commit()
    alike.write("resources/prod/web.yaml", "---\nkind: service\n---\ninputs: {a: 1}\n").commit()
    alike.ok("stage")
    alike.ok("discard", "--all")

    assert "kind: service\n" in alike.read("resources/prod/app.yaml")
    assert app.partition("\n---\n")[2] == alike.read("resources/prod/app.yaml").partition("\n---\n")[2]
    assert "like: base/web\n" in alike.read("resources/prod/web.yaml")
    assert is_as_before(alike)


def test_revert_takes_an_update_back(alike: Repo) -> None:
    """
    In the definition, in the entry, and in what is staged, with what was changed since left alone.
    """
    alike.ok("update", "prod/web", "--set", "size=huge", "--set", "image=x")
    first = alike.git("rev-parse", "HEAD").strip()
    alike.ok("update", "shop/blue", "--set", "port=1")
    second = alike.git("rev-parse", "HEAD").strip()
    alike.ok("update", "prod/web", "--set", "labels.cost=high")
    alike.ok("revert", first, second)

    assert ["labels.cost"] == [row["path"] for row in alike.plan().change("prod/web.update")["diff"]]
    assert ["prod/web.update"] == alike.plan().ids
    assert SHOP == alike.read("resources/shop.yaml")
    assert "Not staged" not in alike.ok("status").out


def test_revert_of_a_templates_edit(alike: Repo) -> None:
    """
    What it changed goes back in every definition, and the template stays; without its edit, they may forget it again.
    """
    text = alike.read("resources/base/web.yaml")
    alike.write("resources/base/web.yaml", text.replace("1.27", "1.28"))
    alike.ok("stage")
    alike.ok("revert", "HEAD")

    assert '  image: "nginx:1.27"\n' in alike.read("resources/prod/web.yaml")
    assert '  image: "nginx:1.27"\n' in alike.read("resources/staging/web.yaml")
    assert [] == alike.plan().ids
    assert is_as_before(alike)


def test_revert_of_an_applied_change(alike: Repo) -> None:
    """
    And of a removal: the definition is like its template again.
    """
    alike.ok("update", "shop/blue", "--set", "port=1")
    alike.apply()
    alike.ok("revert", "stagectl/applied")
    assert ["shop/blue.update"] == alike.plan().ids
    assert SHOP == alike.read("resources/shop.yaml")
    alike.apply()

    alike.ok("remove", "prod/web")
    alike.ok("revert", "HEAD")
    assert "like: base/web\n" in alike.read("resources/prod/web.yaml")
    assert is_as_before(alike)
