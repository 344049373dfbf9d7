"""What `plan`, `status`, `stage` and starting cost beside what git needs for the same files: medians and ratios.

    python benchmarks/scale.py [--counts 1000,10000,100000] [--one 1000,16000] [--rounds 9] [--stagectl PATH]
        [--turbo PATH]

Two commands are measured in turn, so that a busy machine slows down both; what counts is the ratio of the medians. The
repositories are made once, in a folder of their own (--folder), and kept for the next time. stagectl has to be
installed, not run from its sources: what a Python without its compiled files takes to start is of no interest.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

import generate
from common import Took, compare, row, run
from few import of_few, of_one


class Bench:
    """The measurements of one repository."""

    def __init__(self, root: Path, count: int, stagectl: str, rounds: int) -> None:
        self.root, self.count, self.stagectl, self.rounds = root, count, stagectl, rounds

    def ours(self, *words: str) -> Callable[[], Took]:
        """Return a measurement of a stagectl command."""
        return lambda: run([self.stagectl, *words], self.root)

    def git(self) -> Took:
        """Measure what all is compared with."""
        return run(["git", "status", "--porcelain"], self.root)

    def rows(self) -> Iterator[str]:
        """Yield the lines of the table."""
        status = "`git status --porcelain`"
        yield from self.cold()
        self.clean()
        time.sleep(3)  # until the folders are old enough to be trusted
        for k in (0, 1, 100, 10_000):
            if k * 10 > self.count:
                continue
            self.clean()
            names = generate.change(self.root, self.count, k) if k else []
            affected = self.changes()
            what = f"{self.count:,}: `plan --format json`, k = {len(names):,} ({affected:,} changes)"
            rounds = self.rounds if affected < 1000 else max(3, self.rounds // 3)
            yield row(what, *compare(self.ours("plan", "--format", "json"), self.git, rounds), status)
            if k == 1:
                yield f"| {self.count:,}: the same, memory at the most | | {self.memory()} MB | | | |"
        self.clean()
        time.sleep(3)
        self.ours("status")()
        yield row(f"{self.count:,}: `status`", *compare(self.ours("status"), self.git, self.rounds), status)
        yield row(f"{self.count:,}: `stage` of one file", *self.staging(), "`git add` and `git commit`")
        self.clean()
        yield from self.one_change()

    def cold(self) -> Iterator[str]:
        """Yield the lines about a fresh clone, in which stagectl never ran and `git status` ran once."""
        status, folder = "`git status --porcelain`", self.root.with_name(f"{self.root.name}-clone")
        shutil.rmtree(folder, ignore_errors=True)
        run(["git", "clone", "-q", str(self.root), str(folder)], self.root)
        time.sleep(2)
        clone = Bench(folder, self.count, self.stagectl, self.rounds)

        def first(*words: str) -> Took:
            shutil.rmtree(folder / ".git/stagectl", ignore_errors=True)  # as if it had never run
            return run([self.stagectl, "plan", "--format", "json", *words], folder)

        for k, words, what in ((0, (), "k = 0"), (1, (), "k = 1"), (1, ("-t", "prod"), "k = 1, `-t prod`")):
            clone.clean()
            if k:
                generate.change(folder, self.count, k)
            line = f"{self.count:,}: the first `plan` of a clone, {what}"
            yield row(line, *compare(lambda words=words: first(*words), clone.git, self.rounds), status)  # type: ignore[misc]
        shutil.rmtree(folder)

    def one_change(self) -> Iterator[str]:
        """Yield what recording one edit and its descendants costs and writes, and what checking both applies costs."""
        tip = "refs/heads/stagectl/applied"
        was = [
            subprocess.run(["git", "rev-parse", ref], cwd=self.root, capture_output=True, text=True, check=True).stdout
            for ref in ("HEAD", tip)
        ]
        generate.change(self.root, self.count, 1)
        try:
            run(["git", "commit", "-q", "-am", "one"], self.root)
            before = self.objects()
            took = self.ours("apply", "--yes", "--record-only")()
            written = [size for path, size in self.objects().items() if path not in before]
            what = f"{took.clock * 1000:.0f} ms, {sum(written) // 1024} KB of objects"
            yield f"| {self.count:,}: `apply --record-only` of one edit and its descendants | | {what} | | | |"
            took = self.ours("verify")()
            yield f"| {self.count:,}: `verify` of it and of the apply before | | {took.clock * 1000:.0f} ms | | | |"
        finally:
            run(["git", "update-ref", tip, was[1].strip()], self.root)
            run(["git", "reset", "-q", "--hard", was[0].strip()], self.root)
            # What an apply and a verification saw is gone now, and the next one would say so.
            shutil.rmtree(self.root / ".git/stagectl", ignore_errors=True)

    def objects(self) -> Dict[str, int]:
        """Return the size of every file with git's objects, by its path."""
        return {str(path): path.stat().st_size for path in (self.root / ".git/objects").rglob("*") if path.is_file()}

    def clean(self) -> None:
        """Put every file back, and let git know."""
        for words in (["checkout", "-q", "."], ["status", "--porcelain"]):
            run(["git", *words], self.root)

    def changes(self) -> int:
        """Return how many changes are planned."""
        out = subprocess.run(
            [self.stagectl, "plan", "--format", "json"], cwd=self.root, capture_output=True, check=True
        ).stdout
        return len(json.loads(out)["changes"])

    def memory(self) -> int:
        """Return the most memory that a plan had, in MB, without git's."""
        code = (
            "import resource, sys; from stagectl.__main__ import main; main(['plan', '--format', 'json']); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)"
        )
        python = Path(self.stagectl).resolve().parent / "python"
        # A shell between: what a process was forked from counts, too, and this one is large.
        words = ["sh", "-c", '"$@"; exit $?', "sh", str(python), "-c", code]
        done = subprocess.run(words, cwd=self.root, capture_output=True, text=True, check=True)
        return int(done.stderr.splitlines()[-1])

    def staging(self) -> Tuple[Took, Took]:
        """Measure a stage of one edited file beside git's own two commands."""
        name = generate.names(self.count)[1]
        path = f".staged/{name}.yaml"
        counter = iter(range(10_000))

        def edit() -> None:
            text = (self.root / path).read_text()
            marked = "".join(line for line in text.splitlines(True) if not line.startswith("# edit"))
            (self.root / path).write_text(marked + f"# edit {next(counter)}\n")

        def ours() -> Took:
            edit()
            return run([self.stagectl, "stage"], self.root)

        def theirs() -> Took:
            edit()
            one = run(["git", "add", path], self.root)
            two = run(["git", "commit", "-q", "-m", "edit"], self.root)
            return Took(one.clock + two.clock, one.cpu + two.cpu)

        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.root, capture_output=True, text=True, check=True)
        try:
            return compare(ours, theirs, self.rounds)
        finally:
            run(["git", "reset", "-q", "--hard", head.stdout.strip()], self.root)


def starting(stagectl: str, rounds: int) -> Iterator[str]:
    """Yield the lines about starting."""
    here = Path(tempfile.gettempdir())
    python = str(Path(stagectl).resolve().parent / "python")
    for words in (["plan", "--help"], ["--version"]):
        ours, theirs = compare(
            lambda words=words: run([stagectl, *words], here),  # type: ignore[misc]
            lambda: run([python, "-c", "pass"], here),
            rounds,
        )
        yield row(f"`{' '.join(words)}`", ours, theirs, "`python -c pass`")


def turbo(bench: Bench, program: str, folder: Path) -> Iterator[str]:
    """Yield the lines about Turborepo, on a repository of packages that depend on each other as the resources do."""
    names, read = generate.names(bench.count), generate.parents(bench.count, 7)
    if not folder.exists():
        folder.mkdir(parents=True)
        root = {"name": "root", "private": True, "workspaces": ["packages/*"], "packageManager": "npm@10.0.0"}
        packages = {"package.json": root, "turbo.json": {"tasks": {"build": {}}}}
        for index, parents in enumerate(read):
            needs = {f"p{parent}": "*" for parent in parents}
            packages[f"packages/p{index}/package.json"] = {
                "name": f"p{index}", "version": "1.0.0", "dependencies": needs,
            }  # fmt: skip
        for path, content in packages.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(json.dumps(content))
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
            run(["git", "-c", "user.name=B", "-c", "user.email=b@example.com", *words], folder)
    (edited,) = generate.change(bench.root, bench.count, 1)
    run(["git", "checkout", "-q", "."], folder)
    run(["git", "clean", "-fdq", "packages"], folder)
    (folder / f"packages/p{edited.rpartition('r')[2]}/edit.txt").write_text("x")
    env = {**os.environ, "TURBO_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1"}
    theirs = lambda: run([program, "ls", "--affected"], folder, env)  # noqa: E731

    def cold() -> Took:
        shutil.rmtree(bench.root / ".git/stagectl", ignore_errors=True)  # as if it had never run
        return ours()

    ours = bench.ours("plan", "--format", "json")
    for what, side in (("the first `plan`", cold), ("`plan --format json`", ours)):
        yield row(f"{len(names):,}: {what}, k = 1", *compare(side, theirs, 5), "`turbo ls --affected`")
    bench.clean()


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", default="1000,10000,100000")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--stagectl", default=shutil.which("stagectl") or "stagectl")
    parser.add_argument("--one", default="1000,16000", help="how many resources there are beside one; 0: none")
    parser.add_argument("--turbo", default=None, help="the program of the npm package turbo")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "stagectl-scale")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    versions = [subprocess.run(words, capture_output=True, text=True).stdout.strip() for words in (
        ["git", "--version"], [options.stagectl, "--version"])]  # fmt: skip
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {', '.join(versions)};")
    print(f"load average at the start {os.getloadavg()[0]:.1f}\n")
    print("| what | against | ours | theirs | ratio | of processor time |\n| --- | --- | --- | --- | --- | --- |")
    for line in starting(options.stagectl, options.rounds):
        print(line, flush=True)
    for count in map(int, options.counts.split(",")):
        root = options.folder / f"r{count}"
        if not root.exists():
            generate.generate(root, count)
        bench = Bench(root, count, options.stagectl, options.rounds)
        for line in bench.rows():
            print(line, flush=True)
        if options.turbo and count == 10_000:
            for line in turbo(bench, options.turbo, options.folder / f"turbo{count}"):
                print(line, flush=True)
    one = [count for count in map(int, options.one.split(",")) if count]
    for rows in (of_one, of_few) if one else ():
        for line in rows(options.folder, one, options.stagectl, options.rounds):
            print(line, flush=True)
    print(f"\nload average at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
