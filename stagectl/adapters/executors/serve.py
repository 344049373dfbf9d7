"""A worker: Dask's own, in this process, set up for actions."""

from __future__ import annotations

import asyncio
import signal
from typing import Any, Dict, List, Optional

from distributed import Status, Worker

from stagectl.adapters.executors import worker
from stagectl.adapters.executors.link import no_answer_hint, security_of
from stagectl.adapters.handlers.groups import kill_all
from stagectl.core.address import TCP, is_here, parse
from stagectl.core.errors import StagectlError

MANY = 1_000_000  # how much of a target's resource there is: the apply limits its changes
CONNECT_SECONDS = 30.0
GRACE_SECONDS = 10.0  # for the ends of what was killed to be reported


def serve(address: str, targets: List[str], *, name: Optional[str], parallel: int) -> None:
    """Work for a scheduler until a signal comes; raises StagectlError when it does not answer, or goes away."""
    asyncio.run(_serve(address, targets, name, parallel))


async def _serve(address: str, targets: List[str], name: Optional[str], parallel: int) -> None:
    scheme, host = parse(address) or ("", "")
    more: Dict[str, Any] = {"host": host} if scheme == TCP and is_here(host) else {}  # else on every interface
    server = Worker(
        address,
        nthreads=parallel,
        name=name,
        resources=dict.fromkeys(targets, MANY),
        security=security_of(address, "worker"),
        memory_limit=0,  # nothing is kept in it
        dashboard_address="127.0.0.1:0",
        preload=worker.__name__,
        death_timeout=CONNECT_SECONDS,
        **more,
    )
    try:
        await server
    except (OSError, TimeoutError, asyncio.TimeoutError) as error:
        raise StagectlError(f"no scheduler answers at {address}: {error}", no_answer_hint(address)) from error
    print(f"worker {server.name} at {server.address}: {parallel} changes at once", flush=True)
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    ended, stopped = asyncio.ensure_future(server.finished()), asyncio.ensure_future(asked.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not asked.is_set():
        raise StagectlError(f"the scheduler at {address} is gone", "start this worker again when it is back")
    await _end(server)


async def _end(server: Worker) -> None:
    """Kill what runs, let its ends be reported, and close."""
    server.status = Status.paused  # it starts nothing more
    kill_all()
    for _ in range(int(GRACE_SECONDS * 10)):
        if not server.state.executing_count:
            break
        await asyncio.sleep(0.1)
    await server.close()
