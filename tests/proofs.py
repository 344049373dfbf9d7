"""The long proofs, and their figures in the docs: `python -m tests.proofs [WORD]...` runs them and writes the figures.

A figure stands in a page between `<!-- figure: KEY -->` and `<!-- end -->`; a proof reports it by `record`. WORD: only
the proofs whose path has it. All of them take hours, on as many cores as there are; `nice` is kind to others.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, Sequence

from tests.build import ROOT

PAGES = (ROOT / "docs/faults.md", ROOT / "docs/security.md")
PROOFS = (
    "tests/slow/test_kill_calls.py",
    "tests/slow/test_fuzzing.py",
    "tests/slow/test_kill_loop.py",
    "tests/scenarios/stories/test_desk.py",
    "tests/scenarios/stories/test_stateful.py",
    "tests/slow/test_disk.py",
    "tests/scenarios/teams/test_races.py",
    "tests/scenarios/teams/test_parts_race.py",
    "tests/slow/test_cache_damage.py",
    "tests/slow/test_at_once.py",
    "tests/slow/test_corpus.py",
)
_FIGURE = re.compile(r"(<!-- figure: ([^>]*?) -->).*?(<!-- end -->)", re.DOTALL)


def record(key: str, figure: str) -> None:
    """Record the figure of a proof; it is printed, too."""
    print(f"\n{key}: {figure}")
    if "PROOFS" in os.environ:
        with open(os.environ["PROOFS"], "a", encoding="utf-8") as file:  # one write: several processes may report
            file.write(json.dumps([key, figure]) + "\n")


def keys_of(page: str) -> List[str]:
    """Return the keys of the figures that a page has a place for."""
    return [key for _, key, _ in _FIGURE.findall(page)]


def with_figures(page: str, figures: Dict[str, str]) -> str:
    """Return a page with new figures in it; those that were not reported stay."""
    return _FIGURE.sub(
        lambda found: f"{found[1]}{figures[found[2]]}{found[3]}" if found[2] in figures else found[0], page
    )


def reported(path: Path) -> Dict[str, str]:
    """Return the figures that proofs have recorded in a file."""
    return dict(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def main(words: Sequence[str]) -> int:
    """Run the proofs, and write what they reported, also if some failed or were interrupted; returns an exit code."""
    chosen = [path for path in PROOFS if not words or any(word in path for word in words)]
    if not chosen:
        print(f"no proof has one of these words in its path: {' '.join(words)}", file=sys.stderr)
        return 64
    with tempfile.TemporaryDirectory() as folder:
        file = Path(os.environ.get("PROOFS") or Path(folder, "figures"))
        file.touch()
        command = [sys.executable, "-m", "pytest", "-m", "slow", "--durations=0", "--durations-min=60", *chosen]
        env = {**os.environ, "PROOFS": str(file), "FULL": "", "NEEDS_STRACE": "1"}
        try:
            return subprocess.call(command, cwd=ROOT, env=env)
        finally:
            for page in PAGES:
                text = page.read_text(encoding="utf-8")
                page.write_text(with_figures(text, reported(file)), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
