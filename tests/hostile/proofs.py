"""The slow proofs of docs/security.md, and their figures: python -m tests.hostile.proofs [SECONDS of each fuzzing]

Writes each figure between its markers, `<!-- figure: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Callable, List, Tuple
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/security.md"
TARGETS = ("reader", "references", "selection", "plan", "journal")
SECONDS = 1260


def corpus() -> str:
    """Run the hostile repositories; return how many there are, and what the worst of them took."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "1",
            "-m",
            "not slow",
            f"--junitxml={report}",
            "tests/hostile",
        ]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "NEEDS_STRACE": "1"}, check=True)
        cases = list(ElementTree.parse(report).iter("testcase"))
    used = [{p.get("name"): float(p.get("value", "0")) for p in case.iter("property")} for case in cases]
    measured = sorted((row["seconds"], row["megabytes"]) for row in used if row)
    most = max(megabytes for _, megabytes in measured)
    middle = measured[len(measured) // 2][0]
    return (
        f"{len(cases)} tests; of {len(measured)} measured commands the slowest took {measured[-1][0]:.1f} s of the "
        f"processor, the one in the middle {middle:.2f} s; the largest had {most:.0f} MB."
    )


def fuzzed(target: str, seconds: int) -> str:
    """Fuzz one target; return how many inputs were tried."""
    command = [sys.executable, "-m", "tests.fuzz", target, str(seconds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (count,) = re.findall(r"number_of_executed_units: (\d+)|: (\d+) inputs", done.stdout + done.stderr)
    return f"{target}: {int(''.join(count)):,} inputs in {seconds} seconds, nothing found."


def proofs(seconds: int = SECONDS) -> List[Tuple[str, Callable[[], str]]]:
    """Return (name, function that runs and returns a figure) for each proof."""
    return [("corpus", corpus), *((target, partial(fuzzed, target, seconds)) for target in TARGETS)]


def written(page: str, name: str, figure: str) -> str:
    """Return a page with a figure between its markers."""
    pattern = re.compile(rf"(<!-- figure: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    assert pattern.search(page), f"{PAGE} has no figure {name}"
    return pattern.sub(lambda match: f"{match.group(1)}{figure}\n{match.group(2)}", page)


def main() -> None:
    for name, prove in proofs(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS):
        figure = prove()
        print(f"{name}: {figure}", flush=True)
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), name, figure), encoding="utf-8")


if __name__ == "__main__":
    main()
