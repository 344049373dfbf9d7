"""Kills at system calls: after each of them the repository is valid, holds the old or the new state, and goes on.

The verbs that write, each in a repository in which it has something to do; what a point is says strace.py.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

from tests.build import APPLIED, PATIENCE, Ran, Repo
from tests.strace import Point, Traced

HINTED = re.compile(r"(?:warning: [^\n]*\n)*(?:error: [^\n]*\n|[^\n]*:\d+:\d+: [^\n]*\n)hint: [^\n]*\n")
_REMOVES = re.compile(r"hint: .*: rm (\S+)\n|error: .*: (\S+\.lock) is there on origin")


@dataclass(frozen=True)
class State:
    """What counts of a world: per repository its refs by their trees, and the files of the working tree."""

    head: str
    applied: str
    remote: str
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Case:
    """A verb with a repository in which it does much. make: prepares it in `repo` of a folder."""

    name: str
    arguments: Tuple[str, ...]
    make: Callable[[Path], object]

    def world(self, top: Path) -> World:
        top.mkdir(parents=True)
        self.make(top)
        return World(top)

    def __str__(self) -> str:
        return self.name


class World:
    """A folder with a repository, and perhaps the remote that it shares with others."""

    def __init__(self, top: Path) -> None:
        self.top, self.repo = top, Repo(top / "repo", init=False)

    def copy(self, top: Path) -> World:
        shutil.rmtree(top, ignore_errors=True)
        shutil.copytree(self.top, top, symlinks=True)
        return World(top)

    def env(self) -> Dict[str, str]:
        (self.top / "tmp").mkdir(exist_ok=True)
        return {"TMPDIR": str(self.top / "tmp"), "FACTS": str(self.top / "facts")}

    def state(self) -> State:
        git = self.repo.git
        remote = self.top / "bare.git"
        files = {}
        for path in sorted(self.repo.root.rglob("*")):
            if ".git" not in path.parts and path.is_file() and not path.name.startswith(".stagectl-"):
                files[str(path.relative_to(self.repo.root))] = path.read_bytes()
        return State(
            git("rev-parse", "HEAD^{tree}"),
            git("ls-tree", "-r", APPLIED, "--", ".staged", ".applied"),
            git("--git-dir", str(remote), "ls-tree", "-r", APPLIED, check=False) if remote.exists() else "",
            files,
        )

    def is_sound(self) -> bool:
        """Whether git finds nothing wrong, here and on the remote."""
        places = [self.repo.root, *self.top.glob("*.git")]
        command = ["git", "fsck", "--strict", "--no-dangling", "--no-progress"]
        done = [subprocess.run(command, cwd=place, capture_output=True, timeout=PATIENCE) for place in places]
        return all(each.returncode == 0 for each in done)

    def theirs(self) -> str:
        """What the user has half done, which concerns no command."""
        shown = [self.repo.git("ls-files", "--stage", "mine"), self.repo.git("show", ":mine")]
        return "".join([*shown, self.repo.read("mine")])


@dataclass
class Figures:
    """What was counted."""

    kills: int = 0
    missed: int = 0  # points that a run with other chances did not come to
    reported: int = 0  # where the next command said what to do, and did it once that was done
    old: int = 0
    new: int = 0
    wrong: List[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = f"kills {self.kills}, old state {self.old}, new state {self.new}, next step named {self.reported}"
        return f"{said}, lost or between {len(self.wrong)}"


class Expected:
    """What has to be true of a world in which a case was disturbed. calm: where it was not."""

    def __init__(self, case: Case, begun: World, calm: World, figures: Figures) -> None:
        self._case, self.figures = case, figures
        self._old, self._new = begun.state(), calm.state()
        self._theirs, self._plan = begun.theirs(), calm.repo.plan().ids
        self._porcelain = calm.repo.git("status", "--porcelain")

    def check(self, world: World, what: str, done: Ran, mend: Callable[[], None] = lambda: None) -> None:
        """Note what is wrong after a disturbance; mend: ends it, if it lasts."""
        try:
            if done.code != 137:
                assert done.code in (0, 1), done
                self._is_reported(done.err)
            mend()
            # A change whose own files could not be written failed, and the run said so: what it recorded is a part.
            self._check(world, is_part="1 ERROR" in done.out)
        except AssertionError as error:
            self.figures.wrong.append(f"{self._case}, {what}: {error}")

    def _is_reported(self, err: str) -> None:
        assert "Traceback" not in err and "this is a bug" not in err, err

    def _check(self, world: World, *, is_part: bool) -> None:
        assert world.is_sound(), "git fsck finds something wrong"
        state = world.state()
        self._is_whole(state, () if is_part else ("applied",))
        assert world.theirs() == self._theirs, "the user's own file is another one"
        status = world.repo.run("status")
        assert status.code in (0, 1), status
        self._is_reported(status.err)
        if self._case.name.startswith("revert") and state.head == self._new.head:
            self._is_done(world)
        else:
            self._again(world)

    def _is_whole(self, state: State, more: Sequence[str]) -> None:
        """Each thing is as it was, or as it shall be."""
        for what in ("head", "remote", *more):
            found = getattr(state, what)
            assert found in (getattr(self._old, what), getattr(self._new, what)), f"{what} is between: {found}"
        for path in {*state.files, *self._old.files, *self._new.files}:
            both = (self._old.files.get(path), self._new.files.get(path))
            assert state.files.get(path) in both, f"{path} is neither old nor new: {state.files.get(path)!r}"
        is_old = all(getattr(state, what) == getattr(self._old, what) for what in ("head", "applied", "remote"))
        self.figures.old += is_old
        self.figures.new += not is_old

    def _again(self, world: World) -> None:
        """The same command once more; it works, or says in one line what to do, and works then."""
        done = world.repo.run(*self._case.arguments)
        tries = 0
        while done.code and tries < 3:  # several locks may have been left
            tries += 1
            self.figures.reported += tries == 1
            assert HINTED.fullmatch(done.err), f"not one line of what to do: {done.err!r}"
            locks = [here or str(Path("../bare.git") / there) for here, there in _REMOVES.findall(done.err)]
            assert locks, f"nothing is reported to be done: {done.err!r}"
            for lock in locks:
                (world.repo.root / lock).unlink()
            done = world.repo.run(*self._case.arguments)
        assert done.code == 0, f"it does not go on: {done}"
        self._is_done(world)

    def _is_done(self, world: World) -> None:
        state = world.state()
        for what in ("head", "applied", "remote"):
            assert getattr(state, what) == getattr(self._new, what), f"{what} is not what an undisturbed run leaves"
        assert dict(state.files) == dict(self._new.files), "the files are not what an undisturbed run leaves"
        assert self._porcelain == world.repo.git("status", "--porcelain"), world.repo.git("status", "--porcelain")
        assert self._plan == world.repo.plan().ids
        assert world.is_sound(), "git fsck finds something wrong in the end"


class Calls:
    """Disturbs one case at its points, each time in a copy of its world, and checks what is left."""

    def __init__(self, case: Case, folder: Path, figures: Figures) -> None:
        self._case, self._folder, self._figures = case, folder, figures
        self._world = case.world(folder / "world")
        self._traced = Traced(folder / "traced")
        calm = self._world.copy(folder / "calm")
        self.points = self._traced.points(case.arguments, calm.repo.root, calm.env())
        self._expected = Expected(case, self._world, calm, figures)

    def kill(self, point: Point) -> None:
        """Kill it there, with SIGKILL."""
        self.harm(point, "signal=SIGKILL")

    def harm(self, point: Point, how: str) -> None:
        """Let the call do something else, in strace's words; a run that does not come that far is tried again."""
        for _ in range(3):
            world = self._world.copy(self._folder / "copy")
            done = self._traced.harm(point, how, self._case.arguments, world.repo.root, world.env())
            if done is not None:
                self._figures.kills += 1
                self._expected.check(world, f"{point} {how}", done)
                return
        self._figures.missed += 1


# --- the cases


def _three(top: Path) -> Repo:
    """Three resources, applied, and a file of the user's that is half added."""
    repo = Repo(top / "repo")
    shutil.rmtree(repo.top / ".git/hooks", ignore_errors=True)  # samples
    repo.write("kinds/service.yaml", json.dumps({"idempotent": True, "actions": {"run": ["true"], "update": ["true"]}}))
    repo.define("db", inputs={"v": 1}).define("app", inputs={"p": "${db.v}"}).define("old").write("mine", "0\n")
    repo.apply_all()
    repo.write("mine", "1\n").git("add", "mine")
    return repo.write("mine", "2\n")


def _edited(top: Path) -> Repo:
    repo = _three(top)
    return repo.define("db", inputs={"v": 2}).define("a/new", inputs={"x": "${db.v}"}).delete("old")


def _hooked(top: Path) -> None:
    repo = _edited(top)
    hook = repo.top / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntrue\n")
    hook.chmod(0o755)


def _staged(top: Path) -> Repo:
    return _edited(top).stage()


def _shared(top: Path) -> None:
    """An applied commit of ours that the remote has not, and one of another author's that is not here."""
    repo = _three(top)
    repo.git("init", "-q", "--bare", "-b", "main", str(top / "bare.git"))
    shutil.rmtree(top / "bare.git/hooks", ignore_errors=True)
    repo.git("remote", "add", "origin", "../bare.git")
    repo.git("push", "-q", "origin", "main", "stagectl/applied")
    other = Repo(top / "other", init=False)
    repo.git("clone", "-q", str(top / "bare.git"), str(other.top))
    other.git("config", "user.name", "Bob")
    other.git("config", "user.email", "bob@example.com")
    other.define("old", inputs={"p": 7}).stage().ok("apply", "--yes")
    shutil.rmtree(other.top)
    repo.define("db", inputs={"v": 2}).stage("db").ok("apply", "--yes", "--offline", "db")


def _uncached(top: Path) -> None:
    repo = _staged(top)
    shutil.rmtree(repo.top / ".git/stagectl/cache", ignore_errors=True)


def _stale(top: Path) -> None:
    repo = _staged(top)
    repo.plan()
    repo.ok("apply", "--yes")
    repo.define("db", inputs={"v": 3}).stage()


CASES = [
    Case("stage", ("stage",), _edited),
    Case("stage through hooks", ("stage",), _hooked),
    Case("apply", ("apply", "--yes"), _staged),
    Case("discard", ("discard", "--all"), _staged),
    Case("revert", ("revert", "HEAD"), _staged),
    Case("sync", ("sync",), _shared),
    Case("plan without a cache", ("plan",), _uncached),
    Case("plan with a stale cache", ("plan",), _stale),
]
