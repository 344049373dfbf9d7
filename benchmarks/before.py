"""What planning costs beside another checkout, such as an older commit: in memory, and `plan` on the command line.

    git worktree add /tmp/before COMMIT
    python benchmarks/before.py /tmp/before [--count 10000] [--edits 0,1,100,1000] [--rounds 9]

Both are measured in turn, by the time of the processor, children included; what counts is the ratio of the medians.
In memory each checkout has a process of its own that makes one plan of everything whenever it is asked; on the command
line each has a repository that it made itself.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

import generate
from scale import run

HERE = Path(__file__).resolve().parent.parent
MAIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from stagectl.__main__ import entry; entry()"


def inputs(count: int) -> List[Dict[str, Any]]:
    """Return what each resource in memory says, the parents first."""
    name, read = generate.names(count), generate.parents(count, 7)
    return [
        {
            "image": f"registry.example/app{i % 50}",
            "port": 8000 + i % 1000,
            "trail": "".join("${" + name[parent] + ".trail}" for parent in read[i]) + f"{i % 90 + 10}",
            "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "REGION", "value": f"eu-{i % 3}"}],
            "labels": {"app": f"app{i % 50}", "tier": "web"},
        }
        for i in range(count)
    ]


def serve(root: str, count: int, edits: Sequence[int]) -> None:
    """Make a plan in memory for each line read, the number of edits, and print the processor's seconds it took."""
    sys.path.insert(0, root)
    from tests.build import kind, resource

    try:
        from stagectl.core.planning.planner import make_plan
        from stagectl.core.planning.situation import Situation
        from stagectl.core.plans.selection import Selection
    except ImportError:  # before there were rooms
        from stagectl.core.planner import make_plan  # type: ignore[import-not-found, no-redef]
        from stagectl.core.selection import Selection  # type: ignore[import-not-found, no-redef]
        from stagectl.core.situation import Situation  # type: ignore[import-not-found, no-redef]
    from stagectl.core.model import Applied

    names, kinds = generate.names(count), {"k": kind("k")}
    built = {name: resource(name, "k", inputs=said) for name, said in zip(names, inputs(count))}
    first = make_plan(Situation({}, built, kinds), Selection())
    applied = {change.resource: Applied(built[change.resource], dict(change.inputs or {})) for change in first.changes}
    sides = {k: {**built, **edited(built, k, resource)} for k in edits}
    print("ready", flush=True)
    for line in sys.stdin:
        gc.collect()
        gc.disable()  # as the command line does
        began = time.process_time()
        plan = make_plan(Situation(applied, sides[int(line)], kinds), Selection())
        print(time.process_time() - began, len(plan.changes), flush=True)
        gc.enable()


def edited(built: Dict[str, Any], k: int, resource: Callable[..., Any]) -> Dict[str, Any]:
    """Return k of the resources of the last layer, so that each edit is one change, with another port."""
    names, said = list(built), inputs(len(built))
    chosen = range(len(names) - 1, len(names) - 1 - k, -1)
    return {names[i]: resource(names[i], "k", inputs={**said[i], "port": 1}) for i in chosen}


class Side:
    """One checkout: a process that plans in memory, and a repository."""

    def __init__(self, checkout: Path, folder: Path, count: int, edits: Sequence[int]) -> None:
        self.checkout, self.root, self.count = checkout, folder, count
        words = [sys.executable, __file__, "--serve", str(checkout), "--count", str(count)]
        self.process = subprocess.Popen(
            [*words, "--edits", ",".join(map(str, edits))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=checkout,
        )  # fmt: skip
        self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process that plans has ended"
        return line

    def in_memory(self, k: int) -> float:
        """Make one plan in memory."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{k}\n")
        self.process.stdin.flush()
        return float(self._line().split()[0])

    def stagectl(self, *words: str) -> float:
        """Run a command line of this checkout in its repository."""
        return run([sys.executable, "-c", MAIN, str(self.checkout), *words], self.root).cpu

    def make(self) -> None:
        """Make the repository."""
        env = {**os.environ, "PYTHONPATH": str(self.checkout)}
        words = [sys.executable, str(HERE / "benchmarks/generate.py"), str(self.root), str(self.count)]
        subprocess.run(words, env=env, check=True)

    def edit(self, k: int) -> None:
        """Have k edits, and no others."""
        for words in (["checkout", "-q", "."], ["status", "--porcelain"]):
            run(["git", *words], self.root)
        if k:
            generate.change(self.root, self.count, k)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def ratio(what: str, one: Callable[[Side], float], sides: Tuple[Side, Side], rounds: int) -> str:
    """Return a line of the table: medians of measurements in turn; the first counts only where there is no other."""
    took = [tuple(one(side) for side in sides) for _ in range(rounds + 1)]
    here, before = (statistics.median(pair[at] for pair in took[1:] or took) for at in (0, 1))
    return f"| {what} | {here * 1000:.0f} ms | {before * 1000:.0f} ms | **{here / before:.2f}** |"


def rows(sides: Tuple[Side, Side], edits: Sequence[int], rounds: int) -> Iterator[str]:
    """Yield the lines of the table."""
    count = sides[0].count
    for k in edits:
        yield ratio(f"{count:,}: a plan in memory, {k:,} edits", lambda side, k=k: side.in_memory(k), sides, rounds)  # type: ignore[misc]
    for side in sides:
        side.make()
    for k in edits:
        for side in sides:
            side.edit(k)
        time.sleep(3)  # until the folders are old enough to be trusted
        line = f"{count:,}: `plan --format json`, {k:,} edits"
        yield ratio(line, lambda side: side.stagectl("plan", "--format", "json"), sides, rounds)


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--edits", default="0,1,100,1000")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=Path, default=None, help="where the repositories are made")
    parser.add_argument("--serve", default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    edits = [int(word) for word in options.edits.split(",")]
    if options.serve:
        return serve(options.serve, options.count, edits)
    if options.before is None:
        parser.error("which checkout is it to be compared with?")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=options.folder)))
        checkouts = {"here": HERE, "before": options.before.resolve()}
        found = [Side(checkout, folder / name, options.count, edits) for name, checkout in checkouts.items()]
        for side in found:
            stack.callback(side.close)
        print("| of processor time | here | before | ratio |\n| --- | --- | --- | --- |")
        for line in rows((found[0], found[1]), edits, options.rounds):
            print(line, flush=True)
    return None


if __name__ == "__main__":
    main()
