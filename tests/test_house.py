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
    that changes something, and no name that two modules define.
    """
    assert [] == list(find())


def test_what_there_is_to_mend_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    One of each in a house that has them; a constant that no other module takes is its own, as a command is.
    """
    body = "\n".join(f"    x{n} = {n}" for n in range(house.LONG))
    crowded = f"def f(a, b, c, d, *, e, g=1):\n{body}\n"
    sources = {
        "core/one.py": f"{crowded}class State: pass\nNote = str\nMOST = 1\nOWN = 1\ndef is_new(a): a.seen = a.add(1)\n"
        "def is_held(): fcntl.flock(1, 2)\n",
        "core/two.py": "class _State: pass\n_Note = str\nMOST = 2\nOWN = 2\ndef plan(): pass\n"
        "def is_pushed():\n    'Push, and return whether.'\n",
        "core/three.py": "from stagectl.core.one import MOST\nfrom stagectl.core import two\ntwo.MOST\ndef f(): pass\n",
        "cli/four.py": "def plan(): pass\n",
    }
    monkeypatch.setattr(house, "modules", lambda: {path: ast.parse(text) for path, text in sources.items()})
    monkeypatch.setattr(house, "REASONS", {})

    assert ["core/one.py:f: 41 lines, more than 40, and no reason"] == list(house.long_functions())
    assert ["core/one.py:f: 6 arguments, more than 5"] == list(house.crowded_functions())
    changing = [f"core/one.py:{name}: a question that changes something" for name in ("is_new", "is_held")]
    assert [*changing, "core/two.py:is_pushed: a question that does more than answer"] == list(house.busy_predicates())
    both = "defined by core/one.py, core/two.py"
    twice = [f"MOST: {both}", f"Note: {both}", f"State: {both}", "f: defined by core/one.py, core/three.py"]
    assert twice == list(house.names_twice())
