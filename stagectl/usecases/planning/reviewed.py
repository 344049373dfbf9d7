"""Plans that were reviewed: read from files, or found again by their id."""

from __future__ import annotations

import json
import re
import time
from functools import lru_cache
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

from stagectl.adapters.files import write_file
from stagectl.adapters.git.git import Git
from stagectl.core import forms
from stagectl.core.errors import StagectlError
from stagectl.core.model import CONFIG, KINDS, STAGED, Applied, Name, Oid
from stagectl.core.plans.document import json_pieces
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.range_diff import RangeDiff, range_diff
from stagectl.core.plans.read_document import from_document
from stagectl.usecases.planning.acting_files import with_files
from stagectl.usecases.planning.plan import checked_plan
from stagectl.usecases.repository.workspace import Workspace

LARGEST = 64 * 1024 * 1024  # bytes of a saved plan
HEADS, BASES = 25, 5  # how many staging areas and applied commits a search goes back
PATIENCE = 15.0  # seconds of searching

_ID = re.compile(r"[0-9a-f]{8,64}")
_WHOLE = re.compile(r"[0-9a-f]{64}")
_NO_ID = "; a plan id has 64 characters, 0-9 and a-f"
_LOST = "; no recent commit makes that plan with this selection, so what differs is not known"


class OtherPlan(StagectlError):
    """The plan is not the one that was reviewed. difference: what became of that; None where it was not found."""

    def __init__(self, now: Plan, expected: str, difference: Optional[RangeDiff]) -> None:
        lost = "" if difference else _LOST if _WHOLE.fullmatch(expected) else _NO_ID
        super().__init__(
            f"the plan is not the one that was reviewed: its id is {now.id}, expected was {expected}{lost}",
            "nothing ran; look at it again with `stagectl plan`, and expect its id",
        )
        self.difference = difference


def check_reviewed(workspace: Workspace, now: Plan, expected: str, reviewed: Optional[Plan]) -> None:
    """Raise OtherPlan if a plan has not the expected id; reviewed: the plan that has it, if it is at hand."""
    if now.id != expected:
        before = reviewed or (find_plan(workspace, now, expected) if _WHOLE.fullmatch(expected) else None)
        raise OtherPlan(now, expected, range_diff(before, now) if before else None)


def check_project(now: Plan, reviewed: Optional[Plan]) -> None:
    """Raise StagectlError for a saved plan of another project, which may happen to have the same changes."""
    if reviewed is not None and reviewed.project != now.project:
        whose, mine = (f"the project in {one.project or 'the top folder'}" for one in (reviewed, now))
        raise StagectlError(f"the saved plan is of {whose}, and this is {mine}", "apply it there: stagectl -C FOLDER")


def save(plan: Plan, path: Path) -> None:
    """Write a plan as a readable file; raises StagectlError where that cannot be, or it could not be read again."""
    data = "".join(json_pieces(plan)).encode("utf-8", "surrogatepass")
    if len(data) > LARGEST:
        size, most = len(data) >> 20, LARGEST >> 20
        hint = f"save a part of it (-t TAG, NAME), or pin it by its id: stagectl apply --expect {plan.id}"
        raise StagectlError(f"{path} would have {size} MiB, of a saved plan {most} MiB are read at the most", hint)
    try:
        write_file(path, data)
    except OSError as error:
        raise StagectlError(f"{path} cannot be written: {error.strerror}", "choose another file") from None


def load_plan(path: Path) -> Plan:
    """Return the plan in a file; raises StagectlError for one that cannot be read, is none, or was changed."""
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
        raw = json.loads(data.decode("utf-8"), object_pairs_hook=forms.unlike) if len(data) <= LARGEST else None
        json.dumps(raw, ensure_ascii=False).encode("utf-8")  # half a character is no text
    except OSError as error:
        hint = "make it with: stagectl plan --out FILE"
        raise StagectlError(f"{path} cannot be read: {error.strerror}", hint) from None
    except (ValueError, RecursionError):
        raw = None
    return from_document(raw, str(path))


def find_reviewed(workspace: Workspace, now: Plan, file_or_id: str) -> Optional[Plan]:
    """Return the plan in a file, or the one of an id (or its first 8 characters or more); None where none is found."""
    if _ID.fullmatch(file_or_id) and not Path(file_or_id).exists():
        return find_plan(workspace, now, file_or_id)
    return load_plan(Path(file_or_id))


def find_plan(workspace: Workspace, now: Plan, identity: str) -> Optional[Plan]:
    """Return the plan with an id that recent commits make, with the selection of the plan there is now.

    A plan is a function of what is staged and what is applied, and both are in git: nothing else has to be kept.
    """
    if now.id.startswith(identity):
        return now
    end = time.monotonic() + PATIENCE
    snapshot_of = lru_cache(maxsize=None)(workspace.snapshot)
    for applied in _bases(workspace):
        for head in _heads(workspace.git, sorted(now.files)):
            if time.monotonic() > end:
                return None
            try:
                snapshot = snapshot_of(head)
                plan = checked_plan(workspace.situation(snapshot, applied), now.selection, snapshot, {})
                plan = with_files(workspace.git, plan, head)
            except StagectlError:
                continue  # what made no plan was not reviewed
            if plan.id.startswith(identity):
                return plan
    return None


def _bases(workspace: Workspace) -> Iterator[Dict[Name, Applied]]:
    """Yield applied states, the newest first, at last the one in which nothing is applied."""
    tip = workspace.branch.tip
    commits = workspace.git.first_parents(tip)[:-1] if tip else []  # the last one is the empty root
    for commit in commits[:BASES]:
        yield workspace.applied_state_at(commit)
    if len(commits) < BASES:
        yield {}


def _heads(git: Git, files: Sequence[str]) -> List[Oid]:
    """Return commits with distinct staging areas, or *files* that act: of this branch, then from before a rebase."""
    paths = (STAGED, KINDS, CONFIG, *files)
    out = git.run("rev-list", f"--max-count={2 * HEADS}", "HEAD", *git.only(paths, ever=True), check=False)
    out += git.run("log", "-g", "--format=%H", f"--max-count={4 * HEADS}", "HEAD", check=False)
    found: Dict[bytes, Oid] = {}
    for commit in dict.fromkeys(out.decode().split()):
        if len(found) < HEADS:
            area = git.run("ls-tree", commit, "--", *(git.folder_in(commit) + path for path in paths))
            found.setdefault(area, Oid(commit))
    return list(found.values())
