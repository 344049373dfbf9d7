"""Definitions edited so that resources that are expanded from them change: an override is written where it belongs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, Optional, Sequence

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree.snapshot import Snapshot, problem_at
from stagectl.adapters.yamlfile.edit import edit
from stagectl.core.errors import Flaw, FlawedFile, InvalidFiles, StagectlError
from stagectl.core.expanding.definition import definition
from stagectl.core.expanding.expand import assembled, merged_body
from stagectl.core.expanding.expanded import Expanded, Written
from stagectl.core.expanding.override import WrittenForSeveral, differences, front_steps, override, said, tag_steps
from stagectl.core.merging.inverse import Assignment
from stagectl.core.merging.merge3 import MISSING
from stagectl.core.model import Name, Resource
from stagectl.core.schemas.schema import BODY, FRONT
from stagectl.core.values import Path, dotted, same
from stagectl.usecases.staging.merge import edits_for


@dataclass
class Overriding:
    """Definitions as they become, while one resource after the other is edited. edits: by path, None: it goes."""

    snapshot: Snapshot
    edits: Dict[str, Optional[bytes]] = field(default_factory=dict)

    def content(self, path: str) -> bytes:
        """Return a definition as it is by now."""
        found = self.edits[path] if path in self.edits else self.snapshot.files[path]
        assert found is not None, "what goes is not edited any more"
        return found

    def expanded(self, name: Name) -> Expanded:
        """Return a resource as it comes out of its definition by now; raises InvalidFiles."""
        one = self.snapshot.expanded[name]
        path = one.definition.path
        if path not in self.edits:
            return one
        content = self.content(path)
        try:
            own = definition(one.definition.name, path, yamlfile.load(content))
        except FlawedFile as error:
            raise InvalidFiles(problem_at(content, path, flaw) for flaw in error.flaws) from None
        chain = (own, *one.chain[1:])
        found, flaws = assembled(chain, one.entry, merged_body(chain))
        if flaws:
            raise InvalidFiles(problem_at(self.content(at), at, flaw) for at, flaw in flaws)
        return found

    def set(self, name: Name, at: Path, value: Any, *, lean: bool = False) -> None:
        """Give a resource a value in its body, MISSING: it goes; raises StagectlError, saying where to edit."""
        self._edit(name, lambda one: [override(one, at, value, lean=lean)])

    def tag(self, name: Name, tags: Sequence[str]) -> None:
        """Give a resource these tags; raises StagectlError, saying where to edit."""
        self._edit(name, lambda one: tag_steps(one, tags))

    def say(self, name: Name, wanted: Resource) -> None:
        """Have a resource say what another form of it says; raises StagectlError, saying where to edit."""
        front = {"kind": wanted.kind, "tags": list(wanted.tags), "moved_from": wanted.moved_from}
        body = said(yamlfile.load(wanted.content)[BODY] or {})
        self._edit(name, lambda one: front_steps(one, front))
        for at, value in differences(said(self.expanded(name).body), body):
            self.set(name, at, value, lean=True)
        after = self.expanded(name)
        if not same(said(after.body), body):  # one value of an entry may stand in several places
            at = next(at for at, _ in differences(said(after.body), body))
            raise self._elsewhere(name, after.text_at(BODY, at), f"{dotted(at)} is written in")

    def remove(self, name: Name) -> None:
        """Have nothing make a resource any more."""
        path = self.snapshot.expanded[name].definition.path
        if path in self.edits and self.edits[path] is None:
            return
        one = self.expanded(name)
        if one.entry is None or len(one.definition.each or {}) == 1:
            self.edits[path] = None
        else:
            self._make(path, [((FRONT, one.entry_at()), MISSING)])

    def _edit(self, name: Name, steps: Callable[[Expanded], Iterable[Assignment]]) -> None:
        one = self.expanded(name)
        try:
            self._make(one.definition.path, steps(one))
        except WrittenForSeveral as error:
            raise self._elsewhere(name, error.place, error.what) from None

    def _make(self, path: str, steps: Iterable[Assignment]) -> None:
        for step in steps:
            content = edit(self.content(path), edits_for([step]))
            if content != self.content(path):
                self.edits[path] = content

    def _elsewhere(self, name: Name, place: Written, what: str) -> StagectlError:
        path = place.definition.path
        problem = problem_at(self.content(path), path, Flaw(place.document, place.at, "", place.on_key))
        where = f"{path}:{problem.line}:{problem.column}"
        own = self.snapshot.expanded[name]
        hint = "edit it there"
        if own.entry is not None:
            hint += f"; or write ${{each.<value>}} there, and the value into every entry of {own.definition.path}"
        return StagectlError(f"{name}: {what} {where}, and not for {name} alone", hint)
