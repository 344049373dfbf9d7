"""What went on since: conflicts are reported, and other values stay."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import Repo
from tests.scenarios.revert.world import oid, refused, staged

pytestmark = pytest.mark.once


def test_every_conflict_is_reported_and_nothing_is_done(repo: Repo) -> None:
    """
    Several values in several files: changed again, gone, removed, created again.
    """
    repo.define("a", inputs={"x": 1, "m": {"k": 1, "same": 1}}).define("b", inputs={"y": [1, 2]})
    repo.define("c", inputs={"v": 1}).define("d", inputs={"v": 1}).apply_all()
    repo.define("a", inputs={"x": 2, "m": {"k": 2, "same": 2}}).define("b", inputs={"y": [1, 3]})
    repo.define("c", inputs={"v": 2}).define("e", inputs={"v": 1}).delete("d").stage()
    commit = oid(repo)
    repo.define("a", inputs={"x": 3, "m": {"same": 2}}).define("b", inputs={"y": "none"}).delete("c")
    repo.define("d", inputs={"v": 9}).define("e", inputs={"v": 2, "w": 1}).stage()

    assert refused(repo, commit) == (
        "error: changed again since:\n"
        "  a: x should go back from 2 to 1, and is 3 now\n"
        "  a: m.k should go back from 2 to 1, and is gone now\n"
        '  b: y should go back from [1,3] to [1,2], and is "none" now\n'
        "  c: it was removed since\n"
        "  d: it was created again since\n"
        "  e: v should go with it, was 1, and is 2 now\n"
        "  e: w should go with it, was gone, and is 1 now\n"
        "hint: nothing was staged; edit by hand\n"
    )


BEFORE = {"a": 1, "m": {"k": {"x": 1, "y": 1}, "l": [1, {"z": 1}]}, "gone": 1, "list": [1, 2, 3]}
CHANGED = {"a": 2, "m": {"k": {"x": 2, "y": 1}, "l": [1, {"z": 2}]}, "come": {"p": 1}, "list": [1]}


@pytest.mark.parametrize(
    ("since", "after"),
    [
        ({"b": 5}, {**BEFORE, "b": 5}),
        ({"m": {"k": {"x": 2, "y": 7}, "l": [1, {"z": 2, "w": 3}], "n": []}},
         {**BEFORE, "m": {"k": {"x": 1, "y": 7}, "l": [1, {"z": 1, "w": 3}], "n": []}}),
        ({"m": {"k": {"x": 2}, "l": [0, {"z": 2}, 9]}}, {**BEFORE, "m": {"k": {"x": 1}, "l": [0, {"z": 1}, 9]}}),
        ({"come": {"p": 1, "q": 2}}, {**BEFORE, "come": {"q": 2}}),
        ({"list": [5]}, {**BEFORE, "list": [5, 2, 3]}),
        ({"a": 1, "gone": 1}, BEFORE),
    ],
)  # fmt: skip
def test_values_that_went_on_elsewhere_stay(repo: Repo, since: Any, after: Any) -> None:
    """
    In nested mappings and lists, added and removed keys; what is as it was already stays, too.
    """
    repo.define("web", inputs=BEFORE).apply_all()
    commit = staged(repo, "web", inputs=CHANGED)
    staged(repo, "web", inputs={**CHANGED, **since})

    repo.ok("revert", commit)

    repo.ok("apply", "--yes")
    assert after == repo.applied("web")["inputs"]


@pytest.mark.parametrize(
    ("before", "then", "now", "after"),
    [
        ("x", {"a": 1}, None, "x"),
        ({"a": {"b": 1}}, "x", None, {"a": {"b": 1}}),
        ({}, {"a": 1}, None, {}),
        ([1, 2, 3, 4], [1], [1, 9], "y should go back from [1] to [1,2,3,4], and is [1,9] now"),
        ([1], [1, 2, 3], [1, 2, 3, 4], [1, 4]),
        ([3, 1, 2], [1, 2], [1], [3, 1]),
        ({"l": [1]}, {"l": [1, 2, 3]}, {"l": [1, 2, 3], "k": 1}, {"l": [1], "k": 1}),
    ],
)  # fmt: skip
def test_values_of_another_shape_go_back(repo: Repo, before: Any, then: Any, now: Any, after: Any) -> None:
    """
    Scalars that became mappings, lists that grew and shrank: the old shape, the new entries kept, or a conflict.
    """
    repo.define("web", tags=["t"], inputs={"y": before}).stage()
    commit = staged(repo, "web", tags=["t"], inputs={"y": then})
    staged(repo, "web", inputs={"y": then if now is None else now})

    done = repo.run("revert", commit)

    if isinstance(after, str) and after.startswith("y should"):
        assert f"  web: {after}\n" in done.err
    else:
        assert after == repo.ok("show", "web", "--json").json()["staged"]["inputs"]["y"], done.err


URLS = """\
---
kind: service
---
inputs:
  urls:
    - host: a   # the first
      port: 3
    - host: b   # the second
      port: 2
"""

FRONT_ENTRY = "  urls:\n    - host: new\n      port: 2\n"


@pytest.mark.parametrize("place", ["0", "1"])
def test_an_entry_that_moved_in_its_list_is_found_again(repo: Repo, place: str) -> None:
    """
    Another one was put in front of it: the value goes back in the entry it was changed in, and in no other.
    """
    repo.write("resources/web.yaml", URLS).apply_all()
    repo.ok("update", "web", "--set", f"urls.{place}.port=9")
    commit = oid(repo)
    for text in ("3", "9"):  # also where what stands in its old place looks as if it were the one
        edited = repo.read("resources/web.yaml").replace("  urls:\n", FRONT_ENTRY.replace("port: 2", f"port: {text}"))
        repo.write("resources/web.yaml", edited).stage()

        repo.ok("revert", commit)

        expected = URLS.replace("  urls:\n", FRONT_ENTRY.replace("port: 2", f"port: {text}"))
        assert expected == repo.read("resources/web.yaml")
        repo.git("reset", "-q", "--hard", commit)


def test_an_entry_that_may_be_another_one_is_a_conflict(repo: Repo) -> None:
    """
    It cannot be said which entry is meant: the list as a whole is reported, and nothing is done.
    """
    one = {"host": "a", "port": 1}
    repo.define("web", inputs={"urls": [one]}).apply_all()
    commit = staged(repo, "web", inputs={"urls": [{**one, "port": 2}]})
    staged(repo, "web", inputs={"urls": [{"host": "new", "port": 2}, {**one, "port": 2, "size": 1}]})

    assert refused(repo, commit) == (
        "error: changed again since:\n"
        '  web: urls should go back from [{"host":"a","port":2}] to [{"host":"a","port":1}], '
        'and is [{"host":"new","port":2},{"host":"a","port":2,"size":1}] now\n'
        "hint: nothing was staged; edit by hand\n"
    )


def test_entries_go_out_of_a_list_with_the_lines_of_the_others_kept(repo: Repo) -> None:
    """
    Comments and formatting of the entries that stay are what they were.
    """
    repo.write("resources/web.yaml", URLS).apply_all()
    longer = URLS.replace("    - host: b", "    - host: more\n      port: 5\n    - host: b")
    repo.write("resources/web.yaml", longer).stage()
    commit = oid(repo)
    repo.write("resources/web.yaml", longer.replace("port: 2", "port: 7")).stage()

    repo.ok("revert", commit)

    assert URLS.replace("port: 2", "port: 7") == repo.read("resources/web.yaml")


def test_relations_are_taken_back(repo: Repo) -> None:
    """
    A dependency added since stays, whatever the order they are written in; reactions go back, too.
    """
    for name in ("a", "b", "c"):
        repo.define(name, inputs={})
    repo.define("web", depends_on=["a"], inputs={}).apply_all()
    commit = staged(repo, "web", depends_on=["b"], react_on={"restart": ["a.update"]}, inputs={})
    staged(repo, "web", depends_on=["b", "c"], react_on={"restart": ["a.update"]}, inputs={})

    repo.ok("revert", commit)

    shown = repo.ok("show", "web", "--json").json()
    assert ["a", "c"] == sorted(shown["parents"])
    assert "restart" not in repo.read(".staged/web.yaml")
