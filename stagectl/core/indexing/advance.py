"""The index after an applied commit: the lines that become others, and no other is looked at.

A resource's verdict depends on its own state and on what it reads and names of its parents. So when some states change,
those are judged anew, with the readers of what changed in them and, where one came, went or changed its kind, all that
name it. From nothing, everything changes; both ways are this one.
"""

from __future__ import annotations

from typing import AbstractSet, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

from stagectl.core.indexing.impact import Source
from stagectl.core.indexing.line import MOST_NAMED, Line, LinesByName, own_line, with_readers
from stagectl.core.indexing.settled import Judge
from stagectl.core.model import NOT_APPLIED, Applied, Name, Oid
from stagectl.core.references import folder_of
from stagectl.core.values import differing

States = Mapping[Name, Optional[Applied]]  # None for one that is gone
_NO_LINE = Line()


class Changed(NamedTuple):
    """The lines that are not as before. before: as they were, an empty one where there was none."""

    before: LinesByName
    after: LinesByName

    @property
    def pairs(self) -> List[Tuple[Line, Line]]:
        """Each line as it was and as it is."""
        return [(self.before[name], line) for name, line in self.after.items()]


class Advance:
    """How the lines change when some states do: first what follows from the states, then the ids of these."""

    def __init__(self, source: Source, states: States) -> None:
        """Judge everything that the states change; these may be of anything that is applied, None for what is gone."""
        self._source = source
        self._states = states
        self._lines: LinesByName = source.lines(states)  # everything that was looked up
        self._judged = self._step()

    def with_ids(self, oids: Mapping[Name, Oid]) -> Changed:
        """Return the lines that change. oids: the objects that hold the states."""
        lines = {name: Line(oids[name], *line[1:]) if name in oids else line for name, line in self._judged.items()}
        changed = {name: line for name, line in lines.items() if line != self._before(name)}
        return Changed({name: self._before(name) for name in changed}, changed)

    def _step(self) -> LinesByName:
        own = {name: self._own(name) for name in self._states}
        came, went = self._edges(own)
        judged = self._judge(own, self._affected_names())
        self._look_up(came.keys() | went.keys() | judged.keys())
        for name in came.keys() | went.keys():
            line = judged.get(name) or own.get(name) or self._before(name)
            judged[name] = self._with_readers(name, line, came.get(name, set()), went.get(name, set()))
        for name in own.keys() - judged.keys():  # gone
            judged[name] = own[name]
        return judged

    def _before(self, name: Name) -> Line:
        return self._lines.get(name, _NO_LINE)

    def _look_up(self, names: AbstractSet[Name]) -> None:
        self._lines.update(self._source.lines(names - self._lines.keys()))

    def _own(self, name: Name) -> Line:
        """Return a changed resource's line, with those that read or name it so far."""
        state, before = self._states[name], self._before(name)
        line = _NO_LINE if state is None else own_line(state)
        return line._replace(by=before.by, many=before.many) if before.by or before.many else line

    def _edges(self, own: LinesByName) -> Tuple[Dict[Name, Set[Name]], Dict[Name, Set[Name]]]:
        """Return what is read or named since, and what no more, each with the resources that do or did."""
        came: Dict[Name, Set[Name]] = {}
        went: Dict[Name, Set[Name]] = {}
        for name, line in own.items():
            now, before = line.names(), self._lines[name].names() if name in self._lines else set()
            for parent in now - before:
                came.setdefault(parent, set()).add(name)
            for parent in before - now:
                went.setdefault(parent, set()).add(name)
        return came, went

    def _affected_names(self) -> Set[Name]:
        """Return the resources whose verdict may become another, apart from those whose state changes."""
        states = self._source.states(self._states)
        pairs = ((name, states.get(name, NOT_APPLIED), after) for name, after in self._states.items())
        moved = {name: _moved_inputs(before, after or NOT_APPLIED) for name, before, after in pairs}
        moved = {name: keys for name, keys in moved.items() if keys is None or keys}
        found: Set[Name] = set()
        for reader, line in self._source.naming(moved).items():
            for name in line.names() & moved.keys():
                keys = moved[name]
                if keys is None or any((name, key) in nodes for nodes in line.reads.values() for key in keys):
                    found.add(reader)
        return found - self._states.keys()

    def _readers(self, name: Name) -> LinesByName:
        """Return those that, so far, read or name a resource."""
        return {reader: line for reader, line in self._source.naming([name]).items() if name in line.names()}

    def _judge(self, own: LinesByName, others: Set[Name]) -> LinesByName:
        """Return the lines, with their verdicts, of what changed and what that affects."""
        self._look_up(others)
        lines = {name: line for name, line in own.items() if self._states[name] is not None}
        lines.update({name: self._before(name) for name in others})
        parents = {parent for line in lines.values() for parent in line.names()}
        applied = self._source.states((parents | others) - self._states.keys())
        applied.update({name: state for name, state in self._states.items() if state is not None})
        judge = Judge(applied)
        return {name: judge.judge(name, line) for name, line in lines.items()}

    def _with_readers(self, name: Name, line: Line, came: Set[Name], went: Set[Name]) -> Line:
        if not line.many:
            return with_readers(line, ({*line.by} - went) | came)
        many = dict(line.many)
        for names, one in ((came, 1), (went, -1)):
            for reader in names:
                many[folder_of(reader)] = many.get(folder_of(reader), 0) + one
        many = {folder: count for folder, count in many.items() if count}
        if sum(many.values()) > MOST_NAMED:
            return line._replace(many=many)
        return with_readers(line, (self._readers(name).keys() - went) | came)


def _moved_inputs(before: Applied, after: Applied) -> Optional[Set[str]]:
    """Return the inputs that others see changed, in value or in being sensitive; None if it came, went or is other."""
    if (before.resource and before.resource.kind) != (after.resource and after.resource.kind):
        return None
    values = {*differing(before.inputs, after.inputs), *differing(before.outputs, after.outputs)}
    return values | (before.sensitive ^ after.sensitive)
