"""The processes that a run starts, noted so that one which outlives stagectl itself is seen.

Of a process its number and the moment are noted: one that has the same number later was born after that moment, and
Linux says when a process was born (proc(5), /proc/PID/stat, field 22). Elsewhere nothing is noted. Nothing is flushed
to the disk: what takes the notes away, a power cut, takes the processes, too. A kill of stagectl between the start of a
process and its note, which is a moment later, leaves it unseen.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Dict

from stagectl.adapters.files import append, open_file
from stagectl.core.model import ChangeId

NOTES = "processes"  # in the folder of a run: a line per process
BOOT = Path("/proc/sys/kernel/random/boot_id")  # differs from boot to boot; on Linux only


def note_process(folder: Path, change: ChangeId, process: int) -> None:
    """Note a process that a run started this moment; no run hangs on whether that works."""
    boot = _boot()
    if boot:
        with suppress(OSError):
            now = time.clock_gettime(time.CLOCK_BOOTTIME)  # seconds since the machine was booted, as /proc counts them
            append(folder / NOTES, f"{json.dumps([change, process, now, boot])}\n".encode())


def living(folder: Path) -> Dict[ChangeId, int]:
    """Return the processes of a run that are looked after no more, and that are there yet, by their changes."""
    found: Dict[ChangeId, int] = {}
    boot = _boot()
    with suppress(OSError, ValueError):  # a torn last line: the power went, and the process with it
        with open_file(folder / NOTES) as file:
            lines = file.read().decode("utf-8").splitlines()
        for line in lines:
            change, process, moment, then = json.loads(line)
            if then == boot and _is_born_before(process, moment):
                found[ChangeId(change)] = process
    return found


@lru_cache(maxsize=None)
def _boot() -> str:
    with suppress(OSError):
        return BOOT.read_text(encoding="ascii").strip()
    return ""


def _is_born_before(process: int, moment: float) -> bool:
    """Return whether there is a process of this number that was there at a moment, and has not ended."""
    try:
        # The name, in parentheses, may have spaces and parentheses in it.
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return False
    state, born = fields[0], int(fields[19])
    return state not in ("Z", "X") and born <= int(moment * os.sysconf("SC_CLK_TCK"))
