"""Globs of names."""

from __future__ import annotations

from typing import Callable, List, Set, Tuple

from stagectl.core.once import pattern


def glob_test(glob: str) -> Callable[[str], bool]:
    """Return the predicate on names that a glob means: `*` and `?` stop at `/`, `**` does not.

    All ways to match are followed at once, so that no glob takes long (Thompson's simulation).
    """
    parts = _GLOB_PART.findall(glob)
    literal = _LITERAL.match(glob)
    start = literal.group() if literal else ""

    def test(name: str) -> bool:
        if not name.startswith(start):
            return False
        states = _skipping({0}, parts)
        for letter in name:
            states = _skipping({after for state in states for after in _after(parts, state, letter)}, parts)
        return len(parts) in states

    return test


_LITERAL = pattern(r"[^*?]*")
_GLOB_PART = pattern(r"\*\*/|\*\*|.")


def _skipping(states: Set[int], parts: List[str]) -> Set[int]:
    """Return the states with those that are reached by letting a star match nothing.

    A state is the number of parts matched; ~n stands for being inside a folder that part n, `**/`, matches.
    """
    found = set(states)
    for state in states:
        while 0 <= state < len(parts) and parts[state].startswith("*"):
            state += 1
            found.add(state)
    return found


def _after(parts: List[str], state: int, letter: str) -> Tuple[int, ...]:
    """Return the states after one more letter."""
    here = state if state >= 0 else ~state
    part = parts[here] if here < len(parts) else ""
    if part == "**/":
        return (~here, here + 1) if letter == "/" else (~here,)
    if part == "**" or (part == "*" and letter != "/"):
        return (state,)
    return (state + 1,) if part == letter or (part == "?" and letter != "/") else ()
