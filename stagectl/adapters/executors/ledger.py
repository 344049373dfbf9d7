"""The ledger, in the scheduler: which worker claimed which change of a run, and how that ended.

Dask runs a task again when the worker that ran it, or had its result, dies. So a worker claims a change before it
starts it, and reports its end before it returns it; a second worker gets what the first one reported, and starts
nothing. What counts is the journal of the run; this is for the changes that are on their way. It goes with the run,
or with the connection of the apply, and what it does not know cannot be claimed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

from distributed.diagnostics.plugin import SchedulerPlugin

from stagectl.core.running.outcome import UNKNOWN, Outcome
from stagectl.core.running.run_document import outcome_json

NAME = "stagectl-ledger"
PREFIX = "stagectl"
GO, NEVER = "go", "never"  # answers, beside how a change ended, as JSON: it may start, it never does


@dataclass
class _RunAttempt:
    """One attempt at a run. client: the connection of its apply; facts: what workers have to know of the run.

    claims: how each change that a worker claimed ended, as far as is known; NEVER where none may claim it any more.
    """

    client: str
    facts: Dict[str, Any]
    closed: bool = False
    claims: Dict[str, str] = field(default_factory=dict)


class Ledger(SchedulerPlugin):  # type: ignore[misc, unused-ignore]
    """Answers workers and the apply whose changes they run. attempt: names one attempt at a run, unlike all others."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._attempts: Dict[str, _RunAttempt] = {}
        asked = (self.begin, self.facts, self.claim, self.finish, self.resolve, self.stop, self.end, self.workers)
        for method in asked:
            scheduler.handlers[f"stagectl_{method.__name__}"] = method

    # --- asked by the apply

    def begin(self, attempt: str, client: str, facts: Dict[str, Any]) -> List[str]:
        """Let changes of an attempt be claimed, for as long as its client is connected; return all attempts."""
        self._attempts[attempt] = _RunAttempt(client, facts)
        return sorted(self._attempts)

    def resolve(self, attempt: str, change: str) -> Optional[str]:
        """Say how a change ended; one that is not claimed cannot be claimed from now on. None: nothing is known."""
        found = self._attempts.get(attempt)
        return found.claims.setdefault(change, NEVER) if found else None

    def stop(self, attempt: str) -> None:
        """Let nothing more be claimed."""
        if attempt in self._attempts:
            self._attempts[attempt].closed = True

    def end(self, attempt: str) -> None:
        """Forget an attempt."""
        self._attempts.pop(attempt, None)

    def workers(self) -> Dict[str, Any]:
        """Return the workers there are: by address, the name of each and the resources it was started with."""
        return {
            address: {"name": str(worker.name), "resources": dict(worker.resources)}
            for address, worker in self._scheduler.workers.items()
        }

    # --- asked by workers

    def facts(self, attempt: str) -> Optional[Dict[str, Any]]:
        """Return what workers have to know of a run; None where no apply waits for it any more."""
        found = self._attempts.get(attempt)
        return found.facts if found else None

    def claim(self, attempt: str, change: str, worker: str) -> str:
        """Let a worker start a change, or say what became of it."""
        found = self._attempts.get(attempt)
        if found is None:
            return NEVER
        if found.closed or change in found.claims:
            return found.claims.get(change, NEVER)
        found.claims[change] = _unseen(worker)
        return GO

    def finish(self, attempt: str, change: str, result: str) -> None:
        """Learn how a change ended, from the worker that claimed it."""
        found = self._attempts.get(attempt)
        if found is not None and change in found.claims:
            found.claims[change] = result

    # --- called by the scheduler

    def transition(self, key: Any, start: str, finish: str, *args: Any, **more: Any) -> None:
        """Drop the result of a task that the scheduler forgets, because the apply that waited for it has it."""
        if finish == "forgotten" and isinstance(key, str) and key.startswith(f"{PREFIX}-"):
            attempt, change = split_key(key)
            found = self._attempts.get(attempt)
            if found is not None and change in found.claims:
                found.claims[change] = _unseen("a worker")

    def remove_client(self, scheduler: Any, client: str) -> None:
        """Forget the attempts of a client that is gone: what of them was not started must not start any more."""
        for attempt in [attempt for attempt, found in self._attempts.items() if found.client == client]:
            del self._attempts[attempt]


def _unseen(worker: str) -> str:
    """Return the end of a change that a worker started, as long as it says nothing of it."""
    return json.dumps(outcome_json(Outcome(UNKNOWN, message=f"{worker} started it; its end was not seen")))


def key_of(attempt: str, change: str) -> str:
    """Return the key of a change's task; *attempt* has no colon."""
    return f"{PREFIX}-{attempt}:{change}"


def split_key(key: str) -> Tuple[str, str]:
    """Return attempt and change."""
    attempt, _, change = key[len(PREFIX) + 1 :].partition(":")
    return attempt, change


def install(dask_scheduler: Any) -> None:
    """Give a scheduler its ledger, if it has none."""
    if NAME not in dask_scheduler.plugins:
        dask_scheduler.add_plugin(Ledger(dask_scheduler), name=NAME)
