"""Checked by mypy --strict with the package: what the Python API's types say, and what they refuse."""

from __future__ import annotations

from typing import List, Mapping, Optional, Tuple

from typing_extensions import assert_type

from stagectl import Repository
from stagectl.api import (
    Application,
    Kind,
    LogEntry,
    Outcome,
    Plan,
    ResourceDiff,
    ResourceNode,
    Staging,
    Status,
    Where,
)
from stagectl.core.model import ChangeId, Oid


def right(repository: Repository) -> None:
    assert_type(repository.stage(["web"], actions=["restart"]), Staging)
    plan = repository.plan(tags=["prod"], with_children=True)
    assert_type(plan, Plan)
    assert_type([change.id for change in plan.changes], List[ChangeId])
    assert_type(plan.id, str)
    done = repository.apply(plan, watch=lambda change, outcome: print(change.id, outcome.state))
    assert_type(done, Application)
    assert_type(done.outcomes[plan.changes[0].id], Outcome)
    assert_type(done.commit, Optional[Oid])
    assert_type(repository.status(), Status)
    assert_type(repository.status().pending, Tuple[Tuple[ChangeId, str], ...])
    assert_type(repository.log("web", 3), List[LogEntry])
    assert_type(repository.diff(tags=["prod"]), Tuple[ResourceDiff, ...])
    assert_type(repository.graph(), Tuple[ResourceNode, ...])
    assert_type(repository.kinds(), Mapping[str, Kind])
    assert_type(repository.retry(where=Where("dask"), note=print), Optional[Application])


def wrong(repository: Repository) -> None:
    """Every ignored error is needed: an unused one is an error under --strict."""
    repository.stage(3)  # type: ignore[arg-type]
    repository.plan(tag="prod")  # type: ignore[call-arg]
    repository.apply("plan.json")  # type: ignore[arg-type]
    repository.plan().changes[0].id = "x"  # type: ignore[misc,assignment]
    repository.log(name=1)  # type: ignore[arg-type]
    repository.nothing()  # type: ignore[attr-defined]
