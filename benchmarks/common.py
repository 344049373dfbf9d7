"""What several benchmarks need: a repository of files, and the seconds of the processor."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path
from typing import Mapping


def commit_all(folder: Path, files: Mapping[str, str]) -> None:
    """Make a repository in which these files are committed."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for words in (
        ["init", "-q"],
        ["config", "user.name", "Bench"],
        ["config", "user.email", "bench@example.com"],
        ["config", "gc.auto", "0"],
        ["add", "-A"],
        ["commit", "-q", "-m", "all"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)


def used() -> float:
    """Return the seconds of the processor that we and our children used up to now."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
