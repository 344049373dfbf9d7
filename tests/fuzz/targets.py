"""What the readers of stagectl promise for any bytes whatever: a value or an error of ours, within bounds, and back.

Each target is a function of bytes that raises where a promise does not hold. `python -m tests.fuzz` runs one for long.
"""

from __future__ import annotations

import copy
import json
import re
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.running import journal
from stagectl.adapters.yamlfile import events
from stagectl.cli.pictures import plan_picture
from stagectl.core.errors import FlawedFile, StagectlError
from stagectl.core.model import LARGEST_FILE, Name
from stagectl.core.planning.resolve import LARGEST_RESOURCE, Resolver
from stagectl.core.plans.document import json_pieces, plan_id, to_document
from stagectl.core.plans.globs import glob_test
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.read_document import from_document
from stagectl.core.plans.selection import World, match_names
from stagectl.core.plans.tags import LONGEST, Expression, parse_expression
from stagectl.core.references import parse_template, rewrite
from stagectl.core.running.outcome import SUCCESS
from stagectl.core.running.run_document import header_text
from stagectl.core.running.runs import Header, failures, interrupted_outcomes, passed_changes, restriction
from stagectl.core.schemas import schema, settings
from stagectl.core.values import Template, digest, leaves, pack, same
from stagectl.usecases.planning import reviewed
from stagectl.views.comments.plan_markdown import plan_markdown
from stagectl.views.pages.plan_graph import dot, mermaid, picture
from stagectl.views.pages.report_page import report_page
from stagectl.views.plans.plan_json import plan_json
from stagectl.views.plans.plan_text import plan_text
from stagectl.views.report import report_json, report_text
from stagectl.views.text import safe
from tests.fleet import fleet_plan

Target = Callable[[bytes], None]
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_SCRATCH = Path(tempfile.mkdtemp(prefix="fuzz-"))


class Bytes:
    """Bytes that decide things, one after the other; when they are used up, everything is 0."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, below: int) -> int:
        byte = self._data[self._at : self._at + 1]
        self._at += 1
        return (byte[0] if byte else 0) % below

    def pick(self, choices: Sequence[Any]) -> Any:
        return choices[self.number(len(choices))]

    def text(self, *, broken: bool = False) -> str:
        """Some text; broken: perhaps with halves of characters, as JSON can have them and a file of ours cannot."""
        size = self.number(40)
        found = self._data[self._at : self._at + size].decode("utf-8", "surrogateescape" if broken else "replace")
        self._at += size
        return found

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._data)


# --- files


def reader(data: bytes) -> None:
    """A file is values within the bounds or a refusal with a place; both parsers of YAML say the same."""
    try:
        documents = yamlfile.load(data)
    except yamlfile.BadYaml as error:
        check_place(data, error.line, error.column)
        return
    assert len(data) <= LARGEST_FILE and len(documents) <= 2
    assert all(depth(document) <= yamlfile.MOST_LEVELS for document in documents)
    json.dumps(documents, allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert data.endswith(yamlfile.body_of(data))
    other = slow(data)
    if not any(isinstance(document, str) for document in documents):  # text alone: the slow one overlooks a `---` in it
        assert other is None or same(documents, other), (documents, other)
    for staged in (False, True):
        said = flaws_of(lambda staged=staged: schema.resource(Name("a/b"), documents, data, staged=staged), data)
        if said is not None and staged:
            front = yamlfile.FrontMatter(said.kind, said.tags, said.moved_from, said.source, said.actions)
            back = yamlfile.front_matter(front)
            again = yamlfile.load(back + yamlfile.body_of(data))
            assert same(schema.resource(Name("a/b"), again, data, staged=True).inputs, said.inputs)
    flaws_of(lambda: settings.kind("a", documents), data)
    flaws_of(lambda: settings.config(documents), data)


def slow(data: bytes) -> Any:
    """What the parser in Python makes of a file, None where it refuses."""
    text = data.decode("utf-8")
    try:
        return yamlfile._Builder(text, partial(next, events.slow_events(text)), keep=False).build(2).values
    except yamlfile.BadYaml:
        return None


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def check_place(data: bytes, line: int, column: int) -> None:
    text = data.decode("utf-8", "replace")
    lines = text.count("\n") + text.count("\r") + 1
    assert 1 <= line <= lines + 1 and 1 <= column <= len(text) + 2, (line, column)


def flaws_of(read: Callable[[], Any], data: bytes) -> Any:
    """What is read, None where it is flawed: each flaw is at a place, in one line."""
    try:
        return read()
    except FlawedFile as error:
        for flaw in error.flaws:
            check_place(data, *yamlfile.locate(data, flaw))
            assert flaw.message and len(flaw.message) < LARGEST_FILE + 1000
        return None


# --- references


def references(data: bytes) -> None:
    """Strings parse or are refused, read back as they were, and what they resolve to is bounded."""
    given = Bytes(data)
    inputs: Dict[str, Dict[str, Any]] = {"a": {}, "p/b": {}, "p/c": {}}
    while not given.is_over:
        value: Any = "".join(given.pick(PIECES) or given.text() for _ in range(1 + given.number(6)))
        for _ in range(given.number(4)):
            value = given.pick([[value], {"k": value}, [value] * 9, {"0": [value, 1.5, None]}])
        inputs[given.pick(list(inputs))][given.pick(["x", "y", "z", "a.b"])] = value
    resources = {}
    for name, raw in inputs.items():
        for _, leaf in leaves(raw):
            if isinstance(leaf, str):
                check_template(leaf, "p" if name.startswith("p") else "")
        try:
            documents = [{"kind": "k"}, {"inputs": raw}]
            resources[Name(name)] = schema.resource(Name(name), documents, b"", staged=True)
        except FlawedFile:
            continue
    resolver = Resolver(resources, {})
    for name in resources:
        values = resolver.inputs(name)
        assert sum(len(str(leaf)) for _, leaf in leaves(values)) <= 2 * LARGEST_RESOURCE
        assert (
            values.keys() | {key for other, key in resolver.failures if other == name} == resources[name].inputs.keys()
        )
        digest(values)
        pack(values)


PIECES = [
    "", "${a.x}", "${a.y}", "${./b.x}", "${../a.z}", "${p/c.y}", "${a.x.k}", "${a.x.0}", '${p/b["a.b"]}', "${a.x.k.0}",
    "$${", "${", "}", "${env:X}", "xx", '${a.x["', '"]}', "${p/c.z}",
]  # fmt: skip


def check_template(text: str, folder: str) -> None:
    assert text == rewrite(text, lambda name: name)
    try:
        found = parse_template(text, folder)
    except ValueError as error:
        assert len(str(error)) < 300, error
        return
    if isinstance(found, Template):
        again = parse_template(
            "".join(p.replace("${", "$${") if isinstance(p, str) else str(p) for p in found.parts), ""
        )
        assert again == found, (again, found)


# --- selections

_TAGS = {"a": "x t=1", "b": "y", "p/a": "x y t=2", "p/q/c": "", "or": "and not", "p/q/d-e": "or a.b/c:d"}
_PARENTS = {"b": ["a"], "p/a": ["b", "p/q/c"], "a": ["b"]}
WORLD = World(
    {Name(name): frozenset(tags.split()) for name, tags in _TAGS.items()},
    {Name(name): frozenset(map(Name, parents)) for name, parents in _PARENTS.items()},
)


def selection(data: bytes) -> None:
    """An expression is true or false for any tags, as a second reader of it says; a name means names that exist."""
    text = data.decode("utf-8", "replace")
    try:
        parsed = parse_expression(text)
    except StagectlError as error:
        assert len(error.message) < LONGEST + 200
    else:
        assert len(text) <= LONGEST
        for tags in WORLD.tags.values():
            assert parsed.holds(tags) == second_opinion(parsed, tags) == holds_by_hand(text, tags), text
    with suppress(StagectlError):
        assert match_names(text, WORLD) <= WORLD.tags.keys()
    if len(text) < 40 and re.fullmatch(r"[a-z/*?]*", text):
        pattern = re.sub(r"\*\*/|\*\*|\*|\?|.", lambda part: GLOB.get(part.group(), re.escape(part.group())), text)
        for name in WORLD.tags:
            assert glob_test(text)(name) == bool(re.fullmatch(pattern, name)), (text, name)


GLOB = {"**/": "(?:[^/]*/)*?(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def second_opinion(parsed: Expression, tags: Any) -> bool:
    inner = [second_opinion(part, tags) for part in parsed.inner]
    found = {"and": all, "or": any, "not": lambda parts: not parts[0], "tag": lambda _: parsed.holds(tags)}
    return bool(found[parsed.op](inner))


_TOKEN = re.compile(r"[ \t\n]+|([A-Za-z0-9_][A-Za-z0-9_./:-]*(?:=(?:\*|[A-Za-z0-9_][A-Za-z0-9_./:-]*))?)|([()!&,|])")
_SIGNS = {"!": "not", "&": "and", ",": "and", "|": "or"}


def holds_by_hand(text: str, tags: Any) -> bool:
    """The expression's value by a loop over a stack (Dijkstra's), written from docs/commands.md alone."""
    tokens = [(m.group(1), m.group(2)) for m in _TOKEN.finditer(text) if m.group(1) or m.group(2)]
    values: List[bool] = []
    waiting: List[str] = []
    binds = {"not": 3, "and": 2, "or": 1}

    def act() -> None:
        word = waiting.pop()
        last = values.pop()
        values.append(not last if word == "not" else (values.pop() and last if word == "and" else values.pop() or last))

    for word, sign in tokens:
        op = word if word in binds else _SIGNS.get(sign or "")
        if op:
            while op != "not" and waiting and waiting[-1] != "(" and binds[waiting[-1]] >= binds[op]:
                act()
            waiting.append(op)
        elif sign == "(":
            waiting.append("(")
        elif sign == ")":
            while waiting[-1] != "(":
                act()
            waiting.pop()
        else:
            there = any(tag.startswith(word[:-1]) for tag in tags) if word.endswith("=*") else word in tags
            values.append(there)
    while waiting:
        act()
    (value,) = values
    return value


# --- documents: saved plans and journals

ATOMS: List[Any] = [
    None, True, 0, 1, -1, 1.5, 10**400, float("inf"), "", "x", "a.run", "a", "\x1b[2J", "\u202e", "\ud800",
    "::error::x", "-rf", "--output=x", "../x", "${", "${a.x}", "$${", "${env:A}", "<script>", "```", "a\nb", "success",
    "changed", "staged", "replace", "SUCCESS", "INPROGRESS", "UNKNOWN", "0" * 40, "0" * 64,
    "1-a", 'a["b.c"].0', "a" * 70_000,
    [], {}, [[]], [None], {"": None}, ["a.run"], {"a": {"b": []}}, {"pattern": "("}, {"$ref": "#"}, {"type": 3},
]  # fmt: skip


def edited(document: Any, given: Bytes) -> Any:
    """A document with some of its values replaced, doubled, moved or gone, as the bytes decide."""
    document = copy.deepcopy(document)
    for _ in range(1 + given.number(3)):
        spot, key = document, None
        while isinstance(spot, (dict, list)) and spot and (key is None or given.number(4)):
            above, key = spot, given.pick(sorted(spot)) if isinstance(spot, dict) else given.number(len(spot))
            spot = above[key]
        if key is None:
            return document
        kind = given.number(8)
        if kind == 0:
            del above[key]
        elif kind == 1 and isinstance(above, list):
            above.append(copy.deepcopy(spot))
        elif kind == 2 and isinstance(above, dict):
            above[given.text(broken=True)] = copy.deepcopy(spot)
        elif kind == 3 and isinstance(spot, str):
            at = given.number(1 + len(spot) % 256)
            above[key] = spot[:at] + given.text(broken=True) + spot[at:]
        elif kind == 4:
            above[key] = given.text(broken=True)
        else:
            above[key] = copy.deepcopy(given.pick(ATOMS))
    return document


def _seed() -> Plan:
    return fleet_plan(1)


def saved_plan(data: bytes) -> None:
    """A saved plan is a plan, which is shown everywhere without acting, or is refused; its id fits what it says."""
    given = Bytes(data)
    form = given.number(4)
    path = _SCRATCH / "plan.json"
    if form == 0:
        path.write_bytes(data[1:])
    else:
        raw = edited(_PLAN, given)
        if form > 1:
            try:
                raw["plan_id"] = plan_id(raw)
            except Exception:
                form = 1
        path.write_text(json.dumps(raw), encoding="utf-8")
    try:
        plan = reviewed.load_plan(path)
    except StagectlError as error:
        check_text(error)
        return
    document = to_document(plan)
    assert plan_id(document) == plan.id
    assert from_document(json.loads("".join(json_pieces(plan))), "it").id == plan.id
    check_shown(plan)


def check_text(error: StagectlError) -> None:
    assert not _UNSAFE.search(safe(error.message)) and not _UNSAFE.search(safe(error.hint))
    assert len(error.message) < 10_000, len(error.message)


def check_shown(plan: Plan) -> None:
    shown = [plan_text(plan), plan_markdown(plan), mermaid(picture(plan)), dot(picture(plan))]
    shown += [plan_picture(plan, page=False), plan_picture(plan, page=True), safe(plan_json(plan))]
    for text in shown:
        assert not _UNSAFE.search(text), _UNSAFE.search(text)
        assert not re.search("^::", text, re.MULTILINE)
        text.encode("utf-8")


_RUN = "20260101T000000Z-000001"


def _header() -> Dict[str, Any]:
    header = Header(_RUN, from_document(_PLAN, "it"), "a" * 40, None, "Ada <a@b>", 1e9)  # type: ignore[arg-type]
    return json.loads(header_text(header))


def run_journal(data: bytes) -> None:
    """A journal is a run, which is reported everywhere without acting, or is refused."""
    given = Bytes(data)
    folder = _SCRATCH / "runs" / _RUN
    folder.mkdir(parents=True, exist_ok=True)
    form = given.number(4)
    header = edited(_HEADER, given) if form else _HEADER
    if form == 3 and isinstance(header, dict) and isinstance(header.get("plan"), dict):
        with suppress(Exception):  # what it is made of may be gone
            header["plan"]["plan_id"] = plan_id(header["plan"])
    (folder / "run.json").write_text(json.dumps(header), encoding="utf-8")
    lines = [json.dumps(edited(line, given) if given.number(2) else line) for line in LINES[: 1 + given.number(4)]]
    text = "".join(f"{line}\n" for line in lines).encode()
    (folder / "journal").write_bytes(text + data[8:] if given.number(4) == 3 else text[: len(text) - given.number(3)])
    try:
        record = journal.read(_SCRATCH, _RUN)
    except StagectlError as error:
        check_text(error)
        return
    journal.durations(_SCRATCH, [change.id for change in record.header.plan.changes])
    interrupted_outcomes(record)
    try:
        restriction(record.header.plan, record.header.filter)
        failures(record)
        passed_changes(record.header)
    except StagectlError as error:
        check_text(error)
    now = 2e9
    json.loads(report_json(record, now))
    for text_shown in (report_text(record, now), report_page(record, now), safe(report_json(record, now))):
        assert not _UNSAFE.search(text_shown), (
            _UNSAFE.search(text_shown),
            text_shown[max(0, _UNSAFE.search(text_shown).start() - 80) :][:160],
        )
        text_shown.encode("utf-8")


_PLAN = json.loads("".join(json_pieces(_seed())))
_HEADER = _header()
_FIRST = _PLAN["changes"][0]["id"]
LINES: List[Mapping[str, Any]] = [
    {"change": _FIRST, "at": 1e9, "state": "INPROGRESS"},
    {"change": _FIRST, "at": 1e9, "state": SUCCESS, "changed": True, "message": "", "seconds": 1.5, "output": "x\ny"},
    {"change": _PLAN["changes"][1]["id"], "at": 1e9, "state": "INPROGRESS"},
    {"end": 1e9, "commit": "b" * 40, "kept": None},
]


def _files() -> List[bytes]:
    """What files look like, for the fuzzer to begin with."""
    from tests.unit.adapters.yamlfile.test_yamlfile import FILE

    bodies = [
        "inputs: {a: [1, 2.5, .5, 0x1F, 0o17, 1e3, ~, true], b: 'x', c: \"\\u0041\\x41\\n\"}\n",
        "a: |\n  x\n  y\n",
    ]
    bodies += ["a: >-\n  x\n  y\n\n- z\n", "react_on: {restart: [{on: ./b.update, when: changed}]}\n", "? a\n: b\n"]
    bodies += ["depends_on: [../a, b]\nunordered: [c]\noverrides: [a.0, 'a[\"b\"]']\n", "a: ${b.c}\nb: [a:b, ::1]\n"]
    heads = ["", "---\nkind: a\ntags: [x, k=v]\nsource: resources/a.yaml\nactions: {restart: 2-3f9c}\n---\n"]
    kinds = ["inputs: {type: object, properties: {a: {pattern: '^a{2,3}$'}}}\nactions: {run: [sh, -c, x]}\nlimit: 2\n"]
    configs = [
        "roots: [resources]\ntags: {'prod/**': [prod]}\nlock_term: 5\n",
        "%YAML 1.2\n---\na: &x !!str *x\n<<: 1\n",
    ]
    return [FILE.encode(), *(f"{h}{b}".encode() for h in heads for b in [*bodies, *kinds, *configs])]


TARGETS: Dict[str, Tuple[Target, Callable[[], List[bytes]]]] = {
    "reader": (reader, _files),
    "references": (references, lambda: [bytes(range(start, start + 40)) for start in (0, 40, 90, 200)]),
    "selection": (
        selection,
        lambda: [b"a and (t=1 or t=*) and not x", b"!(x|y),or", b"2+p/*+1", b"**/a", b"not not a.b/c:d", b"p/?/*"],
    ),
    "plan": (
        saved_plan,
        lambda: [bytes([form, *range(start, 60 + start)]) for form in range(4) for start in (0, 77, 190)],
    ),
    "journal": (
        run_journal,
        lambda: [bytes([form, *range(start, 60 + start)]) for form in range(4) for start in (0, 77)],
    ),
}
