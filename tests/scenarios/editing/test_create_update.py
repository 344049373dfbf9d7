"""`create` and `update` write definitions and stage them."""

from __future__ import annotations

from typing import List

import pytest

from tests.build import Repo

WEB = """\
---
kind: service   # what listens
tags: [prod]
---
# comments live on
inputs:
  port: 443     # the port
  urls:
    - port: 80
  labels: {"a.b": one}
"""


def last_commit(repo: Repo) -> List[str]:
    """The paths of the last commit."""
    return repo.git("show", "--format=", "--name-only", "HEAD").split()


def test_create_writes_a_definition_and_stages_it_in_one_commit(repo: Repo) -> None:
    """
    Scalars are YAML's, paths may be nested, tags are kept, and the answer names the change.
    """
    done = repo.ok(
        "create", "prod/web", "--kind", "service", "--tag", "tier=web", "--tag", "a:b",
        "--set", "port=443", "--set", "urls.0.port=80", "--set", 'zip="0123"', "--set-json", 'more={"a": [1]}',
    )  # fmt: skip

    assert done.out.startswith("+ prod/web.run\nStaged 1 file in commit ")
    assert [".staged/prod/web.yaml", "resources/prod/web.yaml"] == last_commit(repo)
    assert {"path": "zip", "op": "add", "before": None, "after": "0123"} in repo.plan().change("prod/web.run")["diff"]
    assert repo.read("resources/prod/web.yaml").startswith(
        '---\nkind: service\ntags: [tier=web, "a:b"]\n---\ninputs:\n'
    )


def test_create_refuses_what_exists_and_unknown_kinds(shop: Repo) -> None:
    """
    Each answer names the next step.
    """
    assert (
        "error: db exists already\nhint: to change it: stagectl update db --set ...\n"
        == shop.run("create", "db", "--kind", "service").err
    )
    assert (
        "error: there is no kind 'servce'; did you mean 'service'?\nhint: the kinds there are: plain, service\n"
        == shop.run("create", "x", "--kind", "servce").err
    )


def test_update_replaces_a_scalar_in_its_place(repo: Repo) -> None:
    """
    Comments and formatting live on: one line differs.
    """
    repo.write("resources/web.yaml", WEB).apply_all()

    repo.ok("update", "web", "--set", "port=444", "--set", "urls.0.port=81", "--set", 'labels["a.b"]=two')

    expected = (
        WEB.replace("443  ", "444  ").replace("port: 80", "port: 81").replace("one", '"two"').replace('"two"', "two")
    )
    assert expected == repo.read("resources/web.yaml")
    assert ["web.update"] == repo.plan().ids


@pytest.mark.parametrize(
    "words", [["update", "*", "--set", "v=2"], ["update", "db+", "--tag", "t"], ["move", "*", "x"]]
)
def test_several_resources_are_not_edited_at_once(repo: Repo, words: List[str]) -> None:
    """
    And what the glob matches is not called gone: what brings that back throws edits away.
    """
    repo.define("db", inputs={"v": 1}).stage()

    done = repo.run(*words)

    reported = f"error: '{words[1]}' may be several resources, and one is edited at a time\nhint: name one: db\n"
    assert (1, reported) == (done.code, done.err)


@pytest.mark.parametrize(
    "words",
    [["update", "WORD", "--set", "v=2"], ["move", "WORD", "x y"], ["show", "WORD"], ["plan", "--explain", "WORD"]],
)
@pytest.mark.parametrize("word", ["p", "p/", "p/*", "p/a+"])
def test_what_takes_one_resource_names_those_that_were_meant(repo: Repo, words: List[str], word: str) -> None:
    """
    Each of them for a folder, a glob and an operator, with no word about a resource that is called so.
    """
    repo.define("p/b").define("p/a", depends_on=["p/b"]).define("q", depends_on=["p/a"]).apply_all()

    done = repo.run(*(word if each == "WORD" else each.replace(" ", "/") for each in words))

    assert (1, "") == (done.code, done.out)
    those = "p/a, q" if "+" in word else "p/a, p/b"
    hint = (
        f"name one: {those}" if words[0] != "move" or word not in ("p", "p/") else "to move all of it: stagectl move "
    )
    assert f" at a time\nhint: {hint}" in done.err


def test_update_adds_and_takes_out_inputs_and_tags(repo: Repo) -> None:
    """
    The comments beside what stays are still there.
    """
    repo.write("resources/web.yaml", WEB).apply_all()

    repo.ok("update", "web", "--unset", "urls", "--set", "name=x", "--tag", "canary", "--untag", "prod")

    text = repo.read("resources/web.yaml")
    assert "# comments live on" in text
    assert "443     # the port" in text
    assert "tags: [canary]" in text
    assert {"urls", "name"} == {entry["path"].split(".")[0] for entry in repo.plan().change("web.update")["diff"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "port"], "error: 'port' sets nothing\n"),
        (["--set", "a..b=1"], "error: 'a..b' is no path of an input\n"),
        (["--set-json", "a={"], "error: '{' is not JSON: "),
        (["--unset", "nope"], "error: there is no 'nope' to take out\n"),
        (["--untag", "nope"], "error: db has no tag 'nope'\n"),
        (["--set", "port.x=1"], "error: 'x' cannot be set: what holds it is neither a mapping nor a list\n"),
    ],
)
def test_what_cannot_be_set_is_reported_and_nothing_is_written(shop: Repo, arguments: List[str], message: str) -> None:
    """
    A wrong setting leaves file, index and HEAD as they were.
    """
    head = shop.git("rev-parse", "HEAD")

    assert shop.run("update", "db", *arguments).err.startswith(message)
    assert (head, "") == (shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain"))


def test_a_failing_hook_takes_the_edit_back(shop: Repo) -> None:
    """
    The definition and the staged file are as before.
    """
    hook = shop.top / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho not today; exit 1\n")
    hook.chmod(0o755)

    done = shop.run("update", "db", "--set", "port=1")

    assert (1, "error: git commit refused: not today\n") == (done.code, done.err.splitlines(keepends=True)[0])
    assert shop.git("status", "--porcelain") == ""
