"""What was applied at some commit of the applied branch, read as far as it is asked about."""

from __future__ import annotations

from typing import AbstractSet, Tuple

from stagectl.adapters.applied.index import Index
from stagectl.core.indexing.impact import reduce_situation
from stagectl.core.model import Name, Oid
from stagectl.core.planning.situation import Situation
from stagectl.usecases.planning.incremental import index_of
from stagectl.usecases.planning.kind_files import kind_files
from stagectl.usecases.repository.workspace import Workspace


def read_past(workspace: Workspace, commit: Oid, names: AbstractSet[Name]) -> Tuple[Index, Situation]:
    """Return what was applied at a commit, and of it, as if it was staged, what some names are about.

    The kinds are those of today, as for what is applied now. Raises ReadInFull where all has to be read.
    """
    index = index_of(workspace, commit)
    kinds = kind_files(workspace)
    open_then = index.open_resources() | kinds.find_contradicted(index, index.usage)
    return index, reduce_situation(index, open_then, {}, kinds.every(), names)
