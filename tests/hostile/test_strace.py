"""Planning, watched by the kernel: it runs git and nothing else, reads no user's files, writes to its cache alone."""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Set

import pytest

from tests.build import PATIENCE, ROOT, Repo

STRACE = shutil.which("strace")
pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(
        STRACE is None and "NEEDS_STRACE" not in os.environ, reason="Debian's package strace is not installed"
    ),
]

CALLS = (
    "execve,execveat,open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,unlink,unlinkat,"
    "rmdir,link,linkat,symlink,symlinkat,truncate,chmod,fchmodat,socket,connect"
)
_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (\d+)(?:<(.*)>)?$")
_PATH = re.compile(r'(?:<([^<>]*)>, )?"((?:[^"\\]|\\.)*)"')


class Seen(NamedTuple):
    """What a command did: programs it ran, files it read, files and folders it wrote, made or removed; sockets."""

    ran: Set[str]
    read: Set[str]
    written: Set[str]
    sockets: Set[str]


def watched(repo: Repo, trace: Path, *arguments: str) -> Seen:
    """Run a command line under strace; it has to succeed."""
    assert STRACE is not None, "install strace"
    options = ["-f", "-qq", "-y", "-s", "4096", "-o", str(trace), "-e", f"trace={CALLS}"]
    done = subprocess.run(
        [STRACE, *options, sys.executable, "-B", "-m", "stagectl", *arguments],
        cwd=repo.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = Seen(set(), set(), set(), set())
    for line in trace.read_text(errors="replace").splitlines():
        match = _CALL.match(line)
        if match:
            note(seen, *match.groups(), str(repo.root))
    return seen


def note(seen: Seen, call: str, words: str, result: str, opened: str, folder: str) -> None:
    """Add one call that succeeded to what was seen."""
    paths = [os.path.normpath(os.path.join(above or folder, path)) for above, path in _PATH.findall(words)]
    if call.startswith("exec"):
        seen.ran.update(os.path.realpath(path) for path in paths[:1])
    elif call in ("socket", "connect"):
        seen.sockets.add(words)
    elif call in ("open", "openat", "openat2") and not re.search("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", words):
        seen.read.add(opened)
    else:
        seen.written.update([opened] if opened else paths)


def ours() -> List[str]:
    """Where Python, git, the system's libraries and this package are."""
    git = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    python = [sys.prefix, sys.base_prefix, sys.exec_prefix, *site.getsitepackages(), *sysconfig.get_paths().values()]
    python += [folder for folder in sys.path if folder.endswith("site-packages")]  # an environment may use another's
    system = ["/lib", "/lib64", "/usr/lib", "/usr/share/locale", "/usr/share/git-core", "/usr/share/zoneinfo"]
    system += ["/proc", "/sys/devices/system/cpu", "/sys/fs/cgroup", "/dev/null", "/dev/urandom", "/etc/ld.so.cache"]
    more = ["/etc/localtime", "/etc/gitconfig", "/etc/gitattributes", "/etc/ssl/openssl.cnf", "/etc/locale.alias"]
    folders = [*python, *system, *more, git, str(ROOT), os.environ["HOME"]]
    return [*folders, *map(os.path.realpath, folders)]


def outside(paths: Set[str], *inside: str) -> List[str]:
    """The paths that are in none of some folders."""
    return sorted(
        path for path in paths if not any(path == folder or path.startswith(f"{folder}/") for folder in inside)
    )


EVIL: Dict[str, str] = {  # key of git's config -> a value in which {} is the program
    "core.fsmonitor": "{}",
    "core.pager": "{}",
    "pager.log": "{}",
    "pager.status": "{}",
    "core.editor": "{}",
    "core.sshCommand": "{}",
    "core.gitProxy": "{}",
    "core.askPass": "{}",
    "core.alternateRefsCommand": "{}",
    "core.hooksPath": "hooks",
    "credential.helper": "{}",
    "diff.external": "{}",
    "diff.evil.command": "{}",
    "diff.evil.textconv": "{}",
    "filter.evil.clean": "{}",
    "filter.evil.smudge": "{}",
    "filter.evil.process": "{}",
    "filter.evil.required": "true",
    "filter.Other One.clean": "{}",
    "merge.evil.driver": "{}",
    "gpg.program": "{}",
    "gpg.ssh.program": "{}",
    "log.showSignature": "true",
    "trailer.x.command": "{}",
    "trailer.x.cmd": "{}",
    "interactive.diffFilter": "{}",
    "uploadpack.packObjectsHook": "{}",
    "remote.origin.uploadpack": "{}",
    "remote.origin.vcs": "evil",
    "remote.origin.promisor": "true",
    "remote.origin.partialclonefilter": "blob:none",
    "remote.origin.url": "ext::{} %S",
    "protocol.ext.allow": "always",
    "alias.log": "!{}",
    "alias.status": "!{}",
    "alias.ls-tree": "!{}",
    "alias.diff-index": "!{}",
    "alias.cat-file": "!{}",
    "submodule.recurse": "true",
    "status.submoduleSummary": "true",
    "diff.submodule": "log",
    "init.templateDir": "/etc",
    "web.browser": "{}",
    "sequence.editor": "{}",
}
HOOKS = ("post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc", "pre-commit")


@pytest.fixture
def hostile(repo: Repo, tmp_path: Path) -> Iterator[Repo]:
    """A repository with an edit that is staged, in which all that git may be set up to run is set up."""
    marker = tmp_path / "ran"
    program = tmp_path / "evil"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> "{marker}"\ncat\n')
    program.chmod(0o755)
    signer = tmp_path / "signer"
    lines = ["cat > /dev/null", "echo '-----BEGIN PGP SIGNATURE-----'", "echo '[GNUPG:] SIG_CREATED ' >&2"]
    signer.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    signer.chmod(0o755)
    repo.git("config", "gpg.program", str(signer)).join(repo.git("config", "commit.gpgSign", "true"))
    repo.define("db", inputs={"v": 1}).define("app", inputs={"p": "${db.v}"}).apply_all()
    repo.git("config", "commit.gpgSign", "false").join(repo.git("commit", "-q", "--amend", "-m", "another"))
    repo.define("db", inputs={"v": 2}).stage()
    repo.write("stagectl.yaml", "executor: dask\nscheduler: tls://192.0.2.1:8786\n")
    repo.kind("odd", handler="no-such-plugin").kind("python", handler="python", actions=())
    repo.write("conftest.py", "raise SystemExit('imported')").write("git.py", "raise SystemExit('imported')")
    repo.write(".gitattributes", "* filter=evil diff=evil merge=evil\n")
    commit = repo.write("kinds/.gitattributes", "* filter=evil\n").commit()
    inner = repo.root / "kinds/.inner"  # a submodule, which git would look into
    shutil.copytree(repo.root, tmp_path / "inner")
    (tmp_path / "inner").rename(inner)
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},kinds/.inner")
    repo.git("commit", "-q", "-m", "a submodule")
    for folder in (repo.root, inner):
        (folder / "hooks").mkdir()
        for name in HOOKS:
            for hooks in (folder / ".git/hooks", folder / "hooks"):
                shutil.copy(program, hooks / name)
        for key, value in EVIL.items():
            subprocess.run(["git", "config", key, value.format(program)], cwd=folder, check=True)
    subprocess.run(["git", "config", "filter.inner.clean", str(program)], cwd=inner, check=True)
    (inner / ".gitattributes").write_text("* filter=inner\n")
    os.utime(inner / "kinds/plain.yaml", (1, 1))
    yield repo
    assert not marker.exists(), marker.read_text()


COMMANDS = {
    "a plan": ["plan"],
    "of a commit": ["plan", "--head", "HEAD", "--format", "json"],
    "against a commit": ["plan", "--base", "HEAD~1", "--format", "markdown"],
    "with the lines": ["plan", "--format", "github"],
    "of tags": ["plan", "-t", "x"],
    "beside other branches": ["plan", "--against", "main"],
    "with a reason": ["plan", "--explain", "db"],
    "as a page": ["plan", "--format", "html"],
    "status": ["status"],
}


@pytest.mark.parametrize("what", COMMANDS)
def test_planning_runs_nothing_but_git(hostile: Repo, tmp_path: Path, what: str) -> None:
    """
    With everything set up that git might run, files that look edited, and a submodule; with nothing kept from before,
    and again: no other program, no file of another user's, nothing written but to the cache, no socket.
    """
    if what == "of tags":
        hostile.define("db", tags=["x"], inputs={"v": 2})
        subprocess.run(["git", "config", "core.fsmonitor", "false"], cwd=hostile.root, check=True)
        staged = hostile.root / ".staged/db.yaml"
        staged.write_text(staged.read_text().replace("tags: []", "tags: [x]"))
    for _ in range(2):
        for path in (hostile.root / ".staged").glob("*.yaml"):
            os.utime(path, (1, 1))
        seen = watched(hostile, tmp_path / "trace", *COMMANDS[what])

        programs = {os.path.realpath(str(shutil.which("git"))), os.path.realpath(sys.executable)}
        git = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
        assert [] == outside(seen.ran, *programs, git)
        assert [] == outside(seen.read, *ours(), str(hostile.root))
        assert [] == outside(seen.written, str(hostile.root / ".git/stagectl"), "/dev/null", "/dev/tty")
        assert set() == seen.sockets
