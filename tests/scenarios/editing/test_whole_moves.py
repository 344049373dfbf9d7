"""A move is one thing: whatever is done to one of its names, the other one goes along."""

from __future__ import annotations

import json
import re
from typing import Sequence, Tuple

import pytest

from tests.build import APPLIED, Repo, made_once


@pytest.fixture
@made_once
def estate(repo: Repo) -> Repo:
    """p/db, its reader p/app with a relative reference, and q/far, which names it from elsewhere; all applied."""
    repo.define("p/db", inputs={"port": 5432}).define("p/app", inputs={"db": "${./db.port}", "image": "a"})
    return repo.define("q/far", inputs={"db": "${p/db.port}"}).apply_all()


def claim(repo: Repo, name: str, old: str, n: int, kind: str = "service") -> None:
    """Write a definition that claims a name, as people do by hand."""
    repo.write(f"resources/{name}.yaml", f"---\nkind: {kind}\nmoved_from: {old}\n---\ninputs: {{n: {n}}}\n")


def files(repo: Repo) -> Sequence[str]:
    return sorted(str(path.relative_to(repo.root)) for path in repo.root.glob("resources/**/*.yaml"))


@pytest.mark.parametrize(
    "undo",
    [
        ("move", "q/sql", "p/db"),
        ("discard", "p/db"),
        ("discard", "q/sql"),
        ("discard", "--all"),
        ("unstage", "p/db"),
        ("unstage", "q/sql"),
    ],
    ids=" ".join,
)
def test_a_pending_move_is_undone_as_a_whole(estate: Repo, undo: Tuple[str, ...]) -> None:
    """
    By either name, by moving back or by putting things back: staged files are what they were, and nothing is to do.
    """
    before = estate.git("ls-tree", "-r", "HEAD", ".staged"), files(estate)
    estate.ok("move", "p/db", "q/sql")

    estate.ok(*undo)

    assert before[0] == estate.git("ls-tree", "-r", "HEAD", ".staged")
    assert "No changes" in estate.ok("plan").out
    if undo[0] != "unstage":  # which leaves the definitions alone
        assert before[1] == files(estate)
        estate.ok("validate")


def test_an_applied_move_is_taken_back_by_a_move(estate: Repo) -> None:
    """
    Nothing runs, there and back; what is behind, here or elsewhere, is still found by any of the names.
    """
    for old, new in (("p/db", "q/sql"), ("q/sql", "sql"), ("sql", "p/db")):
        estate.ok("move", old, new)
        assert ([], [{"from": old, "to": new}]) == (estate.plan().ids, estate.plan().raw["moved"])
        estate.ok("apply", "--yes")
    assert "moved_from: [sql, q/sql]" in estate.read("resources/p/db.yaml")
    estate.ok("update", "p/db", "--set", "port=1")
    assert ["p/db.update", "p/app.update", "q/far.update"] == estate.plan().ids


def test_where_steps_are_missing_all_of_them_are_followed(estate: Repo) -> None:
    """
    Moved twice and applied in between, and this clone has seen neither apply: the list has both names.
    """
    old = estate.git("rev-parse", "stagectl/applied").strip()
    for before, after in (("p/db", "p/sql"), ("p/sql", "p/data")):
        estate.ok("move", before, after)
        estate.ok("apply", "--yes")
    estate.git("branch", "-f", "stagectl/applied", old)

    assert ([], [{"from": "p/db", "to": "p/data"}]) == (estate.plan().ids, estate.plan().raw["moved"])


def test_a_step_that_was_never_applied_is_not_forgotten(repo: Repo) -> None:
    """
    b2 was staged and not applied, and b3 claims it alone: the error says what to write, and that is right.
    """
    repo.define("b", inputs={"n": 1}).define("keep").apply_all()
    repo.delete("b")
    claim(repo, "b2", "b", 1)
    repo.stage()
    repo.delete("b2")
    claim(repo, "b3", "b2", 1)

    assert 1 == repo.run("stage", "b3").code  # b2 would stay staged beside it
    refused = repo.run("stage")

    assert "resources/b3.yaml:3:13: b2 was never applied, and was moved itself: write [b2, b]" in refused.err
    claim(repo, "b3", "[b2, b]", 1)
    repo.stage()
    assert ([], [{"from": "b", "to": "b3"}]) == (repo.plan().ids, repo.plan().raw["moved"])


@pytest.mark.parametrize("name", ["x", "b"])
def test_one_name_of_a_move_stages_both(repo: Repo, name: str) -> None:
    """
    A definition renamed by hand: neither is the old one staged as removed, nor the new one as another.
    """
    repo.define("b", inputs={"n": 1}).define("keep").apply_all()
    repo.delete("b")
    claim(repo, "x", "b", 1)

    repo.ok("stage", name)

    assert ([], [{"from": "b", "to": "x"}]) == (repo.plan().ids, repo.plan().raw["moved"])


@pytest.mark.parametrize("verb", ["unstage", "discard"])
@pytest.mark.parametrize("name", ["a", "b"])
def test_a_swap_is_undone_by_either_name(repo: Repo, verb: str, name: str) -> None:
    """
    Nothing is to do afterwards, and a reader that never followed the swap is left alone.
    """
    repo.define("a", inputs={"n": 1}).define("b", inputs={"n": 2}).define("r", inputs={"x": "${a.n}"}).apply_all()
    before = repo.git("ls-tree", "-r", "HEAD", ".staged")
    claim(repo, "a", "b", 2)
    claim(repo, "b", "a", 1)
    repo.commit()
    repo.stage()

    repo.ok(verb, name)

    assert before == repo.git("ls-tree", "-r", "HEAD", ".staged")


def test_what_goes_before_its_move_is_applied_is_removed_by_the_name_that_is_live(repo: Repo) -> None:
    """
    c becomes c2, a becomes c, and that goes: the output, the trailers and the log of a have a.remove.
    """
    repo.define("a", inputs={"n": 1}).define("c", inputs={"n": 2}).apply_all()
    repo.ok("move", "c", "c2")
    repo.ok("move", "a", "c")

    out = repo.ok("remove", "c").out

    assert out.startswith("- a.remove\n= c  (no longer staged)\nStaged 1 file")
    assert "Staged: a.remove\nRestaged: c\n" in repo.git("log", "-1", "--format=%B") + "\n"
    assert repo.plan().ids == ["a.remove"] and "a.remove" in repo.ok("log", "a").out


def test_a_place_is_taken_by_moves_one_after_the_other(repo: Repo) -> None:
    """
    a goes to c, b to a: the name is free once a is moved away; apply does both at once, also where one is named.
    """
    repo.define("a", inputs={"n": 1}).define("b", inputs={"n": 2}).apply_all()
    repo.ok("move", "a", "c")
    repo.ok("move", "b", "a")

    repo.ok("apply", "a", "--yes")

    assert ({"n": 2}, None, {"n": 1}) == (repo.applied("a")["inputs"], repo.applied("b"), repo.applied("c")["inputs"])
    assert "No changes" in repo.ok("plan").out


def test_a_kind_that_can_rename_does(repo: Repo) -> None:
    """
    The action gets the old name and the values last applied; where it fails nothing has moved, and it is tried again.
    """
    note = 'echo "$STAGECTL_MOVED_FROM to $STAGECTL_RESOURCE with $(cat)" >> renames; ! [ -f fail ]'
    repo.write("kinds/host.yaml", json.dumps({"actions": {"rename": ["sh", "-c", note]}}))
    repo.define("p/a", "host", inputs={"n": 1}).define("r", inputs={"x": "${p/a.n}"}).apply_all()
    repo.ok("move", "p/a", "q/b")
    repo.ok("update", "q/b", "--set", "n=2")
    assert ["q/b.rename", "q/b.update", "r.update"] == repo.plan().ids

    repo.fail("q/b.rename")
    assert 1 == repo.run("apply", "--yes").code
    assert ({"n": 1}, None) == (repo.applied("p/a")["inputs"], repo.applied("q/b"))
    (repo.root / "fail").unlink()
    repo.ok("apply", "--yes")

    assert 'p/a to q/b with {"n": 1}\n' * 2 == repo.read("renames")
    assert (None, {"n": 2}) == (repo.applied("p/a"), repo.applied("q/b")["inputs"])


def test_relative_names_mean_the_same_after_a_move_whose_update_failed(repo: Repo) -> None:
    """
    The state goes along with the file last applied, in which ./db is still p/db.
    """
    repo.define("p/db", inputs={"port": 1}).define("p/app", inputs={"db": "${./db.port}", "image": "a"}).apply_all()
    repo.ok("move", "p/app", "q/app")
    repo.ok("update", "q/app", "--set", "image=b")
    repo.fail("q/app.update")

    assert 1 == repo.run("apply", "--yes").code

    assert "${../p/db.port}" in repo.git("show", "stagectl/applied:.staged/q/app.yaml")
    assert ["q/app.update"] == repo.plan().ids


def test_the_old_name_goes_on_selecting(estate: Repo) -> None:
    """
    While the move is pending and after it was applied: plan, apply, update, stage -a, discard; until another has it.
    """
    estate.ok("move", "p/db", "q/sql")
    estate.ok("update", "p/db", "--set", "port=1")
    assert "q/sql.update" in estate.plan("p/db").ids
    estate.ok("apply", "p/db", "--yes")
    estate.ok("stage", "p/db", "-a", "update")
    assert ["q/sql.update"] == estate.plan("p/db").ids
    estate.ok("discard", "p/db")

    estate.define("p/db", inputs={"port": 9}).stage()

    assert ["p/db.run"] == estate.plan("p/db").ids


def test_what_reads_an_old_name_never_reads_what_gets_it_later(estate: Repo) -> None:
    """
    The move is applied without its readers, and another gets the old name: what they read is what they read before.
    """
    estate.ok("move", "p/db", "q/sql")
    estate.ok("apply", "q/sql", "--yes")

    estate.define("p/db", inputs={"port": 9}).stage()

    assert ["p/db.run"] == estate.plan("p/db").ids
    assert "${../q/sql.port}" in estate.git("show", "stagectl/applied:.staged/p/app.yaml")
    estate.ok("apply", "--yes")
    assert 5432 == estate.applied("p/app")["inputs"]["db"]
    estate.ok("verify")


# New name -> old one: two exchange their names, three do, one frees the name that another takes.
EXCHANGES = {"two": {"a": "b", "b": "a"}, "three": {"a": "b", "b": "c", "c": "a"}, "chain": {"d": "a", "a": "b"}}


@pytest.mark.parametrize("moves", EXCHANGES.values(), ids=EXCHANGES)
def test_moves_that_take_each_others_names_are_undone_by_moving_one_back(repo: Repo, moves: dict) -> None:
    """
    All of them at once, whichever is named; a reader that never followed stays as it is.
    """
    for number, name in enumerate("abc", 1):
        repo.define(name, inputs={"n": number})
    repo.define("reader", inputs={"x": "${a.n}"}).apply_all()
    begin = repo.git("rev-parse", "main").strip()
    for new, old in moves.items():
        if old not in moves:
            continue  # a name that nothing has: the others may stay where they are
        repo.git("reset", "-q", "--hard", begin)
        repo.delete(*(left for left in moves.values() if left not in moves))
        for other, live in moves.items():
            claim(repo, other, live, "abc".index(live) + 1)
        repo.stage()

        repo.ok("move", new, old)

        assert ([], []) == (repo.plan().ids, repo.plan().raw["moved"])
        assert "reader" not in repo.plan().raw["recorded"]


@pytest.mark.parametrize(("here", "there"), [("a", "b"), ("b", "a")])
def test_what_was_edited_since_a_swap_stays_when_it_is_undone(repo: Repo, here: str, there: str) -> None:
    """
    So do staged actions; readers that followed the swap follow it back.
    """
    repo.define("a", inputs={"n": 1}).define("b", inputs={"n": 2}).define("r", inputs={"x": "${a.n}"}).apply_all()
    for old, new in (("a", "c"), ("b", "a"), ("c", "b")):
        repo.ok("move", old, new)
    repo.ok("update", "b", "--set", "n=9")  # what is a as applied
    repo.ok("stage", "a", "-a", "restart")
    assert "${b.n}" in repo.read("resources/r.yaml")

    repo.ok("move", here, there)

    assert "${a.n}" in repo.read("resources/r.yaml")
    assert ([], ["a.update", "b.restart", "r.update"]) == (repo.plan().raw["moved"], sorted(repo.plan().ids))
    assert [{"path": "n", "op": "replace", "before": 1, "after": 9}] == repo.plan().change("a.update")["diff"]


def test_a_move_that_is_taken_back_keeps_what_was_staged_meanwhile(repo: Repo) -> None:
    """
    An action, beside an edit of a value.
    """
    repo.define("a", inputs={"n": 1}).apply_all()
    repo.ok("move", "a", "b")
    repo.ok("update", "b", "--set", "n=2")
    repo.ok("stage", "b", "-a", "restart")

    repo.ok("move", "b", "a")

    assert ["a.update", "a.restart"] == repo.plan().ids


def test_entries_of_one_definition_that_exchange_their_keys_are_put_back(repo: Repo) -> None:
    """
    Which of the two is which only their definition says: the command that undoes it works as printed.
    """
    repo.write(
        "resources/shop.yaml", "---\nkind: service\neach: {a: {n: 1}, b: {n: 2}}\n---\ninputs: {n: '${each.n}'}\n"
    )
    repo.apply_all()
    each = "{a: {n: 2, moved_from: shop/b}, b: {n: 1, moved_from: shop/a}}"
    repo.write("resources/shop.yaml", f"---\nkind: service\neach: {each}\n---\ninputs: {{n: '${{each.n}}'}}\n").stage()
    assert 2 == len(repo.plan().raw["moved"])

    done = repo.run("move", "shop/a", "shop/b")

    advice = re.findall("take all of these moves back: stagectl (.*)", done.err)
    assert (1, 1) == (done.code, len(advice))
    repo.ok(*advice[0].split())
    assert ([], []) == (repo.plan().ids, repo.plan().raw["moved"])


@pytest.mark.once
@pytest.mark.parametrize("moves", EXCHANGES.values(), ids=EXCHANGES)
def test_what_is_moved_together_with_what_is_removed_is_neither_lost_nor_in_the_way(repo: Repo, moves: dict) -> None:
    """
    The name that it was to have is not free yet: it keeps the one that it has; the advice that says so works.
    """
    numbers = {"a": 1, "b": 2, "c": 3}
    for name, number in numbers.items():
        repo.define(name, inputs={"n": number})
    repo.define("reader", inputs={"x": "${a.n}"}).apply_all()
    begin, applied = (repo.git("rev-parse", ref).strip() for ref in ("main", APPLIED))
    for name, old in moves.items():
        repo.git("reset", "-q", "--hard", begin)
        repo.git("update-ref", f"refs/heads/{APPLIED}", applied)
        repo.delete(*(left for left in moves.values() if left not in moves))
        for new, before in moves.items():
            claim(repo, new, before, numbers[before])
        repo.define("reader", inputs={"x": "${d.n}" if "d" in moves else "${a.n}"}).stage()

        done = repo.ok("remove", name, "--detach")

        assert [f"{old}.remove"] == [identity for identity in repo.plan().ids if identity != "reader.update"]
        repo.ok("apply", "--yes")
        for advice in re.findall("; then: stagectl (.*)", done.err):
            repo.ok(*advice.split())
        assert [] == repo.plan().ids
        repo.ok("apply", "--yes")
        left = {new: numbers[before] for new, before in moves.items() if new != name}
        rest = {other: numbers[other] for other in numbers if other not in {*moves, *moves.values()}}
        states = {other: repo.applied(other) for other in ("a", "b", "c", "d")}
        assert {**left, **rest} == {other: state["inputs"]["n"] for other, state in states.items() if state}


@pytest.mark.parametrize("name", ["a", "c"])
def test_a_swap_with_a_step_that_was_never_applied_is_staged_whole(repo: Repo, name: str) -> None:
    """
    a became c and b became a, and before that is applied they change places: neither is staged twice.
    """
    repo.define("a", inputs={"n": 1}).define("b", inputs={"n": 2}).apply_all()
    repo.ok("move", "a", "c")
    repo.ok("move", "b", "a")
    claim(repo, "a", "[c, a]", 1)
    claim(repo, "c", "b", 2)

    repo.ok("stage", name)

    assert ([], [{"from": "b", "to": "c"}]) == (repo.plan().ids, repo.plan().raw["moved"])
    repo.ok("apply", "--yes")
    assert ({"n": 1}, None, {"n": 2}) == (repo.applied("a")["inputs"], repo.applied("b"), repo.applied("c")["inputs"])


def test_a_step_that_another_takes_the_name_of_is_not_forgotten(repo: Repo) -> None:
    """
    b goes to x, which is not applied, and x and a exchange their names: who says x alone would lose b.
    """
    repo.define("a", inputs={"n": 1}).define("b", inputs={"n": 2}).apply_all()
    repo.ok("move", "b", "x")
    claim(repo, "a", "x", 2)
    claim(repo, "x", "a", 1)

    refused = repo.run("stage")

    assert "resources/a.yaml:3:13: x was never applied, and was moved itself: write [x, b]" in refused.err
    claim(repo, "a", "[x, b]", 2)
    repo.stage()
    assert ([], [{"from": "b", "to": "a"}, {"from": "a", "to": "x"}]) == (repo.plan().ids, repo.plan().raw["moved"])


@pytest.mark.parametrize("name", ["b", "c"])
def test_a_new_resource_is_renamed_whole(repo: Repo, name: str) -> None:
    """
    It was never applied: either name stages both, and it is not staged twice.
    """
    repo.define("keep").define("b", inputs={"n": 1}).stage()
    repo.delete("b")
    claim(repo, "c", "b", 1)

    repo.ok("stage", name)

    assert ["c.run", "keep.run"] == repo.plan().ids
