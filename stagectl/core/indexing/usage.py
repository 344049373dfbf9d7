"""What an applied state needs of the kinds, and which variables it reads: sums over all lines, so that none is read.

The flags of a line say nothing of kinds, so that editing one changes no line. What follows from kinds (which actions
exist, which inputs are sensitive) is counted here; only a kind that contradicts the counts has its lines looked at.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import chain
from typing import (
    Any,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from stagectl.core import forms
from stagectl.core.indexing.line import LITERAL, NONE, READS, Line
from stagectl.core.model import Kind, Oid
from stagectl.core.values import canonical

_LIVE, _TRIED, _VERB, _SENSITIVE, _OWN, _LITERAL = "live", "tried", "verbs", "sensitive", "own", "literal"

Fact = Tuple[str, ...]  # (kind, what) or (kind, what, verb or input); of a variable its name
Counts = Mapping[Fact, int]  # of how many lines it is true


class Usage(NamedTuple):
    """What is needed of the kinds. fits: the object id of a `kinds/` of which it is known that it has all of it."""

    counts: Counts
    fits: Optional[Oid] = None

    @property
    def kinds(self) -> Set[str]:
        """The kinds that something is, or was tried as."""
        return {key[0] for key in self.counts if key[1] in (_LIVE, _TRIED)}


def advance_counts(
    counts: Counts, lines: Sequence[Tuple[Line, Line]], facts: Callable[[Line], Iterable[Fact]]
) -> Counts:
    """Return the counts after some lines became others."""
    before, after = zip(*lines) if lines else ((), ())
    found = Counter(counts)
    found.update(chain.from_iterable(map(facts, after)))
    found.subtract(chain.from_iterable(map(facts, before)))
    return {key: count for key, count in found.items() if count}


def variables_read(line: Line) -> Iterable[Fact]:
    """Return the variables that a resource's values read."""
    return ((variable,) for variable in line.variables)


def needs(line: Line) -> Iterator[Fact]:
    """Yield what a resource needs of its kind."""
    if line.tried:
        yield line.tried, _TRIED
    for kind, _, action in (verb.partition(".") for verb in line.verbs):
        yield kind, _VERB, action
    if not line.is_live:
        return
    yield line.kind, _LIVE
    for key, marks in line.sensitive.items():
        yield line.kind, _SENSITIVE, key
        if READS not in marks:
            yield line.kind, _OWN, key
        if LITERAL in marks:
            yield line.kind, _LITERAL, key


def contradicting(usage: Usage, kinds: Mapping[str, Kind]) -> FrozenSet[str]:
    """Return the kinds that are not as an applied state needs them, though they are there."""
    return frozenset(name for name in {key[0] for key in usage.counts} & kinds.keys() if not _fits(usage, kinds[name]))


def _fits(usage: Usage, kind: Kind) -> bool:
    counts, name = usage.counts, kind.name
    live = counts.get((name, _LIVE), 0)
    for _, what, word in (key for key in counts if key[0] == name and len(key) == 3):
        if what == _VERB and word not in kind.verbs():
            return False
        if what == _OWN and word not in kind.sensitive:
            return False
    is_marked = all(counts.get((name, _SENSITIVE, key), 0) == live for key in kind.sensitive)
    return is_marked and not any((name, _LITERAL, key) in counts for key in kind.sensitive)


def is_contradicted(line: Line, kinds: Mapping[str, Kind]) -> bool:
    """Return whether kinds are not as one line needs them."""
    for verb in line.verbs:
        kind, _, action = verb.partition(".")
        if kind not in kinds or action not in kinds[kind].verbs():
            return True
    if not line.is_live:
        return False
    declared = kinds[line.kind].sensitive if line.kind in kinds else frozenset()
    own = {key for key, marks in line.sensitive.items() if READS not in marks}
    literal = {key for key, marks in line.sensitive.items() if LITERAL in marks}
    return not (own <= declared <= line.sensitive.keys()) or bool(literal & declared)


# --- as text


def encode_usage(usage: Usage) -> str:
    """Return the text of `.kinds`: the id that fits, then a line for each kind."""
    found: Dict[str, Dict[str, Any]] = {}
    for (name, what, *word), count in usage.counts.items():
        of_kind = found.setdefault(name, {})
        if word:
            of_kind.setdefault(what, {})[word[0]] = count
        else:
            of_kind[what] = count
    return f"{usage.fits or NONE}\n" + "".join(f"{name} {canonical(found[name])}\n" for name in sorted(found))


def encode_variables(counts: Counts) -> str:
    """Return the text of `.variables`: each with how many resources read it."""
    return "".join(f"{name} {count}\n" for (name,), count in sorted(counts.items()))


def decode_variables(text: str) -> Counts:
    """Return what `encode_variables` wrote; raises ValueError for anything else."""
    return {(name,): int(count) for name, count in (line.split(" ") for line in text.splitlines())}


def decode_usage(text: str) -> Usage:
    """Return what `encode_usage` wrote; raises ValueError, TypeError, ... for anything else."""
    fits, *lines = text.splitlines()
    counts: Dict[Tuple[str, ...], int] = {}
    for line in lines:
        name, _, rest = line.partition(" ")
        for what, found in json.loads(rest).items():
            if isinstance(found, dict):
                counts.update({(name, what, word): forms.count(count) for word, count in found.items()})
            else:
                counts[name, what] = forms.count(found)
    return Usage(counts, None if fits == NONE else forms.oid(fits))
