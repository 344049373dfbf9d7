"""Files that act: what the kinds of a plan run or read, in the plan by their digests (docs/design.md, section 11)."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from typing import Callable, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Optional

from stagectl.adapters.files import read_file
from stagectl.adapters.git.git import SUBMODULE, Git, GitError
from stagectl.core.errors import StagectlError
from stagectl.core.model import LARGEST_STATE, Kind, Oid
from stagectl.core.once import pattern
from stagectl.core.plans.document import with_id_again
from stagectl.core.plans.globs import glob_test
from stagectl.core.plans.plan import Plan
from stagectl.core.standing import some_from_here
from stagectl.core.values import leaves

_LONGEST = 1024  # characters of a word that may be a path
_WORD = pattern(r"[^\x00-\x1f\x7f/:-][^\x00-\x1f\x7f]*")


class FilePatterns(NamedTuple):
    """What kinds name: words, each a file if there is one of that path, and globs."""

    words: FrozenSet[str]
    globs: FrozenSet[str]

    def test(self) -> Callable[[str], bool]:
        """Return the predicate on paths of the repository that these are."""
        tests = [glob_test(glob) for glob in sorted(self.globs)]
        return lambda path: path in self.words or any(test(path) for test in tests)


def _patterns_of(git: Git, kinds: Iterable[Kind], commit: Oid) -> FilePatterns:
    """Return what kinds name in any of their entries, without the words that are no path here nor in a commit."""
    every = list(kinds)
    entries = [does for kind in every for does in (dict(kind.actions), kind.check)]
    texts = (leaf for does in entries for _, leaf in leaves(does) if isinstance(leaf, str))
    words = sorted({word for text in texts for word in _paths(text)})
    tops = {word.partition("/")[0] for word in words}
    here = {top for top in tops if os.path.lexists(git.root / top)}  # the first part alone: no link is followed
    there = dict(zip(words, git.look_up([git.at(commit, word) for word in words])))
    meant = frozenset(word for word in words if there[word] or word.partition("/")[0] in here)
    return FilePatterns(meant, frozenset(glob for kind in every for glob in kind.files))


def _paths(text: str) -> Iterator[str]:
    path = re.sub(r"(?:^|(?<=/))(?:\./+)+", "", re.sub("/{2,}", "/", text))
    if len(path) <= _LONGEST and _WORD.fullmatch(path) and ".." not in path.split("/"):
        yield path


def with_files(git: Git, plan: Plan, commit: Optional[Oid], *, here: bool = False) -> Plan:
    """Return a plan with the files that its kinds name, and the id that it has with them.

    commit: whose files they are; here: as the working tree has them, where that differs.
    """
    if commit is None:
        return plan
    patterns = _patterns_of(git, plan.kinds.values(), commit)
    if not any(patterns):
        return plan
    is_meant = patterns.test()
    starts = {re.split(r"[*?\[\\]", glob)[0].rpartition("/")[0] for glob in patterns.globs}
    listed = git.entries(commit, [] if "" in starts else sorted(starts | patterns.words))
    entries = [entry for entry in listed if is_meant(entry.path) and entry.mode != SUBMODULE]
    blobs = git.blobs({entry.oid for entry in entries}, LARGEST_STATE)
    found = {entry.path: _sha256(blobs[entry.oid], entry.oid) for entry in entries}
    for path in _differing_files(git, commit, patterns) if here else ():
        found.pop(path, None)
        found.update(_digest_here(git, path))
    return with_id_again(replace(plan, files=dict(sorted(found.items())))) if found else plan


def _sha256(content: bytes, oid: str) -> str:
    """Return the digest of a file; of one that is too large to be read, that of what git calls it."""
    return hashlib.sha256(oid.encode() if len(content) > LARGEST_STATE else content).hexdigest()


def _digest_here(git: Git, path: str) -> Dict[str, str]:
    """Return a file of the working tree by its digest, nothing where there is none."""
    try:
        return {path: _sha256(read_file(git.root / path, LARGEST_STATE), "")}
    except OSError:
        return {}


def _differing_files(git: Git, commit: Oid, patterns: FilePatterns) -> List[str]:
    """Return the files that the working tree has otherwise than a commit, and those that the commit has not at all."""
    if not any(patterns):
        return []  # git would take none for all
    specs = [*(f":(literal){word}" for word in patterns.words), *(f":(glob){glob}" for glob in patterns.globs)]
    return list(filter(patterns.test(), git.differing(commit, sorted(specs), ignored=True)))


def check_committed(git: Git, kinds: Iterable[Kind], commit: Oid) -> None:
    """Refuse to act with files that are not as a commit has them; raises StagectlError."""
    patterns = _patterns_of(git, kinds, commit)
    try:
        wrong = _differing_files(git, commit, patterns)
    except GitError as error:
        raise GitError(f"what acts cannot be compared with the commit: {error.message}", error.hint) from None
    if wrong:
        raise StagectlError(
            f"{some_from_here(wrong)}: what actions run or read is not as the commit {commit[:12]} has it",
            "commit it, or put it back; only what was reviewed acts",
        )
