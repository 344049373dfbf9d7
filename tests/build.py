"""Builders: one for repositories, through the real command line, and one for resources in memory."""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple
from unittest import mock

from stagectl.__main__ import main
from stagectl.core.model import Kind, Name, Resource
from stagectl.core.schemas import schema

if TYPE_CHECKING:
    import pytest

FOLDER = os.environ.get("STAGECTL_TEST_FOLDER", "")  # by hand: every test's project is in this folder
APPLIED = f"stagectl/{FOLDER}/applied" if FOLDER else "stagectl/applied"  # the branch of every test's project
LOCK = f"refs/stagectl/locks/{APPLIED}" if FOLDER else "refs/stagectl/lock"
PLACE, WHERE = (f"{FOLDER}/", f" in {FOLDER}") if FOLDER else ("", "")  # in paths from the top folder, in subjects
UP = "../" * (PLACE.count("/"))  # from there to the top folder
SAID = f"Project: {FOLDER}\n" if FOLDER else ""  # in the message of a commit that stages
FULL = os.environ.get("FULL") == "1"  # as many examples as there may be: .ci/run, on one Python
LOOKING = ("plan", "status", "show", "diff", "graph")  # what has a quick way, and a full one that has to say the same
ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 180  # seconds; what takes longer hangs, however busy the machine is


def share(number: int) -> int:
    """How many of so many examples to try: all of them where everything is run, else a fifth."""
    return number if FULL else max(number // 5, 1)


@dataclass(frozen=True)
class Ran:
    """One command line that ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


# Noted of a remote that takes more than five seconds, which one on a busy machine may do at any time.
_SLOW_REMOTE = re.compile(r"(?m)^waiting for \S+: git [^\n]*\n")


def ended(process: subprocess.Popen[str]) -> Ran:
    """How a command line ends; one that does not is killed, and fails the test with what it said."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        process.kill()
        said = b"".join(part for part in (error.stdout, error.stderr) if isinstance(part, bytes))
        raise AssertionError(f"{process.args} goes on after {PATIENCE} seconds; it said: {said!r}") from None
    return Ran(process.returncode, out, _SLOW_REMOTE.sub("", err))


def heard(process: subprocess.Popen[str]) -> str:
    """The next line that a command line says, while it goes on."""
    assert process.stderr is not None
    while True:
        assert select.select([process.stderr], [], [], PATIENCE)[0], f"{process.args} says nothing"
        line = process.stderr.readline()
        if not _SLOW_REMOTE.match(line):
            return line


def is_alive(process: int) -> bool:
    """Return whether a process runs; one that waits for its parent to look does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Repo:
    """A real git repository with the real command line. Every action writes its change id into `actions.log`.

    folder: that of the project; top, root: where the repository is, and the project in it; place: of its runs.
    """

    def __init__(self, root: Path, *, init: bool = True, folder: str = FOLDER) -> None:
        self.top, self.folder, self.root = root, folder, root / folder
        self.branch = f"stagectl/{folder}/applied" if folder else "stagectl/applied"
        self.place = root / ".git/stagectl" / (f"projects/{folder}/@" if folder else "")
        if init:
            root.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(_template(_git_environment(), folder), root, symlinks=True)  # half the time of six gits
            self.git("update-index", "-q", "--refresh")

    def begin_with_git(self) -> Repo:
        """Make a folder a repository of git with an identity, and no more, as an author does."""
        self.root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "init", "-q", "-b", "main"], cwd=self.top, check=True)
        self.git("config", "user.name", "Ada")
        self.git("config", "user.email", "ada@example.com")
        return self

    def begin_empty(self) -> Repo:
        """Set up what every repository of the tests begins with."""
        self.begin_with_git()
        if self.folder:
            self.write("stagectl.yaml", "# a project\n")
        self.git("config", "maintenance.auto", "false")  # half of what a commit takes
        self.kind("service", actions=("run", "update", "remove", "restart", "test"))
        self.kind("plain", actions=())
        self.write(".gitignore", "actions.log\nfail\n").commit()
        return self

    # --- files and git

    def write(self, path: str, text: str) -> Repo:
        target = (self.top if path.startswith(".git/") else self.root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return self

    def read(self, path: str) -> str:
        return ((self.top if path.startswith(".git/") else self.root) / path).read_text(encoding="utf-8")

    def delete(self, *names: str) -> Repo:
        for name in names:
            (self.root / f"resources/{name}.yaml").unlink()
        return self

    def git(self, *arguments: str, check: bool = True) -> str:
        is_meant = bool(FOLDER) and self.folder == FOLDER
        if is_meant and arguments[0] not in ("init", "clone"):
            self.root.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["git", *(self._in_folder(arguments) if is_meant else arguments)],
            cwd=self.root if self.root.is_dir() else self.top,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert not check or done.returncode == 0, f"git {arguments}: {done.stderr}"
        # Porcelain has paths from the top folder.
        return (
            re.sub(rf"(?m)^(.. ){FOLDER}/", r"\1", done.stdout) if is_meant and "status" in arguments else done.stdout
        )

    def refs(self) -> Dict[str, str]:
        """The commit that each ref names, read without a process: a walk asks after every step."""
        place = self.top / ".git" if (self.top / ".git").is_dir() else self.top
        packed = place / "packed-refs"
        lines = packed.read_text().splitlines() if packed.exists() else []
        found = {ref: oid for oid, _, ref in (line.partition(" ") for line in lines if line[0] not in "#^")}
        for folder, _, files in os.walk(place / "refs"):
            for path in (Path(folder) / file for file in files):
                found[str(path.relative_to(place))] = path.read_text().strip()
        return {ref: oid for ref, oid in found.items() if " " not in oid}  # without what names another ref

    def texts(self, commit: str) -> Dict[str, str]:
        """The files of a commit by path; none where there is no such commit."""
        done = subprocess.run(["git", "archive", commit], cwd=self.root, capture_output=True, timeout=PATIENCE)
        if done.returncode:
            return {}
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            files = {member.name: archive.extractfile(member) for member in archive}
            return {path: file.read().decode() for path, file in files.items() if file is not None}

    def _in_folder(self, arguments: Sequence[str]) -> List[str]:
        """A command line of a test that names paths and refs of a project in the top folder, for one in FOLDER."""
        places = {str(self.root): str(self.top), self.root.as_uri(): self.top.as_uri(), ".": str(self.top)}
        is_elsewhere = arguments[0] in ("clone", "fetch", "pull", "push", "remote")
        words = [places.get(word, word) for word in arguments] if is_elsewhere else list(arguments)
        words = [re.sub(r"\bstagectl/applied\b", APPLIED, word) for word in words]
        words = [re.sub(r"\brefs/stagectl/lock\b", LOCK, word) for word in words]
        own = r":(?=(\.staged|\.applied|\.applied-index|kinds|resources|stagectl\.yaml|bin|files)(/|$))"
        words = [re.sub(r"^:(?=\w+$)", ":./", word) for word in words] if arguments[0] == "show" else words
        return ["-c", "diff.relative=true", *(re.sub(own, ":./", word, count=1) for word in words)]

    def shell(self, line: str) -> None:
        """Run a line that was printed, as one pastes it into a shell in the top folder."""
        subprocess.run(["sh", "-e", "-c", line], cwd=self.top, check=True, timeout=PATIENCE)

    def commit(self, message: str = "work") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def kind(self, name: str, *, actions: Sequence[str] = ("run", "update", "remove"), **more: Any) -> Repo:
        """Write a kind; its actions log their change id, and fail if the file `fail` names it."""
        script = (
            'id="$STAGECTL_RESOURCE.$STAGECTL_ACTION"; '
            'if [ -f fail ] && grep -qxF "$id" fail; then echo "no luck with $id"; exit 3; fi; '
            'echo "$id" >> actions.log'
        )
        raw = {"actions": {action: ["sh", "-c", script] for action in actions}, **more}
        return self.write(f"kinds/{name}.yaml", json.dumps(raw, indent=1) + "\n")

    def define(self, name: str, kind: str = "service", tags: Sequence[str] = (), **body: Any) -> Repo:
        """Write a definition; depends_on, react_on and unordered as they stand in the body."""
        lines = ["---", f"kind: {kind}", f"tags: {json.dumps(list(tags))}", "---", json.dumps(body, indent=1)]
        return self.write(f"resources/{name}.yaml", "\n".join(lines) + "\n")

    def fail(self, *changes: str) -> Repo:
        """Make these changes fail from now on."""
        return self.write("fail", "".join(f"{change}\n" for change in changes))

    def log(self) -> List[str]:
        """The actions that ran, in order."""
        path = self.root / "actions.log"
        return path.read_text().split() if path.exists() else []

    # --- the command line

    def run(self, *arguments: str, env: Optional[Mapping[str, str]] = None, cwd: Optional[Path] = None) -> Ran:
        """Run one command line in a process of its own where the environment matters, else here, which is faster."""
        arguments = tuple(re.sub(r"^stagectl/applied\b", APPLIED, word) for word in arguments)
        if env is None and threading.current_thread() is threading.main_thread():
            done = _in_process(arguments, cwd or self.root)
            if arguments[0] in LOOKING and "STAGECTL_CACHE" not in os.environ and FULL:
                with mock.patch.dict(os.environ, STAGECTL_CACHE="off"):
                    assert done == _in_process(arguments, cwd or self.root), "the same with and without the cache"
            return done
        return ended(self.begin(*arguments, env=env, cwd=cwd))

    def begin(
        self, *arguments: str, env: Optional[Mapping[str, str]] = None, cwd: Optional[Path] = None, group: bool = False
    ) -> subprocess.Popen[str]:
        """Start one command line in a process of its own; group: with all that it starts, as a terminal does it."""
        return subprocess.Popen(
            [sys.executable, "-m", "stagectl", *arguments],
            cwd=cwd or self.root,
            env={
                **os.environ,
                **(env or {}),
                "PYTHONPATH": os.pathsep.join([str(ROOT), (env or {}).get("PYTHONPATH", "")]),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=group,
        )

    def ok(self, *arguments: str, **more: Any) -> Ran:
        """Run a command that has to succeed."""
        done = self.run(*arguments, **more)
        assert done.code == 0, f"stagectl {arguments} exited {done.code}: {done.out}{done.err}"
        return done

    def stage(self, *arguments: str) -> Repo:
        self.ok("stage", *arguments, "--allow-empty")
        return self

    def plan(self, *arguments: str) -> Plan:
        return Plan(self.ok("plan", "--format", "json", *arguments).json())

    def apply(self, *arguments: str) -> Ran:
        return self.run("apply", "--yes", *arguments)

    def apply_all(self) -> Repo:
        """Stage and apply everything there is; the log of actions starts anew."""
        self.commit()
        self.ok("stage", "--allow-empty")
        self.ok("apply", "--yes")
        (self.root / "actions.log").unlink(missing_ok=True)
        return self

    def applied(self, name: str) -> Any:
        """The applied state of a resource without what its file says, None if it has none."""
        text = self.git("show", f"{self.branch}:./.applied/{name}.json", check=False)
        return {key: value for key, value in json.loads(text).items() if key != "written"} if text else None


def record(repo: Repo) -> Repo:
    """Stage everything and record it as applied: a quick way to a live world."""
    repo.commit()
    repo.ok("stage")
    repo.ok("apply", "--yes", "--record-only")
    return repo


def put_stagectl_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the stagectl of this source tree a program, `folder`/bin/stagectl, that git and shells find."""
    program = folder / "bin" / "stagectl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m stagectl "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def _git_environment() -> Tuple[Tuple[str, str], ...]:
    """What decides how git makes a repository; where it keeps the config of a person, that config."""
    config = Path(os.environ.get("GIT_CONFIG_GLOBAL", os.devnull))
    found = {key: value for key, value in os.environ.items() if key.startswith("GIT_") and key != "GIT_CONFIG_GLOBAL"}
    found["config"] = config.read_text(encoding="utf-8") if config.is_file() else ""
    return tuple(sorted(found.items()))


_templates: Dict[Tuple[Tuple[Tuple[str, str], ...], str], Path] = {}
_made: Dict[Tuple[Callable[[Repo], Repo], str], Path] = {}  # by what fills a new repository, and its project
_TEMPORARY = tempfile.gettempdir()  # before any test says otherwise


def own_folder() -> Path:
    """A folder that goes with this process."""
    folder, owner = tempfile.mkdtemp(prefix="stagectl-template-", dir=_TEMPORARY), os.getpid()
    atexit.register(lambda: os.getpid() == owner and shutil.rmtree(folder, ignore_errors=True))  # no fork's end
    return Path(folder)


def made_once(fill: Callable[[Repo], Repo]) -> Callable[[Repo], Repo]:
    """Have a new repository filled once per process, and copied from then on: a tenth of what applying takes.

    For a fixture that hangs on nothing but the repository, and knows no path of it.
    """

    @functools.wraps(fill)
    def filled(repo: Repo) -> Repo:
        kept = _made.get((fill, repo.folder))
        if kept is None:
            kept = _made[fill, repo.folder] = own_folder() / "repo"
            shutil.copytree(fill(repo).top, kept, symlinks=True)
        else:
            shutil.rmtree(repo.top)
            shutil.copytree(kept, repo.top, symlinks=True)
            repo.git("update-index", "-q", "--refresh")
        return repo

    return filled


def _template(environment: Tuple[Tuple[str, str], ...], project: str) -> Path:
    """A repository to copy, one per process, environment of git and folder of the project."""
    if (environment, project) not in _templates:
        repo = Repo(own_folder() / "repo", init=False, folder=project).begin_empty()
        _templates[environment, project] = repo.top
    return _templates[environment, project]


def _in_process(arguments: Sequence[str], folder: Path) -> Ran:
    """Run one command line as the installed script does, with no operator at the keyboard."""
    out, err, before, stdin = io.StringIO(), io.StringIO(), os.getcwd(), sys.stdin
    os.chdir(folder)
    try:
        with open(os.devnull) as nobody, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            sys.stdin = nobody
            code = main(list(arguments))
    finally:
        sys.stdin = stdin
        os.chdir(before)
    return Ran(code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Plan:
    """A plan as its JSON says."""

    raw: Dict[str, Any]

    @property
    def ids(self) -> List[str]:
        return [change["id"] for change in self.raw["changes"]]

    @property
    def held(self) -> Dict[str, str]:
        return {held["id"]: held["reason"] for held in self.raw["held"]}

    @property
    def needs(self) -> Dict[str, List[str]]:
        return {held["id"]: held["needs"] for held in self.raw["held"]}

    def cause(self, identity: str) -> str:
        return str(self.change(identity)["cause"]["type"])

    def change(self, identity: str) -> Dict[str, Any]:
        return next(change for change in self.raw["changes"] if change["id"] == identity)

    def comes_before(self, earlier: str, later: str) -> bool:
        """Whether one change has to end before the other starts, directly or not."""
        after = {change["id"]: change["after"] for change in self.raw["changes"]}
        left, seen = [later], set()
        while left:
            for before in after[left.pop()]:
                if before not in seen:
                    seen.add(before)
                    left.append(before)
        return earlier in seen


def resource(name: str, kind: str = "service", tags: Sequence[str] = (), **body: Any) -> Resource:
    """A staged resource in memory; `actions` are its stamps, anything unknown makes its bytes differ."""
    actions = body.pop("actions", {})
    content = json.dumps([kind, list(tags), actions, body], sort_keys=False).encode()
    body.pop("note", None)
    front = {"kind": kind, "tags": list(tags), "actions": dict(actions), "moved_from": body.pop("moved_from", [])}
    return schema.resource(Name(name), [front, body], content, staged=True)


def kind(name: str, **more: Any) -> Kind:
    """A kind in memory."""
    from stagectl.core.schemas import settings

    return settings.kind(name, [more])
