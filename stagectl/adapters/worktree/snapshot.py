"""Files into values: what one tree (the working tree or a commit) says about config, kinds and resources."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, TypeVar

from stagectl.adapters import yamlfile
from stagectl.adapters.clock import time_budget
from stagectl.adapters.worktree.tree import Files
from stagectl.core.errors import Flaw, FlawedFile, Problem, nearest
from stagectl.core.model import CONFIG, FOLDERS, KINDS, NAME, STAGED, Config, Kind, Name, Resource
from stagectl.core.schemas import schema, settings
from stagectl.core.schemas.schema import FRONT

Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Snapshot:
    """What one tree says. files: the bytes everything was read from, to point into them.

    defined: the definitions by name, with their paths; staged: the staged files by name.
    flawed: by path what could be understood of resources that have problems; only good for finding more of these.
    """

    config: Config
    kinds: Mapping[str, Kind]
    staged: Mapping[Name, Resource]
    defined: Mapping[Name, Resource]
    definition_paths: Mapping[Name, str]
    files: Files
    problems: Tuple[Problem, ...]
    flawed: Mapping[str, Resource] = field(default_factory=dict)


def parse_config(files: Files, problems: List[Problem]) -> Config:
    """Return the config of a tree, the defaults where there is none."""
    if CONFIG not in files:
        return Config()
    return _parse(files, CONFIG, settings.config, problems) or Config()


def parse_snapshot(
    files: Files,
    problems: Iterable[Problem] = (),
    *,
    config: Optional[Config] = None,
    kinds: Optional[Mapping[str, Kind]] = None,
) -> Snapshot:
    """Return everything the files say, with every problem found; what has a problem is left out.

    config, kinds: those that are known already.
    """
    found = list(problems)
    config = config or parse_config(files, found)
    if kinds is None:
        with time_budget("reading the kinds", sum(path.startswith(f"{KINDS}/") for path in files), 0.05):
            kinds = _kinds(files, found)
    flawed: Dict[str, Resource] = {}
    staged = _resources(files, (STAGED,), found, flawed)
    defined = _resources(files, config.roots, found, flawed)
    _check_vocabulary({**defined, **flawed}, config.vocabulary, files, found)
    _check_kinds({**staged, **defined, **flawed}, kinds, files, found)
    paths = {resource.name: path for path, resource in defined.items()}
    problems = tuple(sorted(set(found)))
    return Snapshot(config, kinds, _by_name(staged), _by_name(defined), paths, files, problems, flawed)


def _check_vocabulary(
    resources: Mapping[str, Resource], vocabulary: Sequence[str], files: Files, problems: List[Problem]
) -> None:
    """Note every tag of a definition that the project does not know, where it has a list of those it knows."""
    for path, resource in resources.items() if vocabulary else ():
        for index, tag in enumerate(resource.tags):
            if tag not in vocabulary and not path.startswith(f"{STAGED}/"):
                near = nearest(tag, vocabulary) or f"; it has: {', '.join(vocabulary)}"
                message = f"the tag '{tag}' is not in the vocabulary of {CONFIG}{near}"
                problems.append(problem_at(files[path], path, Flaw(FRONT, ("tags", index), message)))


def _by_name(resources: Mapping[str, Resource]) -> Dict[Name, Resource]:
    return {resource.name: resource for resource in resources.values()}


def _parse(
    files: Files,
    path: str,
    build: Callable[[List[object]], Parsed],
    problems: List[Problem],
    flawed: Optional[Dict[str, Resource]] = None,
) -> Optional[Parsed]:
    data = files[path]
    try:
        return build(yamlfile.load(data))
    except yamlfile.BadYaml as error:
        problems.append(error.problem(path))
    except FlawedFile as error:
        problems.extend(problem_at(data, path, flaw) for flaw in error.flaws)
        if isinstance(error.partial, Resource) and flawed is not None:
            flawed[path] = error.partial
    return None


def problem_at(data: bytes, path: str, flaw: Flaw) -> Problem:
    """Return a flaw as a problem with its line and column."""
    line, column = yamlfile.locate(data, flaw)
    return Problem(path, line, column, flaw.message)


def _kinds(files: Files, problems: List[Problem]) -> Dict[str, Kind]:
    kinds: Dict[str, Kind] = {}
    folded: Dict[str, str] = {}
    for path in sorted(path for path in files if path.startswith(f"{KINDS}/")):
        name = path[len(KINDS) + 1 : -len(".yaml")]
        twin = folded.setdefault(name.casefold(), path)
        if twin != path:
            problems.append(Problem(path, 1, 1, f"two kinds whose names differ only in case: see {twin}"))
            continue
        if not schema.KIND_NAME.fullmatch(name):
            problems.append(Problem(path, 1, 1, f"'{name}' is no name for a kind: use letters, digits, '_' and '-'"))
            continue
        kind = _parse(files, path, lambda documents, name=name: settings.kind(name, documents), problems)  # type: ignore[misc]
        if kind is not None:
            kinds[name] = kind
    return kinds


def _resources(
    files: Files, roots: Iterable[str], problems: List[Problem], flawed: Dict[str, Resource]
) -> Dict[str, Resource]:
    """Return the resources below some folders, by path."""
    found: Dict[str, Resource] = {}
    folded: Dict[str, str] = {}
    for root in roots:
        for path in sorted(path for path in files if path.startswith(f"{root}/")):
            name = Name(path[len(root) + 1 : -len(".yaml")])
            twin = folded.setdefault(name.casefold(), path)
            if not NAME.fullmatch(name):
                problems.append(Problem(path, 1, 1, _bad_name(name)))
            elif twin != path:
                problems.append(Problem(path, 1, 1, f"two names that are the same or differ only in case: see {twin}"))
            else:
                resource = _parse(files, path, _reader(name, files[path], root == STAGED), problems, flawed)
                if resource is not None:
                    found[path] = resource
    return found


def _reader(name: Name, data: bytes, staged: bool) -> Callable[[List[object]], Resource]:
    return lambda documents: schema.resource(name, documents, data, staged=staged)


def _bad_name(name: str) -> str:
    bad = next((part for part in PurePosixPath(name).parts if not NAME.fullmatch(part)), None)
    if bad is None:
        return f"a resource in more than {FOLDERS} folders"
    if re.fullmatch("[A-Za-z0-9]*", bad, re.ASCII):
        return f"'{bad}' is no name for a resource or folder: Windows takes it for a device"
    return f"'{bad}' is no name for a resource or folder: use letters, digits, '_' and '-', the first no '-'"


def _check_kinds(
    resources: Mapping[str, Resource], kinds: Mapping[str, Kind], files: Files, problems: List[Problem]
) -> None:
    broken = {problem.path for problem in problems}
    for path, resource in sorted(resources.items()):
        if resource.kind and resource.kind not in kinds and f"{KINDS}/{resource.kind}.yaml" not in broken:
            near = nearest(resource.kind, kinds) or f"; add {KINDS}/{resource.kind}.yaml"
            flaw = Flaw(schema.FRONT, ("kind",), f"there is no kind '{resource.kind}'{near}")
            problems.append(problem_at(files[path], path, flaw))
