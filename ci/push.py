"""Push the applied branch, never forced; a step of its own, so that it runs after a failed or cancelled apply, too."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Dict, List

from common import Failure, git, run

_BEFORE = "branches-before.json"
_PAUSES = (2, 10)  # seconds before trying again


def remember(folder: Path) -> None:
    """Write down where the branches are; apply moves one, whose name only the repository's config knows."""
    (folder / _BEFORE).write_text(json.dumps(_branches()), encoding="utf-8")


def push(folder: Path, bundle: Path) -> None:
    """Push the branch that apply moved; one that cannot be pushed is kept in a bundle."""
    moved = _moved(folder)
    if not moved:
        print("Nothing to push: the applied state did not move.")
        return
    for ref in moved:
        _push(ref, bundle)


def _moved(folder: Path) -> List[str]:
    if not (folder / _BEFORE).exists():
        return []
    before = json.loads((folder / _BEFORE).read_text(encoding="utf-8"))
    here = run("git", "symbolic-ref", "--quiet", "HEAD").out.strip()
    return [ref for ref, commit in _branches().items() if before.get(ref) != commit and ref != here]


def _branches() -> Dict[str, str]:
    rows = git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/").splitlines()
    return dict(row.split(" ") for row in rows)


def _push(ref: str, bundle: Path) -> None:
    for pause in (*_PAUSES, 0):
        done = run("git", "push", "--quiet", "origin", f"{ref}:{ref}")
        if done.code == 0:
            print(f"Pushed {ref}.")
            return
        if "rejected" in done.err:
            break
        time.sleep(pause)
    git("bundle", "create", "--quiet", str(bundle), ref, "--not", "--remotes=origin")
    raise Failure(
        f"{ref} could not be pushed: {done.err.strip()}",
        f"what was applied is in {bundle}: keep it; in a clone: git fetch {bundle.name} {ref}",
    )
