"""The ledger, in the scheduler: which worker claimed which change of a run, and how that ended.

Dask runs a task again when the worker that ran it, or had its result, dies. So a worker claims a change before it
starts it, and reports its end here; a second worker may not claim it, and starts nothing. What counts is the journal of
the run; this is for the changes that are on their way. It goes with the run, or with the connection of the apply, and
what it does not know cannot be claimed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from distributed.diagnostics.plugin import SchedulerPlugin

from stagectl.core.running.outcome import UNKNOWN, Outcome
from stagectl.core.running.run_document import outcome_json

NAME = "stagectl-ledger"
NEVER = "never"  # an answer, beside how a change ended, as JSON: it did not start, and never does


@dataclass
class _RunAttempt:
    """One attempt at a run. client: the connection of its apply; facts: what workers have to know of the run.

    claims: how each change that a worker claimed ended, as far as is known; NEVER where that was resolved.
    """

    client: str
    facts: Dict[str, Any]
    closed: bool = False
    claims: Dict[str, str] = field(default_factory=dict)


class Ledger(SchedulerPlugin):  # type: ignore[misc, unused-ignore]
    """Answers workers and the apply whose changes they run. attempt: names one attempt at a run, unlike all others."""

    def __init__(self, scheduler: Any) -> None:
        self._attempts: Dict[str, _RunAttempt] = {}
        for method in (self.begin, self.facts, self.claim, self.finish, self.resolve, self.stop, self.end):
            scheduler.handlers[f"stagectl_{method.__name__}"] = method

    # --- asked by the apply

    def begin(self, attempt: str, client: str, facts: Dict[str, Any]) -> List[str]:
        """Let changes of an attempt be claimed, for as long as its client is connected; return all attempts."""
        self._attempts[attempt] = _RunAttempt(client, facts)
        return sorted(self._attempts)

    def resolve(self, attempt: str, change: str) -> Optional[str]:
        """Say, once, how a change ended; none may claim it from now on. None: nothing is known."""
        found = self._attempts.get(attempt)
        if found is None:
            return None
        answer, found.claims[change] = found.claims.get(change, NEVER), NEVER
        return answer

    def stop(self, attempt: str) -> None:
        """Let nothing more be claimed."""
        if attempt in self._attempts:
            self._attempts[attempt].closed = True

    def end(self, attempt: str) -> None:
        """Forget an attempt."""
        self._attempts.pop(attempt, None)

    # --- asked by workers

    def facts(self, attempt: str) -> Optional[Dict[str, Any]]:
        """Return what workers have to know of a run; None where no apply waits for it any more."""
        found = self._attempts.get(attempt)
        return found.facts if found else None

    def claim(self, attempt: str, change: str, worker: str) -> bool:
        """Say whether a worker may start a change."""
        found = self._attempts.get(attempt)
        if found is None or found.closed or change in found.claims:
            return False
        unseen = Outcome(UNKNOWN, message=f"{worker} started it; its end was not seen")
        found.claims[change] = json.dumps(outcome_json(unseen))
        return True

    def finish(self, attempt: str, change: str, result: str) -> None:
        """Learn how a change ended, from the worker that claimed it."""
        found = self._attempts.get(attempt)
        if found is not None and change in found.claims:
            found.claims[change] = result

    # --- called by the scheduler

    def remove_client(self, scheduler: Any, client: str) -> None:
        """Forget the attempts of a client that is gone: what of them was not started must not start any more."""
        self._attempts = {attempt: found for attempt, found in self._attempts.items() if found.client != client}


def install(dask_scheduler: Any) -> None:
    """Give a scheduler its ledger, if it has none."""
    if NAME not in dask_scheduler.plugins:
        dask_scheduler.add_plugin(Ledger(dask_scheduler), name=NAME)
