"""Changes carried out by the workers of a Dask cluster. What runs there is `worker.run`, what it is given is JSON."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import Executor
from concurrent.futures import Future as Promise
from contextlib import suppress
from typing import Any, Callable, Coroutine, Dict, List, Mapping, Optional

from distributed import Future

from stagectl.adapters.executors import link as links
from stagectl.adapters.executors import worker
from stagectl.adapters.executors.ledger import NEVER
from stagectl.adapters.executors.link import Link
from stagectl.adapters.handlers import Order
from stagectl.adapters.running.action import order_json
from stagectl.core.errors import RunLost
from stagectl.core.model import ChangeId
from stagectl.core.plans.plan import Change
from stagectl.core.running.outcome import ERROR, SKIPPED, SUCCESS, Outcome
from stagectl.core.running.run_document import read_outcome

Take = Callable[[ChangeId, Outcome, str], Outcome]  # change, its end and its output as a worker reports them -> its end


class DaskExecutor(Executor):
    """Takes orders, and waits for their ends on the event loop of the connection, where all that it keeps is changed.

    take: called with every end that a worker reports; returns it as it shall count.
    """

    def __init__(self, link: Link, take: Take) -> None:
        self._link, self._take = link, take
        # Tasks on their way, each with the resource that its worker must have, "" for any worker.
        self._targets: Dict[Future, str] = {}
        self._hopeless: Dict[Future, str] = {}  # tasks that no worker can take, and why
        self._looker = self._start(self._look())

    def submit(self, act: Callable[..., Any], /, change: Change) -> Promise[Outcome]:  # type: ignore[override]
        """Have carried out what *act* says of a change: an Order, or None when nothing is to be done."""
        return self._start(self._carry_out(act(change)))

    def shutdown(self, wait: bool = True, **more: Any) -> None:
        """Look after nothing any more."""
        self._looker.cancel()

    def _start(self, work: Coroutine[Any, Any, Any]) -> Promise[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._link.client.loop.asyncio_loop)

    async def _carry_out(self, order: Optional[Order]) -> Outcome:
        if order is None:
            return Outcome(SUCCESS)
        future = self._send(order)
        await future.exception()  # its end, however it ends
        del self._targets[future]
        why = self._hopeless.pop(future, "")
        if future.status == "cancelled" and not why:
            raise self._link.loss()
        # What the task itself says is lost with its worker, so it says nothing: the ledger knows.
        answer = await self._link.ask("stagectl_resolve", attempt=self._link.attempt, change=order.id)
        if answer is None:
            raise self._link.loss()
        if answer != NEVER:
            raw = json.loads(answer)
            return self._take(ChangeId(order.id), read_outcome(raw), raw.get("text") or raw.get("output", ""))
        if future.status == "finished":
            return Outcome(SKIPPED, message="the run was stopped before this started")
        return Outcome(ERROR, message=f"it did not start: {why or 'its workers died'}")

    def _send(self, order: Order) -> Future:
        """Return the task of an order on its way; raises RunLost where that cannot be sent."""
        client, attempt = self._link.client, self._link.attempt
        target = order.inputs.get("target") if self._link.route else ""
        target = target if isinstance(target, str) else ""
        try:
            if client.status != "running":
                raise ConnectionError(client.status)
            future = client.submit(
                worker.run,
                json.dumps({**order_json(order), "attempt": attempt}),
                key=f"stagectl-{attempt}:{order.id}",
                resources={target: 1} if target else None,
                pure=False,
                retries=0,
            )
        except Exception as error:  # Dask has several for a client that is closed
            raise self._link.loss() from error
        self._targets[future] = target
        return future

    async def _look(self) -> None:
        """Cancel again and again what no worker has been able to take for a while."""
        since: Dict[str, float] = {}  # since when there was no worker for a target
        while True:
            await asyncio.sleep(links.LOOK_SECONDS)
            with suppress(RunLost, OSError):  # then each task learns that itself
                if self._targets:
                    await self._give_up(since)
            if self._looker.cancelled():  # while it asked
                return

    async def _give_up(self, since: Dict[str, float]) -> None:
        workers = (await self._link.ask("identity"))["workers"]
        now = time.monotonic()
        for target in sorted(set(self._targets.values())):
            if any(not target or target in at["resources"] for at in workers.values()):
                since.pop(target, None)
            elif now - since.setdefault(target, now) > links.WORKER_SECONDS:
                futures = [future for future, wanted in self._targets.items() if wanted == target]
                self._hopeless.update(dict.fromkeys(futures, _no_worker(target, workers)))
                await self._link.client.cancel(futures)


def _no_worker(target: str, workers: Mapping[str, Any]) -> str:
    """Say that no worker takes a target, and which workers there are."""
    known: List[str] = [
        f"{at['name']} ({', '.join(sorted(at['resources'])) or 'no target'})" for _, at in sorted(workers.items())
    ]
    wanted = f" for the target '{target}'" if target else ""
    return f"no worker{wanted} within {links.WORKER_SECONDS:g} seconds; there are: {', '.join(known) or 'none'}"
