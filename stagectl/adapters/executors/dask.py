"""Changes carried out by the workers of a Dask cluster. What runs there is `worker.run`, what it is given is JSON."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from concurrent.futures import Future as Promise
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from distributed import Future

from stagectl.adapters.executors import link as links
from stagectl.adapters.executors import worker
from stagectl.adapters.executors.ledger import NEVER, key_of
from stagectl.adapters.executors.link import Link
from stagectl.adapters.running.action import order_json
from stagectl.core.errors import RunLost
from stagectl.core.model import ChangeId
from stagectl.core.plans.plan import Change
from stagectl.core.running.outcome import ERROR, SUCCESS, Outcome
from stagectl.core.running.run_document import read_outcome

TAKERS = 16  # how many results are got at once

Take = Callable[[ChangeId, Outcome, str], Outcome]  # change, its end and its output as a worker reports them -> its end


class DaskExecutor(Executor):
    """Takes orders. take: called with every end that a worker reports; returns it as it shall count."""

    def __init__(self, link: Link, take: Take) -> None:
        self._link, self._take = link, take
        self._waiting: Dict[Promise[Outcome], _Sent] = {}
        self._guard = threading.Lock()
        self._lost: Optional[RunLost] = None
        self._takers = ThreadPoolExecutor(TAKERS)  # Dask itself has one thread for that
        self._closing = threading.Event()
        self._looker = threading.Thread(target=self._look, daemon=True)
        self._looker.start()

    def submit(self, act: Callable[..., Any], /, change: Change) -> Promise[Outcome]:  # type: ignore[override]
        """Have carried out what *act* says of a change: an Order, or None when nothing is to be done."""
        promise: Promise[Outcome] = Promise()
        promise.set_running_or_notify_cancel()
        order = act(change)
        if order is None:
            promise.set_result(Outcome(SUCCESS))
            return promise
        target = order.inputs.get("target") if self._link.route else ""
        sent = _Sent(change.id, target if isinstance(target, str) else "")
        with self._guard:
            if self._lost is not None:
                promise.set_exception(self._lost)
                return promise
            self._waiting[promise] = sent
        text = json.dumps({**order_json(order), "attempt": self._link.attempt})
        try:
            sent.future = self._link.client.submit(
                worker.run,
                text,
                key=key_of(self._link.attempt, change.id),
                resources={sent.target: 1} if sent.target else None,
                pure=False,
                retries=0,
            )
        except Exception:  # Dask has several for a client that is closed
            self._lose(self._link.loss())
        else:
            sent.future.add_done_callback(lambda future: self._takers.submit(self._settle, promise, future))
        return promise

    def shutdown(self, wait: bool = True, **more: Any) -> None:
        """Look after nothing any more."""
        self._closing.set()
        if self._lost is None:  # else it may be asking a scheduler that is gone
            self._looker.join()
        self._takers.shutdown(wait=self._lost is None)

    # --- how a change ends

    def _settle(self, promise: Promise[Outcome], future: Optional[Future], why: str = "its workers died") -> None:
        """Let a change have ended; future: its task, where that has ended; why: no worker may report of it."""
        with self._guard:
            sent = self._waiting.pop(promise, None)
        if sent is None:
            return
        try:
            reported = self._result(future) if future is not None else None
            outcome, text = self._read(reported) if reported is not None else self._ask_end(sent.change, why)
            promise.set_result(self._take(sent.change, outcome, text))
        except RunLost as error:
            promise.set_exception(error)
            self._lose(error)
        except Exception as error:  # a bug, which must not keep the run waiting for ever
            promise.set_exception(error)

    def _result(self, future: Future) -> Optional[str]:
        """Return what a worker says, None where a task has failed."""
        if future.status == "cancelled":
            raise self._link.loss()
        try:
            return str(future.result()) if future.status == "finished" else None
        except Exception:  # what it had said was lost with the worker, and only the worker had it
            if future.status == "error":
                return None
            raise self._link.loss() from None

    def _read(self, reported: str) -> Tuple[Outcome, str]:
        raw = json.loads(reported)
        return read_outcome(raw), raw.get("text") or raw.get("output", "")

    def _ask_end(self, change: ChangeId, why: str) -> Tuple[Outcome, str]:
        """Ask the ledger what became of a change of which no worker will report."""
        answer = self._link.ask("resolve", attempt=self._link.attempt, change=change)
        if answer is None:
            raise self._link.loss()
        if answer == NEVER:
            return Outcome(ERROR, message=f"it did not start: {why}"), ""
        return self._read(answer)

    def _lose(self, error: RunLost) -> None:
        """Let nothing be known any more of all that was sent."""
        with self._guard:
            self._lost = self._lost or error
            waiting, self._waiting = self._waiting, {}
        for promise in waiting:
            promise.set_exception(self._lost)

    # --- changes that no worker can carry out

    def _look(self) -> None:
        since: Dict[str, float] = {}  # since when there was no worker for a target
        while not self._closing.wait(links.LOOK_SECONDS):
            with self._guard:
                targets = {sent.target for sent in self._waiting.values()}
            try:
                if targets:
                    self._give_up(targets, since)
            except RunLost as error:
                self._lose(error)
            except Exception:
                if not self._closing.is_set():  # else the connection was closed meanwhile
                    raise

    def _give_up(self, targets: Any, since: Dict[str, float]) -> None:
        workers = self._link.ask("workers")
        now = time.monotonic()
        for target in sorted(targets):
            if any(not target or target in at["resources"] for at in workers.values()):
                since.pop(target, None)
            elif now - since.setdefault(target, now) > links.WORKER_SECONDS:
                self._end_all(target, _no_worker(target, workers))

    def _end_all(self, target: str, why: str) -> None:
        with self._guard:
            promises = [(promise, sent) for promise, sent in self._waiting.items() if sent.target == target]
        for promise, sent in promises:
            self._settle(promise, None, why)
            if sent.future is not None:
                sent.future.cancel()


@dataclass
class _Sent:
    """A change on its way. target: the resource that its worker must have, "" for any worker."""

    change: ChangeId
    target: str
    future: Optional[Future] = None  # held, because Dask forgets what is not held


def _no_worker(target: str, workers: Mapping[str, Any]) -> str:
    """Say that no worker takes a target, and which workers there are."""
    known: List[str] = [
        f"{at['name']} ({', '.join(sorted(at['resources'])) or 'no target'})" for _, at in sorted(workers.items())
    ]
    wanted = f" for the target '{target}'" if target else ""
    return f"no worker{wanted} within {links.WORKER_SECONDS:g} seconds; there are: {', '.join(known) or 'none'}"
