"""A figure as SVG: attributes only, no script, no style sheet, nothing from elsewhere."""

from __future__ import annotations

import re
from html import escape
from typing import Iterator, Sequence, Tuple

from stagectl.core.pictures.layout import Layout, Point, Size
from stagectl.views.pages.figure import PALETTE, Box, Figure

_TITLE_WIDTH, _NOTE_WIDTH = 7.3, 6.1  # of one character, in pixels: both fonts are set below
_PADDING, _HEIGHT = 10.0, 40.0
_LONGEST_NOTE, _NARROWEST = 44, 12
_DASHES = {"dashed": "5 4", "dotted": "1.5 3"}
_FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_of(text: str) -> str:
    """Return text in which nothing acts in XML or HTML, and that both can hold."""
    return escape(_NOT_XML.sub("\ufffd", text))


def cut(note: str) -> str:
    """Return a note as long as a box shows it."""
    return note if len(note) <= _LONGEST_NOTE else f"{note[: _LONGEST_NOTE - 3]}..."


def sizes(figure: Figure) -> Tuple[Size, ...]:
    """Return how large the boxes of a figure are, in pixels."""
    return tuple(map(_size, figure.boxes))


def _size(box: Box) -> Size:
    widest = max(len(box.title) * _TITLE_WIDTH, len(cut(box.note)) * _NOTE_WIDTH, _NARROWEST * _TITLE_WIDTH)
    return round(widest + 2 * _PADDING, 1), _HEIGHT


def svg(figure: Figure, layout: Layout) -> str:
    """Return a figure drawn as a layout says; what the pointer shows is in `title` elements."""
    width, height = (max(side, 120.0) for side in layout.size)
    name = f"{text_of(figure.name)}: {len(figure.boxes)} boxes"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{_FONT}" font-size="12">',
        f"<title>{name}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#57606a"/></marker></defs>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        '<g fill="none" stroke="#57606a">',
    ]
    for edge, path in zip(figure.edges, layout.paths):
        dotted = ' stroke-dasharray="2 3"' if edge in figure.dotted else ""
        lines.append(f'<path d="{curve(path)}"{dotted} marker-end="url(#tip)"/>')
    lines.append("</g>")
    if not figure.boxes:
        lines.append(f'<text x="{_PADDING:.0f}" y="24">{text_of(figure.empty)}</text>')
    for box, size, center in zip(figure.boxes, sizes(figure), layout.centers):
        lines += _box(box, size, center)
    return "\n".join([*lines, "</svg>"]) + "\n"


def curve(points: Sequence[Point]) -> str:
    """Return a Bezier curve as the data of a path."""
    (x, y), rest = points[0], points[1:]
    return f"M{x:.1f} {y:.1f}" + "".join(
        ("C" if at % 3 == 0 else " ") + f"{x:.1f} {y:.1f}" for at, (x, y) in enumerate(rest)
    )


def _box(box: Box, size: Size, center: Point) -> Iterator[str]:
    fill, stroke = PALETTE[box.style]
    x, y = center[0] - size[0] / 2, center[1] - size[1] / 2
    dashes = f' stroke-dasharray="{_DASHES[box.border]}"' if box.border else ""
    yield f"<g><title>{text_of(chr(10).join(box.about))}</title>"
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" rx="4" '
        f'fill="{fill}" stroke="{stroke}"{dashes}/>'
    )
    yield f'<text x="{x + _PADDING:.1f}" y="{y + 17:.1f}" font-weight="600">{text_of(box.title)}</text>'
    yield f'<text x="{x + _PADDING:.1f}" y="{y + 32:.1f}" font-size="10" fill="#57606a">{text_of(cut(box.note))}</text>'
    yield "</g>"
