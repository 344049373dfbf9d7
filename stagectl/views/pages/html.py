"""One HTML file that needs no network, and in which no text of a repository can act."""

from __future__ import annotations

import base64
import hashlib
import json
from pkgutil import get_data
from typing import Any

from stagectl.views.pages.svg import text_of


def asset(name: str) -> str:
    """Return the text of a file in `assets/`, which is part of the program."""
    found = get_data("stagectl.views", f"assets/{name}")
    assert found is not None, f"the package has no {name}"
    return found.decode()


def html_page(title: str, style: str, body: str, script: str = "") -> str:
    """Return a page whose policy allows this style and this script, and nothing else: no request, no form, no frame."""
    sources = f"style-src {_hash(style)}" + (f"; script-src {_hash(script)}" if script else "")
    policy = f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{text_of(title)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        body,
        f"<script>{script}</script>" if script else "",
        "</body>",
        "</html>",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def data_block(value: Any) -> str:
    """Return a JSON value for a script to read: no browser runs it, and no text in it ends it."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/json" id="data">{text}</script>'
