"""What runs in a worker: claim, carry out, report. Everything that goes over the wire is plain JSON."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence

from distributed import Status, get_worker
from distributed.utils import sync

from stagectl.adapters import handlers
from stagectl.adapters.executors.watcher import MARKS
from stagectl.adapters.git.git import Git
from stagectl.adapters.handlers.groups import begin_run, kill_all
from stagectl.adapters.handlers.shell import inherited_variables
from stagectl.adapters.running import checkout
from stagectl.adapters.running.action import Site, carry_out, read_order
from stagectl.adapters.running.output import Output
from stagectl.core.errors import StagectlError
from stagectl.core.model import Oid
from stagectl.core.redact import Redactor
from stagectl.core.running.outcome import ERROR, Outcome
from stagectl.core.running.run_document import outcome_json
from stagectl.version import __version__

SECONDS = 60.0  # how long the scheduler may take to answer


def run(text: str) -> None:
    """Carry out an order, once; the ledger gets its outcome and, under `text`, all output that was kept."""
    raw = json.loads(text)
    attempt, order = raw.pop("attempt"), read_order(raw)
    named = f"worker {get_worker().name}"
    place, kept = None, ""
    try:
        place = replace(_home().place(attempt), named=f" of {named}")
    except StagectlError as error:
        outcome = Outcome(ERROR, message=f"{named}: {error.message}")
    if not _ask("claim", attempt=attempt, change=order.id, worker=named):
        return
    if place is not None:
        with tempfile.TemporaryDirectory(dir=place.private) as folder:
            Path(folder, MARKS).write_text(json.dumps([order.run, order.resource, order.action]), encoding="utf-8")
            path = Path(folder, "output")
            outcome = carry_out(order, _handler(order.handler), place, Output(path, place.redactor))
            kept = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    _ask("finish", attempt=attempt, change=order.id, result=json.dumps({**outcome_json(outcome), "text": kept}))


@lru_cache(maxsize=None)
def _handler(name: str) -> handlers.Handler:
    return handlers.find(name)


def _ask(question: str, **more: Any) -> Any:
    """Ask the ledger."""
    worker = get_worker()
    if worker.status in (Status.closing, Status.closed):
        raise ConnectionError("this worker ends")  # no answer would come: not worth the time that trying takes
    return sync(worker.loop, getattr(worker.scheduler, f"stagectl_{question}"), callback_timeout=SECONDS, **more)


# --- called by Dask, as of a preload module


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C and the end of a terminal, which reach every process of a cluster made there, to `apply`."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, frame: None)  # not SIG_IGN, which actions would inherit


def dask_teardown(worker: Any) -> None:
    """Kill what runs when the worker ends: its end would not be seen."""
    kill_all()


# --- called on every worker


async def aside(act: Callable[..., Any], *words: Any) -> Any:
    """Call what takes its time, off the event loop, which Dask calls this on."""
    return await asyncio.get_running_loop().run_in_executor(None, act, *words)


def ready(attempt: str, facts: Dict[str, Any], attempts: Sequence[str]) -> Dict[str, Any]:
    """Make everything ready for a run; return what of it is not there: `trouble` and a `hint`, or names of variables.

    attempts: those that an apply waits for; what is here for others goes.
    """
    trouble = hint = ""
    home = _home()
    for old in sorted(home.places.keys() - attempts):
        home.forget(old)
    try:
        if facts["version"] != __version__:
            raise StagectlError(f"it has stagectl {__version__}, and this is {facts['version']}")
        for name in facts["handlers"]:
            _handler(name)
        home.place(attempt, facts)
    except StagectlError as error:
        trouble, hint = error.message, error.hint
    return {"trouble": trouble, "hint": hint, "missing": sorted(set(facts["variables"]) - os.environ.keys())}


def forget(attempt: str) -> None:
    """Remove what was made ready for a run that is over."""
    _home().forget(attempt)


# --- what a worker keeps


class _Home:
    """A folder of this worker, which goes with it: the watcher, whose standard input ends then, sees to that."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="stagectl-worker-"))
        self.places: Dict[str, Site] = {}
        self._guard = threading.Lock()
        self._watcher = subprocess.Popen(
            [sys.executable, "-m", "stagectl.adapters.executors.watcher", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd="/",  # no module of the current folder stands in for another one
            start_new_session=True,  # what ends the worker does not end it
        )

    def place(self, attempt: str, facts: Optional[Dict[str, Any]] = None) -> Site:
        """Return where the actions of a run start, with its commit checked out, once; raises StagectlError."""
        if attempt in self.places:
            return self.places[attempt]
        facts = facts or _ask("facts", attempt=attempt)
        if facts is None:
            raise StagectlError("no apply waits for this run any more")
        with self._guard:
            if attempt not in self.places:
                self.places[attempt] = self._make(attempt, facts)
            return self.places[attempt]

    def _make(self, attempt: str, facts: Dict[str, Any]) -> Site:
        root, private = self._checkout(attempt), self.folder / attempt / "private"
        private.mkdir(parents=True, mode=0o700, exist_ok=True)
        begin_run(facts["run"])
        checkout.checkout(Git(Path.cwd()), Oid(facts["source"]), facts["remote"], root)
        secret = frozenset(facts["secret"])
        redactor = Redactor(os.environ[name] for name in sorted(secret) if name in os.environ)
        return Site(root / facts["folder"], private, redactor, inherited_variables(), secret)

    def _checkout(self, attempt: str) -> Path:
        return self.folder / attempt / "checkouts" / f"{attempt}-{os.getpid()}"

    def forget(self, attempt: str) -> None:
        """Remove what `place` made."""
        with self._guard:
            if self.places.pop(attempt, None) is not None:
                checkout.remove_checkout(Git(Path.cwd()), self._checkout(attempt))
                shutil.rmtree(self.folder / attempt, ignore_errors=True)


_only_home = lru_cache(maxsize=None)(_Home)  # made when it is needed
_making = threading.Lock()


def _home() -> _Home:
    with _making:
        return _only_home()
