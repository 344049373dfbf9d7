"""Which variables are secret, and what takes their values out of all that is printed (docs/design.md, section 11)."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import FrozenSet, Iterable, Iterator, Set

from stagectl.adapters.git.git import Git, GitError
from stagectl.core.model import STAGED, Oid
from stagectl.core.plans.plan import Plan
from stagectl.core.redact import CLEAN, Redactor
from stagectl.core.running.runs import Header
from stagectl.core.variables import variables
from stagectl.usecases.repository.workspace import Workspace

# Whole files are not parsed: what is only quoted, after a second dollar, is no reading.
_READING = re.compile(r"(?<!\$)\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
_OPTIONS = ("-h", "-a", "-E", "--no-color", "--no-line-number", "--no-column", "--no-recurse-submodules")


def secret_variables(workspace: Workspace, plan: Plan, header: Header) -> FrozenSet[str]:
    """Return the names of the variables that any staged or applied resource reads, but for those said to be plain."""
    sides = [side for change in plan.changes for side in (change.inputs, change.before) if side]
    found: Set[str] = set(variables(list(map(dict, sides))))
    found.update(_read_in(workspace.git, [oid for oid in (header.source, header.base) if oid is not None]))
    return frozenset(found - set(workspace.config.plain))


def _read_in(git: Git, commits: Iterable[Oid]) -> Iterator[str]:
    """Yield the variables that the staged files of commits read, once or more often."""
    arguments = ("grep", *_OPTIONS, "-e", r"\$\{env:", *commits, *git.only([STAGED], ever=True))
    code, out, err = git.try_run(*arguments)
    if code > 1:
        raise GitError(f"git grep failed: {err.decode(errors='replace').strip()}")
    yield from _READING.findall(out.decode("utf-8", "replace"))


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
