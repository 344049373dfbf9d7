"""The connection to a scheduler, and the cluster that is made on this machine where no other one is named."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import warnings
from contextlib import contextmanager, suppress
from typing import Any, Iterator, Mapping, Optional

from dask import config
from distributed import Client, LocalCluster
from distributed.security import Security

from stagectl.adapters.executors import worker
from stagectl.adapters.executors.ledger import install
from stagectl.adapters.handlers.groups import kill_all
from stagectl.core.address import TLS, parse
from stagectl.core.errors import RunLost, StagectlError

CONNECT_SECONDS, CLOSE_SECONDS = 10.0, 2.0  # how long a scheduler may take to answer at first, and at last
WORKER_SECONDS = 60.0  # how long changes wait for a worker that can carry them out
LOOK_SECONDS = 1.0  # between two looks at the workers
LOCAL_WORKERS = 2
BROKEN = (OSError, TimeoutError, asyncio.TimeoutError, asyncio.CancelledError)  # what a connection that breaks raises
# Certificates are Dask's configuration, so that its own commands and ours are set up in one place.
_WHERE = "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ...__TLS__{role}__CERT and ...__TLS__{role}__KEY; see docs/cluster.md"
SAME = "install the same version of stagectl[dask] there"


class Link:
    """A connection to a scheduler, for one run. facts: what workers have to know of it (worker.py reads them)."""

    def __init__(self, client: Client, facts: Mapping[str, Any], *, route: bool) -> None:
        self.client, self.route = client, route
        self.run = str(facts["run"])
        self.attempt = f"{self.run}-{secrets.token_hex(4)}"
        self._facts = dict(facts)
        self._is_gone = False

    def ask(self, question: str, **more: Any) -> Any:
        """Ask the scheduler; on the event loop the answer has to be awaited. Raises RunLost where none comes."""

        async def ask() -> Any:
            try:
                return await getattr(self.client.scheduler, question)(**more)
            except BROKEN as error:
                raise self.loss() from error

        return self.client.sync(ask)

    def loss(self) -> RunLost:
        """Return the error for a scheduler that is gone; nothing more is asked of it at the end."""
        self._is_gone = True
        return RunLost(
            f"{self._named} is gone: how what runs there ends cannot be seen",
            "what ended is known; look, then: stagectl resume, also with another --executor",
        )

    def begin(self) -> None:
        """Begin the run there, and have every worker make itself ready; raises StagectlError when one cannot."""
        try:
            self._install()
            attempts = self.ask("stagectl_begin", attempt=self.attempt, client=self.client.id, facts=self._facts)
            workers = self._first_workers()
            answers = self.client.run(
                worker.aside, worker.ready, self.attempt, self._facts, attempts, on_error="return"
            )
        except (RunLost, *BROKEN) as error:
            raise StagectlError(f"{self._named} went away; nothing was started", "see what ended it") from error
        for address in sorted(answers):
            self._check(workers.get(address, {"name": address, "resources": {}}), answers[address])

    @property
    def _named(self) -> str:
        return f"the scheduler at {self.client.scheduler.address}"

    def _install(self) -> None:
        try:
            self.client.run_on_scheduler(install)
        except BROKEN:
            raise
        except Exception as error:
            raise StagectlError(f"{self._named} cannot load stagectl: {_words(error)}", SAME) from error

    def _first_workers(self) -> Any:
        try:
            self.client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except (TimeoutError, asyncio.TimeoutError):
            start = f"start one: stagectl worker {self.client.scheduler.address}"
            raise StagectlError(f"{self._named} has no workers", start) from None
        return self.ask("identity")["workers"]

    def _check(self, at: Mapping[str, Any], answer: Any) -> None:
        """Raise StagectlError for a worker that could not carry out what it may be given."""
        if isinstance(answer, BaseException):
            raise StagectlError(f"worker {at['name']} cannot load stagectl: {_words(answer)}", SAME)
        if answer["trouble"]:
            raise StagectlError(
                f"worker {at['name']}: {answer['trouble']}", answer["hint"] or "mend or stop that worker"
            )
        needed = {
            name
            for target, names in self._facts["needs"].items()
            if not self.route or not target or target in at["resources"]
            for name in names
        }
        missing = sorted(needed & set(answer["missing"]))
        if missing:
            raise StagectlError(
                f"not set in the environment of worker {at['name']}: {', '.join(missing)}",
                "set there what the inputs read with ${env:...}, and start it again",
            )

    def kill(self) -> None:
        """Start nothing more, and kill what runs; a signal handler may do that, which must not wait for a worker."""
        threading.Thread(target=self._kill, daemon=True).start()

    def _kill(self) -> None:
        with suppress(RunLost):
            self.ask("stagectl_stop", attempt=self.attempt)
            self.client.run(kill_all, self.run, on_error="ignore")

    def end(self) -> None:
        """Forget the run there."""
        if self._is_gone:
            return
        with suppress(Exception):  # the scheduler may be gone, or a worker
            self.client.run(worker.aside, worker.forget, self.attempt, on_error="ignore")
            self.ask("stagectl_end", attempt=self.attempt)


@contextmanager
def linked(address: Optional[str], facts: Mapping[str, Any], *, route: bool, parallel: int) -> Iterator[Link]:
    """Connect to a scheduler, or to a cluster made on this machine, and begin a run there; raises StagectlError."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters of it, our errors say
    with _client(address, parallel) as client:
        link = Link(client, facts, route=route)
        try:
            link.begin()
            yield link
        finally:
            link.end()


@contextmanager
def _client(address: Optional[str], parallel: int) -> Iterator[Client]:
    if address is None:
        with _local_cluster(parallel) as cluster, Client(cluster, set_as_default=False) as client:
            yield client
        return
    security = security_of(address, "client")
    try:
        client = Client(address, timeout=CONNECT_SECONDS, security=security, set_as_default=False)
    except BROKEN as error:
        raise StagectlError(f"no scheduler answers at {address}: {error}", no_answer_hint(address)) from error
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=CLOSE_SECONDS)


def _local_cluster(parallel: int) -> LocalCluster:
    """Return a cluster of this process and two others, to which no other process on this machine can talk."""
    config.set({"distributed.nanny.pre-spawn-environ": {}})  # actions inherit what they would without it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of cryptography, about old Pythons
        security = Security.temporary()
    return LocalCluster(
        n_workers=LOCAL_WORKERS,
        threads_per_worker=-(-parallel // LOCAL_WORKERS),
        host="127.0.0.1",
        protocol="tls://",
        security=security,
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
        memory_limit=0,
        preload=worker.__name__,
        silence_logs=logging.CRITICAL,
    )


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def no_answer_hint(address: str) -> str:
    """Return the hint for a scheduler that does not answer; Dask reports a failed handshake as silence."""
    tls = ", is each certificate of the other's authority" if address.startswith(f"{TLS}://") else ""
    return f"is it started{tls}? see docs/cluster.md"


def security_of(address: str, role: str) -> Security:
    """Return what a `client` or `worker` connects with; raises StagectlError where certificates are missing."""
    is_tls = (parse(address) or ("", ""))[0] == TLS
    found, where = Security(require_encryption=is_tls), _WHERE.format(role=role.upper())
    try:
        context = found.get_connection_args(role).get("ssl_context") if is_tls else None
    except OSError as error:
        raise StagectlError(f"a certificate cannot be read: {error}", f"look at {where}") from error
    if is_tls and context is None:
        raise StagectlError(f"{address} needs certificates", f"name them: {where}")
    return found
