"""Reverting what was done to a resource that has another name by now, or whose name another resource has."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest

from stagectl.adapters.git.process import GitProcess
from tests.build import Repo, made_once

THING = "---\nkind: service\n{}---\ninputs: {{n: {}}}\n"


def swap(repo: Repo) -> None:
    """a and b change places; app goes on reading the same one, which is b now."""
    numbers = {name: repo.applied(name)["inputs"]["n"] for name in "ab"}
    repo.write("resources/a.yaml", THING.format("moved_from: b\n", numbers["b"]))
    repo.write("resources/b.yaml", THING.format("moved_from: a\n", numbers["a"]))
    repo.define("app", inputs={"x": "${b.n}"}).apply_all()


@pytest.fixture
@made_once
def edited(repo: Repo) -> Repo:
    """a (1), b (7) and app, which reads a, are applied; then a is 2, in the commit tagged `edit`, and that applied."""
    repo.write("resources/a.yaml", THING.format("", 1)).write("resources/b.yaml", THING.format("", 7))
    repo.define("app", inputs={"x": "${a.n}"}).apply_all().ok("update", "a", "--set", "n=2")
    repo.git("tag", "edit")
    repo.ok("apply", "--yes")
    return repo


def again(repo: Repo) -> None:
    repo.ok("remove", "a", "--detach")
    repo.ok("apply", "--yes")
    repo.ok("create", "a", "--kind", "service", "--set", "n=2")


def renamed(repo: Repo) -> None:
    repo.ok("move", "a", "c")
    repo.ok("apply", "--yes")
    repo.ok("create", "a", "--kind", "service", "--set", "n=2")
    repo.ok("apply", "--yes")


CASES: Dict[str, Tuple[object, List[str], str]] = {
    "another-has-its-name": (renamed, ["c.update", "app.update"], ""),
    "swapped": (swap, ["b.update", "app.update"], ""),
    "removed-and-another-made": (again, [], "a: it was removed since, and another resource has the name now"),
}


@pytest.mark.parametrize("commit", ["edit", "stagectl/applied"])
@pytest.mark.parametrize(("since", "ids", "why"), CASES.values(), ids=CASES)
def test_the_resource_is_meant_and_not_the_name(
    edited: Repo, commit: str, since: object, ids: List[str], why: str
) -> None:
    """
    A staging or an apply is taken back where its resource is by now; where that is gone, the name is no hint.
    """
    meant = edited.git("rev-parse", commit).strip()
    assert callable(since)
    since(edited)

    done = edited.run("revert", meant)

    assert (1 if why else 0) == done.code
    assert why in done.err
    assert (not why and ids == edited.plan().ids) or why


def test_a_swap_that_was_applied_is_swapped_back_again_and_again(edited: Repo) -> None:
    """
    By reverting the commit that staged it, or the apply; nothing runs, and each keeps its values.
    """
    swap(edited)
    for commit in ("HEAD", "HEAD", "stagectl/applied"):
        before = {name: edited.applied(name)["inputs"]["n"] for name in "ab"}
        edited.ok("revert", commit)
        plan = edited.plan()
        assert ([], [{"from": "b", "to": "a"}, {"from": "a", "to": "b"}]) == (plan.ids, plan.raw["moved"])
        edited.ok("apply", "--yes")
        assert before == {other: edited.applied(name)["inputs"]["n"] for name, other in ("ab", "ba")}
    edited.ok("verify")


def test_a_move_is_taken_back_with_what_was_edited_since(edited: Repo) -> None:
    """
    Under its old name it keeps the edit; where it was moved on, the conflict names both names.
    """
    edited.ok("move", "a", "c")
    meant = edited.git("rev-parse", "HEAD").strip()
    edited.ok("apply", "--yes")
    edited.ok("update", "c", "--set", "n=5")
    edited.ok("revert", meant)
    plan = edited.plan()
    assert (["a.update", "app.update"], [{"from": "c", "to": "a"}]) == (plan.ids, plan.raw["moved"])
    edited.git("reset", "-q", "--hard", meant)
    edited.ok("move", "c", "d")

    refused = edited.run("revert", meant)

    assert (1, True) == (refused.code, "c: it is called d by now, and would be a again" in refused.err)


@pytest.mark.parametrize("is_applied", [False, True])
def test_what_gets_its_name_back_has_its_definition_there_again(edited: Repo, is_applied: bool) -> None:
    """
    With what was edited since: the file has the old name, the staged one says so, and nothing is left to stage.
    """
    edited.ok("move", "a", "c")
    meant = edited.git("rev-parse", "HEAD").strip()
    if is_applied:
        edited.ok("apply", "--yes")
    edited.ok("update", "c", "--set", "n=5")

    edited.ok("revert", meant)

    assert ["a", "app", "b"] == sorted(path.stem for path in (edited.root / "resources").glob("*.yaml"))
    assert "source: resources/a.yaml\n" in edited.read(".staged/a.yaml")
    edited.ok("stage", "--check")
    edited.ok("apply", "--yes")
    assert (None, 5) == (edited.applied("c"), edited.applied("a")["inputs"]["n"])


def test_a_swap_with_what_was_moved_and_not_yet_applied_goes_back(edited: Repo) -> None:
    """
    Each is followed, although neither file names the step between; where one was moved on, the conflict says so.
    """
    edited.ok("move", "a", "c")
    edited.write("resources/c.yaml", THING.format("moved_from: b\n", 7))
    edited.write("resources/b.yaml", THING.format("moved_from: a\n", 2))
    edited.define("app", inputs={"x": "${b.n}"}).stage()
    meant = edited.git("rev-parse", "HEAD").strip()
    edited.ok("apply", "--yes")
    edited.ok("revert", meant)
    plan = edited.plan()
    assert ([], [{"from": "c", "to": "b"}, {"from": "b", "to": "c"}]) == (plan.ids, plan.raw["moved"])
    edited.git("reset", "-q", "--hard", meant)
    edited.ok("move", "c", "d")

    refused = edited.run("revert", meant)

    assert (1, True) == (refused.code, "c: it is called d by now, and would be b again" in refused.err)


def test_a_move_that_was_discarded_comes_back_and_nothing_else_moves(edited: Repo) -> None:
    """
    Its file claims again what another has by now, whose file claims what the first one leaves; neither is new.
    """
    for old, new in (("a", "d"), ("b", "a")):
        edited.ok("move", old, new)
        edited.ok("apply", "--yes")
    edited.ok("update", "a", "--set", "r=${d.n}")
    edited.ok("apply", "--yes")
    edited.ok("move", "d", "b")
    edited.ok("discard", "d")

    edited.ok("revert", "HEAD")

    assert ([], [{"from": "d", "to": "b"}]) == (edited.plan().ids, edited.plan().raw["moved"])


def test_a_move_that_was_discarded_is_not_made_of_what_has_another_name_now(edited: Repo) -> None:
    """
    A chain was taken back, of which one was moved on: nothing gets its name, its values, or is removed for it.
    """
    edited.ok("move", "b", "c")
    edited.ok("move", "a", "b")
    edited.ok("discard", "b")
    meant = edited.git("rev-parse", "HEAD").strip()
    for name, new, left in (("b", "d", "c"), ("a", "e", "b")):
        edited.ok("move", name, new)
        edited.ok("apply", "--yes")

        refused = edited.run("revert", meant)

        assert (1, True) == (
            refused.code,
            f"{name}: it is called {new} by now, and would be {left} again" in refused.err,
        ), refused.err


def test_a_chain_that_was_moved_on_at_once_before_it_was_applied_goes_back(edited: Repo) -> None:
    """
    What claims a name is what claimed it before, and not what had the name in between.
    """
    edited.ok("move", "a", "c")
    edited.ok("move", "b", "a")
    for old, new in (("c", "e"), ("a", "f")):
        edited.write(f"resources/{new}.yaml", edited.read(f"resources/{old}.yaml")).delete(old)
    edited.define("app", inputs={"x": "${e.n}"}).stage().ok("apply", "--yes")

    edited.ok("revert", "HEAD")

    assert ([], [{"from": "f", "to": "a"}, {"from": "e", "to": "c"}]) == (edited.plan().ids, edited.plan().raw["moved"])


def test_what_reads_the_names_of_a_swap_without_an_edit_is_recorded(edited: Repo) -> None:
    """
    app goes on reading the name a, so it reads what was b: its update runs, and its file is stored as it is.
    """
    edited.write("resources/a.yaml", THING.format("moved_from: b\n", 7))
    edited.write("resources/b.yaml", THING.format("moved_from: a\n", 2)).apply_all()

    assert ({"x": 7}, []) == (edited.applied("app")["inputs"], edited.plan().ids)
    edited.ok("verify")


def test_the_commits_since_cost_no_git_each(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What was staged since is asked about all at once: as many processes after three commits as after twelve.
    """
    started: List[Tuple[Any, ...]] = []
    real = GitProcess.start

    def counted(*words: Any, **more: Any) -> Any:
        started.append(words)
        return real(*words, **more)

    def reverting() -> int:
        with monkeypatch.context() as patched:
            patched.setattr(GitProcess, "start", counted)
            assert 1 == repo.run("revert", meant).code
        number = len(started)
        started.clear()
        return number

    repo.define("a", inputs={"n": 1}).define("x", inputs={"n": 0}).stage()
    meant = repo.git("rev-parse", "HEAD").strip()
    counts = []
    for number in range(1, 13):
        repo.ok("update", "x", "--set", f"n={number}")
        counts += [reverting()] if number in (3, 12) else []

    assert counts[0] == counts[1] > 5
