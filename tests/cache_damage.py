"""Damages to the cache, chosen by chance: what is planned with it has to be what is planned without it."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Callable, List
from unittest import mock

from tests.build import Repo

Harm = Callable[[random.Random, bytes, bytes], bytes]  # chance, the file, another author's file -> the damaged file


def truncated(chance: random.Random, data: bytes, other: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def zero_page(chance: random.Random, data: bytes, other: bytes) -> bytes:
    return _zeroed(data, chance.randrange(0, len(data), 4096), 4096)


def zero_bytes(chance: random.Random, data: bytes, other: bytes) -> bytes:
    return _zeroed(data, chance.randrange(len(data)), 100)


def flipped_bits(chance: random.Random, data: bytes, other: bytes) -> bytes:
    found = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 8, 100])):
        found[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(found)


def foreign(chance: random.Random, data: bytes, other: bytes) -> bytes:
    return other


def half_foreign(chance: random.Random, data: bytes, other: bytes) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + other[at:]


def _zeroed(data: bytes, at: int, size: int) -> bytes:
    return data[:at] + bytes(min(size, len(data) - at)) + data[at + size :]


HARMS: List[Harm] = [truncated, zero_page, zero_bytes, flipped_bits, foreign, half_foreign]


def edited(root: Path, port: int) -> Repo:
    """Enough resources that an index has many pages; some of them edited since all was applied, one not staged."""
    repo = Repo(root)
    repo.define("db", inputs={"port": port})
    for number in range(60):
        repo.define(f"app/a{number}", inputs={"db": "${db.port}" if number % 3 else port, "text": f"{number} " * 30})
    repo.apply_all()
    repo.define("db", inputs={"port": port + 1}).define("app/a0", inputs={"db": 7}).stage()
    repo.define("app/a3", inputs={"db": 8})
    repo.run("status")
    repo.run("plan")
    return repo


class Damages:
    """One repository whose cache is damaged again and again. wrong: what was said otherwise than without a cache."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._chance, self._folder = random.Random(seed), folder
        self._repo, self._other = edited(folder / "repo", 1), edited(folder / "other", 5)
        self._cache = self._repo.root / ".git/stagectl/cache"
        shutil.copytree(self._cache, folder / "cache")
        with mock.patch.dict(os.environ, STAGECTL_CACHE="off"):
            self._expected = self._reported()
        self.done, self.wrong = 0, []

    def _reported(self) -> object:
        return self._repo.run("plan", "--format", "json"), self._repo.run("status")

    def damage(self) -> None:
        """Make one damage, and ask."""
        with mock.patch("tests.build.FULL", False):
            shutil.rmtree(self._cache)
            shutil.copytree(self._folder / "cache", self._cache)
            self._reported()  # takes note of the files as they are now
            path = self._chance.choice(sorted(path for path in self._cache.iterdir() if path.stat().st_size))
            harm, before = self._chance.choice(HARMS), path.stat()
            others = sorted(self._other.root.glob(f".git/stagectl/cache/*{path.suffix}"))
            path.write_bytes(harm(self._chance, path.read_bytes(), self._chance.choice(others).read_bytes()))
            if self._chance.random() < 0.5:
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            self.done += 1
            if self._reported() != self._expected or self._reported() != self._expected:
                self.wrong.append(f"{harm.__name__} of {path.name}")
