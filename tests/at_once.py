"""Command lines that run at once in one working tree, as often as it takes; and what has to be true then."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Dict, List, Sequence

from tests.build import Ran, Repo, ended

# What a command may report that was not alone, and with what: again, and it works.
BUSY = re.compile(
    r"error: (another stagectl is staging here|[^\n]* changed meanwhile"
    r"|git \w+ (failed|refused): [^\n]*\.lock is there[^\n]*|another apply is running: [^\n]*"
    r"|git commit refused: [^\n]*cannot lock ref 'HEAD': is at [^\n]*"
    r"|not committed: [^\n]*)\nhint: [^\n]*\n"
)


def at_once(repo: Repo, lines: Sequence[Sequence[str]]) -> List[Ran]:
    """Run command lines at once; return how each ended, in order."""
    started = [repo.begin(*line) for line in lines]
    return [ended(process) for process in started]


def until_done(repo: Repo, lines: Sequence[Sequence[str]], reported: Counter) -> None:
    """Run command lines at once, those that were asked to try again as often as it takes."""
    left = list(lines)
    for _ in range(len(lines) + 1):
        again = []
        for line, ran in zip(left, at_once(repo, left)):
            assert "this is a bug" not in ran.err, ran.err
            reported["done" if ran.code == 0 else "asked to try again"] += 1
            if ran.code:
                assert BUSY.search(ran.err), ran
                again.append(line)
        left = again
        if not left:
            return
    raise AssertionError(f"never done: {left}")


def stages(folder: Path, count: int, rounds: int) -> Counter:
    """Stage different resources, and actions on one, at once: nothing that was said to be staged is lost."""
    repo, reported = Repo(folder / "repo"), Counter()  # type: Tuple[Repo, Counter]
    names = [f"r{number}" for number in range(count)]
    for name in names:
        repo.define(name, inputs={"v": 0})
    repo.kind("service", actions=("run", "update", "remove", *(f"do-{number}" for number in range(count))))
    repo.define("one").apply_all()
    for number in range(1, rounds + 1):
        for name in names:
            repo.define(name, inputs={"v": number})
        lines = [["stage", name] for name in names[::2]]
        lines += [["stage", "one", "-a", f"do-{index}"] for index in range(1, count, 2)]
        before = repo.git("rev-parse", "HEAD").strip()
        until_done(repo, lines, reported)
        _is_staged_once(repo, before, names[::2])
        repo.ok("stage")
        assert repo.git("status", "--porcelain") == ""
        done = [change.partition(".")[2] for change in repo.plan().ids if change.startswith("one.")]
        assert sorted(done) == sorted(f"do-{index}" for index in range(1, count, 2)), done
        repo.ok("apply", "--yes")
    assert "error" not in repo.git("fsck", "--strict", "--no-dangling")
    return reported


def _is_staged_once(repo: Repo, before: str, names: Sequence[str]) -> None:
    trailers = repo.git("log", "--format=%(trailers:key=Staged,valueonly)", f"{before}..HEAD").split()
    times: Dict[str, int] = Counter(trailers)
    assert all(times[f"{name}.update"] == 1 for name in names), times


def beside_an_apply(folder: Path, count: int, rounds: int) -> Counter:
    """Stages, plans and applies at once: a plan is one of before or after; what is applied is what a commit had."""
    repo, reported = Repo(folder / "repo"), Counter()  # type: Tuple[Repo, Counter]
    names = [f"r{number}" for number in range(4)]
    for name in names:
        repo.define(name, inputs={"v": 0})
    repo.apply_all()
    for number in range(1, rounds + 1):
        for name in names:
            repo.define(name, inputs={"v": number})
        repo.stage().define("other", inputs={"v": number})
        lines = [["apply", "--yes"], ["stage", "other"], *[["plan", "--format", "json"]] * (count - 2)]
        rans = at_once(repo, lines)
        for line, ran in zip(lines, rans):
            assert "this is a bug" not in ran.err, ran.err
            reported[f"{line[0]} {'done' if ran.code == 0 else 'asked to try again'}"] += 1
            assert ran.code == 0 or BUSY.search(ran.err), (line, ran)
        _are_of_before_or_after([ran for line, ran in zip(lines, rans) if line[0] == "plan" and ran.code == 0], names)
        until_done(repo, [["stage", "other"]], Counter())
        repo.ok("apply", "--yes")
        assert [number] * 5 == [repo.applied(name)["inputs"]["v"] for name in [*names, "other"]]
        assert repo.plan().ids == []
    assert "error" not in repo.git("fsck", "--strict", "--no-dangling")
    return reported


def _are_of_before_or_after(plans: Sequence[Ran], names: Sequence[str]) -> None:
    for ran in plans:
        ids = [change["id"] for change in ran.json()["changes"]]
        updates = [identity for identity in ids if not identity.startswith("other.")]
        assert updates in ([], [f"{name}.update" for name in names]), ids
