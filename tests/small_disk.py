"""A disk that is full, or has no inodes left: a small tmpfs, in a mount namespace of its own.

`python -m tests.small_disk CASE blocks 0 4 8` is started in the namespace (see `run`), and prints its figures as JSON.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, Sequence

import pytest

from tests.build import PATIENCE, ROOT, Ran
from tests.kill_calls import CASES, Expected, Figures, World

NAMESPACE = ["unshare", "--map-root-user", "--mount"]
SIZES = {"blocks": "size=24m", "inodes": "size=64m,nr_inodes=3000"}
PAGE = 4096


def run(case: str, what: str, left: Sequence[int]) -> Figures:
    """The figures of a case on a disk that has some pages, or inodes, left. Skips where no disk can be made."""
    if subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
        if os.environ.get("NEEDS_STRACE"):
            pytest.fail("no mount namespace can be made here")
        pytest.skip("needs a mount namespace (unshare)")
    with tempfile.TemporaryDirectory() as folder:
        command = [*NAMESPACE, sys.executable, "-m", "tests.small_disk", folder, case, what, *map(str, left)]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, "FULL": ""}, stdout=subprocess.PIPE,
            timeout=PATIENCE + 30 * len(left), check=True,
        )  # fmt: skip
    return Figures(**json.loads(done.stdout))


def fill(disk: Path, what: str, left: int) -> None:
    """Fill a disk but for some pages, or inodes."""
    ballast = disk / "ballast"
    ballast.mkdir()
    free = os.statvfs(disk)
    if what == "blocks":
        with (ballast / "file").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_frsize // PAGE - left, 1) * PAGE)
    else:
        for number in range(free.f_ffree - left):
            (ballast / str(number)).touch()


def disturb(begun: World, disk: Path, expected: Expected, arguments: Sequence[str], what: str, left: int) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", SIZES[what], "none", str(disk)], check=True)
    try:
        world = begun.copy(disk / "world")
        env = {**os.environ, **world.env(), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        fill(disk, what, left)
        done = subprocess.run(
            [sys.executable, "-m", "stagectl", *arguments], cwd=world.repo.root, env=env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        expected.figures.kills += 1
        ran = Ran(done.returncode, done.stdout, done.stderr)
        expected.check(world, f"{left} {what} left", ran, lambda: shutil.rmtree(disk / "ballast"))
    finally:
        os.chdir("/")
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # a git that answers stands in it


def main(folder: Path, name: str, what: str, left: Sequence[int]) -> Dict[str, object]:
    (case,) = [case for case in CASES if case.name == name]
    figures = Figures()
    begun = case.world(folder / "world")
    calm = begun.copy(folder / "calm")
    calm.repo.ok(*case.arguments)
    expected = Expected(case, begun, calm, figures)
    (folder / "disk").mkdir()
    for each in left:
        disturb(begun, folder / "disk", expected, case.arguments, what, each)
    return dataclasses.asdict(figures)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], [int(word) for word in sys.argv[4:]])))
