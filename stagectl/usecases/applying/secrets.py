"""Which variables are secret, and what takes their values out of all that is printed (docs/design.md, section 11)."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from typing import FrozenSet, Iterable, Iterator, List, Optional, Set, Union

from stagectl.adapters.applied.index import open_index
from stagectl.adapters.applied.store import load_states
from stagectl.adapters.git.git import DiffEntry, Entry, Git
from stagectl.adapters.worktree.tree import REGULAR
from stagectl.adapters.yamlfile import load
from stagectl.core.errors import StagectlError
from stagectl.core.indexing.line import state_variables
from stagectl.core.model import STAGED, Name, Oid
from stagectl.core.plans.plan import Plan
from stagectl.core.redact import CLEAN, Redactor
from stagectl.core.running.runs import Header
from stagectl.core.schemas.schema import resource
from stagectl.core.variables import variables
from stagectl.usecases.repository.workspace import Workspace

# Most files are not parsed: what is only quoted, after a second dollar, is no reading. Those are with a line in which a
# comment may begin, or an escape that stands for one of these characters, or joins two lines.
_READING = re.compile(r"(?<!\$)\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
_MAY_READ = re.compile(r"\$\{env:|\\(?:[xuU]|$)")
_UNSURE = re.compile(r"#|\\(?:[xuU]|$)")
_AT_ONCE = 1000  # files that are in memory at a time


def secret_variables(workspace: Workspace, plan: Plan, header: Header) -> FrozenSet[str]:
    """Return the names of the variables that any staged or applied resource reads, but for those said to be plain.

    Values that were applied or tried count, too: no file may have them any more, and still they have to be removed.
    """
    sides = [side for change in plan.changes for side in (change.inputs, change.before) if side]
    found: Set[str] = set(variables(list(map(dict, sides))))
    found.update(_read_in_state(workspace.git, header.base), _read_in_edits(workspace.git, header))
    return frozenset(found - set(workspace.config.plain))


def _read_in_state(git: Git, base: Optional[Oid]) -> Set[str]:
    """Return the variables that an applied state reads; its staged files are as its resources were written."""
    if base is None:
        return set()
    index = open_index(git, base)
    if index is not None:
        return {name for (name,) in index.variables}
    return {variable for state in load_states(git, base).values() for variable in state_variables(state)}


def _read_in_edits(git: Git, header: Header) -> Iterator[str]:
    """Yield the variables that staged files read which are not as they were last applied."""
    commits = [commit for commit in (header.source, header.base) if commit is not None]
    after, before = [*git.look_up([git.at(commit, STAGED) for commit in commits]), None][:2]
    entries: Iterable[Union[Entry, DiffEntry]] = ()
    if after is not None:
        entries = git.files_of(after) if before is None else git.changes_between(before, after)
    oids = [entry.oid for entry in entries if entry.oid is not None and entry.mode in REGULAR]  # no submodule
    for start in range(0, len(oids), _AT_ONCE):
        for content in git.objects(oids[start : start + _AT_ONCE]):
            yield from _readings_of(content)


def _readings_of(content: bytes) -> List[str]:
    """Return the variables that a staged file reads; of one that cannot be understood those that stand there."""
    lines = list(filter(_MAY_READ.search, content.decode("utf-8", "replace").splitlines()))
    if any(map(_UNSURE.search, lines)):
        with suppress(StagectlError):
            return variables(dict(resource(Name(""), load(content), content, staged=True).inputs))
    return _READING.findall("\n".join(lines))


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
