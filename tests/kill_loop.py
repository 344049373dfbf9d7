"""The kill loop: a run is killed, then branch, journal and the facts on the disk have to agree; then it is finished.

What is believed here is what the actions themselves wrote, and bytes of the journal; stagectl is not asked.
"""

from __future__ import annotations

import json
import select
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Sequence, Set, Tuple

from tests.build import APPLIED, FOLDER, PATIENCE, ROOT, Repo

SCRIPT = """
id="$STAGECTL_RESOURCE.$STAGECTL_ACTION"
echo "start $id $STAGECTL_RUN" >> "$FACTS"; sync "$FACTS"
echo "$id"
echo "end $id $STAGECTL_RUN" >> "$FACTS"; sync "$FACTS"
"""
SAID_DONE = "its end was not seen; it was said to be done"
# All that a command imports lazily: a child that forks has it already.
PRELOADED = (
    "git",
    "jsonschema",
    "ruamel.yaml",
    "stagectl.adapters.handlers.shell",
    "stagectl.cli",
    "stagectl.cli.progress",
    "stagectl.usecases.applying.apply",
    "stagectl.usecases.applying.recover",
    "stagectl.usecases.applying.report",
    "stagectl.usecases.planning.reviewed",
    "stagectl.usecases.looking.status",
    "stagectl.views.apply",
    "stagectl.views.plans.plan_json",
    "stagectl.views.plans.plan_text",
    "stagectl.views.plans.range_diff",
    "stagectl.views.status",
)


class Server:
    """Starts stagectl, and kills it; see killable.py."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.killable", *PRELOADED],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, world: World, *arguments: str, kill: int = 0, seconds: float = 0) -> Dict[str, Any]:
        """Run a command line; kill: at which thing it does, 0 for never; seconds: after which time it is killed."""
        order = {
            "arguments": arguments,
            "kill": kill,
            "seconds": seconds,
            "folder": str(world.project),
            "into": str(world.top / "said"),
            "env": {
                "FACTS": str(world.top / "facts"),
                "TMPDIR": str(world.top / "tmp"),
            },
        }
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], 2 * PATIENCE)[0]:
            self._process.kill()
            raise AssertionError(f"no answer within {2 * PATIENCE} seconds: {arguments}, killed at {kill or seconds}")
        line = self._process.stdout.readline()
        assert line, f"something goes on for ever after: {arguments}, killed at {kill or seconds}"
        found: Dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        finally:
            self._process.kill()


@dataclass(frozen=True)
class World:
    """A repository with what lies around it: facts, temporary files. changes: what its plan has."""

    top: Path
    changes: FrozenSet[str] = frozenset()

    @property
    def root(self) -> Path:
        return self.top / "repo"

    @property
    def project(self) -> Path:
        return self.root / FOLDER

    @property
    def scratch(self) -> Path:
        return Repo(self.root, init=False).place

    def copy(self, top: Path) -> World:
        shutil.copytree(self.top, top, symlinks=True)
        return World(top, self.changes)

    def git(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.project, capture_output=True, text=True, timeout=PATIENCE)
        assert not check or done.returncode == 0, f"git {arguments}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def tip(self) -> str:
        return self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{APPLIED}", check=False)

    def applied(self) -> str:
        """What the applied state is, file by file."""
        return self.git("ls-tree", "-r", APPLIED, "--", ".staged", ".applied")

    def facts(self, what: str) -> Counter:
        """How often each change started, or ended, by what its action itself wrote."""
        path = self.top / "facts"
        lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return Counter(words[1] for words in lines if words[0] == what)

    def runs(self) -> List[Path]:
        return sorted(path for path in (self.scratch / "runs").glob("2*")) if self.scratch.exists() else []

    def journals(self) -> List[List[Any]]:
        """The whole lines of each journal, the newest last."""
        texts = [(path / "journal").read_bytes() for path in self.runs()]
        return [[json.loads(line) for line in text.split(b"\n")[:-1]] for text in texts]

    def is_open(self) -> bool:
        """Whether the newest run is not over."""
        return bool(self.runs()) and not any("end" in entry for entry in self.journals()[-1])

    def leftovers(self) -> List[str]:
        """Files that are not needed any more once no run is open."""
        kept = ("runs", "cache", "apply.lock", "branch.lock", "holders", "staging")
        found = [path for path in self.scratch.iterdir() if path.name not in kept]
        found += (self.scratch / "holders").glob("*")
        found += [path for path in [self.scratch / "staging"] if path.exists() and path.stat().st_size]
        found += [path for path in (self.scratch / "runs").rglob("*") if path.name in ("private", "reserve")]
        found += [*(self.scratch / "runs").glob(".*"), *(self.root / ".git/refs").rglob("*.lock")]
        return sorted(str(path) for path in [*found, *(self.top / "tmp").iterdir()])


def unseen(journals: Sequence[Sequence[Any]]) -> Set[Start]:
    """The starts whose end was not seen: the journal's number, the change, and which of its starts there it is."""
    found: Set[Start] = set()
    for number, journal in enumerate(journals):
        starts: Counter = Counter()
        for entry in journal:
            change = entry.get("change", "")
            starts[change] += entry.get("state") == "INPROGRESS"
            (found.add if entry.get("state") == "INPROGRESS" else found.discard)((number, change, starts[change]))
    return found


def first(top: Path) -> World:
    """Four resources, and nothing is applied yet."""
    repo = _repository(top)
    repo.define("a", inputs={"x": 1}).define("b", "again", inputs={"a": "${a.x}"}).define("c", inputs={"a": "${a.x}"})
    repo.define("d", depends_on=["b", "c"]).commit()
    repo.stage()
    return _world(repo)


def second(top: Path) -> World:
    """All that a run can do to what is applied: update, follow, remove, run, restart, react."""
    repo = _repository(top)
    repo.define("a", inputs={"x": 1}).define("b", "again", inputs={"a": "${a.x}"}).define("c", inputs={"a": "${a.x}"})
    repo.define("d", depends_on=["b", "c"]).define("r", react_on={"restart": ["b.update"]}).commit()
    repo.stage().ok("apply", "--yes", "--record-only")
    repo.define("a", inputs={"x": 2}).define("e", depends_on=["a"]).delete("d").commit()
    repo.stage().stage("c", "-a", "restart")
    return _world(repo)


def _world(repo: Repo) -> World:
    shutil.rmtree(repo.place / "runs", ignore_errors=True)
    return World(repo.top.parent, frozenset(repo.plan().ids))


def _repository(top: Path) -> Repo:
    top.mkdir()
    (top / "tmp").mkdir()
    repo = Repo(top / "repo")
    actions = {action: ["sh", "-c", SCRIPT] for action in ("run", "update", "remove", "restart")}
    repo.write("kinds/service.yaml", json.dumps({"actions": actions}))
    repo.write("kinds/again.yaml", json.dumps({"actions": actions, "idempotent": True})).commit()
    return repo


Start = Tuple[int, str, int]


@dataclass
class Figures:
    """What the loop counted."""

    kills: int = 0
    lost: List[str] = field(default_factory=list)
    twice: List[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"kills {self.kills}, lost {len(self.lost)}, started twice without being UNKNOWN {len(self.twice)}"


class Loop:
    """Kills runs of one world, each in a copy of it, and checks what is left.

    wanted: the applied state that an undisturbed run leaves; length: how many things such a run does.
    """

    def __init__(self, server: Server, world: World, folder: Path, figures: Figures) -> None:
        self._server, self._world, self._folder, self._figures = server, world, folder, figures
        calm = world.copy(folder / f"{world.top.name}-calm")
        done = server.run(calm, "apply", "--yes")
        assert done["code"] == 0, done
        self.length, self.wanted, self._base = int(done["reported"]), calm.applied(), world.tip()
        assert calm.facts("start") == calm.facts("end") == Counter(world.changes)
        assert calm.leftovers() == []

    def kill(self, at: int, way: str, *, again: int = 0, seconds: float = 0) -> bool:
        """Kill a run, then finish it in some way; again: kill what finishes it, too. False if it was not killed."""
        world = self._world.copy(self._folder / "copy")
        done = self._server.run(world, "apply", "--yes", kill=at, seconds=seconds)
        killed = done["code"] == -9
        try:
            if killed:
                self._after(world, done["reported"], way, again)
            return killed
        except AssertionError as error:
            raise AssertionError(f"killed at {at} ({done['reported']}), {way}, again at {again}: {error}") from error
        finally:
            shutil.rmtree(world.top)

    def _after(self, world: World, where: str, way: str, again: int) -> None:
        unknown = self._check(world, where)
        if again:
            # `apply` records what is known and goes on; and what is said to have failed has failed.
            is_partial = way == "apply" or (way == "failed" and bool(_asked(unknown)))
            done = self._server.run(world, *COMMANDS[way], kill=again)
            if done["code"] == -9:
                unknown |= self._check(world, f"{where}, then {done['reported']}", is_partial=is_partial)
        self._finish(world, where, way, unknown)

    def _check(self, world: World, where: str, *, is_partial: bool = False) -> Set[Start]:
        """What has to be true right after a kill; return the starts whose end was not seen.

        is_partial: whether the branch may stand at a part of what an undisturbed run leaves.
        """
        self._figures.kills += 1
        assert "error" not in world.git("fsck", "--strict", "--no-dangling")
        journals = world.journals()
        entries = [entry for journal in journals for entry in journal if "change" in entry]
        begun = Counter(entry["change"] for entry in entries if entry["state"] == "INPROGRESS")
        ended = {entry["change"] for entry in entries if entry["state"] == "SUCCESS" and entry["message"] != SAID_DONE}
        lost = [f"{change} started, and the journal does not know it" for change in world.facts("start") - begun]
        lost += [f"{change} did not end, the journal says it did" for change in ended - set(world.facts("end"))]
        self._figures.lost += [f"{where}: {text}" for text in sorted(lost)]
        if world.tip() != self._base and not is_partial:
            assert world.applied() == self.wanted, "the branch moved to something that is neither old nor new"
        said = json.loads(self._server.run(world, "status", "--json")["out"])
        assert bool(said["interrupted"]) == world.is_open(), said
        return unseen(journals)

    def _finish(self, world: World, where: str, way: str, lost_sight: Set[Start]) -> None:
        unknown = Counter(change for _, change, _ in lost_sight)
        is_asked = world.is_open() and world.tip() == self._base and bool(_asked(lost_sight))
        is_failed = world.is_open() and any(entry.get("state") == "ERROR" for entry in world.journals()[-1])
        done = self._server.run(world, *COMMANDS[way])
        assert done["code"] == (1 if way == "failed" and (is_asked or is_failed) else 0), done
        if way != "apply":  # there was no run yet, or some changes were said to have failed
            done = self._server.run(world, "apply", "--yes")
            assert done["code"] == 0, done
        starts, ends = world.facts("start"), world.facts("end")
        for change in sorted(world.changes):
            said_done = way == "done" and unknown[change]
            if not ends[change] and not said_done:
                self._figures.lost.append(f"{where}, {way}: {change} never ended")
            if starts[change] > 1 + unknown[change]:
                self._figures.twice.append(f"{where}, {way}: {change} started {starts[change]} times")
        assert self.wanted == world.applied(), "another applied state than an undisturbed run leaves"
        assert "error" not in world.git("fsck", "--strict", "--no-dangling")
        plan = json.loads(self._server.run(world, "plan", "--format", "json")["out"])
        assert plan["changes"] == [] and plan["recorded"] == [], plan
        assert world.leftovers() == [], f"left: {world.leftovers()}"


def _asked(lost_sight: Set[Start]) -> Set[Start]:
    """Those that `resume` asks about: b is idempotent."""
    return {start for start in lost_sight if not start[1].startswith("b.")}


COMMANDS = {
    "rerun": ("resume", "--unknown", "rerun"),
    "done": ("resume", "--unknown", "done"),
    "failed": ("resume", "--unknown", "failed"),
    "apply": ("apply", "--yes"),
}
WAYS = sorted(COMMANDS)
