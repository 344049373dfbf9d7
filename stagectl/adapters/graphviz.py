"""The one door to the layout program of the extra `graph`.

It is found where the extra installed it, never on the PATH, and is given numbers only: sizes of boxes, and arrows
between them. No text of any file reaches it.
"""

from __future__ import annotations

import subprocess
from importlib import metadata
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from stagectl.core.pictures.layout import MARGIN, Edge, Layout, Point, Size

_PACKAGE = "graphviz-pure"
_INCH = 72.0
_SECONDS = 60


def layout_program() -> Optional[Path]:
    """Return the layout program, None without the extra."""
    try:
        files = metadata.files(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return None
    found = [Path(str(file.locate())) for file in files if file.name in (_PACKAGE, f"{_PACKAGE}.exe")]
    return next((path for path in found if path.is_file()), None)


def lay_out(path: Path, sizes: Sequence[Size], edges: Sequence[Edge]) -> Optional[Layout]:
    """Return the drawing that the program makes; None where it fails."""
    try:
        done = subprocess.run(
            [str(path), "-Tplain"], input=_dot(sizes, edges).encode(), capture_output=True, timeout=_SECONDS, env={}
        )
        return _parse(done.stdout.decode(), edges) if done.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError):
        return None


def _dot(sizes: Sequence[Size], edges: Sequence[Edge]) -> str:
    lines = ["digraph {", "rankdir=LR; nodesep=0.17; ranksep=0.6;", 'node [shape=box, fixedsize=true, label=""];']
    lines.append("edge [arrowhead=none];")
    lines += [f"n{at} [width={w / _INCH:.4f}, height={h / _INCH:.4f}];" for at, (w, h) in enumerate(sizes)]
    lines += [f"n{a} -> n{b};" for a, b in edges]
    return "\n".join([*lines, "}"])


def _parse(plain: str, edges: Sequence[Edge]) -> Layout:
    """Return what `-Tplain` says (the format is in Graphviz' documentation of its output formats), y upwards."""
    size: Size = (0.0, 0.0)
    centers: Dict[str, Point] = {}
    paths: Dict[Tuple[str, str], Tuple[Point, ...]] = {}

    def point(x: str, y: str) -> Point:
        return round(float(x) * _INCH + MARGIN, 1), round(size[1] - float(y) * _INCH + MARGIN, 1)

    for words in map(str.split, plain.splitlines()):
        if words[:1] == ["graph"]:
            size = (float(words[2]) * _INCH, float(words[3]) * _INCH)
        elif words[:1] == ["node"]:
            centers[words[1]] = point(words[2], words[3])
        elif words[:1] == ["edge"]:
            numbers = words[4 : 4 + 2 * int(words[3])]
            paths[words[1], words[2]] = tuple(map(point, numbers[::2], numbers[1::2]))
    boxes: List[Point] = [centers[f"n{at}"] for at in range(len(centers))]
    full = (size[0] + 2 * MARGIN, size[1] + 2 * MARGIN)
    return Layout(full, tuple(boxes), tuple(paths[f"n{a}", f"n{b}"] for a, b in edges))
