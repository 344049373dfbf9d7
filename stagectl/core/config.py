"""The settings of a project (docs/design.md, section 3)."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

from stagectl.core.model import DEFINITIONS

EXECUTORS = ("threads", "dask")


class Config(NamedTuple):
    """`stagectl.yaml`, every key with its default."""

    roots: Tuple[str, ...] = (DEFINITIONS,)
    applied_branch: str = "stagectl/applied"
    remote: str = "origin"
    parallelism: int = 8
    executor: str = EXECUTORS[0]
    scheduler: Optional[str] = None  # the address of a cluster's scheduler; None: a cluster is made on this machine
    route_targets: bool = False  # whether a change with a `target` needs a worker that was started for it
    targets: int = 1  # how many changes may run at once on one `target`
    lock_ref: str = "refs/stagectl/lock"  # on the remote
    remote_timeout: int = 600  # seconds that a fetch or a push of the applied branch may take
    lock_term: int = 60  # seconds without a renewal after which its holder is taken for dead
    tags: Tuple[Tuple[str, Tuple[str, ...]], ...] = ()  # (glob over names, tags added when staging)
    plain: Tuple[str, ...] = ()  # environment variables that are no secrets, whatever reads them
    vocabulary: Tuple[str, ...] = ()  # tags that may match nothing; where there are any, definitions have no others
