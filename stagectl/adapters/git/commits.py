"""Commits of some paths and nothing else, on the branch that is checked out.

`git commit --only` does that with all that users may have set up, and reads and writes git's index four times. Where
nothing is set up that would act (no hook, no signature, no rebase under way), the same commit is made of its parts,
which costs a third: the index is brought up to date for the paths, the folders on the way to them are written anew.
"""

from __future__ import annotations

import os
import tempfile
from typing import Optional, Sequence

from stagectl.adapters.git.git import Git, GitError
from stagectl.adapters.git.objects import Item, NewCommit, Objects, empty_tree, write_commit
from stagectl.adapters.git.process import Ended
from stagectl.core.model import Oid

_HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")
_UNDER_WAY = ("rebase-merge", "rebase-apply", "sequencer")
_FORGET = ("rm", "--cached", "--quiet", "--force", "--ignore-unmatch")
_RESET = ("reset", "--quiet")
_ACTING = ("commit.gpgsign", "core.sparsecheckout")


def commit_only(git: Git, paths: Sequence[str], message: str) -> Oid:
    """Commit the working copy of some paths and nothing else, through the user's hooks, identity and signing.

    The rest of the index stays as it is; when git or a hook refuses, all of it does. Raises GitError.
    """
    head = git.head()
    if head is not None and _is_plain(git):
        there = git.look_up([git.at(head, path) for path in paths])
        if not git.find_ignored(path for path, oid in zip(paths, there) if oid is None):  # git refuses to add these
            return _commit_plainly(git, head, paths, message)
    return _commit_by_git(git, head, paths, message)


def _commit_by_git(git: Git, head: Optional[Oid], paths: Sequence[str], message: str) -> Oid:
    known = set(git.ours(git.run("ls-files", "-z", *git.only())))
    new = [path for path in paths if path not in known and (git.root / path).exists()]
    if new:
        code, _, err = _try_pathspec(git, "add", "--intent-to-add", paths=new)
        if code:
            _put_back(git, new, *_FORGET)
            raise git.refusal("git add failed", code, err)
    with tempfile.NamedTemporaryFile("w", dir=git.scratch(), encoding="utf-8") as file:
        file.write(message)
        file.flush()
        code, _, err = _try_pathspec(git, "commit", "--quiet", "--only", f"--file={file.name}", paths=paths)
    if code and not is_committed(git, head, message):
        if new:
            _put_back(git, new, *_FORGET)
        raise git.refusal("git commit refused", code, err or (b"a hook said no" if code > 0 else b""))
    _keep_up_with_hooks(git, paths)
    return git.resolve("HEAD")


def is_committed(git: Git, before: Optional[Oid], message: str) -> bool:
    """Return whether HEAD is a commit of ours: a git that was killed may have made it."""
    head = git.head()
    if head is None or head == before or git.parents(head) != [each for each in (before,) if each is not None]:
        return False
    return git.run("log", "-1", "--format=%s", head).decode("utf-8", "replace").strip() == message.splitlines()[0]


def _keep_up_with_hooks(git: Git, paths: Sequence[str]) -> None:
    """Take into the index what a hook changed in the files just committed; git leaves them there as they were."""
    out = git.run("diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD", check=False)
    left = set(git.ours(out)) & set(paths)
    if left:
        _put_back(git, sorted(left), *_RESET)


def _put_back(git: Git, paths: Sequence[str], *words: str) -> None:
    """Have the index as it was before a commit which did not come about; words: what does that."""
    git.is_out_of_step |= _try_pathspec(git, *words, paths=paths)[0] != 0


def _try_pathspec(git: Git, *arguments: str, paths: Sequence[str]) -> Ended:
    # Not by GIT_LITERAL_PATHSPECS: hooks would inherit it, and their own git would take no pattern for one.
    literally = "\0".join(f":(literal){git.path(path)}" for path in paths).encode()
    env = {"GIT_LITERAL_PATHSPECS": "0"} if "GIT_LITERAL_PATHSPECS" in os.environ else None
    return git.try_run(*arguments, "--pathspec-from-file=-", "--pathspec-file-nul", data=literally, env=env)


# --- of its parts


def _is_plain(git: Git) -> bool:
    """Return whether nothing is set up, and nothing under way, that a commit by git itself would heed."""
    words = [word for name in ("hooks", *_UNDER_WAY) for word in ("--git-path", name)]
    hooks, *under_way = (git.top / line for line in git.run("rev-parse", *words).decode().splitlines())
    if any(os.access(hooks / name, os.X_OK) for name in _HOOKS) or any(path.exists() for path in under_way):
        return False
    return not any(git.is_on(key) for key in git.settings if key in _ACTING or key.startswith("hook."))


def _commit_plainly(git: Git, head: Oid, paths: Sequence[str], message: str) -> Oid:
    code, _, err = git.try_run("update-index", "--add", "--remove", "-z", "--stdin", data=git.list_paths(paths))
    if code:
        _put_back(git, paths, *_RESET)
        raise git.refusal("git add failed", code, err)
    try:
        before = git.look_up([f"{head}^{{tree}}"])[0]
        objects = Objects(git, head)
        now = {git.path(one.path): Item(one.mode, one.oid) for one in git.index_entries(paths)}
        changes = {path: now.get(path) for path in map(git.path, paths)}
        tree = objects.edit_tree(before, changes) or empty_tree(git)
        if tree == before:
            raise GitError("git commit refused: there is nothing to commit")
        objects.store()
        commit = write_commit(git, NewCommit(tree, [head], message))
        code, _, err = git.try_run("update-ref", "-m", f"commit: {message.splitlines()[0]}", "HEAD", commit, head)
        if code and git.head() != commit:  # one that was killed may have done it
            raise git.refusal("git commit refused", code, err)
    except BaseException:
        _put_back(git, paths, *_RESET)  # HEAD is where it was
        raise
    return commit
