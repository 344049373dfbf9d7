"""Definitions edited so that resources that are expanded from them change: an override is written where it belongs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree.snapshot import Snapshot, problem_at
from stagectl.adapters.yamlfile.edit import edit, rename_key, rename_resource
from stagectl.core.config import Config
from stagectl.core.errors import Flaw, FlawedFile, InvalidFiles, StagectlError
from stagectl.core.expanding.definition import MOVED_FROM, Definition, definition
from stagectl.core.expanding.expand import assemble, merged_body
from stagectl.core.expanding.expanded import Expanded, Written
from stagectl.core.expanding.override import (
    WrittenForSeveral,
    differences,
    entry_values,
    front_steps,
    inner_value,
    override,
    tag_steps,
    without_empty,
)
from stagectl.core.merging.inverse import Assignment
from stagectl.core.merging.merge3 import MISSING
from stagectl.core.model import FOLDERS, Name, Resource
from stagectl.core.references import folder_of
from stagectl.core.schemas.schema import BODY, FRONT
from stagectl.core.standing import from_here
from stagectl.core.values import Path, format_path, same
from stagectl.usecases.staging.definitions import definition_of
from stagectl.usecases.staging.desired import path_tags
from stagectl.usecases.staging.merge import edits_for

_NOWHERE = "-/" * (FOLDERS + 1)  # a name that no reader has: relative names in a file mean nothing that exists


class WrittenElsewhere(StagectlError):
    """A value is written where several resources have it from; why: where that is."""

    def __init__(self, name: Name, why: str, hint: str) -> None:
        super().__init__(f"{name}: {why}", hint)
        self.why = why


@dataclass
class Overriding:
    """Definitions as they become, while one resource after the other is edited.

    writes: by path, None for a file that goes. restored: resources that the snapshot's definitions do not make.
    """

    snapshot: Snapshot
    writes: Dict[str, Optional[bytes]] = field(default_factory=dict)
    restored: Dict[Name, Expanded] = field(default_factory=dict)

    def content(self, path: str) -> bytes:
        """Return a definition as it is by now."""
        found = self.writes[path] if path in self.writes else self.snapshot.files[path]
        assert found is not None, "what goes is not edited any more"
        return found

    def expand(self, name: Name) -> Expanded:
        """Return a resource as it comes out of its definition by now; raises InvalidFiles."""
        one = self.restored.get(name) or self.snapshot.expanded[name]
        path = one.definition.path
        if path not in self.writes:
            return one
        content = self.content(path)
        try:
            own = definition(one.definition.name, path, yamlfile.load(content))
        except FlawedFile as error:
            raise InvalidFiles(problem_at(content, path, flaw) for flaw in error.flaws) from None
        chain = (own, *one.chain[1:])
        found, flaws = assemble(chain, one.entry, merged_body(chain))
        if flaws:
            raise InvalidFiles(problem_at(self.content(at), at, flaw) for at, flaw in flaws)
        return found

    def set(self, name: Name, at: Path, value: Any, *, lean: bool = False) -> None:
        """Give a resource a value in its body, MISSING: it goes; raises StagectlError, saying where to edit."""
        self._edit(name, lambda one: [override(one, at, value, lean=lean)])

    def tag(self, name: Name, tags: Sequence[str]) -> None:
        """Give a resource these tags; raises StagectlError, saying where to edit."""
        self._edit(name, lambda one: tag_steps(one, tags))

    def become(self, config: Config, name: Name, desired: Optional[Resource]) -> None:
        """Have a definition say what a staged form does, None: have none; raises StagectlError, saying where to edit.

        Whether that is one that is like another, or says everything itself, follows the staged form.
        """
        path, defined = self.snapshot.definition_paths.get(name), self.snapshot.defined.get(name)
        one = self.restored.get(name) or self.snapshot.expanded.get(name)
        if desired is None and one is not None:
            self.remove(name)
        elif desired is None:
            self.writes.update({path: None} if path is not None else {})
        elif desired.source is not None and (desired.template or (one is not None and one.entry is not None)):
            if one is None:
                self._restore(config, name, desired)
            else:
                self.say(config, name, desired)
        elif desired.source is not None:
            content = definition_of(config, desired, None if one is not None else defined)
            is_same = defined is not None and content == defined.content and one is None
            self.writes.update({} if is_same else {path or desired.source: content})

    def _restore(self, config: Config, name: Name, desired: Resource) -> None:
        """Write the definition of a resource that nothing makes, as one that is like what it was like."""
        path = self.snapshot.definition_paths.get(name) or str(desired.source)
        if not path.endswith(f"/{name}.yaml") and self.writes.get(path, self.snapshot.files.get(path)) is not None:
            self._restore_entry(config, path, desired)
            return
        if not path.endswith(f"/{name}.yaml"):  # what made it, and others, is gone: it gets a definition of its own
            path = f"{path[: -len(f'{folder_of(name)}.yaml')]}{name}.yaml"
        if not any(self.make_like(config, desired, path, like) for like in desired.template):
            self.writes[path] = definition_of(config, desired, self.snapshot.defined.get(name))

    def _restore_entry(self, config: Config, path: str, desired: Resource) -> None:
        """Have a definition make a resource again; raises StagectlError where it cannot, saying where to edit."""
        own = definition(Name(folder_of(desired.name)), path, yamlfile.load(self.content(path)))
        key, chain = desired.name.rpartition("/")[2], (own, *(chain_of(self.snapshot, own.like) or ()))
        if own.each is None:
            raise StagectlError(
                f"{desired.name} was made by {from_here(path)}, which has no 'each' any more", "define it anew"
            )
        if own.has_list:
            self._make(path, [((FRONT, ("each", len(own.each))), key)])
        else:
            body = yamlfile.load(desired.content)[BODY] or {}
            self._make(path, [((FRONT, ("each", key)), entry_values(merged_body(chain), body))])
        again = definition(own.name, path, yamlfile.load(self.content(path)))
        self.restored[desired.name] = assemble((again, *chain[1:]), key, merged_body((again, *chain[1:])))[0]
        self.say(config, desired.name, desired)

    def make_like(self, config: Config, desired: Resource, path: str, like: Name) -> bool:
        """Write the definition of a resource as one that is like another; return whether it can be."""
        chain, before = chain_of(self.snapshot, like), self.writes.get(path)
        if chain is None:
            return False
        self.writes[path] = f"---\nlike: {like}\n---\n".encode()
        own = definition(desired.name, path, yamlfile.load(self.content(path)))
        self.restored[desired.name] = assemble((own, *chain), None, merged_body((own, *chain)))[0]
        try:
            self.say(config, desired.name, desired)
        except StagectlError:  # the other one says what this one must not
            self.writes.pop(path)
            self.writes.update({} if before is None else {path: before})
            return False
        return True

    def say(self, config: Config, name: Name, desired: Resource) -> None:
        """Have a resource say what another form of it says; raises StagectlError, saying where to edit."""
        added, own = path_tags(config, name), self.expand(name).front["tags"]
        tags = [tag for tag in desired.tags if tag not in added or tag in own]
        front = {"kind": desired.kind, "tags": tags, "moved_from": desired.moved_from}
        body = without_empty(yamlfile.load(desired.content)[BODY] or {})
        self._edit(name, lambda one: front_steps(one, front))
        one = self.expand(name)
        found = list(differences(without_empty(one.body), body))
        # What is a value of its entry first: others may read it inside a string.
        for at, value in sorted(found, key=lambda difference: one.value_at(difference[0]) is None):
            if not same(inner_value(self.expand(name).body, at), value):
                self.set(name, at, value, lean=True)
        after = self.expand(name)
        if not same(without_empty(after.body), body):  # one value of an entry may stand in several places
            at = next(at for at, _ in differences(without_empty(after.body), body))
            raise self._elsewhere(name, after.text_at(BODY, at), f"{format_path(at)} is written in")

    def follow(self, name: Name, names: Mapping[Name, Name]) -> None:
        """Have a resource name others by their new names: where they are written, or on top of what is relative there.

        Raises StagectlError, saying where to edit.
        """
        one, before = self.expand(name), self.snapshot.defined[name].content
        own = one.definition
        self._write(own.path, rename_resource(self.content(own.path), name, name, names))
        body = yamlfile.load(rename_resource(before, name, name, names))[BODY] or {}
        for at, value in differences(without_empty(self.expand(name).body), without_empty(body)):
            place = one.text_at(BODY, at)
            path = place.definition.path
            absolute = rename_resource(self.content(path), _NOWHERE, _NOWHERE, names)
            text = inner_value(yamlfile.load(absolute)[BODY] or {}, place.at)
            if place.definition is not own and same(text, value):
                self._make(path, [((BODY, place.at), value)])
            else:
                self.set(name, at, value)

    def rename(self, old: Name, new: Name, claims: Sequence[Name]) -> None:
        """Have an entry make a resource of another name; claims: the names it had before, newest first."""
        one, key = self.expand(old), new.rpartition("/")[2]
        path, value = one.definition.path, (claims[0] if len(claims) == 1 else list(claims))
        if one.definition.has_list:
            keys = [key if other == one.entry else other for other in one.definition.each or {}]
            self._make(path, [((FRONT, ("each",)), {other: {} for other in keys} if claims else keys)])
        else:
            self._write(path, rename_key(self.content(path), FRONT, one.entry_at(), key))
        place = (FRONT, ("each", key, MOVED_FROM))
        if claims:
            self._make(path, [(place, value)])
        elif MOVED_FROM in (one.definition.each or {}).get(str(one.entry), {}):
            self._make(path, [(place, MISSING)])
        self.restored[new] = replace(one, name=new, entry=key)
        self.restored[new] = self.expand(new)

    def remove(self, name: Name) -> None:
        """Have nothing make a resource any more."""
        path = self.snapshot.expanded[name].definition.path
        if path in self.writes and self.writes[path] is None:
            return
        one = self.expand(name)
        if one.entry is None or len(one.definition.each or {}) == 1:
            self.writes[path] = None
        else:
            self._make(path, [((FRONT, one.entry_at()), MISSING)])

    def _edit(self, name: Name, steps: Callable[[Expanded], Iterable[Assignment]]) -> None:
        one = self.expand(name)
        try:
            self._make(one.definition.path, steps(one))
        except WrittenForSeveral as error:
            raise self._elsewhere(name, error.place, error.what) from None

    def _make(self, path: str, steps: Iterable[Assignment]) -> None:
        for step in steps:
            self._write(path, edit(self.content(path), edits_for([step])))

    def _write(self, path: str, content: bytes) -> None:
        if content != self.content(path):
            self.writes[path] = content

    def place(self, written: Written) -> str:
        """Return where something is written, as `path:line:column`."""
        path = written.definition.path
        problem = problem_at(self.content(path), path, Flaw(written.document, written.at, "", written.on_key))
        return f"{from_here(path)}:{problem.line}:{problem.column}"

    def _elsewhere(self, name: Name, place: Written, what: str) -> StagectlError:
        where = self.place(place)
        own = self.expand(name)
        hint = "edit it there"
        if own.entry is not None:
            path = from_here(own.definition.path)
            hint += f"; or write ${{each.<value>}} there, and the value into every entry of {path}"
        return WrittenElsewhere(name, f"{what} {where}, and not for {name} alone", hint)


def chain_of(snapshot: Snapshot, name: Optional[Name]) -> Optional[Tuple[Definition, ...]]:
    """Return a definition and those that it is like, the nearest first; None where one of them is not there."""
    found: List[Definition] = []
    at = name
    while at is not None:
        one = snapshot.definitions.get(at) or _read(snapshot, at)
        if one is None:
            return None
        found.append(one)
        at = one.like
    return tuple(found)


def _read(snapshot: Snapshot, name: Name) -> Optional[Definition]:
    """Return a definition that says everything itself, and that nothing is like yet."""
    paths = [path for path in (f"{root}/{name}.yaml" for root in snapshot.config.roots) if path in snapshot.files]
    return definition(name, paths[0], yamlfile.load(snapshot.files[paths[0]])) if paths else None
