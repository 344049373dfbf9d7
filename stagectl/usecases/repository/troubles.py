"""What is wrong in files that were read: a plan they make impossible, as problems with file, line and column."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Iterable, List, Mapping, Tuple

from stagectl.adapters.clock import TimeOver, time_budget
from stagectl.core.errors import Flaw, InvalidFiles, PlacedError, Problem, StagectlError
from stagectl.core.graph import group_pairs
from stagectl.core.model import KINDS, STAGED, Name, staged_path
from stagectl.core.planning.checks import ImpossiblePlan, all_troubles, claim_troubles
from stagectl.core.planning.holding import everything
from stagectl.core.planning.schema_checks import Trouble
from stagectl.core.planning.situation import Situation
from stagectl.core.printable import few
from stagectl.core.references import folder_of
from stagectl.core.standing import from_here

if TYPE_CHECKING:  # what reads YAML is loaded when there is something to read
    from stagectl.adapters.worktree.snapshot import Snapshot


def locate_troubles(error: ImpossiblePlan, snapshot: Snapshot, paths: Mapping[Name, str]) -> StagectlError:
    """Return an impossible plan as problems of files; paths: where each resource is written, staged file by default."""
    problems = _problems(error.troubles, snapshot, paths)
    if error.is_said:
        return PlacedError(error.message, error.hint, problems)
    return InvalidFiles(problems, error.hint)


def missing_kinds(lacking: Iterable[Tuple[str, Name]]) -> InvalidFiles:
    """Return the error for kinds that are missing, each with a live resource that needs it, sorted."""
    problems = []
    for kind, names in group_pairs(lacking).items():
        one = f"the live resource '{names[0]}' still needs it"
        many = f"{len(names)} live resources still need it: {few(names)}"
        message = f"the kind '{kind}' is missing, and {one if len(names) == 1 else many}"
        problems.append(Problem(f"{KINDS}/{kind}.yaml", 1, 1, message))
    return InvalidFiles(problems, "a kind can go one commit after its last resource was removed and applied")


def refuse_claimed(
    situation: Situation, snapshot: Snapshot, names: Iterable[Name], paths: Mapping[Name, str] = MappingProxyType({})
) -> None:
    """Raise InvalidFiles for names that nothing has now, where wrong claims leave open what had them; paths: as above.

    situation: one in which moves were followed.
    """
    left = {*names} - situation.staged.keys()
    troubles = claim_troubles(situation, left.__contains__) if left else ()
    if troubles:
        raise locate_troubles(ImpossiblePlan(troubles), snapshot, paths)


def more_problems(found: Snapshot) -> List[Problem]:
    """Return what else is wrong in files that can be read beside others that cannot: all is reported in one go."""
    resources = {**found.staged, **found.defined}
    paths = {name: found.definition_paths.get(name, staged_path(name)) for name in resources}
    for path, resource in sorted(found.flawed.items()):  # .staged/ comes first: a definition is what people mend
        resources[resource.name], paths[resource.name] = resource, path
    broken = found.broken | found.unread()
    parents = {parent for resource in resources.values() for parent in resource.parents}
    broken |= {parent for parent in parents if folder_of(parent) in broken}  # one of its file may make it
    universe = everything(Situation({}, resources, found.kinds, broken=broken))
    reported = {(problem.path, problem.line, problem.column) for problem in found.problems}
    more: List[Problem] = []
    with suppress(TimeOver), time_budget("checking the inputs", len(resources)):
        more = _problems(all_troubles(universe), found, paths)
    return [problem for problem in more if (problem.path, problem.line, problem.column) not in reported]


def way_out(found: Snapshot, root: Path) -> str:
    """Return what to do where only copies of definitions cannot be read, "" otherwise; root: the project's folder."""
    from stagectl.adapters.yamlfile import CONFLICT, NOT_YAML

    # While a merge goes on, git commits no single files: its marks say what to do.
    paths = {one.path: one.message.startswith(NOT_YAML) and one.message != CONFLICT for one in found.problems}
    names = [path[len(STAGED) + 1 : -len(".yaml")] for path in paths if path.startswith(f"{STAGED}/")]
    copies = [name for name in names if any((root / one / f"{name}.yaml").is_file() for one in found.config.roots)]
    if not all(paths.values()) or len(copies) < len(paths):
        return ""
    files = " ".join(from_here(path) for path in paths)
    return f"what is staged is a copy of its definition: rm {files} and then: stagectl stage {' '.join(copies)}"


def _problems(troubles: Iterable[Trouble], snapshot: Snapshot, paths: Mapping[Name, str]) -> List[Problem]:
    return [_problem(trouble, snapshot, paths.get(trouble.name, staged_path(trouble.name))) for trouble in troubles]


def _problem(trouble: Trouble, snapshot: Snapshot, path: str) -> Problem:
    return snapshot.problem(path, Flaw(trouble.document, trouble.at, trouble.message, trouble.on_key), trouble.name)
