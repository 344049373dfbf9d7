"""The command that takes part in a cluster."""

from __future__ import annotations

from typing import List, Optional

import typer

from stagectl.cli.applying import INSECURE
from stagectl.cli.common import workspace


def worker(
    scheduler: str = typer.Argument(..., metavar="SCHEDULER", help="Its address: tls://HOST:PORT."),
    targets: Optional[List[str]] = typer.Option(
        None, "--target", metavar="NAME", help="Take changes of this `target` (route_targets in stagectl.yaml)."
    ),
    parallel: int = typer.Option(8, "--parallel", min=1, metavar="N", help="How many changes run here at once."),
    name: Optional[str] = typer.Option(
        None, "--name", metavar="NAME", help="What reports call it; its address if not given."
    ),
    insecure: bool = INSECURE,
) -> None:
    """Carry out changes for `apply --executor dask`, from a clone of the repository, until it is stopped."""
    from stagectl.usecases.applying.cluster import work

    workspace(warns=False)  # an error where there is none
    work(scheduler, targets or (), name=name, parallel=parallel, insecure=insecure)
