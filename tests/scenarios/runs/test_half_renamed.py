"""A `rename` that failed is owed, whatever becomes of the move: the world may have done it half-way."""

from __future__ import annotations

import json
from typing import Sequence

import pytest

from tests.build import Repo, made_once

NOTE = """
[ ! -f fail ] || exit 3; [ ! -f kill ] || kill -9 $PPID
echo "$STAGECTL_RESOURCE.$STAGECTL_ACTION${STAGECTL_MOVED_FROM+<$STAGECTL_MOVED_FROM}" >> actions.log
"""
BACK = ("move", "b", "a")


@pytest.fixture
@made_once
def half(repo: Repo) -> Repo:
    """a was to become b, and its `rename` failed."""
    actions = {action: ["sh", "-c", NOTE] for action in ("update", "remove", "rename")}
    repo.write("kinds/host.yaml", json.dumps({"actions": actions}))
    repo.define("a", "host", inputs={"n": 1}).define("app", inputs={"n": "${a.n}"}).apply_all()
    repo.ok("move", "a", "b")
    assert 1 == repo.write("fail", "").apply().code
    (repo.root / "fail").unlink()
    return repo


@pytest.mark.parametrize(
    ("since", "planned", "ran"),
    [
        ([], ["b.rename"], ["b.rename<a"]),
        ([BACK], ["a.rename"], ["a.rename<b"]),
        ([("discard", "b")], ["a.rename"], ["a.rename<b"]),
        ([("unstage", "a")], ["a.rename"], ["a.rename<b"]),
        ([("revert", "HEAD")], ["a.rename"], ["a.rename<b"]),
        (
            [BACK, ("update", "a", "--set", "n=2")],
            ["a.rename", "a.update", "app.update"],
            ["a.rename<b", "a.update", "app.update"],
        ),
        ([BACK, ("create", "b", "--kind", "host", "--set", "n=3")], ["a.rename", "b.run"], ["a.rename<b"]),
        (
            [("remove", "b", "--recursive")],
            ["a.rename", "app.remove", "a.remove"],
            ["a.rename<b", "app.remove", "a.remove"],
        ),
        ([("move", "b", "c")], ["c.rename"], ["c.rename<a"]),
        (
            [("update", "app", "--set", "n=7"), ("apply", "--yes", "app"), BACK],
            ["a.rename"],
            ["app.update", "a.rename<b"],
        ),
    ],
    ids=["again", "back", "discard", "unstage", "revert", "edited", "name-taken", "removed", "third-name", "part"],
)
def test_a_rename_that_failed_is_owed(
    half: Repo, since: Sequence[Sequence[str]], planned: Sequence[str], ran: Sequence[str]
) -> None:
    """
    `status` has it, the next plan does it first, with the name that the world may have, and then nothing is left.
    """
    for words in since:
        half.ok(*words)

    assert planned == half.plan().ids
    assert ".rename" in half.ok("status").out.partition("Owed")[2]
    assert 0 == half.apply("--parallel", "1").code  # as planned: of two that nothing orders either may be first
    assert (list(ran), []) == (half.log(), half.plan().ids)
    assert "Owed" not in half.ok("status").out
    half.ok("verify")


def test_a_rename_whose_end_was_not_seen_is_owed(repo: Repo, half: Repo) -> None:
    """
    The runner dies while it renames; a colleague takes the move back.
    """
    half.write("kill", "")
    half.begin("apply", "--yes").wait()
    (half.root / "kill").unlink()
    half.run("resume", "--unknown", "failed")

    half.ok(*BACK)

    assert ["a.rename"] == half.plan().ids


def test_a_half_done_rename_is_dropped_by_a_discard_of_its_own(half: Repo) -> None:
    """
    The one that takes the move back keeps it, and the plan says what it is; the second one drops it.
    """
    half.ok("discard", "b")
    assert "a.rename  (owed since b.rename)" in half.ok("plan").out

    half.ok("discard", "a")

    assert [] == half.plan().ids
    half.ok("verify")


def test_of_a_chain_each_name_has_its_own(half: Repo) -> None:
    """
    b frees its name for a, whose `rename` fails: b has moved, a owes, and each is found by what it is called.
    """
    half.ok(*BACK)
    half.define("b", "host", inputs={"n": 2}).stage().ok("apply", "--yes")
    half.write(
        "kinds/host.yaml", half.read("kinds/host.yaml").replace("-f fail", "-f fail-$STAGECTL_RESOURCE")
    ).commit()
    half.ok("move", "b", "c")
    half.ok("move", "a", "b")

    assert 1 == half.write("fail-b", "").apply().code

    assert (None, 2) == (half.applied("b"), half.applied("c")["inputs"]["n"])
    assert {"rename": ["b.rename"]} == half.applied("a")["owed"]
    half.ok("verify")
    half.ok(*BACK)
    assert ["a.rename"] == half.plan().ids


def test_what_was_to_take_the_name_stays_where_it_is(half: Repo) -> None:
    """
    c was to become a once that is b: nothing runs for it, and it waits for the name, beside what owes it.
    """
    half.ok(*BACK)
    half.define("c", "plain", inputs={"n": 2}).stage().ok("apply", "--yes")
    half.ok("move", "a", "b")
    half.ok("move", "c", "a")

    assert 1 == half.write("fail", "").apply().code

    (half.root / "fail").unlink()
    assert ([1, 2], None) == ([half.applied(name)["inputs"]["n"] for name in "ac"], half.applied("b"))
    half.ok("verify")
    half.ok("apply", "--yes")
    assert ([2, 1], None) == ([half.applied(name)["inputs"]["n"] for name in "ab"], half.applied("c"))


def test_what_reacts_on_a_changed_name_does_so_after_a_second_try(half: Repo) -> None:
    """
    The second try reports that it changed nothing: the first one may have.
    """
    half.ok("apply", "--yes")
    said = """echo '{"changed": false}' > "$STAGECTL_RESULT"; """
    half.write("kinds/host.yaml", json.dumps({"actions": {"rename": ["sh", "-c", said + NOTE]}}))
    half.kind("service", actions=("update", "restart"))
    for old, new, more in (("b", "c", []), ("c", "d", ["app.restart"])):
        reacting = {"react_on": {"restart": [{"on": f"{new}.rename", "when": "changed"}]}}
        half.ok("move", old, new)
        half.define("app", inputs={"n": f"${{{new}.n}}"}, **reacting).stage().commit()
        if more:
            assert 1 == half.write("fail", "").apply().code
            (half.root / "fail").unlink()
        (half.root / "actions.log").unlink()

        half.ok("apply", "--yes")

        assert [f"{new}.rename<{old}", *more] == half.log()
