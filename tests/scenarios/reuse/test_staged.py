"""What is staged of definitions that are expanded: complete resources, as a review wants to see them."""

from __future__ import annotations

from tests.build import Repo

STAGED = """\
---
kind: service
tags: [prod, tier=web]
source: resources/prod/web.yaml
template: [base/web]
---
inputs:
  conf: |
    server {
      listen 80;
    }
  image: "nginx:1.27"
  labels:
    cost: low
    team: shop
  size: large
depends_on:
  - "./app"
"""
ENTRY = """\
---
kind: service
tags: [colour=blue, shop]
source: resources/shop.yaml
template: [shop]
---
inputs:
  port: 8001
  url: "http://blue:8001/"
"""


def test_a_staged_file_is_complete_and_says_where_it_comes_from(alike: Repo) -> None:
    """
    In one style, keys in order; templates are never staged, and a definition with `each` is no resource.
    """
    assert STAGED == alike.read(".staged/prod/web.yaml")
    assert ENTRY == alike.read(".staged/shop/blue.yaml")
    assert ["prod", "shop", "staging"] == sorted(path.name for path in (alike.root / ".staged").iterdir())
    assert ["prod/app", "prod/web", "shop/blue", "shop/green", "staging/app", "staging/web"] == sorted(
        change.partition(".run")[0] for change in alike.ok("log", "--json").json()[0]["changes"]
    )


def test_values_alone_decide_the_bytes(alike: Repo) -> None:
    """
    Keys in another order, comments, another style, values that moved into the template: nothing is to be staged.
    """
    alike.write(
        "resources/prod/web.yaml", '---\ntags: ["prod"]\nlike: "base/web"\n---\n{"inputs": {"size": "large"}}\n'
    )
    text = alike.read("resources/base/web.yaml")
    alike.write(
        "resources/base/web.yaml", text.replace("{team: shop, cost: low}", "\n    cost: low   # !\n    team: shop")
    )
    shop = alike.read("resources/shop.yaml").replace(
        "  blue: {port: 8001}   # the old one\n  green: {port: 8002}\n", ""
    )
    alike.write("resources/shop.yaml", shop.replace("each:\n", "each:\n  green: {port: 8002}\n  blue: {port: 8001}\n"))

    assert "Not staged" not in alike.ok("status").out
    assert "Nothing to stage" in alike.ok("stage").out


def test_the_edit_of_a_template_shows_everywhere(alike: Repo) -> None:
    """
    In status, diff and stage; the pull request has one line for each resource, and the template itself.
    """
    alike.write("resources/base/web.yaml", alike.read("resources/base/web.yaml").replace("1.27", "1.28"))

    assert "  changed: prod/web\n  changed: staging/web\n" in alike.ok("status").out
    assert '    image: "nginx:1.27" -> "nginx:1.28"\n' in alike.ok("diff", "--unstaged", "prod/web").out
    assert "~ prod/web.update\n~ staging/web.update\n" in alike.ok("stage").out
    changed = alike.git("diff", "--numstat", "HEAD~1", "HEAD").splitlines()
    assert ["1\t1\t.staged/prod/web.yaml", "1\t1\t.staged/staging/web.yaml", "1\t1\tresources/base/web.yaml"] == changed
    assert ["prod/web.update", "staging/web.update"] == alike.plan().ids


def test_explain_leads_to_the_line_in_the_template(alike: Repo) -> None:
    """
    Or in the definition, or at the entry: wherever the value that started it is written.
    """
    alike.write("resources/base/web.yaml", alike.read("resources/base/web.yaml").replace("1.27", "1.28"))
    alike.write("resources/shop.yaml", alike.read("resources/shop.yaml").replace("8001", "9001"))
    alike.ok("stage")

    assert "resources/base/web.yaml:8" in alike.ok("plan", "--explain", "prod/web").out
    assert "resources/shop.yaml:5" in alike.ok("plan", "--explain", "shop/blue").out


def test_names_and_tags_select_one_by_one(alike: Repo) -> None:
    """
    An entry of `each`, or one of those that are like a template, with the uncommitted definitions it came from.
    """
    alike.write("resources/base/web.yaml", alike.read("resources/base/web.yaml").replace("1.27", "1.28"))
    alike.write("resources/shop.yaml", alike.read("resources/shop.yaml").replace("800", "900"))

    assert "shop/blue.update" in alike.ok("stage", "shop/blue").out
    assert [".staged/shop/blue.yaml", "resources/shop.yaml"] == alike.git(
        "diff", "--name-only", "HEAD~1", "HEAD"
    ).split()
    assert "staging/web.update" in alike.ok("stage", "-t", "staging").out
    assert [".staged/staging/web.yaml", "resources/base/web.yaml"] == alike.git(
        "diff", "--name-only", "HEAD~1", "HEAD"
    ).split()
    assert "  changed: prod/web\n  changed: shop/green\n" in alike.ok("status").out
    assert "shop/green.update" in alike.ok("stage", "-t", "colour=green").out
    assert ["shop/blue.update", "shop/green.update", "staging/web.update"] == alike.plan().ids


def test_an_action_is_staged_on_one_of_them(alike: Repo) -> None:
    """
    It stays when the template changes.
    """
    alike.ok("stage", "shop/blue", "-a", "restart")
    alike.write("resources/shop.yaml", alike.read("resources/shop.yaml").replace("http:", "https:"))
    alike.ok("stage")

    assert ["shop/blue.update", "shop/blue.restart", "shop/green.update"] == alike.plan().ids


def test_an_entry_that_comes_is_run_and_one_that_goes_is_removed(alike: Repo) -> None:
    """
    As definitions are that come and go.
    """
    text = alike.read("resources/shop.yaml")
    alike.write("resources/shop.yaml", text.replace("green: {port: 8002}", "red: {port: 8003}"))

    assert "  gone: shop/green\n  new: shop/red\n" in alike.ok("status").out
    alike.ok("stage")
    assert {"shop/green.remove", "shop/red.run"} == set(alike.plan().ids)
    assert 0 == alike.apply().code
    assert "Nothing to do" in alike.ok("status").out


def test_a_kind_that_comes_from_the_template_and_an_own_one_that_wins(alike: Repo) -> None:
    """
    A changed kind is a replace, wherever it is written.
    """
    alike.write("resources/prod/web.yaml", alike.read("resources/prod/web.yaml").replace("tags", "kind: plain\ntags"))
    alike.ok("stage")

    assert ["prod/web.remove", "prod/web.run"] == alike.plan().ids


def test_the_name_of_a_definition_that_is_no_resource(alike: Repo) -> None:
    """
    Where a resource is asked for, the definition's resources are named.
    """
    reported = alike.run("stage", "base/web")
    assert 1 == reported.code
    assert reported.err == (
        "error: base/web is a template, which is no resource itself\n"
        "hint: edit resources/base/web.yaml, and stage what is like it: prod/web, staging/web\n"
    )
    reported = alike.run("update", "shop", "--set", "port=1")
    assert reported.err == (
        "error: shop is no resource itself: resources/shop.yaml makes several\n"
        "hint: name them one by one, or all: 'shop/*'\n"
    )
    alike.write("resources/shop.yaml", alike.read("resources/shop.yaml").replace("800", "900"))
    assert "shop/blue.update\n~ shop/green.update\n" in alike.ok("stage", "shop/*").out


def test_the_text_of_a_staged_copy_is_not_for_editing(alike: Repo) -> None:
    """
    As with every copy: by hand it is an error, and --force overwrites it.
    """
    alike.write(".staged/prod/web.yaml", STAGED.replace("large", "huge"))

    assert ".staged/prod/web.yaml:1:1: this staged copy was edited by hand" in alike.run("stage").err
    alike.ok("stage", "--force")
    assert STAGED == alike.read(".staged/prod/web.yaml")


def test_a_plan_does_not_know_that_definitions_are_expanded(alike: Repo) -> None:
    """
    Nothing of it is loaded, whether a plan reads little or every file; staging alone loads it.
    """
    from tests.test_loading import loaded

    alike.write(".staged/prod/web.yaml", STAGED.replace("large", "huge"))
    for words in (["plan"], ["plan", "--base", "HEAD"], ["apply", "--yes"]):
        assert [] == [name for name in loaded(alike, *words) if "expanding" in name], words
    assert "stagectl.core.expanding.expand" in loaded(alike, "validate")


def test_an_action_alone_leaves_a_templates_edit_alone(alike: Repo) -> None:
    """
    Neither staged nor committed; the output names it.
    """
    alike.write("resources/base/web.yaml", alike.read("resources/base/web.yaml").replace("1.27", "1.28"))
    reported = alike.ok("stage", "prod/web", "-a", "restart")

    assert "stagectl stage prod/web" in reported.err
    assert ["prod/web.restart"] == alike.plan().ids
    assert " M resources/base/web.yaml\n" == alike.git("status", "--short")
