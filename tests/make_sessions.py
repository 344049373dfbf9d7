"""Makes the pictures of terminal sessions in the docs, from real ones: `.venv/bin/python -m tests.make_sessions`."""

from __future__ import annotations

import os
import re
import tempfile
from html import escape
from pathlib import Path
from typing import List, Sequence, Tuple

from tests.build import ROOT
from tests.make_pictures import IMAGES, the_shop
from tests.typed import Typed, on_path, on_screen, plain

COLUMNS, PROMPT = 80, "$ "
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "36": "#79c0ff", "2": "#8b949e"}
SESSIONS = {
    "session-plan": ["stagectl update staging/db --set port=5433", "stagectl plan -t staging"],
    "session-explain": ["stagectl plan -t stagin", "stagectl plan --explain staging/smoke"],
    "session-apply": ["stagectl apply -t staging --yes", "stagectl status"],
    "session-check": ["rm world/prod/web.json", "stagectl check prod/web staging/app"],
}
_PIECE = re.compile(r"((?:\x1b\[[0-9;]*m)*)([^\x1b]*)")


def made(folder: Path) -> List[Tuple[str, str]]:
    """Return each picture's name and SVG, of one session after the other in the same shop."""
    repo = the_shop(folder / "shop")
    (folder / "rc").write_text(f"PS1='{PROMPT}'\nPS0=\nHISTFILE=\nbind 'set enable-bracketed-paste off'\n")
    env = {**on_path(folder / "bin"), "FORCE_COLOR": "1"}
    env.pop("NO_COLOR", None)
    found = []
    with Typed(["bash", "--noprofile", "--rcfile", str(folder / "rc"), "-i"], repo.root, env, COLUMNS) as shell:
        shell.wait(re.escape(PROMPT))
        for name, lines in SESSIONS.items():
            said = PROMPT
            for line in lines:
                shell.type(f"{line}\r")
                said += shell.wait(r"\n(?:[^\n]*\r)?(?:\x1b\[[0-9;?]*[a-zA-Z])*\$ ")
            found.append((name, picture(on_screen(said)[:-1])))
    return found


def picture(lines: Sequence[str]) -> str:
    """Return lines of a screen as an SVG file."""
    rows = "\n".join(f'<text x="16" y="{34 + 18 * number}">{spans(line)}</text>' for number, line in enumerate(lines))
    wide, high = 32 + round(8.43 * max(len(plain(line)) for line in lines)), 34 + 18 * len(lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}">\n'
        f'<rect width="{wide}" height="{high}" rx="6" fill="#0d1117"/>\n'
        f'<g font-family="monospace" font-size="14" fill="#e6edf3">\n{rows}\n</g>\n</svg>\n'
    )


def spans(line: str) -> str:
    """Return a line's text with its colours; what has the same is one piece."""
    pieces: List[Tuple[str, str]] = []
    for codes, text in _PIECE.findall(line.replace(" ", "\xa0")):  # of plain spaces a browser shows one
        style = _style(codes)
        if pieces and pieces[-1][0] == style:
            pieces[-1] = style, pieces[-1][1] + text
        else:
            pieces.append((style, text))
    return "".join(f"<tspan{style}>{escape(text)}</tspan>" if style else escape(text) for style, text in pieces)


def _style(codes: str) -> str:
    numbers = re.findall(r"\d+", codes)
    fill = next((f' fill="{COLOURS[number]}"' for number in reversed(numbers) if number in COLOURS), "")
    return ("" if numbers[-1:] == ["0"] else fill) + (' font-weight="bold"' if "1" in numbers else "")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(HOME=folder, GIT_CONFIG_NOSYSTEM="1")
        for name, text in made(Path(folder)):
            (IMAGES / f"{name}.svg").write_text(text, encoding="utf-8")
            print(f"wrote {(IMAGES / name).relative_to(ROOT)}.svg")


if __name__ == "__main__":
    main()
