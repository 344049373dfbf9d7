"""What is shared and who holds which lock, as text and JSON."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

from stagectl.core.locks import Lock, Portion, about, part_json
from stagectl.core.pictures.reports import Locks, SharedCommit, Syncing
from stagectl.core.printable import json_text
from stagectl.views.text import list_words, pluralize, safe

FORMAT_VERSION = "1.0"
UNLOCK = "stagectl unlock"


def sync_text(done: Syncing) -> str:
    """Return what a sync did, a line per direction."""
    lines: List[str] = []
    if done.fetched:
        lines.append(f"Fetched {_commits(done.fetched)}")
    if done.replayed:
        lines.append(f"Put on top {_commits([commit for commit, _ in done.replayed])}")
    if done.pushed:
        lines.append(f"Pushed {_commits(done.pushed)}")
    if done.commit is None:
        lines.append(f"Nothing is applied yet, neither here nor on {done.remote}.")
    else:
        lines.append(f"In step with {done.remote}: {done.branch} is at {done.commit[:12]}.")
    return safe("\n".join(lines)) + "\n"


def _commits(commits: Sequence[SharedCommit]) -> str:
    return f"{pluralize(len(commits), 'applied commit')}: {list_words([commit.named for commit in commits], shown=str)}"


def conflict_text(done: Syncing) -> str:
    """Return why a sync could not put both sides together, and the way out."""
    ours, theirs = (list_words([commit.named for commit in side], shown=str) for side in (done.ours, done.theirs))
    return safe(
        f"error: this clone and {done.remote} both applied {list_words(done.conflicts, shown=str)}\n"
        f"  here: {ours}\n"
        f"  on {done.remote}: {theirs}\n"
        f"hint: nothing moved. Find out what is live; then take theirs and apply yours anew: "
        f"git branch -f {done.branch} {done.remote}/{done.branch} && stagectl apply; "
        f"what was recorded here stays in {done.kept}"
    )


def sync_json(done: Syncing) -> str:
    """Return what a sync did as one JSON document."""
    raw: Dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "remote": done.remote,
        "branch": done.branch,
        "in_step": not done.conflicts,
        "commit": done.commit,
        "fetched": [_commit_json(commit) for commit in done.fetched],
        "replayed": [{**_commit_json(commit), "to": new} for commit, new in done.replayed],
        "pushed": [_commit_json(commit) for commit in done.pushed],
        "conflicts": list(done.conflicts),
        "kept": done.kept or None,
        "ours": [_commit_json(commit) for commit in done.ours],
        "theirs": [_commit_json(commit) for commit in done.theirs],
    }
    return json_text(raw, indent=2) + "\n"


def _commit_json(commit: SharedCommit) -> Dict[str, Any]:
    return {"commit": commit.commit, "run": commit.run or None, "by": commit.by}


def locks_text(found: Locks, unlock: str = UNLOCK) -> str:
    """Return who holds which lock, a line each; unlock: the command that takes one away, before its id."""
    lines = [f"This machine: {words}{_of(part)}" for words, part in found.here] or ["This machine: free"]
    if not found.remote:
        lines.append("No remote.")
    elif not found.held:
        lines.append(f"{found.remote}: free")
    for held in found.held:
        kind = "locked for maintenance" if held.is_maintenance else "locked"
        lines.append(f"{found.remote}: {kind} by {held.holder}: {held.purpose}{_of(held.part)}")
        renewal = "" if held.is_maintenance else f", last renewed {held.renewed}, term {held.term} s"
        lines.append(f"  lock {held.id}{renewal}; to take it away: {unlock} {held.id}")
    return safe("\n".join(lines)) + "\n"


def _of(part: Portion) -> str:
    """Return what is locked, behind the words for who does; nothing for everything there is."""
    return "" if part.whole else f" ({about(part)})"


def locks_json(found: Locks) -> str:
    """Return who holds which lock as one JSON document; machine and lock are the first ones of each place."""
    held = [_lock_json(lock) for lock in found.held]
    raw = {
        "format_version": FORMAT_VERSION,
        "machine": found.here[0][0] if found.here else None,
        "remote": found.remote or None,
        "lock": held[0] if held else None,
        "here": [{"words": words, "part": part_json(part)} for words, part in found.here],
        "locks": held,
    }
    return json_text(raw, indent=2) + "\n"


def _lock_json(lock: Lock) -> Dict[str, Any]:
    return {**vars(lock), "part": part_json(lock.part), "maintenance": lock.is_maintenance}
