"""Throw inputs at one of the readers: python -m tests.fuzz reader 1200

With atheris (`pip install atheris`, Python 3.11) by what code they reach; without it, blind changes of the seeds.
An input that breaks a promise is written to a file, and the run ends with its traceback.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Iterator, List

USAGE = "python -m tests.fuzz reader|references|selection|plan|journal SECONDS"


def changed(seeds: List[bytes], chance: random.Random) -> Iterator[bytes]:
    """Yield seeds with pieces of each other and bytes of chance put in, without end."""
    while True:
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 6)):
            at, end = sorted(chance.randint(0, len(data)) for _ in range(2))
            other = chance.choice(seeds)
            start = chance.randint(0, len(other))
            piece = chance.choice([b"", other[start : start + chance.randint(1, 30)], _bytes(chance)])
            data[at : min(end, at + chance.randint(0, 20))] = piece
        yield bytes(data)


def _bytes(chance: random.Random) -> bytes:
    return bytes(chance.randrange(256) for _ in range(chance.randint(1, 4)))  # randbytes came with Python 3.9


def blind(name: str, seconds: float) -> None:
    from tests.fuzz.targets import TARGETS

    target, seeds = TARGETS[name]
    end, count = time.monotonic() + seconds, 0
    for data in changed(seeds(), random.Random(0)):
        if time.monotonic() > end:
            break
        try:
            target(data)
        except BaseException:
            Path(f"crash-{name}").write_bytes(data)
            print(f"after {count} inputs; the next is in crash-{name}: {data!r}")
            raise
        count += 1
    print(f"{name}: {count} inputs")


def guided(name: str, seconds: int, folder: Path) -> None:
    import atheris

    with atheris.instrument_imports(include=["stagectl", "ruamel", "lark"]):
        from tests.fuzz.targets import TARGETS
    target, seeds = TARGETS[name]
    corpus = folder / f"corpus-{name}"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        "-print_final_stats=1",
        "-max_len=2000",
        "-timeout=60",
        "-rss_limit_mb=1500",
    ]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/{name}-", str(corpus)], target)
    atheris.Fuzz()


def main() -> None:
    if len(sys.argv) < 3:
        raise SystemExit(USAGE)
    name, seconds = sys.argv[1], int(sys.argv[2])
    try:
        import atheris  # noqa: F401
    except ImportError:
        blind(name, seconds)
    else:
        guided(name, seconds, Path(sys.argv[3] if len(sys.argv) > 3 else "build/fuzz"))


if __name__ == "__main__":
    main()
