"""Reading and writing files: each is written whole or not at all, and in a repository through no link."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, Iterator, Mapping, Optional, Sequence, Union

from stagectl.core.errors import StagectlError
from stagectl.core.model import LARGEST_STATE
from stagectl.version import __version__

_PAUSE = 0.05  # seconds between two tries to lock a file


def content_of(path: Path) -> Optional[bytes]:
    """Return a file's bytes, None if there is none; a link is not followed, and no writer is waited for."""
    return read_file(path, -1) if os.path.lexists(path) else None


def read_file(path: Path, most: int) -> bytes:
    """Return a file's first bytes (-1: all); a link swapped in is not followed, and no writer is waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most)


def open_file(path: Union[Path, str], links: int = os.O_NOFOLLOW) -> BinaryIO:
    """Return a file, open to be read; raises OSError for a link (unless links=0), and for what may have no end."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | links), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError("it is no regular file")
    return file


def append(path: Path, data: bytes) -> None:
    """Add to the end of a file that no other user may read; it is made if it is not there."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
        file.write(data)


def remember(path: Path, value: Any) -> None:
    """Keep what can be made again at any time for `recall`, as JSON under a digest of it, its name and our version."""
    text = json.dumps(value, sort_keys=True)
    data = f"{_seal(path, text)}\n{text}".encode()
    with suppress(OSError):
        if content_of(path) != data:
            path.parent.mkdir(exist_ok=True)
            write_all(path.parent, {path.name: data})


def recall(path: Path) -> Any:
    """Return what this version's `remember` kept, None where that is not there, or not whole: it is believed."""
    try:
        seal, _, text = read_file(path, LARGEST_STATE).decode().partition("\n")
        return json.loads(text) if seal == _seal(path, text) else None
    except (OSError, ValueError):
        return None


def _seal(path: Path, text: str) -> str:
    return hashlib.sha256(f"{__version__} {path.name}\n{text}".encode()).hexdigest()


def write_all(root: Path, writes: Mapping[str, Optional[bytes]], making: Optional[Path] = None) -> None:
    """Write files below a folder; None deletes one, and the folders it leaves empty.

    making: the file as which each is made, out of sight if a kill leaves it, which no other process may use meanwhile;
    else each beside its place.
    Raises StagectlError where a folder on the way is a link or no folder: nothing is written elsewhere.
    """
    for path, content in writes.items():
        *folders, name = path.split("/")
        try:
            if content is None:
                _delete(root, folders, name)
            else:
                with _inside(root, folders, make=True) as folder:
                    _write(folder, name, content, making)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
            raise StagectlError(
                f"{path} cannot be written: a folder on the way is a link, or no folder", "put a folder in its place"
            ) from None


@contextmanager
def _inside(root: Path, folders: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """Open a folder below another step by step, so that no link can be put in the way meanwhile."""
    opened = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=opened)
            above, opened = opened, os.open(folder, os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=opened)
            os.close(above)
        yield opened
    finally:
        os.close(opened)


def _write(folder: int, name: str, content: bytes, making: Optional[Path] = None) -> None:
    temporary = f".stagectl-{os.urandom(8).hex()}"
    if making is not None and os.stat(making.parent).st_dev == os.fstat(folder).st_dev:  # else it cannot be renamed
        temporary = os.path.abspath(making)  # it may be as seen from here, and not from the other folder
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)  # what a kill left, perhaps of another user
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, 0o644)
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        raise


def try_lock(file: IO[Any], how: int = fcntl.LOCK_EX, seconds: float = 0.0) -> bool:
    """Lock a file until it is closed; return whether no other has it, or gave it up within some seconds."""
    end = time.monotonic() + seconds
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(file, how | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(_PAUSE)


def probe_lock(path: Path) -> bool:
    """Lock a file for the blink of an eye; return whether a process has it for itself."""
    try:
        with open_file(path) as file:
            return not try_lock(file, fcntl.LOCK_SH)
    except OSError:
        return False


def _delete(root: Path, folders: Sequence[str], name: str) -> None:
    with suppress(FileNotFoundError), _inside(root, folders) as folder:
        os.unlink(name, dir_fd=folder)
    for depth in reversed(range(len(folders))):
        try:
            with _inside(root, folders[:depth]) as folder:
                os.rmdir(folders[depth], dir_fd=folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return
            raise


def write_file(path: Path, content: bytes) -> None:
    """Write a file that the user named, so that it is there whole or not at all.

    Raises StagectlError for a link, a device or a pipe: it would be replaced, /dev/stdout for every process.
    """
    if os.path.lexists(path) and stat.S_IFMT(os.lstat(path).st_mode) not in (stat.S_IFREG, stat.S_IFDIR):
        raise StagectlError(f"{path} cannot be written: it is a link or special file", "choose another file")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_all(path.parent, {path.name: content})
