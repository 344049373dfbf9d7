"""A repository of N staged resources, the same for the same seed: layers that read each other, in two-level folders.

Nine layers; each resource but those of the first reads two of the layer before, and what it shows contains what
they show, so that a change goes down to all descendants: about a hundred of a random resource.
"""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

LAYERS = 9
KINDS = 4
IN_FOLDER = 320  # resources in one folder of the second level: 18 * 18 folders at 100,000

_KIND = """\
inputs:
  type: object
  required: [image, port]
  properties:
    image: {type: string}
    port: {type: integer, minimum: 1, maximum: 65535}
handler: none
"""


def names(count: int) -> List[str]:
    """Return the names of all resources, in order of their layers."""
    folders = max(1, round((count / IN_FOLDER) ** 0.5))
    return [f"team{i % folders}/site{i // folders % folders}/r{i}" for i in range(count)]


def parents(count: int, seed: int) -> List[Tuple[int, ...]]:
    """Return for each resource the two that it reads, none in the first layer."""
    chance = random.Random(seed)
    size = count // LAYERS
    found: List[Tuple[int, ...]] = []
    for index in range(count):
        layer = min(index // size, LAYERS - 1)
        start = (layer - 1) * size
        found.append(tuple(chance.randrange(start, start + size) for _ in range(2)) if layer else ())
    return found


def text_of(index: int, name: Sequence[str], read: Tuple[int, ...], mark: str, more: str = "") -> str:
    """Return a staged file; *mark* is what it adds to what its parents show, *more* stands in its front matter."""
    trail = "".join("${" + name[parent] + ".trail}" for parent in read)
    return f"""\
---
kind: kind{index % KINDS}
tags: [{("prod", "staging")[index % 2]}, team={index % 7}]
{more}---
# Owned by team {index % 7}; ask them before you change the port.
inputs:
  image: registry.example/app{index % 50}:1.{index % 9}
  port: {8000 + index % 1000}
  replicas: {index % 5 + 1}
  trail: "{trail}{mark}"
  resources:
    cpu: 250m
    memory: {64 * (index % 8 + 1)}Mi
  env:
    - name: LOG_LEVEL
      value: info
    - name: REGION
      value: eu-{index % 3}
  # probes
  probes:
    path: /healthz
    seconds: {index % 30 + 1}
  labels:
    app: app{index % 50}
    tier: web
"""


def files(count: int, seed: int = 7, definitions: bool = False) -> Dict[str, str]:
    """Return every file of the repository by its path; definitions: whether what is staged was copied from some.

    Something stands before `.staged/`, as what `stagectl init` writes does: else `git diff-index` (2.39) looks through
    all that it was asked about for each file that it was not (`mark_ce_used` in git's unpack-trees.c).
    """
    name, read = names(count), parents(count, seed)
    found = {f"kinds/kind{index}.yaml": _KIND for index in range(KINDS)}
    found[".gitignore"] = "*.log\n"
    for i in range(count):
        more = f"source: resources/{name[i]}.yaml\n" if definitions else ""
        found[f".staged/{name[i]}.yaml"] = text_of(i, name, read[i], f"{i % 90 + 10}", more)
        if definitions:
            found[f"resources/{name[i]}.yaml"] = text_of(i, name, read[i], f"{i % 90 + 10}")
    return found


def generate(root: Path, count: int, seed: int = 7, definitions: bool = False) -> None:
    """Write and commit the repository, and record everything as applied."""
    root.mkdir(parents=True)
    _git(root, "init", "-q", "-b", "main")
    for key, value in (("user.name", "Bench"), ("user.email", "bench@example.com"), ("gc.auto", "0")):
        _git(root, "config", key, value)
    for path, text in files(count, seed, definitions).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    _git(root, "add", "-A")
    _git(root, "commit", "-q", "-m", f"{count} resources")
    stagectl = [sys.executable, "-m", "stagectl"]
    subprocess.run([*stagectl, "apply", "--record-only", "--yes"], cwd=root, check=True, stdout=subprocess.DEVNULL)
    _git(root, "repack", "-adq")


def change(root: Path, count: int, k: int, seed: int = 7) -> List[str]:
    """Edit k staged files that lie apart; return their names. One alone has about a hundred descendants."""
    name, read = names(count), parents(count, seed)
    chosen = [with_descendants(read, 100)] if k == 1 else random.Random(seed + k).sample(range(count), k)
    for index in chosen:
        (root / f".staged/{name[index]}.yaml").write_text(text_of(index, name, read[index], "!!"))
    return [name[index] for index in chosen]


def with_descendants(read: Sequence[Tuple[int, ...]], count: int) -> int:
    """Return a resource that about so many others read, directly or not: of some, the one nearest to it."""
    children: Dict[int, List[int]] = {}
    for child, mine in enumerate(read):
        for parent in mine:
            children.setdefault(parent, []).append(child)
    start = 2 * (len(read) // LAYERS)
    return min(range(start, start + 50), key=lambda index: abs(_descendants(index, children) - count))


def _descendants(index: int, children: Dict[int, List[int]]) -> int:
    found, left = {index}, [index]
    while left:
        fresh = [child for child in children.get(left.pop(), ()) if child not in found]
        found.update(fresh)
        left += fresh
    return len(found) - 1


def _git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True)


if __name__ == "__main__":
    generate(Path(sys.argv[1]), int(sys.argv[2]))
