"""Names and places: what is no name is reported, what is no file not opened, nothing is read or written elsewhere."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

from stagectl.adapters import files
from stagectl.adapters.worktree import tree
from tests.build import Repo
from tests.hostile.conftest import Bounded, Measured

pytestmark = pytest.mark.once

FILE = "---\nkind: plain\ntags: []\n---\ninputs: {a: 1}\n"
NO_FILE = "a link or special file: only regular files are read here"
NO_NAME = "is no name for a resource or folder"

NAMES: Dict[str, str] = {
    "-rf": f"'-rf' {NO_NAME}",
    "--output=x": f"'--output=x' {NO_NAME}",
    "-": f"'-' {NO_NAME}",
    "CON": f"'CON' {NO_NAME}",
    "sub/aux": f"'aux' {NO_NAME}",
    "com1": f"'com1' {NO_NAME}",
    "a b": f"'a b' {NO_NAME}",
    "a\u200bb": "'a\\u200bb'",
    "a\u202eb": "'a\\u202eb'",
    "a\xadb": "'a\\u00adb'",
    "a\nb": "'a\\nb'",
    "a\x1b[2Jb": "'a\\u001b[2Jb'",
    "::error::x": f"'::error::x' {NO_NAME}",
    "$(id)": f"'$(id)' {NO_NAME}",
    "`id`": f"'`id`' {NO_NAME}",
    "a;id": f"'a;id' {NO_NAME}",
    "<b>": f"'<b>' {NO_NAME}",
    "аdmin": f"'аdmin' {NO_NAME}",  # the first letter is Cyrillic
    "a.b": f"'a.b' {NO_NAME}",
    "a/" * 70 + "b": "in more than 64 folders",
    "x" * 250: "",
}


_said: Dict[str, Measured] = {}  # one run serves all names


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("where", ["working tree", "commit"])
def test_what_is_no_name_is_reported(repo: Repo, bounded: Bounded, name: str, where: str) -> None:
    """
    In the working tree and in a commit, by the same words; the file's own path cannot act in the message either.
    """
    if where not in _said:
        for each in NAMES:
            repo.write(f".staged/{each}.yaml", FILE)
        commit = repo.commit()
        _said[where] = bounded(repo, "plan", *(["--head", commit] if where == "commit" else []))

    done = _said[where]

    assert done.code == 1 and NAMES[name] in done.err
    assert NAMES[name] or f"{name}.yaml" not in done.err
    assert not [line for line in done.err.splitlines() if line.startswith("::")]


def crafted(repo: Repo, entries: List[Tuple[str, str, str]]) -> str:
    """A commit whose tree has entries that git itself would refuse: (mode, name, object)."""

    def tree_of(rows: List[Tuple[str, str, str]]) -> str:
        data = b"".join(mode.encode() + b" " + name.encode() + b"\0" + bytes.fromhex(oid) for mode, name, oid in rows)
        command = ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"]
        return (
            subprocess.run(command, cwd=repo.root, input=data, capture_output=True, check=True).stdout.decode().strip()
        )

    kinds = repo.git("rev-parse", "HEAD:kinds").strip()
    top = tree_of([("40000", ".staged", tree_of(entries)), ("40000", "kinds", kinds)])
    return repo.git("commit-tree", "-m", "x", top).strip()


CRAFTED = {
    "the folder above": ("..", "100644"),
    "the folder itself": (".", "100644"),
    "git's own folder": (".git", "100644"),
    "a path in a name": ("../../../tmp/x.yaml", "100644"),
    "an absolute path": ("/etc/passwd.yaml", "100644"),
    "a link": ("x.yaml", "120000"),
    "another repository": ("x.yaml", "160000"),
    "an option": ("--output=x.yaml", "100644"),
    "a line end": ("x\n::error::y.yaml", "100644"),
    "no UTF-8": ("x\udcff.yaml", "100644"),
}


@pytest.mark.parametrize("what", CRAFTED)
def test_a_tree_that_git_would_not_make(repo: Repo, bounded: Bounded, what: str) -> None:
    """
    Read with --head it is refused, or what it has there is no resource; nothing is made of it, anywhere.
    """
    name, mode = CRAFTED[what]
    blob = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=repo.root, input=FILE.encode(), capture_output=True, check=True
    ).stdout.decode()
    name = name.encode("utf-8", "surrogateescape").decode("latin-1") if "\udcff" in name else name
    commit = crafted(repo, [(mode, name, blob.strip())])

    done = bounded(repo, "plan", "--head", commit, "--format", "json")

    assert done.code == 1 or '"changes": []' in done.out, done.out


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    before = os.getcwd()
    os.chdir(path.parent)  # a path of more than 100 characters is none for a socket
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(before)


def device(path: Path) -> None:
    try:
        os.mknod(path, 0o666 | 0o020000, os.makedev(1, 5))
    except PermissionError:  # who may not make one links to one
        os.symlink("/dev/zero", path)


def link(target: str) -> Callable[[Path], None]:
    return lambda path: os.symlink(target, path)


THINGS: Dict[str, Callable[[Path], None]] = {
    "a pipe": fifo,
    "a socket": listening,
    "a device": device,
    "a link to a device": link("/dev/zero"),
    "a link out": link("/etc/passwd"),
    "a link to a folder": link("/etc"),
    "a link to itself": link("x.yaml"),
    "a link to nothing": link("nowhere"),
}
FILES = (".staged/x.yaml", "kinds/x.yaml", "resources/x.yaml", "stagectl.yaml")
FOLDERS = (".staged", "kinds", "resources")


@pytest.mark.parametrize("what", THINGS)
def test_what_is_no_file_is_not_opened(repo: Repo, bounded: Bounded, what: str) -> None:
    """
    A pipe would never end, and a link leads elsewhere: each is reported with its path.
    """
    for path in FILES[:3]:
        (repo.root / path).parent.mkdir(exist_ok=True)
        THINGS[what](repo.root / path)

    assert "".join(f"{path}:1:1: {NO_FILE}\n" for path in FILES[:3]) == bounded(repo, "validate").err

    THINGS[what](repo.root / FILES[3])
    assert f"{FILES[3]}:1:1: {NO_FILE}\n" in bounded(repo, "plan").err


@pytest.mark.parametrize("what", THINGS)
def test_what_is_no_folder_is_not_looked_into(repo: Repo, bounded: Bounded, what: str) -> None:
    """
    In the place of each folder that is read.
    """
    (repo.root / "kinds").rename(repo.root / "moved")
    for path in FOLDERS:
        THINGS[what](repo.root / path)

    assert "".join(f"{path}:1:1: {NO_FILE}\n" for path in FOLDERS) == bounded(repo, "validate").err


def test_a_root_below_a_link_is_refused(repo: Repo, bounded: Bounded, tmp_path: Path) -> None:
    """
    `roots: [a/b]` where `a` is a link: the folder that is meant is another one.
    """
    Repo(tmp_path / "other").write("b/x.yaml", FILE)
    os.symlink(tmp_path / "other", repo.root / "a")
    repo.write("stagectl.yaml", "roots: [a/b]\n")

    assert f"a:1:1: {NO_FILE}\n" == bounded(repo, "validate").err


def test_attributes_that_lead_to_a_device_are_not_read(repo: Repo, bounded: Bounded) -> None:
    """
    git does not follow such a link, and neither does what looks for line ends.
    """
    repo.define("a").stage()
    for folder in ("", "kinds/", ".staged/"):
        os.symlink("/dev/zero", repo.root / f"{folder}.gitattributes")

    for _ in range(2):
        assert bounded(repo, "plan").code == 0
    repo.commit()
    assert bounded(repo, "plan").code == 0


def test_a_link_swapped_in_while_staging_writes_nothing_elsewhere(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Just before the first write `.staged` becomes a link: the command fails, and the other folder stays empty.
    """
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    repo.define("prod/a").stage().define("prod/a", inputs={"x": 1})
    real = files.write_all

    def swapped(root: Path, writes: Dict[str, bytes], making: Path) -> None:
        if not (repo.root / ".staged").is_symlink():
            (repo.root / ".staged").rename(repo.root / "moved")
            os.symlink(elsewhere, repo.root / ".staged")
        real(root, writes, making)

    monkeypatch.setattr(files, "write_all", swapped)
    done = repo.run("stage")

    assert (1, []) == (done.code, list(elsewhere.iterdir()))
    assert "error: .staged/prod/a.yaml cannot be written: a folder on the way is a link, or no folder\n" in done.err


def test_a_link_swapped_in_for_a_file_is_not_followed(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The file was one when the folder was listed; what is opened then is a link, and is not read.
    """
    (tmp_path / "secret.yaml").write_text("secret")
    repo.define("a").stage()
    path = repo.root / "resources/a.yaml"
    real = tree.read_file

    def swapped(wanted: Path, most: int) -> bytes:
        if wanted == path:
            path.unlink()
            os.symlink(tmp_path / "secret.yaml", path)
        return real(wanted, most)

    monkeypatch.setattr(tree, "read_file", swapped)
    done = repo.run("validate")

    assert (1, "resources/a.yaml:1:1: cannot be read: Too many levels of symbolic links\n") == (done.code, done.err)


@pytest.mark.parametrize("folder", [".stagectl", "kinds", "resources"])
def test_setting_up_writes_through_no_link(tmp_path: Path, folder: str) -> None:
    """
    `init` and `schema --write` where a folder of ours is a link to another author's.
    """
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    repo = Repo(tmp_path / "new", init=False)
    repo.root.mkdir()
    repo.git("init", "-q")
    os.symlink(elsewhere, repo.root / folder)

    repo.run("init")
    repo.run("schema", "--write")

    assert [] == list(elsewhere.iterdir())
