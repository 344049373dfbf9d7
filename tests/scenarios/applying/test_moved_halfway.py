"""Moves of which a part fails, or is asked for alone: what was moved stays moved, and nothing changes places twice."""

from __future__ import annotations

import pytest

from tests.build import Repo, made_once


@pytest.fixture
@made_once
def swapped(repo: Repo) -> Repo:
    """a (n: 1) and b (n: 2) are applied, and swapped by hand; a has an edit and b a restart staged with it."""
    repo.define("a", inputs={"n": 1}).define("b", inputs={"n": 2}).apply_all()
    repo.write("resources/a.yaml", "---\nkind: service\nmoved_from: b\n---\ninputs: {n: 22}\n")
    repo.write("resources/b.yaml", "---\nkind: service\nmoved_from: a\n---\ninputs: {n: 1}\n").stage()
    repo.ok("stage", "b", "-a", "restart")
    return repo


def test_an_action_on_one_of_a_swap_is_staged_for_that_one(swapped: Repo) -> None:
    """
    The other one moves with it, and is not restarted.
    """
    assert ["a.update", "b.restart"] == swapped.plan().ids


@pytest.mark.parametrize("failing", [("b.restart",), ("a.update",), ("a.update", "b.restart")], ids=" ".join)
def test_a_swap_of_which_something_fails_is_no_swap_again(swapped: Repo, failing: tuple) -> None:
    """
    The claims are spent where a new file was not stored either; what failed is tried again, under the new name.
    """
    swapped.fail(*failing)
    assert 1 == swapped.apply().code

    plan = swapped.plan().raw
    assert ([], sorted(failing)) == (plan["moved"], sorted(change["id"] for change in plan["changes"]))
    swapped.fail().ok("apply", "--yes")
    assert ({"n": 22}, {"n": 1}) == (swapped.applied("a")["inputs"], swapped.applied("b")["inputs"])
    assert [] == swapped.plan().ids
    swapped.ok("verify")


def test_a_change_of_what_is_moved_is_not_applied_alone(swapped: Repo) -> None:
    """
    It would act on one of the two under the name of the other.
    """
    refused = swapped.apply("b.restart")

    assert (1, "") == (refused.code, refused.out)
    assert refused.err == (
        "error: b is moved, which is not applied yet; none of its changes can be selected alone\n"
        "hint: apply the move as well: stagectl apply a b\n"
    )


def test_what_was_never_staged_is_a_mistake_and_what_was_done_is_not(repo: Repo) -> None:
    """
    A job that applies a restart may run again; one that has forgotten to stage it hears so.
    """
    repo.define("a").apply_all()
    refused = repo.apply("a.restart")
    assert (1, "hint: stage it: stagectl stage a -a restart") == (refused.code, refused.err.splitlines()[-1])

    repo.ok("stage", "a", "-a", "restart")
    for _ in range(2):
        repo.ok("apply", "--yes", "a.restart")

    assert ["a.restart"] == repo.log()
    repo.ok("apply", "--yes", "a.update")  # inferred, and nothing to do


def exchange_parents(repo: Repo) -> None:
    for name, old, n in (("c", "d", 2), ("d", "c", 1)):
        repo.write(f"resources/{name}.yaml", f"---\nkind: service\nmoved_from: {old}\n---\ninputs: {{n: {n}}}\n")
    repo.write("resources/b.yaml", repo.read("resources/b.yaml").replace("${c", "${d")).stage()


# What else is staged beside the pending move of a to b, what is applied, and what acts then.
BESIDE = {
    "it is affected": (("update", "c", "--set", "n=9"), ("c",), ["c.update", "a.update"], {}),
    "it owes": (("update", "c", "--set", "n=9"), ("-t", "parents"), ["c.update"], {"restart": ["c.update"]}),
    "what it reads is moved": (exchange_parents, ("c",), [], {}),
}


@pytest.mark.parametrize(("beside", "words", "log", "owed"), BESIDE.values(), ids=BESIDE)
def test_what_is_moved_and_not_selected_stays_under_its_name(
    repo: Repo, beside: object, words: tuple, log: list, owed: dict
) -> None:
    """
    It is not there twice afterwards, its action gets the name that it has, and the move can be applied later.
    """
    repo.define("a", tags=["t"], inputs={"x": "${c.n}"}, react_on={"restart": ["d.remove", *owed.get("restart", [])]})
    repo.define("c", tags=["parents"], inputs={"n": 1}).define("d", tags=["parents"], inputs={"n": 2}).apply_all()
    repo.ok("move", "a", "b")
    beside(repo) if callable(beside) else repo.ok(*beside)

    repo.ok("apply", "--yes", *words)

    assert (log, None, owed) == (repo.log(), repo.applied("b"), repo.applied("a").get("owed", {}))
    assert [{"from": "a", "to": "b"}] == repo.plan().raw["moved"]
    repo.ok("apply", "--yes")
    assert (None, "No changes") == (repo.applied("a"), repo.ok("plan").out[:10])
    assert repo.applied("c")["inputs"]["n"] == repo.applied("b")["inputs"]["x"] or not log
    repo.ok("verify")


def test_what_is_moved_together_is_held_together(swapped: Repo) -> None:
    """
    Else what waits would be forgotten: the other one takes the name under which it is live.
    """
    swapped.define("new", inputs={"n": 3}).write(
        "resources/a.yaml", swapped.read("resources/a.yaml").replace("22", "'${new.n}'")
    )
    swapped.stage()

    plan = swapped.plan("b")

    assert ({"a.update": ["new.run"], "b.restart": ["new.run"]}, []) == (plan.needs, plan.raw["moved"])
    assert "it is moved together with a, which is held back" in [held["message"] for held in plan.raw["held"]]
    swapped.ok("apply", "--yes", "b")
    assert ({"n": 1}, {"n": 2}) == (swapped.applied("a")["inputs"], swapped.applied("b")["inputs"])
    swapped.ok("apply", "--yes", "b", "--with-parents")
    assert ({"n": 3}, {"n": 1}) == (swapped.applied("a")["inputs"], swapped.applied("b")["inputs"])


def test_what_comes_back_and_fails_is_back(repo: Repo) -> None:
    """
    Its file, which is not stored, said that it was a: that is what it is called again.
    """
    repo.define("a", inputs={"n": 1}).apply_all()
    for old, new in ("ab", "ba", "ab"):
        repo.ok("move", old, new)
        repo.ok("update", new, "--set", f"n={ord(new)}{len(repo.log())}")
        repo.fail(f"{new}.update")

        assert "exit code 3" in repo.apply().err

        assert ([f"{new}.update"], []) == (repo.plan().ids, repo.plan().raw["moved"])
        repo.fail().ok("apply", "--yes")
        assert (None, True) == (repo.applied(old), repo.applied(new) is not None)
