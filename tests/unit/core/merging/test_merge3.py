"""Three-way merges: their laws, on lines, on values and on whole files."""

from __future__ import annotations

import itertools
import json
from typing import Any, Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.adapters import yamlfile
from stagectl.core.errors import StagectlError
from stagectl.core.merging.merge3 import merge_documents, merge_values
from stagectl.core.merging.sequences import merge_sequences
from stagectl.core.stamps import STAMP, is_pending
from stagectl.core.values import canonical
from stagectl.usecases.staging.merge_files import merge_texts

LINES = st.lists(st.sampled_from("abcd"), max_size=8)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["x", "y", "no", "1"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.fixed_dictionaries({"inputs": st.dictionaries(st.sampled_from("pqrs"), VALUES, max_size=4)})
FRONTS = st.fixed_dictionaries(
    {"kind": st.sampled_from(["web", "db"]), "tags": st.lists(st.sampled_from("abcd"), unique=True, max_size=3)}
)
DOCUMENTS = st.tuples(FRONTS, BODIES)


def both(base: List[str], ours: List[str], theirs: List[str]) -> Tuple[List[str], List[str]]:
    chunks = list(merge_sequences(base, ours, theirs))
    return [one for chunk in chunks for one in chunk.ours], [one for chunk in chunks for one in chunk.theirs]


@given(LINES, LINES)
def test_what_one_side_changed_is_the_merge(base: List[str], changed: List[str]) -> None:
    """
    And what both changed alike; nothing is a conflict then.
    """
    assert (changed, changed) == both(base, changed, base) == both(base, base, changed) == both(base, changed, changed)


@given(LINES, LINES, LINES)
def test_sides_can_be_swapped(base: List[str], ours: List[str], theirs: List[str]) -> None:
    """
    The merge of lines does not depend on who merges.
    """
    assert both(base, ours, theirs) == both(base, theirs, ours)[::-1]


@given(DOCUMENTS, DOCUMENTS)
def test_values_that_one_side_changed_are_the_merge(base: Any, changed: Any) -> None:
    """
    Whatever they are. (A key without a value says nothing, and is not kept.)
    """

    def said(documents: Any) -> Any:
        return tuple({key: value for key, value in document.items() if value is not None} for document in documents)

    for merged in (merge_documents(base, changed, base), merge_documents(base, base, changed)):
        assert said(changed) == merged.ours == merged.theirs


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_a_merge_of_values_is_a_conflict_for_both_or_for_none(base: Any, ours: Any, theirs: Any) -> None:
    """
    And without one both get the same inputs, whichever side merges.
    """
    here, there = merge_documents(base, ours, theirs), merge_documents(base, theirs, ours)

    assert here.is_conflict == there.is_conflict
    if not here.is_conflict:
        assert here.ours[1] == there.ours[1]
        assert set(here.ours[0]["tags"]) == set(there.ours[0]["tags"])


ENTRIES = st.lists(
    st.fixed_dictionaries({"port": st.integers(1, 2)}, optional={"path": st.integers(1, 2)}), min_size=1, max_size=4
)
HOSTS = "abcdefgh"


@given(ENTRIES, ENTRIES, st.data())
def test_what_is_done_to_an_entry_of_a_list_is_never_done_to_another(base: Any, more: Any, data: Any) -> None:
    """
    One side takes entries out, puts new ones in and edits some, the other edits one: each by its host, or a conflict.
    """
    old = [{"host": HOSTS[at], **entry} for at, entry in enumerate(base)]
    meant = data.draw(st.sampled_from(old))
    ours = [entry for entry in old if entry is meant or data.draw(st.booleans())]
    ours = [{**entry, "size": 1} if data.draw(st.booleans()) else entry for entry in ours]
    for at, entry in enumerate(more):
        ours.insert(data.draw(st.integers(0, len(ours))), {"host": HOSTS[4 + at], **entry})
    theirs = [{**entry, "port": 3} if entry is meant else entry for entry in old]

    for sides in ((ours, theirs), (theirs, ours)):
        merged, clashes = merge_values(*({"inputs": {"urls": side}} for side in (old, *sides)))

        if not clashes:
            expected = [{**entry, "port": 3} if entry["host"] == meant["host"] else entry for entry in ours]
            assert expected == merged["inputs"]["urls"]


A, B, C, NEW = ({"host": host, "port": 1} for host in "abcn")
A2, B2, A3 = {**A, "port": 2}, {**B, "port": 2}, {**A, "port": 3}


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        ([A], [NEW, A], [A2], [NEW, A2]),
        ([A], [A, NEW], [A2], [A2, NEW]),
        ([A, B], [NEW, A, B], [A, B2], [NEW, A, B2]),
        ([A, B, C], [C], [A, B], []),
        ([A, B], [B, A], [A2, B], [B, A2]),
        ([A, B], [B], [A2, B], None),  # gone here, edited there
        ([A, B], [{**NEW, "port": 5}, A2], [A3, B], None),  # a new one, a edited, and b gone: or both edited?
        ([A, B], [NEW, {**A, "port": 9}], [A2, B], None),
        ([A], [NEW, {**A, "size": 1}], [A2], None),  # which of both is a?
        ([A], [{"host": "x", "port": 9}], [{**A, "size": 1}], None),  # another one in its place
        ([A, A], [A], [A, A2], None),  # which of both is gone?
        ([A, A], [A, A, A], [A2, A], None),
        ([A], [A, B], [A, C], None),  # who comes first?
        ([A, B], [A, NEW, B], [C], None),
        ([A, B], [NEW, A, B], [NEW, A, B2], [NEW, A, B2]),
        ([A, B], [{**A, "size": 1}, {**B, "size": 1}], [A2, B2], [{**A2, "size": 1}, {**B2, "size": 1}]),
        ([[A, B]], [[NEW, A, B]], [[A2, B]], [[NEW, A2, B]]),
        ([1, 2], [1, 3], [1, 2, 4], [1, 3, 4]),
        ([1, True], [1, True, 1.0], [2, True], [2, True, 1.0]),
    ],
)  # fmt: skip
def test_lists_are_merged_entry_by_entry(base: Any, ours: Any, theirs: Any, merged: Any) -> None:
    """
    Wherever it cannot be said which entry is meant it is a conflict (None here), whichever side merges.
    """
    for sides in ((ours, theirs), (theirs, ours)):
        found, clashes = merge_values(*({"inputs": {"urls": side}} for side in (base, *sides)))

        assert (merged is None) == bool(clashes), found
        if merged is not None:
            assert canonical(merged) == canonical(found["inputs"]["urls"])


@pytest.mark.parametrize("entry", [1, {"a": 1}, None])
def test_lists_too_long_to_take_apart_are_a_conflict(entry: Any) -> None:
    """
    Another author's branch cannot make a plan against it take minutes; what one side alone did is merged at any length.
    """
    base = [{"a": at} if entry is None else entry for at in range(20000)]
    sides = [{"inputs": {"l": side}} for side in (base, [*base, 2], [3, *base])]

    assert [("inputs", "l")] == [clash.path for clash in merge_values(*sides)[1]]
    assert (sides[1], []) == merge_values(sides[0], sides[1], sides[0])


def text_of(documents: Tuple[Dict[str, Any], Dict[str, Any]]) -> bytes:
    """A definition in block style, with a comment above every input."""
    front, body = documents
    lines = ["---", f"kind: {front['kind']}", f"tags: [{', '.join(front['tags'])}]", "---", "inputs:"]
    for key, value in body["inputs"].items():
        lines += [f"  # about {key}", f"  {key}: {json.dumps(value)}"]
    return ("\n".join(lines) + "\n").encode()


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_a_file_that_is_merged_says_what_its_values_do(base: Any, ours: Any, theirs: Any) -> None:
    """
    Read again it has the merged values, or markers that no reader takes for values; what one side alone did stays.
    """
    files = [text_of(documents) for documents in (base, ours, theirs)]
    assert (files[1], True) == merge_texts(files[0], files[1], files[0], "resources/a.yaml")

    expected = merge_documents(*(yamlfile.load(data) for data in files))
    try:
        text, clean = merge_texts(*files, "resources/a.yaml")
    except StagectlError as error:  # git merges by lines then
        assert "cannot be edited" in error.message or "to take out" in error.message
        return
    assert clean != expected.is_conflict
    if clean:
        found = [
            {key: value for key, value in document.items() if value is not None} for document in yamlfile.load(text)
        ]
        assert list(expected.ours) == found
    else:
        assert all(mark in text.decode().splitlines() for mark in ("<<<<<<< ours", "=======", ">>>>>>> theirs"))


STAMPS = ["1-aa", "1-bb", "2-aa", "2-bb", "3-aa", "999999999-aa", "999999999-bb"]


@pytest.mark.parametrize("ours, theirs", list(itertools.permutations(STAMPS, 2)))
@pytest.mark.parametrize("base", [{}, {"restart": "1-aa"}])
def test_an_action_that_is_pending_on_one_side_is_pending_after_the_merge(
    base: Dict[str, str], ours: str, theirs: str
) -> None:
    """
    Whichever of both sides was applied before the merge; both sides merge to the same stamp.
    """

    def merged(one: str, other: str) -> str:
        sides = [[{"kind": "a", "actions": {"restart": stamp}}, {}] for stamp in (one, other)]
        found = merge_documents([{"kind": "a", "actions": base}, {}], sides[0], sides[1])
        return str(found.ours[0]["actions"]["restart"])

    stamp = merged(ours, theirs)
    assert stamp == merged(theirs, ours)
    assert STAMP.fullmatch(stamp)
    for done, other in ((ours, theirs), (theirs, ours)):
        if other != base.get("restart") and is_pending(other, done):
            assert is_pending(stamp, done)


@pytest.mark.parametrize("base", [None, {}, {"a": 1}, 5])
def test_lists_where_no_list_was_are_a_conflict_unless_they_are_the_same(base: Any) -> None:
    """
    It cannot be said which entries belong to each other; what only one side did is taken.
    """
    one, other = ([{"host": "a"}], [{"host": "a"}, {"host": "b"}])

    def merged(ours: Any, theirs: Any) -> Any:
        found, clashes = merge_values(*({"inputs": {"l": side}} for side in (base, ours, theirs)))
        return [clash.path for clash in clashes] or found["inputs"]["l"]

    for ours, theirs in ((one, other), (other, one), (one, {"host": "a"}), ({"host": "a"}, one)):
        assert [("inputs", "l")] == merged(ours, theirs)
    assert (one, one, one) == (merged(one, one), merged(one, base), merged(base, one))
