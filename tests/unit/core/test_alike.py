"""Which new name an old one has by now, guessed where the resources say the same."""

from __future__ import annotations

from typing import Dict, List

import pytest

from stagectl.core.alike import move_hint, pair_names
from stagectl.core.model import Name

PAIRS = [
    (["a"], ["b"], {"a": ["b"]}),
    (["p/db", "p/web"], ["q/db", "q/web"], {"p/db": ["q/db"], "p/web": ["q/web"]}),  # by the last part
    (["p/db", "p/web"], ["q/web", "q/x"], {"p/db": ["q/x"], "p/web": ["q/web"]}),  # and what is left of each
    (["p/eu/db", "p/us/db"], ["q/us/db", "q/eu/db"], {"p/eu/db": ["q/eu/db"], "p/us/db": ["q/us/db"]}),
    (["eu/a", "us/a"], ["us/b", "eu/b"], {"eu/a": ["eu/b"], "us/a": ["us/b"]}),  # by the first part
    (["a", "b"], ["c", "d"], {"a": ["c", "d"], "b": ["c", "d"]}),  # nothing says which
    (["p/a", "p/b"], ["p/c", "p/d"], {"p/a": ["p/c", "p/d"], "p/b": ["p/c", "p/d"]}),
    (["a", "b"], ["c"], {"a": ["c"], "b": ["c"]}),
    (["a"], [], {}),
    ([], ["a"], {}),
]


@pytest.mark.parametrize(("old", "new", "pairs"), PAIRS)
def test_names_are_paired_by_what_they_have_in_common(
    old: List[str], new: List[str], pairs: Dict[str, List[str]]
) -> None:
    """
    The last parts first, then the first ones; where no one name is more like it than the others, all are named.
    """
    forwards = pair_names([Name(one) for one in old], [Name(one) for one in new])

    assert {Name(one): tuple(map(Name, names)) for one, names in pairs.items()} == forwards
    assert forwards == pair_names([Name(one) for one in old[::-1]], [Name(one) for one in new[::-1]])


def test_a_hint_names_a_few_of_those_that_may_be_it() -> None:
    """
    The command is whole where there is one; else it has a gap to fill.
    """
    names = [Name(one) for one in "bcdef"]

    assert "b looks like a moved; to keep what is applied: stagectl move a b" == move_hint(Name("a"), names[:1])
    assert "b or c or d or ... looks like a moved; to keep what is applied: stagectl move a NEW_NAME" == move_hint(
        Name("a"), names
    )
