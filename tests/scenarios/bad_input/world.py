"""What the tests of this folder share."""

from __future__ import annotations

import os
from typing import Any, Callable, List, NamedTuple, Tuple

from tests.build import Repo


class Bad(NamedTuple):
    """A file with mistakes, and what is said about each: `line:column: message`."""

    path: str
    content: Any  # text, bytes, or a function that makes the file
    messages: Tuple[str, ...]


def front(kind: str = "service", tags: str = "[]", more: str = "") -> str:
    """A front matter of four lines, or five with *more*: the body starts on the line after it."""
    return f"---\nkind: {kind}\ntags: {tags}\n{more}---\n"


def matter(name: str, front_matter: str, *messages: str) -> Bad:
    """A definition whose front matter, from line 2 on, is wrong."""
    return Bad(f"resources/{name}.yaml", f"---\n{front_matter}---\n", messages)


def staged(name: str, front_matter: str, *messages: str) -> Bad:
    """A staged file whose front matter, from line 4 on, is wrong."""
    return Bad(f".staged/{name}.yaml", front(more=front_matter), messages)


def kind(name: str, text: str, *messages: str) -> Bad:
    return Bad(f"kinds/{name}.yaml", text, messages)


def link(target: str) -> Callable[[str], None]:
    return lambda path: os.symlink(target, path)


NO_FILE = "a link or special file: only regular files are read here"
NO_TAG = "is not a tag: write a word or key=value"
NO_MAPPING = "must be a mapping of keys to values"
STRICT = """inputs:
  type: object
  required: [port, host]
  additionalProperties: false
  properties:
    port: {type: integer, minimum: 1}
    host: {type: string, pattern: '^[a-z]+$'}
    mode: {enum: [a, b]}
    list: {type: array, items: {type: string}}
    deep: {type: array, items: {type: object, required: [x]}}
"""


def write(repo: Repo, files: List[Bad]) -> None:
    for bad in files:
        path = repo.root / bad.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(bad.content):
            bad.content(str(path))
        else:
            path.write_bytes(bad.content if isinstance(bad.content, bytes) else bad.content.encode())


def said(repo: Repo, command: str = "validate") -> str:
    """What a command that has to refuse says."""
    ran = repo.run(command)
    assert (1, "") == (ran.code, ran.out)
    return ran.err
