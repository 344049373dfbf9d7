"""What `--set` and its like make of what was typed, and where it goes."""

from __future__ import annotations

import json
from typing import Any, List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.adapters import yamlfile
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.errors import UsageError
from stagectl.core.values import format_path, leaves
from stagectl.usecases.staging.settings import Sets, misread, parse_settings, settings_edits
from tests.build import Repo

FILE = b"""---
kind: service
---
inputs:
  text: "1.10"
  number: 1.5
  reference: ${db.port}
  ports: {"8080": tcp, web: {"0": a}}
  labels: {"a=b": 1, "007": x}
  urls: [{host: h}]
"""


@pytest.mark.parametrize(
    ("way", "setting", "path", "value"),
    [
        ("plain", "text=1.20", ["text"], "1.20"),
        ("plain", "text=true", ["text"], "true"),
        ("plain", "number=1.20", ["number"], 1.2),
        ("plain", "reference=5433", ["reference"], 5433),
        ("plain", "new=1.20", ["new"], 1.2),
        ("strings", "number=1.20", ["number"], "1.20"),
        ("strings", "new=null", ["new"], "null"),
        ("json", 'new={"a": [1, "x"]}', ["new"], {"a": [1, "x"]}),
        ("plain", "ports.8080=udp", ["ports", "8080"], "udp"),
        ("plain", "ports.9090=udp", ["ports", "9090"], "udp"),
        ("plain", "ports.web.0=b", ["ports", "web", "0"], "b"),
        ("plain", "labels.007=y", ["labels", "007"], "y"),
        ("plain", 'labels["a=b"]=2', ["labels", "a=b"], 2),
        ("plain", "urls.0.host=i", ["urls", 0, "host"], "i"),
        ("plain", 'urls["0"].host=i', ["urls", 0, "host"], "i"),
        ("plain", "urls.1=j", ["urls", 1], "j"),
        ("plain", "made.0=j", ["made"], ["j"]),
        ("plain", "made.8080=j", ["made"], {"8080": "j"}),
    ],
)
def test_what_is_set_where(way: str, setting: str, path: List[Any], value: Any) -> None:
    """
    A text that is no reference stays text; a number in a path is an index in a list, and a key in a mapping.
    """
    edits = settings_edits(parse_settings(Sets(**{way: [setting]})), FILE)

    found = yamlfile.load(edit(FILE, edits))[1]["inputs"]
    for step in path:
        found = found[step]
    assert (value, type(value)) == (found, type(found))


@pytest.mark.parametrize(
    ("way", "setting", "message"),
    [
        ("json", 'a={"b": 1, "b": 2}', "the key 'b' stands in it twice"),
        ("json", "a=1e400", "the number 1e400 is too large"),
        ("json", "a=[1e-400]", "the number 1e-400 is too small"),
        ("plain", "a=1e-400", "the number 1e-400 is too small"),
        ("plain", "a=-0.1e-999", "is too small"),
    ],
)
def test_what_json_would_lose_is_refused(way: str, setting: str, message: str) -> None:
    """
    A key that stands there twice, and numbers that would become another.
    """
    with pytest.raises(UsageError, match=message):
        parse_settings(Sets(**{way: [setting]}))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("new=7120e39", "new=7120e39 is the number 7.12e+42"),
        ("new=0123456", "new=0123456 is the number 123456"),
        ("number=1.20", "number=1.20 is the number 1.2"),
        ('labels["a=b"]=+5', 'labels["a=b"]=+5 is the number 5'),
        ("new=0x1F", "new=0x1F is the number 31"),
        ("text=1.20", None),
        ("new=1.2", None),
        ("new=-12345678901234567890123", None),
        ("new=True", None),
        ("new=7120e39f", None),
        ("new=1_000", None),
    ],
)
def test_a_number_that_is_not_as_it_was_typed_is_said(setting: str, said: Optional[str]) -> None:
    """
    A short commit or a version that YAML reads as a number; where it stays a text, or is that number, nothing is said.
    """
    wanted = (f"{said}; --set-string keeps what was typed",) if said else ()

    assert wanted == misread(parse_settings(Sets([setting])), FILE)


@pytest.fixture
def releases(repo: Repo) -> Repo:
    """A kind whose `version` has to be a text."""
    inputs = {"type": "object", "properties": {"version": {"type": "string"}}}
    repo.write("kinds/release.yaml", json.dumps({"inputs": inputs})).commit()
    return repo


def test_what_has_to_be_a_text_is_created_and_updated_as_typed(releases: Repo) -> None:
    """
    Also where YAML would read a number or a boolean, and where one stands: plan and applied state have the text.
    """
    refused = releases.run("create", "web", "--kind", "release", "--set", "version=1.20")
    assert (1, False) == (refused.code, (releases.root / "resources/web.yaml").exists())
    assert refused.err.endswith("kind release: must be a string, not 1.2\n")

    releases.ok("create", "web", "--kind", "release", "--set-string", "version=1.20", "--set", "port=80")
    releases.ok("apply", "--yes")
    assert {"version": "1.20", "port": 80} == releases.applied("web")["inputs"]

    releases.ok("update", "web", "--set-string", "version=true", "--set-string", "port=0081", "--set-string", "a=b=c")
    changed = {entry["path"]: entry["after"] for entry in releases.plan().change("web.update")["diff"]}
    assert {"version": "true", "port": "0081", "a": "b=c"} == changed
    releases.ok("apply", "--yes")
    assert changed == releases.applied("web")["inputs"]

    for words in (["create", "db", "--kind", "plain"], ["create", "app", "--like", "db"], ["update", "web"]):
        done = releases.ok(*words, "--set", "tag=7120e39")
        assert "warning: tag=7120e39 is the number 7.12e+42; --set-string keeps what was typed\n" == done.err


@pytest.mark.parametrize(
    ("setting", "message"), [("version", "'version' sets nothing"), ("a..b=1", "'a..b' is no path of an input")]
)
def test_a_text_that_is_set_nowhere_is_refused(releases: Repo, setting: str, message: str) -> None:
    """
    Nothing is created of it, and nothing updated.
    """
    releases.define("db", "release").stage()
    before = releases.git("rev-parse", "HEAD")

    for words in (["create", "web", "--kind", "release"], ["update", "db"]):
        done = releases.run(*words, "--set-string", setting)
        assert (64, f"error: {message}\n") == (done.code, done.err.splitlines(keepends=True)[0]), words
    assert (before, "") == (releases.git("rev-parse", "HEAD"), releases.git("status", "--porcelain"))


KEYS = st.text('a0._=[]"-é ', min_size=1, max_size=3)
VALUES = st.recursive(
    st.integers(0, 9),
    lambda inner: st.lists(inner, min_size=1, max_size=2) | st.dictionaries(KEYS, inner, min_size=1, max_size=2),
)


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=2), st.data())
def test_every_path_that_is_printed_can_be_set(inputs: Any, data: st.DataObject) -> None:
    """
    Whatever keys and lists there are: the path that a plan prints names the value, and setting it changes that alone.
    """
    file = edit(b"---\nkind: service\n---\n{}\n", [Edit(1, ("inputs",), inputs)])
    path, _ = data.draw(st.sampled_from(sorted(leaves(inputs), key=str)))

    after = edit(file, settings_edits(parse_settings(Sets([f"{format_path(path)}=77"])), file))

    expected = [(at, 77 if at == path else value) for at, value in leaves(inputs)]
    assert expected == list(leaves(yamlfile.load(after)[1]["inputs"]))
