"""What staging the edit of a template costs, above the same edit made in every definition.

    python benchmarks/templates.py [--resources 1000] [--rounds 5]

Two repositories with the same resources, applied; in one each is written out, in the other all are like one. Both are
edited, looked at (`status`) and staged in turn, so that a busy machine slows down both; what counts is the ratio of
the medians.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, List, Tuple

ROOT = Path(__file__).resolve().parent.parent
_INPUTS = """\
  image: nginx:1.{0}
  conf: |
    server {{
      listen 80;
    }}
  labels: {{team: shop, cost: low, app: web}}
  limits: {{cpu: 2, memory: 512}}
  hosts: [a.example, b.example]
"""


def whole(edit: int, resources: int) -> Dict[str, str]:
    """Return definitions of which each says everything itself."""
    text = "---\nkind: service\ntags: [tier=web]\n---\ninputs:\n" + _INPUTS.format(edit)
    return {f"resources/prod/web{index}.yaml": f"{text}  port: {index}\n" for index in range(resources)}


def alike(edit: int, resources: int) -> Dict[str, str]:
    """Return the same, like one template."""
    template = "---\ntemplate: true\nkind: service\ntags: [tier=web]\n---\ninputs:\n" + _INPUTS.format(edit)
    found = {
        f"resources/prod/web{index}.yaml": f"---\nlike: base/web\n---\ninputs:\n  port: {index}\n"
        for index in range(resources)
    }
    return {**found, "resources/base/web.yaml": template}


def write(folder: Path, files: Dict[str, str]) -> None:
    """Write those of the files that say something else now."""
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists() or place.read_text() != text:
            place.write_text(text)


def run(folder: Path, *words: str) -> Tuple[float, float]:
    """Return the seconds that a command took: by the clock, and of the processor."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-m", "stagectl", *words], cwd=folder, env=environment, check=True, capture_output=True
    )
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def repository(folder: Path, files: Dict[str, str]) -> None:
    """Make a repository in which everything is applied."""
    write(folder, {**files, "kinds/service.yaml": "{}\n"})
    for words in (
        ["init", "-q"],
        ["config", "user.name", "Bench"],
        ["config", "user.email", "bench@example.com"],
        ["add", "-A"],
        ["commit", "-q", "-m", "all"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    for words in (["stage"], ["apply", "--record-only", "--yes"], ["status"]):
        run(folder, *words)


def main() -> None:
    """Measure, and print the medians with their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    makers: Dict[str, Callable[[int, int], Dict[str, str]]] = {"whole": whole, "alike": alike}
    seconds: Dict[Tuple[str, str], List[Tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, maker in makers.items():
            repository(Path(folder) / name, maker(0, asked.resources))
        for edit in range(1, asked.rounds + 1):
            for name, maker in makers.items():
                write(Path(folder) / name, maker(edit, asked.resources))
                for verb in ("status", "stage"):
                    seconds.setdefault((verb, name), []).append(run(Path(folder) / name, verb))
    for verb in ("status", "stage"):
        for index, what in enumerate(("by the clock", "of the processor")):
            one, other = (statistics.median(row[index] for row in seconds[verb, name]) for name in makers)
            print(f"{verb}, {what}: {one:.2f} s written out, {other:.2f} s like a template: {other / one:.2f} times")


if __name__ == "__main__":
    main()
