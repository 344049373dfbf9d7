"""A saved plan says what the plan said."""

from __future__ import annotations

import json
import os
from typing import Callable, List

import pytest

from stagectl.usecases.planning import reviewed
from tests.build import Repo, record
from tests.scenarios.review.world import held, moved, nothing, own_id, recorded, reported, saved

pytestmark = pytest.mark.once


def replaced(repo: Repo) -> List[str]:
    repo.kind("node", replace_on=["image", "odd key"])
    values = {f"k{index}": index for index in range(12)}
    record(repo.define("a", "node", inputs={"image": "x", "odd key": [1], "l": list(range(12)), "m": values}))
    changed = {**values, "k2": 5, "k10": 7}
    repo.define("a", "node", inputs={"image": "y", "l": [*range(2), 9, *range(3, 10), 8, 8, 8], "m": changed}).stage()
    return []


def reactions(repo: Repo) -> List[str]:
    when = {"restart": [{"on": "a.update", "when": "changed"}]}
    record(repo.define("a", inputs={"x": 1}).define("b", react_on=when).define("c", react_on={"test": ["b.restart"]}))
    repo.define("a", inputs={"x": 2}).stage()
    return []


def owed(repo: Repo) -> List[str]:
    reactions(repo)
    repo.fail("c.test").apply("--yes")
    return []


def unfinished(repo: Repo) -> List[str]:
    record(repo.define("a", inputs={"x": 1}))
    repo.define("a", inputs={"x": 2}).stage().fail("a.update").apply("--yes")
    return []


def explicit(repo: Repo) -> List[str]:
    record(repo.define("a"))
    return ["a"] if repo.stage("a", "-a", "restart", "-a", "update") else []


def sensitive(repo: Repo) -> List[str]:
    repo.kind("vault", sensitive=["p"])
    repo.define("v", "vault", inputs={"p": "${env:TOKEN}"}).define("w", inputs={"q": "x-${v.p}", "r": 1}).commit()
    repo.stage()
    return []


def variables(repo: Repo) -> List[str]:
    inputs = {"a": "${env:A}", "b": "pre ${env:B} post", "c": "$${env:C}", "d": "$$${e}", "e": "$$ $"}
    repo.define("v", inputs=inputs).define("w", inputs={"x": "${v.a}${v.b}", "y": "${v.c}"}).commit()
    repo.stage()
    return []


def odd(repo: Repo) -> List[str]:
    inputs = {
        "a.b": {"": 1, 'q"\\': None, "new\nline": True, "0": 1.0, "00": 1},
        "é": [[], {}, [[1e300, -0.0, 123456789012345678901234567890]]],
        "`|@ada<b>": "tab\there `|@ada <b>",
        "long": "x" * 1_000,
        "\U0001f600": "line\nline",
    }
    record(repo.define("o", inputs=inputs))
    repo.define(
        "o", inputs={**inputs, "a.b": {"": 2, "0": 2}, "é": [[1], {"x": 1}, [[1e300, -0.0, 5]]], "long": "y" * 1_000}
    ).stage()
    return []


def list_and_mapping(repo: Repo) -> List[str]:
    repo.kind("node", replace_on=["l"])
    record(repo.define("a", "node", inputs={"l": ["x", "y"]}))
    repo.define("a", "node", inputs={"l": {"0": "z", "1": "y"}}).stage()
    return []


ZOO: List[Callable[[Repo], List[str]]] = [
    nothing, replaced, held, recorded, moved, reactions, owed, unfinished, explicit, sensitive, variables, odd,
    list_and_mapping,
]  # fmt: skip


@pytest.mark.parametrize("build", ZOO, ids=lambda build: build.__name__)
def test_show_prints_a_saved_plan_as_plan_printed_it(repo: Repo, build: Callable[[Repo], List[str]]) -> None:
    """
    As text and as JSON, anywhere, later; its id follows from what stands in it.
    """
    selection = build(repo)

    printed = repo.ok("plan", "--out", "plan.json", *selection)
    as_json = repo.ok("plan", "--format", "json", *selection)

    document = json.loads(repo.read("plan.json"))
    assert as_json.json() == document and own_id(document) == document["plan_id"]
    assert ("No changes" in printed.out) == (build is nothing)
    assert printed.out == repo.ok("show", "plan.json").out
    assert as_json.out == repo.ok("show", "plan.json", "--json").out == repo.read("plan.json")
    assert f"Unchanged since plan {document['plan_id'][:12]}.\n\n{printed.out}" == (
        repo.ok("plan", "--since", "plan.json", *selection).out
    )


def test_a_saved_plan_shows_a_list_index_by_index(repo: Repo) -> None:
    """
    It has the values that differ, and not those beside them that say which entry went.
    """
    record(repo.define("o", inputs={"l": ["a", "b", "c"]}))
    repo.define("o", inputs={"l": ["b", "c"]}).stage()

    assert 'l.0: "a" -> (gone)' in repo.ok("plan", "--out", "plan.json").out
    shown = repo.ok("show", "plan.json").out
    assert [True] * 3 == [line in shown for line in ('l.0: "a" -> "b"', 'l.1: "b" -> "c"', 'l.2: "c" -> (gone)')]


def test_a_saved_plan_holds_no_secret(repo: Repo) -> None:
    """
    Neither variables, nor what reads them, nor a value that was sensitive when it was applied.
    """
    sensitive(repo)
    repo.ok("apply", "--yes", env={"TOKEN": "hunter2hunter2"})
    repo.define("w", inputs={"q": "y-${v.p}", "r": 2}).stage()

    repo.ok("plan", "--out", "plan.json", env={"TOKEN": "hunter2hunter2"})
    text = repo.read("plan.json")

    assert "hunter2" not in text and "TOKEN" not in text and '"sensitive": true' in text
    assert ["q", "r"] == [entry["path"] for entry in json.loads(text)["changes"][0]["diff"]]


def test_a_plan_is_saved_in_a_folder_that_is_made(repo: Repo) -> None:
    """
    One that cannot be is an error; nothing is left behind.
    """
    record(repo.define("a"))

    repo.ok("plan", "--out", "out/deep/plan.json")

    assert ["plan.json"] == os.listdir(repo.root / "out/deep")
    assert reported(1, "error: out cannot be written: Is a directory", "hint: choose another file") == repo.run(
        "plan", "--out", "out"
    )
    assert reported(1, "error: .gitignore/x cannot be written: File exists", "hint: choose another file") == repo.run(
        "plan", "--out", ".gitignore/x"
    )
    assert [] == [path.name for path in repo.root.iterdir() if path.name.startswith(".stagectl-")]


@pytest.mark.parametrize("special", ["link", "pipe"])
def test_a_plan_is_saved_over_no_link_and_no_special_file(repo: Repo, special: str) -> None:
    """
    /dev/stdout is such a link: renamed over, it would be a file from then on, for all.
    """
    target, there = repo.root / "target", repo.root / "there"
    target.write_text("kept")
    there.symlink_to("target") if special == "link" else os.mkfifo(there)

    done = repo.define("db").stage().run("plan", "--out", "there")

    reported = "error: there cannot be written: it is a link or special file\nhint: choose another file\n"
    assert (1, reported) == (done.code, done.err)
    assert "kept" == target.read_text()
    assert there.is_symlink() if special == "link" else there.is_fifo()


def test_a_plan_that_could_not_be_read_again_is_not_saved(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A hundred thousand changes are more than a saved plan may have; its id pins it all the same.
    """
    monkeypatch.setattr(reviewed, "LARGEST", 100)
    record(repo.define("a", inputs={"x": 1}))
    repo.define("a", inputs={"x": 2}).stage()

    ran = repo.run("plan", "--out", "plan.json")

    assert 1 == ran.code
    assert "error: plan.json would have 0 MiB, of a saved plan 0 MiB are read at the most\n" in ran.err
    assert f"apply --expect {repo.plan().raw['plan_id']}\n" in ran.err
    assert not (repo.root / "plan.json").exists()


def test_no_plan_is_saved_where_there_is_none(repo: Repo) -> None:
    """
    An impossible plan leaves an earlier file as it is.
    """
    record(repo.define("a"))
    before = saved(repo)
    repo.write(".staged/a.yaml", "x")

    assert 1 == repo.run("plan", "--out", "plan.json").code
    assert before == json.loads(repo.read("plan.json"))
