"""`create --like`, `update` and `remove`: an edit is written where it belongs, or it is refused with the place."""

from __future__ import annotations

import json
from typing import List

import pytest

from tests.build import Ran, Repo

COLOURS = "  blue: {port: 8001}   # the old one\n  green: {port: 8002}\n"


def committed(repo: Repo) -> List[str]:
    """The paths of the last commit."""
    return repo.git("diff", "--name-only", "HEAD~1", "HEAD").split()


def test_create_like(alike: Repo) -> None:
    """
    What is asked for is written on top of the template; the kind comes from there; tags it has already are not written.
    """
    alike.ok("schema", "--write")
    alike.ok(
        "create", "prod/api", "--like", "base/web", "--set", "labels.cost=high", "--tag", "api", "--tag", "tier=web"
    )

    line = "# yaml-language-server: $schema=../../.stagectl/schema/templates/service.json\n"
    text = f"---\n{line}like: base/web\ntags: [api]\n---\n{line}inputs:\n  labels:\n    cost: high\n"
    assert text == alike.read("resources/prod/api.yaml")
    assert "    cost: high\n    team: shop\n" in alike.read(".staged/prod/api.yaml")
    assert ["prod/api.run"] == alike.plan().ids


def test_create_like_with_a_kind_of_its_own(alike: Repo) -> None:
    """
    And without anything else.
    """
    alike.ok("create", "prod/api", "--like", "prod/app", "--kind", "plain")

    assert "---\nlike: prod/app\nkind: plain\n---\ninputs:\n" == alike.read("resources/prod/api.yaml")
    assert "template: [prod/app]\n---\ninputs:\n  port: 8080\n" in alike.read(".staged/prod/api.yaml")


@pytest.mark.parametrize(
    "arguments, code, reported",
    [
        (
            ["prod/api"],
            64,
            "error: a new resource needs --kind, or --like\nhint: the kinds there are: stagectl kinds\n",
        ),
        (
            ["prod/api", "--like", "base/wbe"],
            1,
            "resources/prod/api.yaml:2:7: there is no definition 'base/wbe' to be like; did you mean 'base/web'?\n",
        ),
        (["base/web", "--like", "prod/app"], 1, "error: base/web is a template, which is no resource itself\n"),
        (["shop/blue", "--like", "prod/app"], 1, "error: shop/blue exists already\n"),
    ],
)
def test_what_cannot_be_created(alike: Repo, arguments: List[str], code: int, reported: str) -> None:
    """
    And nothing is written.
    """
    done = alike.run("create", *arguments)

    assert code == done.code
    assert done.err.startswith(reported)
    assert not (alike.root / "resources/prod/api.yaml").exists()


def test_update_writes_into_the_definition_and_not_into_the_template(alike: Repo) -> None:
    """
    With its comments; a list from the template is written as a whole; what goes there is taken out by null.
    """
    alike.write(
        "resources/base/web.yaml", alike.read("resources/base/web.yaml").replace("  image", "  hosts: [a, b]\n  image")
    )
    alike.apply_all()
    sets = ["--set", "image=nginx:1.28", "--set", "size=huge", "--set", "hosts.1=c", "--unset", "labels.cost"]
    alike.ok("update", "prod/web", *sets, "--tag", "new")

    text = alike.read("resources/prod/web.yaml")
    assert "tags: [prod, new]\n" in text
    assert "  size: huge   # of this environment\n" in text
    assert '  image: "nginx:1.28"\n  hosts: [a, c]\n  labels:\n    cost: null\n' in text
    assert ["prod/web.update"] == alike.plan().ids
    assert ["hosts.1", "image", "labels.cost", "size"] == [
        row["path"] for row in alike.plan().change("prod/web.update")["diff"]
    ]

    alike.ok("update", "prod/web", "--set-json", 'labels={"a": 1}', "--unset", "hosts")
    assert {"a": 1} == alike.ok("show", "prod/web", "--json").json()["resolved"]["labels"]
    assert "hosts" not in alike.ok("show", "prod/web", "--json").json()["resolved"]


def test_update_writes_into_the_entry(alike: Repo) -> None:
    """
    What comes from there; `url` reads it, too.
    """
    alike.ok("update", "shop/blue", "--set", "port=9001")

    assert COLOURS.replace("8001", "9001") in alike.read("resources/shop.yaml")
    assert ["port", "url"] == [row["path"] for row in alike.plan().change("shop/blue.update")["diff"]]
    assert ["shop/blue.update"] == alike.plan().ids


@pytest.mark.parametrize(
    "arguments, reported",
    [
        (["shop/blue", "--set", "url=x"], "url is written in resources/shop.yaml:10:8, and not for shop/blue alone"),
        (["shop/blue", "--set", "new=x"], "new would stand in resources/shop.yaml:9:3, and not for shop/blue alone"),
        (["shop/blue", "--unset", "port"], "port is written in resources/shop.yaml:9:9, and not for shop/blue alone"),
        (["shop/blue", "--tag", "x"], "a tag would stand in resources/shop.yaml:3:7, and not for shop/blue alone"),
        (["prod/web", "--untag", "tier=web"], "the tag tier=web is written in resources/base/web.yaml:4:8, and not"),
    ],
)
def test_what_is_written_for_several_is_edited_by_hand(alike: Repo, arguments: List[str], reported: str) -> None:
    """
    The error has the place, and nothing is written.
    """
    done = alike.run("update", *arguments)

    assert 1 == done.code
    assert f"error: {arguments[0]}: {reported}" in done.err
    assert "\nhint: edit it there" in done.err
    assert "" == alike.git("status", "--short")


def test_null_cannot_be_said_on_top(alike: Repo) -> None:
    """
    It takes a key out there, and is no value.
    """
    assert alike.run("update", "prod/web", "--set-json", "labels=null") == Ran(
        1,
        "",
        "error: prod/web cannot say that of labels\nhint: a definition that is like another one takes a key out with "
        "null; write it without 'like' to have null there\n",
    )


def test_remove_takes_an_entry_out(alike: Repo) -> None:
    """
    Several at once; with the last one the definition goes.
    """
    alike.ok("remove", "shop/blue")
    assert COLOURS[COLOURS.index("  green") :] in alike.read("resources/shop.yaml")
    assert "blue" not in alike.read("resources/shop.yaml")
    assert [".staged/shop/blue.yaml", "resources/shop.yaml"] == committed(alike)
    assert ["shop/blue.remove"] == alike.plan().ids

    alike.ok("remove", "shop/*")
    assert not (alike.root / "resources/shop.yaml").exists()
    assert ["shop/blue.remove", "shop/green.remove"] == alike.plan().ids


def test_remove_takes_a_name_out_of_a_list(alike: Repo) -> None:
    """
    And all of several at once.
    """
    alike.write("resources/x.yaml", "---\nkind: plain\neach: [a, b, c, d]\n---\n").apply_all()

    alike.ok("remove", "x/a", "x/c")
    assert "each: [b, d]\n" in alike.read("resources/x.yaml")


def test_remove_what_others_are_like(alike: Repo) -> None:
    """
    Those would be like nothing: the error is in their definitions, and nothing goes.
    """
    alike.write("resources/prod/web2.yaml", "---\nlike: prod/web\n---\n").apply_all()

    reported = alike.run("remove", "prod/web")
    assert "resources/prod/web2.yaml:2:7: there is no definition 'prod/web' to be like" in reported.err
    assert "" == alike.git("status", "--short")


def test_detach_writes_into_the_definitions_of_readers(alike: Repo) -> None:
    """
    On top of what the template reads; where it is shared, the place to edit is reported.
    """
    alike.write("resources/db.yaml", "---\nkind: plain\n---\ninputs: {url: pg, port: 5}\n")
    alike.write(
        "resources/base/web.yaml", alike.read("resources/base/web.yaml").replace("  image", "  db: ${db.url}\n  image")
    )
    alike.write("resources/prod/web.yaml", alike.read("resources/prod/web.yaml") + "depends_on: [db]\n")
    alike.apply_all()

    alike.ok("remove", "db", "--detach")
    assert alike.read("resources/prod/web.yaml").endswith("  db: pg\ndepends_on: null\n")
    assert alike.read("resources/staging/web.yaml").endswith("  db: pg\n")

    shop = alike.read("resources/shop.yaml") + "  db: ${db.url}\n"
    alike.git("reset", "-q", "--hard", "HEAD~1")
    alike.write("resources/shop.yaml", shop).apply_all()
    reported = alike.run("remove", "db", "--detach")
    assert "error: shop/blue: db is written in resources/shop.yaml:11:7, and not for shop/blue alone\n" in reported.err


def test_validate_shows_where_a_value_is_written(alike: Repo) -> None:
    """
    What a kind has against inputs, and what is not there, in the template, the definition, or the entry.
    """
    schema = {"type": "object", "properties": {"port": {"type": "integer"}, "size": {"enum": ["large", "small"]}}}
    alike.kind("service", actions=("run", "update", "remove", "restart"), inputs=schema)
    text = alike.read("resources/base/web.yaml")
    alike.write("resources/base/web.yaml", text.replace("image:", "cache: ${./cache.port}\n  image:"))
    alike.write("resources/prod/web.yaml", alike.read("resources/prod/web.yaml").replace("large", "hgue"))
    alike.write("resources/shop.yaml", alike.read("resources/shop.yaml").replace("8002", '"8002"'))

    lines = alike.run("validate").err.splitlines()
    reported = "${{{0}/cache.port}}: there is no resource '{0}/cache'; did you mean '{0}/app'?"
    assert [f"resources/base/web.yaml:8:10: {reported.format(folder)}" for folder in ("prod", "staging")] == lines[:2]
    wrong = 'resources/prod/web.yaml:6:9: kind service: "hgue" is none of "large", "small"'
    assert [wrong, 'resources/shop.yaml:6:17: kind service: must be a whole number, not "8002"'] == lines[2:]
    alike.write("resources/base/web.yaml", text)
    assert wrong in alike.run("validate").err.splitlines()
    assert wrong in alike.run("stage").err.splitlines()


def test_show_prints_what_is_defined(alike: Repo) -> None:
    """
    As it comes out, with the definitions it comes from.
    """
    found = json.loads(alike.ok("show", "shop/blue", "--json").out)

    assert {"port": 8001, "url": "http://blue:8001/"} == found["defined"]["inputs"]
    assert ["shop"] == found["staged"]["template"] == found["defined"]["template"]
    assert {"port": "resources/shop.yaml:5", "url": "resources/shop.yaml:10"} == found["written"]
    reported = alike.ok("show", "prod/web").out
    assert "  defined: yes, expanded from base/web\n" in reported
    assert '    image: "nginx:1.27"   (resources/base/web.yaml:8)\n' in reported
    assert '    size: "large"   (resources/prod/web.yaml:6)\n' in reported
