"""The one door to YAML."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stagectl.adapters import yamlfile
from stagectl.adapters.yamlfile import BadYaml
from stagectl.core.errors import Flaw
from stagectl.core.values import same
from tests.unit.strategies import keys, plain_text, scalars, values

FILE = "---\nkind: a\ntags: [x]\n---\ninputs:\n  port: 1\n  deep: {l: [1, {k: v}]}\n"


def one(text: str) -> Any:
    (value,) = yamlfile.load(text.encode())
    return value


PLAIN: Dict[str, Any] = {
    **{word: word for word in ("no", "No", "NO", "yes", "on", "off", "y", "n", "TrUe", "nULL", "none", "None")},
    **{word: word for word in ("2024-01-01", "1_000", "1:30", "0b11", "1.2.3", "0o8", "0xG", "-0x1F", "0O17", "0X1F")},
    **{word: word for word in ("1e", "e3", ".", "-.", "+", "..5", "1e3.5", "0x", "0o", "1,000", "=", ".infx", "+.nan")},
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", "")),
    **dict(zip("0 -0 +1 007 08 -12 0o17 0x1F 0xff".split(), (0, 0, 1, 7, 8, -12, 15, 31, 255))),
    **dict(zip("1.5 .5 5. 1e3 1E-3 -1.5e+3 +.5 -0.0".split(), (1.5, 0.5, 5.0, 1e3, 1e-3, -1.5e3, 0.5, -0.0))),
    "9" * 400: int("9" * 400),
    "1" * 30 + ".0": float("1" * 30),
}

NO_JSON = [".nan", ".NaN", ".NAN", ".inf", "-.inf", "+.INF", "1e400", "-1e400", "9" * 401]


@pytest.mark.parametrize("text", [*PLAIN, *NO_JSON])
def test_plain_scalars_are_those_of_the_core_schema(text: str) -> None:
    """
    As a value and by resolve_plain; in quotes each is a string, also what JSON has no number for.
    """
    if text in PLAIN:
        assert same({"a": PLAIN[text]}, one(f"a: {text}\n"))
        assert same(PLAIN[text], yamlfile.resolve_plain(text)) if text else True
    assert {"a": [text, text]} == one(f"a:\n- \"{text}\"\n- '{text}'\n")


@given(st.one_of(values, scalars))
@example(["é", "\U0001f600"])  # by default json.dumps writes letters beyond 16 bits as two escapes
def test_json_is_yaml(value: Any) -> None:
    """
    What json.dumps writes is read as the same value, with the same types.
    """
    for indent, is_ascii in ((None, False), (1, False), (None, True)):
        text = json.dumps({"a": value}, ensure_ascii=is_ascii, indent=indent)
        assert same({"a": value}, one(text + "\n"))


@given(plain_text | st.text("\0\x1b\t\n\r 'aé:#\"\\{}[],&*!|>%@`-?~", max_size=6))
@example("\x7f\x85\u2028\u202e\ufeff\ufffe\U0001f600")
def test_quoted_text_reads_back(text: str) -> None:
    """
    quote() makes one scalar of any string, and escapes what may not stand in a file.
    """
    for written in (f"a: {yamlfile.quote(text)}\n", f"{{a: {yamlfile.quote(text)}}}\n"):
        assert [{"a": text}] == yamlfile.load(written.encode())


@given(plain_text, st.lists(plain_text, max_size=3), st.none() | plain_text)
def test_a_front_matter_reads_back(kind: str, tags: List[str], source: Any) -> None:
    """
    Whatever the words are, the staged file says them.
    """
    stamps = {"restart": "2-3f9c", "test": "1-1e3"}
    written = yamlfile.front_matter(yamlfile.FrontMatter(kind, tags, source=source, actions=stamps))

    front, body = yamlfile.load(written + b"---\ninputs: {}\n")

    expected = {"kind": kind, "tags": tags, "actions": stamps}
    assert {**expected, **({} if source is None else {"source": source})} == front
    assert {"inputs": {}} == body


@given(st.binary(max_size=60) | st.text("-&*!|>%@`'\"#{}[],:?ab1~.<= \n\t\r", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """
    Never another exception, and what is read is JSON; also after `[a:b]`, which older libyaml does not read.
    """
    for text in (data, b"x: [a:b]\ny: " + data, b"x: [a:b, " + data + b"]"):
        assert is_read_or_refused(text), text


def is_read_or_refused(data: bytes) -> bool:
    try:
        documents = yamlfile.load(data)
    except BadYaml as error:
        return bool(error.line >= 1 and error.column >= 1 and error.message)
    again = json.loads(json.dumps(documents, allow_nan=False, ensure_ascii=False).encode())
    return len(documents) <= 2 and same(documents, again)


@pytest.mark.parametrize("escape", ["\\UFFFFFFFF", "\\U00110000", "\\ud800", "\\udc00", "\\xg", "\\q", "\\u12"])
@pytest.mark.parametrize("before", ["", "a:b, "])
def test_escapes_that_name_no_character_are_refused(before: str, escape: str) -> None:
    """
    By whichever parser.
    """
    with pytest.raises(BadYaml):
        yamlfile.load(f'x: [{before}"{escape}"]\n'.encode())


@given(st.lists(st.sampled_from(["a: 1", "- x", "# c", "---", "  b: [1]", "", "k: 'v'"]), max_size=7))
def test_the_body_is_a_part_of_the_file_byte_for_byte(lines: List[str]) -> None:
    """
    It begins with its `---`, ends with the file, and read alone it is the second document.
    """
    data = "".join(line + "\n" for line in lines).encode()
    try:
        documents = yamlfile.load(data)
        body = yamlfile.body_of(data)
    except BadYaml:
        return
    assert data.endswith(body)
    if len(documents) == 2:
        assert body.startswith(b"---")
        assert documents[1:] == yamlfile.load(body)
    else:
        assert b"" == body


@pytest.mark.parametrize(
    "document, at, on_key, place",
    [
        (0, ("kind",), False, (2, 7)),
        (0, ("kind",), True, (2, 1)),
        (0, ("tags", 0), False, (3, 8)),
        (1, ("inputs",), True, (5, 1)),
        (1, ("inputs", "port"), False, (6, 9)),
        (1, ("inputs", "port"), True, (6, 3)),
        (1, ("inputs", "deep", "l", 1, "k"), False, (7, 21)),
        (1, ("inputs", "deep", "l", 1, "k"), True, (7, 18)),
        (1, ("inputs", "deep", "missing"), False, (7, 9)),
        (1, ("inputs", "missing", "x"), False, (6, 3)),
        (1, ("missing",), True, (5, 1)),
        (1, (), False, (5, 1)),
    ],
)
def test_a_place_is_found_again(document: int, at: Any, on_key: bool, place: Any) -> None:
    """
    A value's, a key's, or that of the nearest parent for what is missing.
    """
    assert place == yamlfile.locate(FILE.encode(), Flaw(document, at, "", on_key))


@pytest.mark.parametrize(
    "text, place",
    [
        ("&x a: 1\n", (1, 1)),
        ("*x : 1\n", (1, 1)),
        ("a: ! x\n", (1, 4)),
        ("!!str a: 1\n", (1, 1)),
        ("a: !<tag:x> [1]\n", (1, 4)),
        ("- {<<: {a: 1}}\n", (1, 4)),
        ("? [a]\n: 1\n", (1, 3)),
        ('{a: 1, "a": 2}\n', (1, 8)),
        ("a: {b: 1, b: 2}\n", (1, 11)),
        ("~: 1\n'~': 2\n", (2, 1)),
        ("a: 1\n---\nb: 1\n---\nc: 1\n", (4, 1)),
        ("a: 1\n...\nb: 1\n...\nc: 1\n", (5, 1)),
        ("a: |\n  x\n b: 1\n", (3, 2)),
        # Columns count characters, not bytes, as an editor shows them.
        ("{größe: ä, ü: &a 1}\n", (1, 15)),
        ('größe: "äöü": x\n\udcff', (2, 1)),
        # A bare carriage return begins a line for YAML and none for a reviewer: what follows a comment would act.
        ("a: 1 # x\rb: 2\n", (1, 9)),
        ("# nothing\rkind: evil\n", (1, 10)),
        ("a: 'x\ry'\n", (1, 6)),
        *((f"b: 1\na: {number}\n", (2, 4)) for number in NO_JSON),
    ],
)
def test_what_is_refused(text: str, place: Any) -> None:
    """
    Each with the place of the first refusal; tests/scenarios/bad_input/test_mistakes.py has more, with their messages.
    """
    with pytest.raises(BadYaml) as caught:
        yamlfile.load(text.encode(errors="surrogateescape"))

    assert place == (caught.value.line, caught.value.column)


@given(keys)
def test_a_key_is_its_text(key: str) -> None:
    """
    Numbers, true and null as keys are strings, as in JSON.
    """
    assert [{key: 1}] == yamlfile.load(f"{json.dumps(key, ensure_ascii=False)}: 1\n".encode())
    assert [{"1": 1, "true": 2, "~": 3, "1.50": 4, "no": 5}] == yamlfile.load(b"1: 1\ntrue: 2\n~: 3\n1.50: 4\nno: 5\n")
