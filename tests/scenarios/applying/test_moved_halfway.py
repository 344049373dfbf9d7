"""Moves of which a part fails, or is asked for alone: what was moved stays moved, and nothing changes places twice."""

from __future__ import annotations

import pytest

from tests.build import Repo


@pytest.fixture
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
