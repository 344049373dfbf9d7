"""Which resources a command is about: names, globs, graph operators and tag expressions (docs/design.md, section 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import AbstractSet, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from stagectl.core.errors import StagectlError, nearest
from stagectl.core.graph import reachable
from stagectl.core.model import CHANGE, NAME, ChangeId, Name, Resource, change_id, split_change
from stagectl.core.once import pattern
from stagectl.core.plans.globs import glob_test
from stagectl.core.plans.tags import parse_expression, tag_test


@dataclass(frozen=True)
class Selection:
    """What was asked for, as written; no names and no tags mean everything.

    names: names and globs of resources, with graph operators, and ids of single changes.
    """

    names: Tuple[str, ...] = ()
    tags: Tuple[str, ...] = ()
    with_children: bool = False
    with_parents: bool = False

    def with_current_names(self, world: World) -> Selection:
        """Return the same with the names that resources have now in place of those they had before."""
        return replace(self, names=tuple(_current_name(name, world) for name in self.names))

    def changes(self, world: World) -> Tuple[ChangeId, ...]:
        """Return the changes, of resources that there are, that are asked for one by one."""
        changes = (ChangeId(name) for name in self.with_current_names(world).names if CHANGE.fullmatch(name))
        return tuple(change for change in changes if split_change(change)[0] in world.tags)

    def of_resources(self, world: World) -> Selection:
        """Return the same with the resource in place of each single change."""
        changes = self.changes(world)
        names = self.with_current_names(world).names
        return replace(self, names=tuple(split_change(ChangeId(n))[0] if n in changes else n for n in names))


class NoResource(StagectlError):
    """A name, or a glob, that no resource has now."""

    def __init__(self, message: str, hint: str, glob: str) -> None:
        super().__init__(message, hint)
        self.glob = glob


class Several(StagectlError):
    """A word for several resources, names, where one is done something to: a glob, a graph operator, a folder."""

    def __init__(self, word: str, names: Iterable[Name], done: str, *, is_folder: bool) -> None:
        self.names, self.is_folder = sorted(names), is_folder
        what = "is a folder" if is_folder else "may be several resources"
        shown = ", ".join(self.names[:8]) + (", ..." if len(self.names) > 8 else "")
        super().__init__(f"'{word}' {what}, and one {'resource ' * is_folder}is {done} at a time", f"name one: {shown}")


class SharedName(StagectlError):
    """A name that several resources had, or claim, and none has now."""

    def __init__(self, name: str, found: Iterable[Name]) -> None:
        names = sorted(found)
        super().__init__(
            f"'{name}' is the old name of {' and '.join(names)}", f"say which is meant: {' or '.join(names)}"
        )


class World(NamedTuple):
    """What a selection chooses from: the tags and the parents of every resource.

    aliases: names that resources had before, with those of who had them; vocabulary: tags that may match nothing.
    """

    tags: Mapping[Name, FrozenSet[str]]
    parents: Mapping[Name, FrozenSet[Name]]
    aliases: Mapping[Name, Sequence[Name]] = {}
    vocabulary: FrozenSet[str] = frozenset()

    def now(self, name: str) -> Name:
        """Return what a resource is called now; a name that a resource has is its own. Raises SharedName."""
        found = self.all_now(name)
        if len(found) > 1:
            raise SharedName(name, found)
        return next(iter(found), Name(name))

    def all_now(self, name: str) -> Set[Name]:
        """Return what all are called now that had a name, if none has it."""
        found: Set[Name] = set()
        seen: Set[Name] = set()
        left = [Name(name)]
        while left:
            one = left.pop()
            if one in self.tags:
                found.add(one)
            elif one not in seen:
                seen.add(one)
                left += self.aliases.get(one, ())
        return found

    @classmethod
    def of(
        cls,
        *sides: Mapping[Name, Resource],
        tags: Optional[Mapping[Name, Iterable[str]]] = None,
        aliases: Optional[Mapping[Name, Sequence[Name]]] = None,
        vocabulary: Iterable[str] = (),
    ) -> World:
        """Return the world of several sides: relations of all of them, tags of the first that has the name."""
        all_tags: Dict[Name, FrozenSet[str]] = {name: frozenset(found) for name, found in (tags or {}).items()}
        parents: Dict[Name, FrozenSet[Name]] = {}
        for side in sides:
            for name, resource in side.items():
                all_tags.setdefault(name, frozenset(resource.tags))
                parents[name] = parents.get(name, frozenset()) | resource.parents
        return cls(all_tags, parents, aliases or {}, frozenset(vocabulary))


def _current_name(pattern: str, world: World) -> str:
    if not CHANGE.fullmatch(pattern):
        return world.now(pattern)
    name, action = split_change(ChangeId(pattern))
    return change_id(world.now(name), action)


def select(selection: Selection, world: World) -> Optional[FrozenSet[Name]]:
    """Return the names selected, None for everything; raises StagectlError for what does not exist or is empty."""
    if not selection.names and not selection.tags:
        return None
    chosen: Set[Name] = set(world.tags)
    if selection.tags:
        _check_tags(selection.tags, world)
        test = tag_test(selection.tags)
        holds = {tags: test is not None and test(tags) for tags in {*world.tags.values()}}  # many have the same ones
        chosen = {name for name, tags in world.tags.items() if holds[tags]}
    if selection.names:
        chosen &= {name for pattern in selection.names for name in match_names(pattern, world)}
    if not chosen and not _may_be_nothing(selection, world):
        asked = " and ".join(
            filter(None, [", ".join(selection.names), " or ".join(f"-t '{t}'" for t in selection.tags)])
        )
        known = {tag for tags in {*world.tags.values()} for tag in tags}
        raise StagectlError(f"no resource matches {asked}", _list_hint("tags", known))
    return frozenset(chosen)


def _may_be_nothing(selection: Selection, world: World) -> bool:
    """Return whether a selection by tags alone names one that may match nothing."""
    words = {word for text in selection.tags for word in parse_expression(text).words()}
    return not selection.names and bool(words & world.vocabulary)


def _check_tags(expressions: Sequence[str], world: World) -> None:
    known = {tag for tags in {*world.tags.values()} for tag in tags} | world.vocabulary
    keys = {tag.partition("=")[0] + "=*" for tag in known if "=" in tag}
    for text in expressions:
        for word in parse_expression(text).words():
            if word not in (keys if word.endswith("=*") else known):
                near = nearest(word, known | keys) or _key_hint(word, known, keys)
                hint = f"{_list_hint('tags', known)}; one that may match nothing: 'vocabulary' in stagectl.yaml"
                raise StagectlError(f"no resource has the tag '{word}'{near}", hint)


def _key_hint(word: str, known: AbstractSet[str], keys: AbstractSet[str]) -> str:
    key = word.partition("=")[0] + "=*"
    meant = [key] if key in keys else sorted(tag for tag in known if tag.endswith(f"={word}"))[:2]
    return f"; did you mean {' or '.join(map(repr, meant))}?" if meant else ""


def _list_hint(what: str, known: Iterable[str]) -> str:
    some = sorted(known)
    shown = ", ".join(some[:8]) + (", ..." if len(some) > 8 else "")
    return f"the {what} there are: {shown}" if some else f"there are no {what} yet"


_PATTERN = pattern(
    r"(?:(?P<up>[0-9]*)(?P<above>\+))?(?P<glob>[A-Za-z0-9_/*?-]+)(?:(?P<below>\+)(?P<down>[0-9]*))?", re.ASCII
)


def match_names(pattern: str, world: World) -> Set[Name]:
    """Return what one NAME argument means: `db`, `prod/*`, `db+`, `+db`, `2+db+1`; raises StagectlError for nothing."""
    match = _PATTERN.fullmatch(pattern)
    if match is None:
        raise StagectlError(
            f"'{pattern}' is not a resource name{_change_hint(pattern, world)}", "a name looks like prod/db"
        )
    starts = _glob_names(match.group("glob"), world)
    found = set(starts)
    if match.group("above"):
        parents = {name: [one for one in some if one in world.tags] for name, some in world.parents.items()}
        found |= reachable(starts, lambda name: parents.get(name, ()), _depth(match.group("up")))
    if match.group("below"):
        children = _children(world)
        found |= reachable(starts, lambda name: children.get(name, ()), _depth(match.group("down")))
    return found


def match_one(text: str, world: World, done: str) -> Name:
    """Return the one resource that a name means, or did; raises StagectlError for others. done: what becomes of it."""
    folder = f"{text.rstrip('/')}/"
    inside = [name for name in world.tags if name.startswith(folder)]
    if inside and world.now(text) not in world.tags:
        raise Several(text, inside, done, is_folder=True)
    found = match_names(text, world)
    if not NAME.fullmatch(text):
        raise Several(text, found, done, is_folder=False)
    return world.now(text)


def _depth(text: Optional[str]) -> Optional[int]:
    return int(text[:9]) if text else None


def _glob_names(glob: str, world: World) -> Set[Name]:
    if "*" not in glob and "?" not in glob:
        name = world.now(glob)
        if name not in world.tags:
            folder = glob.rstrip("/") + "/"
            is_folder = any(other.startswith(folder) for other in world.tags)
            hint = f"all in this folder: '{folder}**'" if is_folder else _list_hint("resources", world.tags)
            raise NoResource(f"there is no resource '{glob}'{nearest(glob, world.tags, now=world.aliases)}", hint, glob)
        return {name}
    test = glob_test(glob)
    found = {name for name in world.tags if test(name)}
    found = found or {name for old in world.aliases if test(old) for name in world.all_now(old)}
    if not found:
        raise NoResource(f"no resource matches '{glob}'", _list_hint("resources", world.tags), glob)
    return found


def _change_hint(pattern: str, world: World) -> str:
    name = pattern.rpartition(".")[0]
    near = nearest(pattern, world.tags, now=world.aliases)
    return f"; the resource of that change is '{name}'" if name in world.tags else near


def _children(world: World) -> Dict[Name, List[Name]]:
    children: Dict[Name, List[Name]] = {}
    for name, parents in world.parents.items():
        for parent in parents:
            children.setdefault(parent, []).append(name)
    return children
