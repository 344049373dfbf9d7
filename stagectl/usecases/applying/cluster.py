"""A cluster that carries out changes: which one it is, whether it can be trusted, and `stagectl worker`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, FrozenSet, Iterator, Optional, Sequence, Set

from stagectl.core.address import TCP, is_here, parse
from stagectl.core.config import EXECUTORS, Config
from stagectl.core.errors import StagectlError, UsageError, nearest
from stagectl.core.model import Kind
from stagectl.core.plans.plan import Plan
from stagectl.core.running.runs import Header, restriction
from stagectl.core.variables import variables
from stagectl.usecases.applying.secrets import secret_variables
from stagectl.usecases.repository.workspace import Workspace
from stagectl.version import __version__

if TYPE_CHECKING:  # nothing of Dask is imported unless it is asked for
    from stagectl.adapters.executors.link import Link

THREADS, DASK = EXECUTORS


@dataclass(frozen=True)
class Where:
    """Where changes are carried out, as far as a command line says; insecure: over plain TCP, too."""

    executor: Optional[str] = None
    scheduler: Optional[str] = None
    insecure: bool = False


def is_remote(where: Where, config: Config) -> bool:
    """Return whether changes are carried out by a cluster; raises UsageError for what cannot be meant."""
    name = where.executor or config.executor
    if name not in EXECUTORS:
        raise UsageError(
            f"there is no executor '{name}'{nearest(name, EXECUTORS)}", f"there are: {', '.join(EXECUTORS)}"
        )
    if name == THREADS and where.scheduler:
        raise UsageError("--scheduler is for another executor than threads", "add: --executor dask")
    return name == DASK


@contextmanager
def cluster_of(workspace: Workspace, plan: Plan, header: Header, where: Where, total: int) -> Iterator[Optional[Link]]:
    """Have a cluster ready for a run, None where threads carry it out; raises StagectlError, and then nothing ran."""
    config = workspace.config
    if header.record_only or not is_remote(where, config):
        yield None
        return
    address = where.scheduler or config.scheduler
    if address is not None:
        check_address(address, insecure=where.insecure)
    with _import("link").linked(
        address,
        _facts(plan, header, config, secret_variables(workspace, plan, header), workspace.git.folder),
        route=config.route_targets,
        parallel=total,
    ) as link:
        yield link


def check_address(address: str, *, insecure: bool) -> None:
    """Refuse an address over which strangers could run code here or there; raises UsageError."""
    parsed = parse(address)
    if parsed is None:
        raise UsageError(
            f"{address} is no address of a scheduler", "tls://HOST:PORT, or tcp://HOST:PORT on this machine"
        )
    scheme, host = parsed
    if scheme == TCP and not insecure and not is_here(host):
        raise UsageError(
            f"{address} is plain TCP to another host: what reaches it can run code on every machine of the cluster",
            "use tls://, see docs/cluster.md; --insecure where no other host is in that network",
        )


def _import(module: str) -> Any:
    """Return a module of ours that needs Dask; raises StagectlError where that is not installed."""
    from importlib import import_module

    try:
        return import_module(f"stagectl.adapters.executors.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("dask", "distributed"):
            raise
        raise StagectlError("Dask distributed is not installed", "install it: pip install 'stagectl[dask]'") from error


def _facts(plan: Plan, header: Header, config: Config, secret: FrozenSet[str], folder: str) -> Dict[str, Any]:
    """Return what workers have to know of a run.

    secret: names of variables; folder: of the project, in which actions start; needs: per target the variables that
    changes on it read.
    """
    left_out = restriction(plan, header.filter).preset
    needs: Dict[str, Set[str]] = {}
    read: Set[str] = set()
    for change in plan.changes:
        names = variables(dict(change.inputs or {}))
        read |= {*names, *variables(dict(change.before or {}))}
        kind = plan.kinds.get(change.kind, Kind(""))
        if change.id not in left_out and change.action in kind.actions:
            target = (change.inputs or {}).get("target")
            needs.setdefault(target if isinstance(target, str) else "", set()).update(names)
    return {
        "run": header.run,
        "source": header.source,
        "folder": folder,
        "remote": config.remote,
        "version": __version__,
        "handlers": sorted({kind.handler for kind in plan.kinds.values()}),
        "variables": sorted(read),
        "secret": sorted(secret),
        "needs": {target: sorted(names) for target, names in sorted(needs.items()) if names},
    }


def work(address: str, targets: Sequence[str], *, name: Optional[str], parallel: int, insecure: bool) -> None:
    """Be a worker of a cluster, for the clone in the current folder; raises StagectlError when there is no scheduler.

    targets: what it takes changes for when `route_targets` says so.
    """
    check_address(address, insecure=insecure)
    _import("serve").serve(address, list(targets), name=name, parallel=parallel)
