"""Files: what a reader of YAML can be made to do, it does not do."""

from __future__ import annotations

import os
from typing import Callable, Dict, Tuple, Union

import pytest

from tests.build import Repo
from tests.hostile.conftest import Bounded

pytestmark = pytest.mark.once

FRONT = "---\nkind: plain\ntags: []\n---\n"
FULL = 256 * 1024  # bytes, the most that is read
Content = Union[str, bytes, Callable[[str], None]]


def inputs(text: str) -> str:
    return f"{FRONT}inputs:\n{text}"


def filled(start: str, piece: str, end: str = "", size: int = FULL) -> str:
    """A file as long as may be, of one piece repeated."""
    return start + piece * ((size - len(start.encode()) - len(end.encode())) // len(piece.encode())) + end


def laughs(levels: int) -> str:
    lines = ["  a0: &a0 [ha, ha]"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return inputs("\n".join(lines) + "\n")


def sparse(path: str) -> None:
    with open(path, "wb") as file:
        file.truncate(3 << 30)


BOMBS: Dict[str, Tuple[Content, str]] = {
    "alias bomb": (laughs(12), "6:7: the anchor &a0 is not read here"),
    "alias of itself": (inputs("  a: &a [*a]\n"), "6:6: the anchor &a is not read here"),
    "alias bomb in the front matter": ("---\nkind: &a [plain]\ntags: [*a, *a]\n---\n", "2:7: the anchor &a"),
    "merge bomb": (inputs("  <<: [{a: 1}, {b: 2}]\n"), "6:3: merge keys (<<) are not read here"),
    "deep lists": (inputs("  a: " + "[" * 200_000), "6:68: nested deeper than 64 levels"),
    "deep mappings": (filled(inputs("  a: "), "{a: "), "nested deeper than 64 levels"),
    "deep blocks": (inputs("".join(" " * n + "a:\n" for n in range(1, 700))), "nested deeper than 64 levels"),
    "deep dashes": (filled(inputs("  a:\n    "), "- "), "nested deeper than 64 levels"),
    "deep keys": (filled(inputs("  "), "? "), "6:5: a list or a mapping cannot be a key"),
    "a long text": (filled(inputs("  a: "), "x", "\n"), ""),
    "a long text in quotes": (filled(inputs('  a: "'), "\\n", '"\n'), ""),
    "a long text that does not end": (filled(inputs('  a: "'), "x"), "not YAML: found unexpected end of stream"),
    "a long block": (filled(inputs("  a: |\n"), "    x\n"), ""),
    "a long key": (filled(inputs("  "), "k", ": 1\n"), "not YAML: mapping values are not allowed in this context"),
    "a long comment": (filled(FRONT, "#"), ""),
    "a long name of an anchor": (filled(inputs("  a: &"), "k", " 1\n"), "6:6: the anchor &"),
    "a long tag": (filled(inputs("  a: !"), "k", " 1\n"), "6:6: the tag !"),
    "many keys": (inputs("".join(f"  k{n}: 1\n" for n in range(20_000))), ""),
    "many keys twice": (inputs("  a: 1\n" * 30_000), "7:3: the key 'a' stands here twice"),
    "many short lists": (filled(inputs("  a: ["), "[],", "]\n"), "more than 50000 values in one file"),
    "many numbers": (filled(inputs("  a: ["), "1,", "]\n"), "more than 50000 values in one file"),
    "many unknown keys": (FRONT + "".join(f"k{n}: 1\n" for n in range(20_000)), "5:1: unknown key 'k0'"),
    "many bad tags": (f"---\nkind: plain\ntags: [{'-,' * 40_000}]\n---\n", "3:8: "),
    "many bad references": (filled(inputs("  a: ["), "'${',", "]\n", 200_000), "'${' is not a reference"),
    "many unknown references": (inputs("".join(f"  k{n}: ${{nobody{n}.x}}\n" for n in range(8_000))), "nobody0"),
    "many documents": (filled(FRONT, "---\n"), "5:1: a third document"),
    "many directives": ("%YAML 1.2\n" * 20_000 + FRONT, "2:1: not YAML: found duplicate %YAML directive"),
    "many tag directives": ("".join(f"%TAG !{n}! tag:x,2000:\n" for n in range(9_000)) + FRONT, "1:1: "),
    "a huge number": (filled(inputs("  a: "), "9", "\n"), "6:6: a number of "),
    "a huge hexadecimal number": (filled(inputs("  a: 0x"), "f", "\n"), "6:6: a number of "),
    "a huge exponent": (inputs("  a: 1e999999999\n"), "6:6: the number 1e999999999 is too large"),
    "a tiny exponent": (inputs("  a: 1e-999999999\n"), ""),
    "an object of Python": (inputs("  a: !!python/object/apply:os.system [id]\n"), "6:6: the tag !!python/object"),
    "a verbatim tag": (inputs("  a: !<tag:yaml.org,2002:python/name:os.system> x\n"), "6:6: the tag "),
    "a NUL": (inputs("  a: x\0y\n"), "6:7: the character U+0000 may not stand in a file"),
    "a NUL as an escape": (inputs('  a: "x\\0y"\n'), ""),
    "a byte order mark": ("\ufeff" + FRONT, "1:1: the character U+FEFF, a byte order mark,"),
    "UTF-16": (FRONT.encode("utf-16"), "1:1: these bytes are not UTF-8"),
    "UTF-16, big end first": (FRONT.encode("utf-16-be"), "1:1: the character U+0000 may not stand in a file"),
    "UTF-32": (FRONT.encode("utf-32"), "1:1: these bytes are not UTF-8"),
    "UTF-7": (inputs("  a: +AGE-\n"), ""),
    "a lone surrogate": (inputs("  a: ").encode() + b"\xed\xa0\x80\n", "6:6: these bytes are not UTF-8"),
    "a lone surrogate as an escape": (inputs('  a: "\\ud800"\n'), "6:"),
    "too long a form of a letter": (inputs("  a: ").encode() + b"\xc0\xaf\n", "6:6: these bytes are not UTF-8"),
    "beyond Unicode": (inputs('  a: "\\U00110000"\n'), "6:"),
    "an escape of a direction": (inputs('  a: "x\\u202ey"\n'), ""),
    "what the quick parser cannot read": (filled(inputs("  l: [a:b]\n"), "  - x\n"), ""),
    "what neither parser can read": (filled(inputs("  l: [a:b]\n  m:\n"), "  - [x, {y: 'z'}]\n", "  - [\n"), ""),
    "what the slow parser does not even refuse": (inputs("  l: 9c}\n]\n---\n%YAML 1.3\n<<\n"), "not YAML: "),
    "quotes": (filled(FRONT, '"'), "5:"),
    "colons": (filled(FRONT, ": "), ""),
    "carriage returns": (filled(FRONT, "\r"), "5:1: the character U+000D, a carriage return alone,"),
    "a file of 3 GiB": (sparse, "1:1: the file has more than 262144 bytes"),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_file_is_read_or_refused(repo: Repo, bounded: Bounded, what: str) -> None:
    """
    With the place and a reason, or it says something; within a second and 200 MB in any case.
    """
    content, message = BOMBS[what]
    path = repo.root / "resources/x.yaml"
    path.parent.mkdir()
    if callable(content):
        content(str(path))
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))

    done = bounded(repo, "validate")

    assert f"resources/x.yaml:{message}" in done.err or (message and message in done.err) or not message, done.err[:500]
    assert message == "" or done.code == 1
    assert len(done.err) < 100_000, "nobody reads more"


def test_a_large_object_in_a_commit_is_not_read(repo: Repo, bounded: Bounded) -> None:
    """
    A gigabyte of zeros is a megabyte in git; its size is asked before it is unpacked.
    """
    with open(repo.root / "zeros", "wb") as file:
        file.truncate(512 << 20)
    os.makedirs(repo.root / ".staged")
    (repo.root / "zeros").rename(repo.root / ".staged/x.yaml")
    repo.git("-c", "core.bigFileThreshold=1g", "-c", "core.compression=1", "add", ".staged")
    repo.git("commit", "-q", "-m", "large")
    (repo.root / ".staged/x.yaml").unlink()

    done = bounded(repo, "plan", "--head", "HEAD")

    assert done.err == ".staged/x.yaml:1:1: the file has more than 262144 bytes, which is the most that is read\n"
