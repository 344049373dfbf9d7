"""Files into values: what one tree (the working tree or a commit) says about config, kinds and resources."""

from __future__ import annotations

import re
from functools import partial
from pathlib import PurePosixPath
from typing import (
    TYPE_CHECKING,
    AbstractSet,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
)

from stagectl.adapters.clock import time_budget
from stagectl.adapters.cores import cores, do_at_once, split_evenly
from stagectl.adapters.worktree.tree import Files
from stagectl.core.config import Config
from stagectl.core.errors import Flaw, FlawedFile, Problem, nearest
from stagectl.core.model import CONFIG, FOLDERS, KINDS, NAME, STAGED, Kind, Name, Oid, Resource
from stagectl.core.schemas import schema, settings
from stagectl.core.schemas.schema import FRONT, Documents

if TYPE_CHECKING:  # plans do not know that it exists
    from stagectl.core.expanding.definition import Definition
    from stagectl.core.expanding.expanded import Expanded

Parsed = TypeVar("Parsed")
_Named = Tuple[str, Name]  # a file's path, and the name of what it describes
_Findings = Tuple[
    Dict[str, Resource], List[Problem], Dict[str, Resource], Dict[str, Documents]
]  # of files that were read

LEAST = 300  # files for which a fork pays


class Snapshot(NamedTuple):
    """What one tree says. files: the bytes everything was read from, to point into them.

    defined: what the definitions say by name, with the paths of their files; staged: the staged files by name.
    expanded: of the defined ones those that had to be expanded; definitions: what they were expanded from.
    flawed: by path what could be understood of resources that have problems; only good for finding more of these.
    broken: names of which nothing could be understood.
    commit: the one that says it; None for the working tree.
    """

    config: Config
    kinds: Mapping[str, Kind]
    staged: Mapping[Name, Resource]
    defined: Mapping[Name, Resource]
    definition_paths: Mapping[Name, str]
    files: Files
    problems: Tuple[Problem, ...]
    flawed: Mapping[str, Resource] = {}
    expanded: Mapping[Name, Expanded] = {}
    definitions: Mapping[Name, Definition] = {}
    broken: FrozenSet[Name] = frozenset()
    commit: Optional[Oid] = None

    def sources(self, resource: Resource) -> Iterable[str]:
        """Return the paths at which the definitions are, or were, that a staged file was expanded from."""
        return (f"{root}/{name}.yaml" for name in resource.template for root in self.config.roots)

    def unread(self) -> FrozenSet[Name]:
        """Return the names of the resources, or the folder of them, whose files have problems."""
        starts = [f"{folder}/" for folder in (STAGED, *self.config.roots)]
        rests = (p.path[len(start) :] for p in self.problems for start in starts if p.path.startswith(start))
        return frozenset(Name(str(PurePosixPath(rest).with_suffix(""))) for rest in rests)

    def problem(self, path: str, flaw: Flaw, name: Optional[Name] = None) -> Problem:
        """Return a flaw of a file as a problem; name: of the resource, if it may have been expanded from others."""
        if name is not None and name in self.expanded and path == self.definition_paths[name]:
            path, flaw = self.expanded[name].flaw(flaw)
        return problem_at(self.files[path], path, flaw) if path in self.files else Problem(path, 1, 1, flaw.message)


def parse_config(files: Files, problems: List[Problem], folder: str = "") -> Config:
    """Return the config of a tree, the defaults where there is none; folder: of the project, "" or ending in `/`."""
    if CONFIG not in files and not folder:
        return Config()
    reading = _Reading({CONFIG: b"", **files}, problems)
    return reading.parse(CONFIG, lambda documents: settings.config(documents, folder)) or Config()


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
    reading = _Reading(files, list(problems))
    config = config or parse_config(files, reading.problems)
    if kinds is None:
        with time_budget("reading the kinds", sum(path.startswith(f"{KINDS}/") for path in files), 0.05):
            kinds = reading.kinds()
    staged = reading.resources((STAGED,), is_staged=True)
    defined = reading.resources(config.roots, is_staged=False)
    found, flawed = reading.problems, reading.flawed
    for path, resource in {**defined, **flawed}.items() if config.vocabulary else ():
        flaws = () if path.startswith(f"{STAGED}/") else tag_flaws(resource.tags, config.vocabulary)
        found += [problem_at(files[path], path, flaw) for flaw in flaws]
    broken = {problem.path for problem in found}
    for path, resource in sorted({**staged, **defined, **flawed}.items()):
        flaw = kind_flaw(resource, kinds, broken)
        found += [] if flaw is None else [problem_at(files[path], path, flaw)]
    paths = {resource.name: path for path, resource in defined.items()}
    snapshot = Snapshot(config, kinds, _by_name(staged), _by_name(defined), paths, files, tuple(found), flawed)
    if reading.reuse:  # else what expands is not even loaded
        from stagectl.adapters.worktree.expanding import with_expanded

        snapshot = with_expanded(snapshot, reading.reuse)
    return snapshot._replace(problems=tuple(sorted(set(snapshot.problems))))


class _Reading:
    """Files that are read. problems: all that is wrong with them; reuse: the documents of what has to be expanded.

    flawed: what could be understood of resources that have problems.
    """

    def __init__(self, files: Files, problems: List[Problem]) -> None:
        self.files, self.problems = files, problems
        self.flawed: Dict[str, Resource] = {}
        self.reuse: Dict[str, Documents] = {}

    def parse(self, path: str, build: Callable[[List[object]], Optional[Parsed]]) -> Optional[Parsed]:
        """Return what is built of a file, None where that has a problem."""
        from stagectl.adapters import yamlfile  # most commands parse no file

        data = self.files[path]
        try:
            return build(yamlfile.load(data))
        except yamlfile.BadYaml as error:
            self.problems.append(error.problem(path))
        except FlawedFile as error:
            self.problems.extend(problem_at(data, path, flaw) for flaw in error.flaws)
            if isinstance(error.partial, Resource):
                self.flawed[path] = error.partial
        return None

    def kinds(self) -> Dict[str, Kind]:
        """Return the kinds by name."""
        named = self._named([KINDS], "two kinds whose names differ only in case", _why_no_kind)
        found = {name: self.parse(path, partial(settings.kind, name)) for path, name in named}
        return {name: kind for name, kind in found.items() if kind is not None}

    def resources(self, roots: Iterable[str], *, is_staged: bool) -> Dict[str, Resource]:
        """Return the resources below some folders, by path."""
        named = [*self._named(roots, "two names that are the same or differ only in case", _why_no_name)]
        found: Dict[str, Resource] = {}
        tasks = [partial(self._read, is_staged, run) for run in split_evenly(named, LEAST, cores())]
        for there, problems, flawed, reuse in do_at_once(tasks):
            found.update(there)
            self.problems += problems
            self.flawed.update(flawed)
            self.reuse.update(reuse)
        for path, resource in (*found.items(), *self.flawed.items()):
            vars(resource)["content"] = self.files[path]  # which no fork sends back
        return found

    def _read(self, is_staged: bool, named: Sequence[_Named]) -> _Findings:
        run = _Reading(self.files, [])
        found = {path: run.parse(path, partial(run._resource, path, name, is_staged)) for path, name in named}
        there = {path: resource for path, resource in found.items() if resource is not None}
        return there, run.problems, run.flawed, run.reuse

    def _resource(self, path: str, name: Name, is_staged: bool, documents: Documents) -> Optional[Resource]:
        if not is_staged and schema.is_reuse(documents):
            self.reuse[path] = documents
            return None
        return schema.resource(name, documents, b"", staged=is_staged)

    def _named(self, roots: Iterable[str], twins: str, why_bad: Callable[[str], str]) -> Iterator[_Named]:
        """Yield the files below some folders that have a name which no other has; twins: what to say."""
        folded: Dict[str, str] = {}
        for root in roots:
            for path in sorted(path for path in self.files if path.startswith(f"{root}/")):
                name = path[len(root) + 1 : -len(".yaml")]
                twin = folded.setdefault(name.casefold(), path)
                flaw = why_bad(name) or (f"{twins}: see {twin}; delete one" if twin != path else "")
                if flaw:
                    self.problems.append(Problem(path, 1, 1, flaw))
                else:
                    yield path, Name(name)


def tag_flaws(tags: Iterable[str], vocabulary: Sequence[str]) -> Iterator[Flaw]:
    """Yield what is wrong with tags, in the order they are written, that are not in a vocabulary."""
    for index, tag in enumerate(tags):
        if tag not in vocabulary:
            near = nearest(tag, vocabulary) or f"; it has: {', '.join(vocabulary)}"
            message = f"the tag '{tag}' is not in the vocabulary of {CONFIG}{near}"
            yield Flaw(FRONT, ("tags", index), message)


def _by_name(resources: Mapping[str, Resource]) -> Dict[Name, Resource]:
    return {resource.name: resource for resource in resources.values()}


def problem_at(data: bytes, path: str, flaw: Flaw) -> Problem:
    """Return a flaw as a problem with its line and column."""
    from stagectl.adapters import yamlfile

    line, column = yamlfile.locate(data, flaw)
    return Problem(path, line, column, flaw.message)


def _why_no_kind(name: str) -> str:
    is_good = schema.KIND_NAME.fullmatch(name)
    return "" if is_good else f"'{name}' is no name for a kind: use letters, digits, '_' and '-'"


def _why_no_name(name: str) -> str:
    if NAME.fullmatch(name):
        return ""
    bad = next((part for part in PurePosixPath(name).parts if not NAME.fullmatch(part)), None)
    if bad is None:
        return f"a resource in more than {FOLDERS} folders"
    if re.fullmatch("[A-Za-z0-9]*", bad, re.ASCII):
        return f"'{bad}' is no name for a resource or folder: Windows takes it for a device"
    return f"'{bad}' is no name for a resource or folder: use letters, digits, '_' and '-', the first no '-'"


def kind_flaw(resource: Resource, kinds: Mapping[str, Kind], broken: AbstractSet[str]) -> Optional[Flaw]:
    """Return what is wrong with a resource's kind; broken: paths of files with problems, which are reported already."""
    if not resource.kind or resource.kind in kinds or f"{KINDS}/{resource.kind}.yaml" in broken:
        return None
    file = f"{KINDS}/{resource.kind}.yaml"
    # What was staged had a kind then: it went together with its last resource, or before.
    lost = f"; put {file} back: a kind can go one commit after its last resource was removed and applied"
    near = lost if resource.source is not None else nearest(resource.kind, kinds) or f"; add {file}"
    return Flaw(schema.FRONT, ("kind",), f"there is no kind '{resource.kind}'{near}")
