"""Which variables are secret, and what takes their values out of all that is printed (docs/design.md, section 11)."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import FrozenSet, Iterable, Iterator, List, Sequence, Set

from stagectl.adapters.applied.store import load_some
from stagectl.adapters.git.git import Git, GitError
from stagectl.adapters.yamlfile import load
from stagectl.core.errors import StagectlError
from stagectl.core.model import APPLIED, STAGED, Name, Oid
from stagectl.core.plans.plan import Plan
from stagectl.core.redact import CLEAN, Redactor
from stagectl.core.running.runs import Header
from stagectl.core.schemas.schema import resource
from stagectl.core.variables import variables
from stagectl.usecases.repository.workspace import Workspace

# Most files are not parsed: what is only quoted, after a second dollar, is no reading. Those are with a line in which a
# comment may begin, or an escape that stands for one of these characters, or joins two lines.
_READING = re.compile(r"(?<!\$)\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
_MAY_READ = r"\$\{env:|\\([xuU]|.?$)"
_UNSURE = re.compile(r"#|\\(?:[xuU]|\r?$)")
_LINE = re.compile(r"^([0-9a-f]+):([^\0]+)\0([^\n]*)$", re.MULTILINE)
# As `.applied/<name>.json` keeps a variable; a literal may look like it, so what is found is read in full.
_KEPT = re.compile(r"^[0-9a-f]+:([^\0]+)\0 *\"env\": \"([A-Za-z_][A-Za-z0-9_]*)\"$", re.ASCII | re.MULTILINE)
_OPTIONS = ("-a", "-E", "--no-color", "--no-line-number", "--no-column", "--no-recurse-submodules")


def secret_variables(workspace: Workspace, plan: Plan, header: Header) -> FrozenSet[str]:
    """Return the names of the variables that any staged or applied resource reads, but for those said to be plain.

    Values that were applied or tried count, too: no file may have them any more, and still they have to be removed.
    """
    sides = [side for change in plan.changes for side in (change.inputs, change.before) if side]
    found: Set[str] = set(variables(list(map(dict, sides))))
    found.update(_read_in(workspace.git, [oid for oid in (header.source, header.base) if oid is not None]))
    if header.base is not None:
        found.update(_kept_in(workspace.git, header.base, frozenset(found)))
    return frozenset(found - set(workspace.config.plain))


def _read_in(git: Git, commits: Sequence[Oid]) -> List[str]:
    """Return the variables that the staged files of commits read, once or more often."""
    lines = _LINE.findall(_grep(git, _MAY_READ, commits, STAGED, "-z"))
    unsure = sorted({(commit, git.inner(path)) for commit, path, text in lines if _UNSURE.search(text)})
    oids = {oid for oid in git.look_up([git.at(commit, path) for commit, path in unsure]) if oid is not None}
    found = [variable for content in git.objects(sorted(oids)) for variable in _readings_of(content)]
    sure = [text for commit, path, text in lines if (commit, git.inner(path)) not in unsure]
    return found + _READING.findall("\n".join(sure))


def _readings_of(content: bytes) -> List[str]:
    """Return the variables that a staged file reads; of one that cannot be understood those that stand there."""
    try:
        inputs = resource(Name(""), load(content), content, staged=True).inputs
    except StagectlError:
        return _READING.findall(content.decode("utf-8", "replace"))
    return variables(dict(inputs))


def _kept_in(git: Git, base: Oid, known: FrozenSet[str]) -> Set[str]:
    """Return the variables in the values of an applied state; of those that are known not all are looked for."""
    found = _KEPT.findall(_grep(git, '^ *"env": "', [base], APPLIED, "-z"))
    paths = {git.inner(path) for path, variable in found if variable not in known}
    names = {Name(path[len(f"{APPLIED}/") : -len(".json")]) for path in paths}
    states = [state for state in load_some(git, base, names).values() if state is not None]
    sides = [side for state in states for side in (state, state.unfinished, state.observed) if side is not None]
    return {variable for side in sides for variable in variables(dict(side.inputs))}


def _grep(git: Git, pattern: str, commits: Sequence[Oid], folder: str, *options: str) -> str:
    """Return the lines of the files in a folder of commits that match."""
    arguments = ("grep", *options, *_OPTIONS, "-e", pattern, *commits, *git.only([folder], ever=True))
    code, out, err = git.try_run(*arguments)
    if code > 1:
        raise GitError(f"git grep failed: {err.decode(errors='replace').strip()}")
    return out.decode("utf-8", "replace")


def redactor_of(names: Iterable[str]) -> Redactor:
    """Return what takes out the values that variables have here."""
    return Redactor(os.environ[name] for name in sorted(names) if name in os.environ)


@contextmanager
def discreet(workspace: Workspace, plan: Plan, header: Header) -> Iterator[None]:
    """Have the report of a bug be clean of the secrets of a run."""
    try:
        yield
    except Exception:
        CLEAN.set(redactor_of(secret_variables(workspace, plan, header)).clean)
        raise
