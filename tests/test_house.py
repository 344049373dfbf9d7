"""What the house asks of its code: `python -m tests.house` finds nothing."""

from __future__ import annotations

import ast
from typing import Callable, Iterator

import pytest

from tests import house


@pytest.mark.parametrize(
    "find",
    [house.long_modules, house.long_functions, house.crowded_functions, house.busy_predicates, house.names_twice],
)
def test_there_is_nothing_to_mend(find: Callable[[], Iterator[str]]) -> None:
    """
    No module over 300 lines, no function over 40 without a reason, none with more than five arguments, no question
    that changes something, and no name that two modules export with different meanings.
    """
    assert [] == list(find())


def test_what_there_is_to_mend_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    One of each in a house that has them; what is not taken by another module is not exported.
    """
    body = "\n".join(f"    x{n} = {n}" for n in range(house.LONG))
    one = (
        f"def f(a, b, c, d, *, e, g=1):\n{body}\nclass State: pass\nclass Own: pass\ndef is_new(a): a.seen = a.add(1)\n"
    )
    sources = {
        "core/one.py": one,
        "core/two.py": "class State: pass\nclass Own: pass\n",
        "core/three.py": "from stagectl.core.one import State\nfrom stagectl.core import two\nx = two.State\n",
    }
    monkeypatch.setattr(house, "modules", lambda: {path: ast.parse(text) for path, text in sources.items()})
    monkeypatch.setattr(house, "REASONS", {})

    assert ["core/one.py:f: 41 lines, more than 40, and no reason"] == list(house.long_functions())
    assert ["core/one.py:f: 6 arguments, more than 5"] == list(house.crowded_functions())
    assert ["core/one.py:is_new: a question that changes something"] == list(house.busy_predicates())
    assert ["State: exported by core/one.py, core/two.py"] == list(house.names_twice())
