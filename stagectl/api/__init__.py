"""The Python API: the use cases that the commands call, with typed values. See docs/python-api.md."""

from __future__ import annotations

from stagectl.api.editing import Editing
from stagectl.api.looking import Looking
from stagectl.api.running import Running
from stagectl.core.errors import StagectlError
from stagectl.core.locks import Lock
from stagectl.core.model import Kind
from stagectl.core.pictures.reports import (
    Against,
    Blame,
    Locks,
    LogEntry,
    Project,
    ResourceDiff,
    ResourceNode,
    Shown,
    Syncing,
    Verification,
)
from stagectl.core.pictures.status import Status
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.plans.range_diff import RangeDiff, range_diff
from stagectl.core.running.looks import Checked
from stagectl.core.running.outcome import Outcome
from stagectl.core.running.runs import Application, Filter, Record
from stagectl.usecases.applying.cluster import Where
from stagectl.usecases.looking.validate import Validation
from stagectl.usecases.planning.reviewed import OtherPlan
from stagectl.usecases.staging.commit import Staging
from stagectl.usecases.staging.promote import Promotion, Wishes
from stagectl.usecases.staging.revert import Reverting
from stagectl.usecases.staging.undo import Discarding

__all__ = [
    "Against",
    "Application",
    "Blame",
    "Change",
    "Checked",
    "Discarding",
    "Filter",
    "Kind",
    "Lock",
    "Locks",
    "LogEntry",
    "OtherPlan",
    "Outcome",
    "Plan",
    "Project",
    "Promotion",
    "RangeDiff",
    "Record",
    "Repository",
    "ResourceDiff",
    "ResourceNode",
    "Reverting",
    "Shown",
    "StagectlError",
    "Staging",
    "Status",
    "Syncing",
    "Validation",
    "Verification",
    "Where",
    "Wishes",
    "range_diff",
]


class Repository(Editing, Running, Looking):
    """The git repository around a folder. Every method reads it anew; all of them raise StagectlError."""
