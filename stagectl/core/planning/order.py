"""In which order changes run (docs/design.md, section 5, rule 9; section 3, depends_on and react_on)."""

from __future__ import annotations

from typing import AbstractSet, Dict, Iterator, List, Optional, Set, Tuple

from stagectl.core.model import REMOVE, RENAME, RUN, UPDATE, ChangeId, Name, Resource, change_id, split_change
from stagectl.core.planning.changes import Drafts
from stagectl.core.planning.reports import deciders, reporters
from stagectl.core.planning.view import View

Edge = Tuple[ChangeId, ChangeId]  # (earlier, later)


def predecessors(view: View, drafts: Drafts) -> Dict[ChangeId, Set[ChangeId]]:
    """Return for each change the changes in the plan that come directly before it."""
    before: Dict[ChangeId, Set[ChangeId]] = {identity: set(draft.follows) for identity, draft in drafts.by_id.items()}
    for earlier, later in _Order(view, drafts).edges():
        before[later].add(earlier)
    return before


class _Order:
    def __init__(self, view: View, drafts: Drafts) -> None:
        self._view = view
        self._drafts = drafts
        self._actions: Dict[Name, List[str]] = {}
        for draft in drafts.by_id.values():
            self._actions.setdefault(draft.name, []).append(draft.action)

    def edges(self) -> Iterator[Edge]:
        """Yield every order between two changes of different causes."""
        for name, actions in self._actions.items():
            staged = self._view.effective.get(name)
            applied = self._view.applied(name).resource
            if staged is not None:
                yield from self._after_parents(staged, actions)
                yield from self._by_action(staged, actions)
            if REMOVE in actions and applied is not None and applied is not staged:
                yield from self._by_action(applied, [REMOVE])
            yield from self._before_removals(name, actions, staged, applied)
            if self._view.reports.by and name in self._view.effective:
                yield from self._after_reporters(name, actions)
        yield from self._after_freed()

    def _after_reporters(self, name: Name, actions: List[str]) -> Iterator[Edge]:
        """What reads an output comes after every change that may report it; a removal only if it goes by it."""
        earlier = reporters(self._view.reports, self._view.inputs(name))
        for own in actions:
            later = change_id(name, own)
            before = deciders(self._view, name) if own == REMOVE else earlier
            yield from ((one, later) for one in sorted(before) if one != later)

    def _after_freed(self) -> Iterator[Edge]:
        """A `rename` that frees a name comes before whatever is done under that name."""
        for new, old in self._view.situation.moves.items():
            if RENAME in self._actions.get(new, ()):
                yield from ((change_id(new, RENAME), change_id(old, own)) for own in self._actions.get(old, ()))

    def _after_parents(self, resource: Resource, actions: List[str]) -> Iterator[Edge]:
        """Any own action except `remove` comes after the parent's `run` and `update`."""
        for parent in resource.ordered_after:
            for action in self._actions.get(parent, ()):
                if action in (RUN, UPDATE):
                    earlier = change_id(parent, action)
                    yield from ((earlier, change_id(resource.name, own)) for own in actions if own != REMOVE)

    def _by_action(self, resource: Resource, actions: List[str]) -> Iterator[Edge]:
        """Orders that name actions: the mapping form of `depends_on`, and `react_on`."""
        name = resource.name
        for own in actions:
            later = change_id(name, own)
            called = self._drafts.actions_seen(name, own)
            for action, changes in resource.depends_on_changes.items():
                if action in called:
                    yield from ((earlier, later) for change in changes for earlier in self._meant(change))
            if own == RUN and UPDATE not in actions:
                called = {RUN, UPDATE}  # the run does what the reacting update would do
            for action, triggers in resource.react_on.items():
                if action in called:
                    yield from ((earlier, later) for trigger in triggers for earlier in self._meant(trigger.on))

    def _meant(self, parents_change: ChangeId) -> List[ChangeId]:
        name, action = split_change(parents_change)
        return [
            change_id(name, other)
            for other in self._actions.get(name, ())
            if action in self._drafts.actions_seen(name, other)
        ]

    def _before_removals(
        self, name: Name, actions: List[str], staged: Optional[Resource], applied: Optional[Resource]
    ) -> Iterator[Edge]:
        """A parent's `remove` comes after the child's, or after the change that ends the child's reading."""
        now: AbstractSet[Name] = staged.ordered_after if staged else frozenset()
        was: AbstractSet[Name] = applied.ordered_after if applied else frozenset()
        if REMOVE in actions:
            yield from self._removals(now | was, change_id(name, REMOVE))
            return
        ending = UPDATE if UPDATE in actions else RUN
        if ending in actions and applied is not None:
            ended = (was | applied.reads) - now - (staged.reads if staged else frozenset())
            yield from self._removals(ended, change_id(name, ending))

    def _removals(self, parents: AbstractSet[Name], earlier: ChangeId) -> Iterator[Edge]:
        for parent in parents:
            if REMOVE in self._actions.get(parent, ()):
                yield earlier, change_id(parent, REMOVE)
