"""Definitions that have to be expanded, as the resources that come of them; loaded where there are any."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Dict, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.git.git import check_amount
from stagectl.adapters.worktree.snapshot import Snapshot, kind_flaw, problem_at, tag_flaws
from stagectl.adapters.yamlfile.write import canonical_body
from stagectl.core.errors import Flaw, FlawedFile
from stagectl.core.expanding.definition import Definition, definition
from stagectl.core.expanding.expand import Expansion, expand
from stagectl.core.expanding.expanded import Expanded
from stagectl.core.model import LARGEST_FILE, Name, Resource
from stagectl.core.schemas import schema
from stagectl.core.schemas.schema import FRONT, Documents

_LARGE = LARGEST_FILE // 2  # bytes; one with as many values as are read has more
_DEEP = b" " * 2 * (yamlfile.MOST_LEVELS - 4)  # a line as far in as that

Flawed = List[Tuple[str, Flaw]]


def with_expanded(snapshot: Snapshot, reuse: Mapping[str, Documents]) -> Snapshot:
    """Return a snapshot with what comes of the definitions that have to be expanded; reuse: their documents by path."""
    flaws: Flawed = []
    names = _names(snapshot)
    definitions, broken = _definitions(snapshot, names, reuse, flaws)
    found = expand(definitions, broken, {name.casefold(): path for path, name in names.items()})
    flaws += found.flaws
    resources = _resources(snapshot, found, flaws)
    paths = {name: found.resources[name].definition.path for name in resources}
    wrong = sorted(set(flaws), key=lambda flaw: (flaw[0], str(flaw[1])))
    problems = [problem_at(snapshot.files[path], path, flaw) for path, flaw in wrong]
    return snapshot._replace(
        defined={**snapshot.defined, **resources},
        definition_paths={**snapshot.definition_paths, **paths},
        problems=(*snapshot.problems, *problems),
        expanded={name: found.resources[name] for name in resources},
        definitions=definitions,
        broken=frozenset(found.broken),
    )


def _definitions(
    snapshot: Snapshot, names: Mapping[str, Name], reuse: Mapping[str, Documents], flaws: Flawed
) -> Tuple[Dict[Name, Definition], Set[Name]]:
    """Return the definitions to expand with those they are like, and the names of those that cannot be read."""
    found: Dict[Name, Definition] = {}
    broken = {names[problem.path] for problem in snapshot.problems if problem.path in names}

    def read(path: str, documents: Documents) -> Flawed:
        name = names[path]
        try:
            found[name] = definition(name, path, documents)
        except FlawedFile as error:
            broken.update({name}, error.partial.makes() if isinstance(error.partial, Definition) else ())
            return [(path, flaw) for flaw in error.flaws]
        return []

    for path, documents in reuse.items():
        flaws += read(path, documents)
    paths = {name: path for path, name in names.items()}
    liked = {one.like for one in found.values() if one.like is not None}
    for name in sorted(liked - found.keys() - broken):
        if name in paths:  # one that says everything itself: what is wrong with it is known
            with suppress(yamlfile.BadYaml):
                read(paths[name], yamlfile.load(snapshot.files[paths[name]]))
    return found, broken


def _names(snapshot: Snapshot) -> Dict[str, Name]:
    """Return the names of all definitions by their paths; of two roots in one another the first one counts."""
    starts = [f"{root}/" for root in reversed(snapshot.config.roots)]
    found = ((path, start) for path in sorted(snapshot.files) for start in starts if path.startswith(start))
    return {path: Name(path[len(start) : -len(".yaml")]) for path, start in found}


def _resources(snapshot: Snapshot, found: Expansion, flaws: Flawed) -> Dict[Name, Resource]:
    resources: Dict[Name, Resource] = {}
    unread, total = {problem.path for problem in snapshot.problems}, 0
    for name, one in found.resources.items():
        if name in found.broken:
            continue
        resource = _resource(one, snapshot.config.vocabulary, flaws)
        if resource is None:
            found.broken.add(name)
            continue
        flaw = kind_flaw(resource, snapshot.kinds, unread)
        if flaw is not None:
            flaws.append(one.flaw(flaw))
        total += len(resource.content)
        check_amount(total)
        resources[name] = resource
    return resources


def _resource(one: Expanded, vocabulary: Sequence[str], flaws: Flawed) -> Optional[Resource]:
    """Return an expanded resource with the bytes of a definition that says all by itself."""
    try:
        found = schema.resource(one.name, [one.front, one.body], b"", staged=False)
    except FlawedFile as error:
        flaws += [one.flaw(flaw) for flaw in error.flaws]
        return None
    flaws += [one.flaw(flaw) for flaw in tag_flaws(found.tags, vocabulary)] if vocabulary else []
    tags = tuple(sorted(found.tags))
    front = yamlfile.FrontMatter(found.kind, tags, found.moved_from)
    content = yamlfile.front_matter(front) + canonical_body(one.body)
    refused = _why_refused(content)
    if refused:
        at = one.entry_at() if one.entry else ()
        message = f"{one.name} cannot be staged: {refused}"
        flaws.append((one.definition.path, Flaw(FRONT, at, message, on_key=True)))
        return None
    return replace(found, tags=tags, template=one.template, content=content)


def _why_refused(content: bytes) -> str:
    """Return why a staged file could not be read again: together, values may be more, or deeper, than in one file."""
    if len(content) > _LARGE or _DEEP in content:  # else there is nothing to fear
        try:
            yamlfile.load(content)
        except yamlfile.BadYaml as error:
            return error.message
    return ""
