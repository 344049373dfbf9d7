"""The guard against taking back what others applied: contained by content, resource by resource."""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple

import pytest

from tests.build import WHERE, Ran, Repo
from tests.scenarios.applying.world import APPLIED


def failed(done: Ran) -> Ran:
    assert done.code == 1, done.out + done.err
    return done


def edit(repo: Repo, **values: int) -> Repo:
    for name, value in values.items():
        repo.define(name, inputs={"x": value})
    return repo.stage()


def applied(repo: Repo, **values: int) -> Repo:
    edit(repo, **values).ok("apply", "--yes", "--allow-rollback", *values)
    return repo


def on(repo: Repo, branch: str, start: str = "") -> Repo:
    repo.git("checkout", "-q", *(["-b", branch, start] if start else [branch]))
    return repo


def begun(repo: Repo) -> Repo:
    """a, b and c are applied with 1; a branch `side` begins there."""
    for name in "abc":
        repo.define(name, inputs={"x": 1})
    repo.apply_all()
    repo.git("branch", "side")
    return repo


def removed_and_made_again(repo: Repo) -> str:
    """a became x, which was removed, and another a was made, all applied; return the commit that moved."""
    repo.define("a", inputs={"x": 1}).apply_all()
    repo.ok("move", "a", "x")
    moved = repo.git("rev-parse", "HEAD").strip()
    repo.ok("apply", "--yes")
    repo.git("branch", "side")
    repo.ok("remove", "x")
    repo.apply()
    repo.define("a", inputs={"x": 2}).stage()
    repo.apply()
    return moved


def test_an_older_commit_does_not_claim_again_what_others_have_now(repo: Repo) -> None:
    """
    The older x was another a than there is now: that is refused, whatever is allowed; what the hint says does it.
    """
    on(repo, "older", removed_and_made_again(repo))

    refused = failed(repo.run("apply", "--yes", "--allow-rollback"))

    assert "error: x claims a again (moved_from)" in refused.err and "drop the claim from x" in refused.err
    assert "x claims a again" in repo.ok("plan").err
    repo.define("x", inputs={"x": 1}).stage()
    repo.ok("apply", "--yes", "--allow-rollback")
    assert (None, {"x": 1}) == (repo.applied("a"), repo.applied("x")["inputs"])


def test_a_claim_counts_where_the_removal_is_known_or_there_was_none(repo: Repo) -> None:
    """
    Also by content: the removal was squashed, and a is moved to x again. And a move that was never applied just moves.
    """
    removed_and_made_again(repo)
    on(repo, "squashed", "side").git("merge", "-q", "--squash", "main")
    repo.commit("squashed")
    repo.ok("move", "a", "x")
    repo.ok("apply", "--yes", "--allow-rollback")
    assert ({"x": 2}, None) == (repo.applied("x")["inputs"], repo.applied("a"))

    repo.git("branch", "pending")
    repo.ok("update", "x", "--set", "x=3")
    repo.apply()
    on(repo, "pending").ok("move", "x", "y")
    repo.ok("apply", "--yes", "--allow-rollback")
    assert ({"x": 2}, None) == (repo.applied("y")["inputs"], repo.applied("x"))


@pytest.mark.parametrize("is_another", [True, False])
def test_a_claim_that_an_older_commit_took_back_counts_again_where_it_is_the_same_resource(
    repo: Repo, is_another: bool
) -> None:
    """
    Applied, rolled back, and forward again: x was made of a, as it is now, or of another a that was made since. The
    latter is refused; what the hint says does it.
    """
    repo.define("a", inputs={"x": 1}).apply_all()
    repo.git("branch", "older")
    if is_another:
        repo.ok("remove", "a")
        repo.apply()
        repo.define("a", inputs={"x": 2}).stage()
        repo.apply()
    repo.ok("move", "a", "x")
    repo.ok("apply", "--yes")
    on(repo, "older").ok("apply", "--yes", "--allow-rollback")
    assert (None, {"x": 1}) == (repo.applied("x"), repo.applied("a")["inputs"])
    on(repo, "main")

    done = repo.run("apply", "--yes")

    if not is_another:
        assert ({"x": 1}, None) == (repo.applied("x")["inputs"], repo.applied("a"))
        return
    assert failed(done).err.startswith("error: x claims a again (moved_from)") and "drop the claim from x" in done.err
    assert "which an older commit did that was applied again" in repo.ok("plan").err
    repo.define("x", inputs={"x": 2}).stage()
    assert ["a.remove", "x.run"] == repo.plan().ids
    repo.ok("apply", "--yes")
    assert "" == repo.ok("plan").err


class Case(NamedTuple):
    make: Callable[[Repo], object]  # from what `begun` leaves
    back: List[str]  # what the apply of everything that is staged then would take back


def squash(repo: Repo) -> None:
    applied(on(repo, "side"), a=2)
    on(repo, "main").git("merge", "-q", "--squash", "side")
    repo.commit("squashed")
    edit(repo, b=2)


def squash_and_go_on(repo: Repo) -> None:
    squash(repo)
    edit(repo, a=3)


def squash_of_more(repo: Repo) -> None:
    applied(on(repo, "side"), a=2)
    edit(repo, a=3)
    on(repo, "main").git("merge", "-q", "--squash", "side")
    repo.commit("squashed")


def rebase(repo: Repo) -> None:
    edit(repo, b=2)
    applied(on(repo, "side"), a=2)
    repo.git("rebase", "-q", "main")


def older(repo: Repo) -> None:
    applied(repo, a=2)
    on(repo, "old", "HEAD~1")


def older_with_an_edit(repo: Repo) -> None:
    older(repo)
    edit(repo, b=5)


def two_lines(repo: Repo) -> None:
    applied(on(repo, "side"), a=2)
    edit(applied(on(repo, "main"), b=2), c=2)


def two_lines_merged(repo: Repo) -> None:
    two_lines(repo)
    repo.git("merge", "-q", "--no-edit", "side")


def one_exception(repo: Repo) -> None:
    applied(repo, a=2)
    edit(applied(on(repo, "side"), b=2), b=3)


def removed_there(repo: Repo) -> None:
    on(repo, "side").ok("remove", "a")
    repo.ok("apply", "--yes")
    edit(on(repo, "main"), b=2)


def removed_there_and_here(repo: Repo) -> None:
    removed_there(repo)
    repo.ok("remove", "a")


def made_there(repo: Repo) -> None:
    applied(on(repo, "side"), new=1)
    edit(on(repo, "main"), b=2)


def came_and_went_there(repo: Repo) -> None:
    applied(on(repo, "side"), new=1)
    repo.ok("remove", "new")
    repo.ok("apply", "--yes")
    edit(on(repo, "main"), new=7)


def comment(repo: Repo) -> None:
    on(repo, "side").write("resources/a.yaml", repo.read("resources/a.yaml") + "# why\n").stage()
    repo.ok("apply", "--yes")
    edit(on(repo, "main"), b=2)


def moved_there(repo: Repo) -> None:
    on(repo, "side").ok("move", "a", "z")
    repo.ok("apply", "--yes")
    edit(on(repo, "main"), b=2)


def other_side_reverted(repo: Repo) -> None:
    applied(applied(on(repo, "side"), a=2), a=1)
    edit(on(repo, "main"), a=5)


CASES: Dict[str, Case] = {
    "squash": Case(squash, []),
    "squash and go on": Case(squash_and_go_on, []),
    "squash of more": Case(squash_of_more, ["a"]),
    "rebase": Case(rebase, []),
    "older": Case(older, ["a"]),
    "older with an edit": Case(older_with_an_edit, ["a"]),
    "two lines": Case(two_lines, ["a"]),
    "two lines merged": Case(two_lines_merged, []),
    "one exception": Case(one_exception, ["a"]),
    "removed there": Case(removed_there, ["a"]),
    "removed there and here": Case(removed_there_and_here, []),
    "made there": Case(made_there, ["new"]),
    "came and went there": Case(came_and_went_there, []),
    "comment": Case(comment, ["a"]),
    "moved there": Case(moved_there, ["a", "z"]),
    "other side reverted": Case(other_side_reverted, []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_only_what_would_be_taken_back_is_refused(repo: Repo, case: Case) -> None:
    """
    `plan` warns of exactly these, `apply` refuses and names them, and runs nothing. What touches none is applied.
    """
    case.make(begun(repo))
    (repo.root / "actions.log").unlink(missing_ok=True)
    names = sorted({change["resource"] for change in repo.plan().raw["changes"]} | set(repo.plan().raw["recorded"]))

    warned = repo.ok("plan").err
    reported = [name for name in names if f"{name} (applied from " in warned]
    done = repo.apply()

    assert (reported, done.code) == (case.back, 1 if case.back else 0)
    if case.back:
        assert repo.log() == []
        assert done.err.startswith("error: this would take back what is applied of " + case.back[0])
        for name in sorted(set(names) - set(case.back)):
            repo.ok("apply", "--yes", name)


def test_the_way_out_that_is_named_keeps_what_is_applied(repo: Repo) -> None:
    """
    `discard`, pasted from the hint: the branch has what is applied then, and its own edits are applied.
    """
    two_lines(begun(repo))
    source = repo.git("rev-parse", "--short=12", "side").strip()

    assert failed(repo.apply()).err == (
        f"error: this would take back what is applied of a (applied from {source}, stage: a.update{WHERE}): "
        "this commit does not contain the commit it was last applied from, nor the same content\n"
        "hint: keep what is applied: stagectl discard a; or take a newer commit; "
        "--allow-rollback applies it all the same\n"
    )
    repo.ok("discard", "a")
    repo.ok("apply", "--yes")

    assert [repo.applied(name)["inputs"]["x"] for name in "abc"] == [2, 2, 2]


def test_a_child_that_only_follows_takes_nothing_back(repo: Repo) -> None:
    """
    Its own edit, applied from elsewhere, stays: an unselected child is updated as it is applied.
    """
    repo.define("db", inputs={"x": 1}).define("app", inputs={"p": "${db.x}", "y": 1}).apply_all()
    repo.git("branch", "side")
    on(repo, "side").define("app", inputs={"p": "${db.x}", "y": 2}).stage().ok("apply", "--yes")
    on(repo, "main").define("db", inputs={"x": 2}).stage()

    assert "app (applied from" in failed(repo.apply()).err
    repo.ok("apply", "--yes", "db")
    assert repo.applied("app")["inputs"] == {"p": 2, "y": 2}


def test_an_exception_holds_for_one_apply(repo: Repo) -> None:
    """
    --allow-rollback takes back what it is asked to, and the next apply is guarded as before.
    """
    two_lines(begun(repo))

    repo.ok("apply", "--yes", "--allow-rollback")

    assert repo.applied("a")["inputs"] == {"x": 1}
    assert repo.git("rev-parse", f"{APPLIED}^2") == repo.git("rev-parse", "main")
