"""A change as text, in its two ways."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from stagectl.core.diff import Difference, Op
from stagectl.core.model import ChangeId, Name
from stagectl.core.plans.document import CANONICAL, PRINTED, change_text, difference_json
from stagectl.core.plans.plan import Cause, CauseType, Change
from stagectl.core.values import canonical
from tests.build import share
from tests.unit.strategies import inputs, texts, values_with_variables

IDS = st.lists(st.sampled_from(["a.run", "b/c.update", "d.remove"]), max_size=2, unique=True).map(tuple)
STEPS = st.sampled_from(["port", "a.b", 'é"', "\ud800", "x y", 0, 12])
WORDS = st.lists(texts | st.text(max_size=3), max_size=2).map(tuple)
VALUES = values_with_variables | st.sampled_from([2**70, -(2**65), 1e-07, -0.0, "\x00\n\x7f", "\udc00\ud800", "##["])
DIFFERENCES = st.builds(
    Difference, st.lists(STEPS, min_size=1, max_size=3).map(tuple), st.sampled_from(Op), VALUES, VALUES, IDS, st.text()
)
CHANGES = st.builds(
    Change,
    id=st.just(ChangeId("a/b.run")),
    resource=st.just(Name("a/b")),
    action=st.just("run"),
    kind=st.sampled_from(["k", "service"]),
    tags=WORDS,
    cause=st.builds(
        Cause, st.sampled_from(CauseType), IDS, WORDS, st.sampled_from(["", "k"]), st.sampled_from(["", "run"]), WORDS
    ),
    diff=st.lists(DIFFERENCES, max_size=3).map(tuple),
    after=IDS,
    wave=st.integers(0, 99),
    before=st.none() | inputs,
    inputs=st.none() | inputs,
    sensitive=st.frozensets(st.sampled_from(["port", "a.b"])),
    triggers=st.lists(st.tuples(st.just(ChangeId("a.run")), st.sampled_from(["success", "changed"]))).map(tuple),
    stamps=st.dictionaries(st.sampled_from(["z", "test", "a"]), texts),
    conditional=st.booleans(),
    protected=st.booleans(),
)


@settings(max_examples=share(500))
@given(CHANGES)
def test_both_ways_say_the_same(change: Change) -> None:
    """
    The id is made from one, and what a reviewer reads, and gives to others, is the other.
    """
    printed, read = change_text(change, PRINTED), json.loads(change_text(change, PRINTED))

    assert canonical(read) == change_text(change, CANONICAL)
    assert json.dumps(read, ensure_ascii=False) == printed
    assert read["diff"] == [difference_json(one, one.path[0] in change.sensitive) for one in change.diff]
