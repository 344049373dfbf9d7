"""Locks as values: what holders have in common, and what the commit on the remote says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.core.locks import WHOLE, Lock, Portion, about, in_common, locks_of, message_of, part_of_text, part_text
from stagectl.core.model import Name

NAMES = st.frozensets(st.sampled_from([Name(word) for word in ("db", "web", "prod/app", "dns")]))
PARTS = st.builds(
    Portion, NAMES, NAMES, st.frozensets(st.sampled_from(["n1", "n2"])), st.just(()), st.just(()), st.booleans()
)


def part(writes: str = "", looks: str = "", targets: str = "") -> Portion:
    return Portion(
        frozenset(map(Name, writes.split())), frozenset(map(Name, looks.split())), frozenset(targets.split())
    )


@pytest.mark.parametrize(
    "one, other, common",
    [
        (part("db"), part("web"), ()),
        (part("db"), part("db web"), ("db",)),
        (part("app", looks="db"), part("db"), ("db",)),
        (part("db"), part("app", looks="db"), ("db",)),
        (part("app", looks="db"), part("web", looks="db"), ()),
        (part("db", targets="n1"), part("web", targets="n1 n2"), ("target n1",)),
        (part("db"), WHOLE, ("everything",)),
        (WHOLE, WHOLE, ("everything",)),
        (part(), part("db"), ()),
    ],
)
def test_what_two_holders_have_in_common(one: Portion, other: Portion, common: object) -> None:
    """
    What one writes no other may write or look at; two may look at the same; a target is for one.
    """
    assert common == in_common(one, other)


@given(PARTS, PARTS)
def test_it_does_not_matter_who_came_first(one: Portion, other: Portion) -> None:
    """
    In common is in common, both ways.
    """
    assert set(in_common(one, other)) == set(in_common(other, one))


@given(PARTS, PARTS, PARTS)
def test_who_holds_more_is_in_the_way_of_no_fewer(one: Portion, more: Portion, other: Portion) -> None:
    """
    Two parts together cover each of them, and meet all that either meets.
    """
    both = one.with_more(more)

    assert both.covers(one) and both.covers(more)
    assert both.whole or set(in_common(one, other)) | set(in_common(more, other)) == set(in_common(both, other))


@given(PARTS)
def test_a_part_comes_back_as_it_was_written(one: Portion) -> None:
    """
    Of everything only that it is everything counts.
    """
    assert part_of_text(part_text(one)) == (WHOLE if one.whole else one)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"whole": 1, "writes": []}', '{"whole": false, "writes": 3}', "[" * 9999]
)
def test_a_part_that_cannot_be_read_is_everything(text: str) -> None:
    """
    A later version wrote it, or another program: others are kept away.
    """
    assert WHOLE == part_of_text(text)


LOCK = Lock("aabbccdd", "Ada <ada@example.com>", "host", "apply", "R1", "then", "now", 60, 3, "n", "")


def test_holders_come_back_as_they_were_written() -> None:
    """
    In order, each with its own paragraph; a reason with line ends stays in its line.
    """
    other = replace(LOCK, id="11223344", reason="a move", term=0, run="", stolen_from="aabbccdd 00000000")

    assert (LOCK, other) == locks_of(message_of(LOCK, other))
    assert "a b" == locks_of(message_of(replace(LOCK, reason="a\n\nLock-Id: b".replace("Lock-Id: ", ""))))[0].reason


@pytest.mark.parametrize(
    "text", ["", "apply: 1 of 1\n\nLock-Id: aabb\nOwner: Ada\n", "lock: x\n\nLock-Id: ../x\nOwner: Ada\n"]
)
def test_what_is_no_lock(text: str) -> None:
    """
    Another commit, or an id that is no file name.
    """
    assert () == locks_of(text)


@pytest.mark.parametrize(
    "one, words",
    [
        (WHOLE, "everything"),
        (part("db web", targets="n1"), "db, web, target n1"),
        (part("a b c d e"), "a, b, c and 2 more"),
        (replace(part("prod/db"), tags=("prod",), names=("prod/*",)), "prod/* -t 'prod'"),
        (part(), "nothing"),
    ],
)
def test_a_part_in_words(one: Portion, words: str) -> None:
    """
    The first few names, or what was asked for.
    """
    assert words == about(one)
