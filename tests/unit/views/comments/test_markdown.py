"""Markdown in which values are data, read back by a parser of the Markdown that hosting sites use."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from stagectl.core.diff import diff
from stagectl.core.errors import UsageError
from stagectl.core.model import ChangeId, Kind, Name, change_id
from stagectl.core.plans.document import with_id
from stagectl.core.plans.plan import Cause, CauseType, Change, Held, Plan, Reason
from stagectl.core.plans.range_diff import range_diff
from stagectl.core.plans.selection import Selection
from stagectl.views.comments.plan_github import plan_github
from stagectl.views.comments.plan_markdown import plan_markdown
from stagectl.views.markdown import code, details, fence, table
from stagectl.views.text import one_line

PARSERS = {
    "commonmark": MarkdownIt("commonmark").enable(["table", "strikethrough"]),
    "gfm-like": MarkdownIt("gfm-like"),  # turns bare addresses into links, too
}
HOSTILE = {
    "mention": "@ada",
    "team": "@org/team",
    "issue": "#1",
    "issue elsewhere": "owner/repo#1 GH-1 fixes #2",
    "commit": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "address": "https://example.com/x",
    "bare address": "www.example.com",
    "mail": "ada@example.com",
    "link": "[text](https://example.com)",
    "reference link": "[text][1]\n\n[1]: https://example.com",
    "autolink": "<https://example.com>",
    "image": "![x](https://example.com/x.png)",
    "html": "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "end of details": "</details></summary><h1>done</h1>",
    "end of the comment": "--> <b>x</b> <!-- ",
    "entity": "&lt;b&gt; &#64;ada",
    "one backtick": "`@ada`",
    "two backticks": "a``b",
    "fence": "```\n@ada",
    "long fence": "\n``````````\n@ada\n~~~~\n",
    "a backtick at the end": "x`",
    "pipe": "a | b || @ada",
    "backslash before a pipe": "a\\| @ada \\\\| @bob",
    "backslash at the end": "x\\",
    "control characters": "a\x1b[31mb\x00\x07\x7f\x85c",
    "direction": "a\u202eb\u2066c\u200fd",
    "line ends": "a\r\n\n@ada\u2028@ada\x0b# x",
    "mermaid": '"]; click n0 "https://example.com"; n1["x',
    "quick action": "/approve\n/merge @ada\n/close",
    "emoji": ":shipit: :+1:",
    "math": "$`x`$ $$\\href{javascript:alert(1)}{x}$$",
    "heading": "\n# x\n===\n- [ ] task\n> quote",
    "emphasis": "**x** _y_ ~~z~~",
    "table": "\n| a | b |\n| - | - |\n| @ada | c |",
    "spaces": "  x  ",
    "only spaces": "   ",
    "nothing": "",
}
OURS = re.compile("|<details(?: open)?><summary>[A-Za-z0-9 ,]+</summary>|</details>|<!-- stagectl:plan [^<>]* -->")


def tokens(text: str, parser: str) -> Iterator[Any]:
    """Every token of a text, the inner ones of a line after it."""
    for token in PARSERS[parser].parse(text):
        yield token
        yield from token.children or ()


def spans(text: str, parser: str = "commonmark") -> List[str]:
    return [token.content for token in tokens(text, parser) if token.type == "code_inline"]


def blocks(text: str) -> List[str]:
    return [token.content for token in tokens(text, "commonmark") if token.type == "fence"]


def cells(text: str) -> List[int]:
    """The number of cells of every row of every table."""
    rows: List[int] = []
    for token in tokens(text, "commonmark"):
        if token.type == "tr_open":
            rows.append(0)
        elif token.type in ("th_open", "td_open"):
            rows[-1] += 1
    return rows


def check_harmless(text: str, hostile: str) -> None:
    """Hold if nothing but our own words is outside of code."""
    for parser in PARSERS:
        for token in tokens(text, parser):
            assert token.type not in ("link_open", "image", "html_inline", "heading_open", "s_open", "hr") or (
                token.type == "heading_open" and token.tag == "h3"
            ), token
            if token.type == "html_block":
                assert all(OURS.fullmatch(line) for line in token.content.splitlines()), token.content
            if token.type == "text" and hostile.strip():
                assert one_line(hostile) not in token.content, token.content
                assert not {"@", "#", "://"} & set(token.content), token.content


def change(name: str, action: str = "update", before: Any = None, after: Any = None, **more: Any) -> Change:
    cause = more.pop("cause", Cause(CauseType.STAGED, (), tuple(sorted(after or ()))))
    return Change(
        id=change_id(name, action),
        resource=Name(name),
        action=action,
        kind=more.pop("kind", "service"),
        tags=more.pop("tags", ()),
        cause=cause,
        diff=diff(before, after),
        before=before,
        inputs=after,
        **more,
    )


def held(identity: str, needs: str, message: str, tags: Tuple[str, ...] = ()) -> Held:
    name, _, action = identity.partition(".")
    return Held(ChangeId(identity), Name(name), action, tags, Reason.NEEDS_PARENT, (ChangeId(needs),), message)


def plan_with(hostile: str) -> Plan:
    """A plan with a hostile text wherever a text of an author can stand."""
    return with_id(
        Plan(
            selection=Selection(("prod/**",), (f"prod or {hostile}",)),
            changes=(
                change("a", before={"x": "1", hostile: "1"}, after={"x": hostile, hostile: "2", "l": [hostile]}),
                change(
                    "b",
                    "remove",
                    before={"x": hostile},
                    after=None,
                    cause=Cause(CauseType.REPLACE, (), (hostile, "x")),
                ),
                change("b", "run", after={"x": {hostile: hostile}}, cause=Cause(CauseType.REPLACE, (), (hostile, "x"))),
                change("c", "restart", tags=(hostile,), cause=Cause(CauseType.REACTION, (ChangeId("a.update"),))),
            ),
            held=(
                Held(
                    ChangeId("d.run"), Name("d"), "run", (hostile,), Reason.NEEDS_PARENT, (ChangeId("a.run"),), hostile
                ),
            ),
            recorded=(Name("e"),),
            pending=(ChangeId("f.run"),),
            moved=((Name("g"), Name("h")),),
            warnings=(f"this commit does not contain the newest applied one, 0123 ({hostile})", hostile),
        )
    )


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("most", (65_000, 3_800))
def test_what_comes_from_files_cannot_act_in_a_comment(hostile: str, most: int) -> None:
    """
    In values, keys, tags, selections, warnings, messages and what differs since: only in code, however short.
    """
    plan, before = plan_with(hostile), plan_with("x")

    text = plan_markdown(plan, since=range_diff(before, plan), max_bytes=most)

    check_harmless(text, hostile)
    assert [] == [rows for rows in cells(text) if rows not in (3, 4, 6)]
    assert one_line(text) == text.replace("\n", "\\n")


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_what_comes_from_files_is_shown_as_it_is(hostile: str) -> None:
    """
    Not one character of a warning is lost or changed but those that could act.
    """
    plan = plan_with(hostile)

    text = plan_markdown(plan)

    assert (one_line(hostile) or " ") in spans(text)
    assert json.dumps({"x": hostile}) and one_line(json.dumps(hostile, ensure_ascii=False)) in "".join(blocks(text))


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_the_marker_is_one_comment_in_one_line(hostile: str) -> None:
    """
    A bot reads command, selection and plan id from it; nothing in a selection can end it.
    """
    plan = plan_with(hostile)

    first = plan_markdown(plan).split("\n")[0]

    assert first.startswith("<!-- stagectl:plan {") and first.endswith("} -->")
    assert [first] == first.splitlines() and "-->" not in first[:-3] and "--" not in first[4:-3]
    assert {
        "command": "plan",
        "plan_id": plan.id,
        "selection": {
            "names": ["prod/**"],
            "tags": [f"prod or {hostile}"],
            "with_children": False,
            "with_parents": False,
        },
    } == json.loads(first[len("<!-- stagectl:plan ") : -len(" -->")])


def test_the_command_says_the_selection_as_a_shell_has_to_read_it() -> None:
    """
    Quoted, and in a block of code.
    """
    plan = with_id(Plan(Selection(("prod/*",), ("a | b",), True, True), changes=(change("a"),)))

    last = blocks(plan_markdown(plan))[-1]

    assert (
        f"stagectl apply 'prod/*' -t 'a | b' --with-children --with-parents --expect {plan.id}\n" == last
    ) and "- selection: `'prod/*' -t 'a | b' --with-children --with-parents`\n" in plan_markdown(plan)


def test_the_whole_comment() -> None:
    """
    Headline, table with causes, values, what is held back, recorded, pending and moved, the graph, the command.
    """
    plan = with_id(
        Plan(
            changes=(
                change("a", before={"x": 1}, after={"x": 2}),
                change("b", "restart", cause=Cause(CauseType.REACTION, (ChangeId("a.update"),)), after=None),
            ),
            held=(
                Held(
                    ChangeId("c.run"), Name("c"), "run", (), Reason.NEEDS_PARENT, (ChangeId("d.run"),), "it needs d.run"
                ),
            ),
            recorded=(Name("e"),),
            pending=(ChangeId("d.run"),),
            moved=((Name("g"), Name("h")),),
            warnings=("look out",),
        )
    )

    assert f"""\
<!-- stagectl:plan {{"command":"plan","plan_id":"{plan.id}","selection":\
{{"names":[],"tags":[],"with_children":false,"with_parents":false}}}} -->

### Plan: 1 to update, 1 other; 1 held back; 1 recorded

- selection: everything that is staged
- plan id: `{plan.id}`
- from nothing applied to what is not committed yet
- **warning:** `look out`

|  | change | because |
| --- | --- | --- |
| `~` | `a.update` | staged |
| `!` | `b.restart` | reacts on `a.update` |

<details open><summary>Values that change in 1 resource</summary>

`a.update`

```diff
- x: 1
+ x: 2
```

</details>

**Held back:** 1 change

| change | because | it would follow |
| --- | --- | --- |
| `c.run` | it needs `d.run` |  |

**Recorded, nothing runs:** `e`

**Staged, not selected:** `d.run`

**Moved:** `g` to `h`

<details><summary>Graph of the changes</summary>

```mermaid
flowchart LR
  n0["a.update\u00a0~"]:::update
  n1["b.restart\u00a0!"]:::other
  n2["c.run\u00a0held\u00a0back"]:::held
  classDef held stroke-dasharray:5 5,color:#000,fill:#f6f8fa,stroke:#57606a
  classDef other fill:#ddf4ff,stroke:#0969da,color:#000
  classDef update fill:#fff8c5,stroke:#9a6700,color:#000
```

</details>

To apply exactly this:

```sh
stagectl apply --expect {plan.id}
```
""" == plan_markdown(plan)


def test_sensitive_values_are_not_in_a_comment() -> None:
    """
    Their paths are.
    """
    plan = with_id(Plan(changes=(change("a", "run", after={"p": "hunter2"}, sensitive=frozenset({"p"})),)))

    text = plan_markdown(plan)

    assert "hunter2" not in text
    assert ["! p: (sensitive)\n"] == blocks(text)[:1]


# --- laws


TEXTS = st.text(st.sampled_from("`|\\ ab\n<>@#~-\t\u202e*$é") | st.characters(), max_size=30)


@given(TEXTS)
def test_code_reads_back_as_the_shown_text(text: str) -> None:
    """
    Alone, in the middle of a line and in a cell of a table, where a pipe would end it.
    """
    shown = one_line(text) or " "

    assert [shown] == spans(f"a {code(text)} b")
    assert [shown] == spans(code(text))
    rows = "\n".join(table(("x", "y"), [(code(text), "z")]))
    assert [shown] == spans(rows)
    assert [2, 2] == cells(rows)


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_a_block_reads_back_as_the_shown_lines(lines: List[str]) -> None:
    """
    Also inside a folded block; nothing after it is swallowed.
    """
    shown = "".join(f"{one_line(line)}\n" for line in lines)

    assert [shown] == blocks(fence("diff", lines))
    folded = [*details("title", [fence("diff", lines)]), "", "the end"]
    assert [shown] == blocks("\n".join(folded))
    assert [
        ("html_block", "<details><summary>title</summary>\n"),
        ("fence", shown),
        ("html_block", "</details>\n"),
        ("inline", "the end"),
    ] == _contents("\n".join(folded))


def _contents(text: str) -> Sequence[Tuple[str, str]]:
    return [(token.type, token.content) for token in PARSERS["commonmark"].parse(text) if token.content]


# --- size


def large(count: int, folders: int, *, alike: bool = False, held: int = 0) -> Plan:
    """A plan of many updates, each after the one before in its folder, with values of their own unless alike."""
    names = [f"folder-{index % folders}/deep/r{index}" for index in range(count)]
    changes = []
    for index, name in enumerate(names):
        value = 0 if alike else index
        one = change(name, before={"x": f"old-{value}", "y": 1}, after={"x": f"new-{value}", "y": 1})
        after = (change_id(names[index - folders], "update"),) if index >= folders else ()
        changes.append(replace(one, after=after, kind=f"kind{index % 3}"))
    waiting = tuple(
        Held(change_id(f"h/r{index}", "run"), Name(f"h/r{index}"), "run", (), Reason.NEEDS_PARENT, (), "x" * 50)
        for index in range(held)
    )
    names_recorded = tuple(Name(f"n{index}") for index in range(held))
    return with_id(Plan(changes=tuple(changes), held=waiting, recorded=names_recorded, warnings=("w" * 5_000,) * held))


SIZES = (2_000, 5_000, 20_000, 65_000, 1_000_000)
LARGE: Dict[str, Callable[[], Plan]] = {
    "few folders": lambda: large(5_000, 7),
    "a folder each": lambda: large(2_000, 2_000),
    "the same values": lambda: large(2_000, 40, alike=True),
    "held back": lambda: large(2, 1, held=4_998),
    "one resource of 5000 values": lambda: with_id(
        Plan(changes=(change("a", "run", after={f"key-{index}": "v" * 200 for index in range(5_000)}),))
    ),
    "one key of 200 kB": lambda: with_id(Plan(changes=(change("a", "run", after={"k" * 200_000: "v" * 200_000}),))),
}


def detail(text: str) -> int:
    """How much a comment shows of a plan: 3 a row per change, 2 groups, 1 counts by folder and kind, 0 the head."""
    for level, head in ((3, "|  | change | because |"), (2, "|  | changes | folder |"), (1, "| folder | kind |")):
        if head in text:
            return level
    return 0


@pytest.mark.once
@pytest.mark.parametrize("which", LARGE)
def test_a_comment_fits_and_shows_less_the_shorter_it_has_to_be(which: str) -> None:
    """
    Headline, plan id and the command are always there; pictures stay within what hosting sites draw.
    """
    plan = LARGE[which]()
    texts = [plan_markdown(plan, max_bytes=size) for size in SIZES]

    assert [] == [size for size, text in zip(SIZES, texts) if len(text.encode()) > size]
    assert sorted(map(detail, texts)) == list(map(detail, texts))
    assert detail(texts[-1]) >= 2 > detail(texts[0])
    for text in texts:
        assert f"--expect {plan.id}\n" in text and "\n### Plan: " in text
        pictures = re.findall("```mermaid\n(.*?)```", text, re.DOTALL)
        assert all(len(block) < 45_000 and block.count(" --> ") <= 400 for block in pictures)
    check_harmless(texts[1], "")


def test_the_default_fits_in_a_comment() -> None:
    """
    65,000 bytes where the large hosting sites take 65,536 characters.
    """
    assert 20_000 < len(plan_markdown(large(300, 3)).encode()) <= 65_000


def test_what_is_left_out_is_counted() -> None:
    """
    Groups by folder, kind, action and cause, with the first ids; then folders and kinds alone.
    """
    plan = large(3_000, 2)

    groups, counts = plan_markdown(plan, max_bytes=30_000), plan_markdown(plan, max_bytes=3_000)

    row = "| `~` | 500 | `folder-0/deep/` | `kind0` | staged | `folder-0/deep/r0.update`, `folder-0/deep/r6.update`, "
    assert f"{row}`folder-0/deep/r12.update`, and 497 more |\n" in groups
    assert "\n... and 2960 more differences; all of them: `stagectl plan`\n" in groups
    assert "| `folder-0/deep/` | `kind0` | `update` | 500 |\n" in counts


def test_the_same_difference_is_reported_once() -> None:
    """
    In 40 resources, the first 20 of which are named.
    """
    text = plan_markdown(large(40, 1, alike=True))

    assert "the same difference in 40 resources: `folder-0/deep/r0.update`, " in text
    assert "`folder-0/deep/r19.update`, and 20 more\n" in text
    assert ['- x: "old-0"\n+ x: "new-0"\n'] == [block for block in blocks(text) if "new" in block]


def test_too_few_bytes_are_refused() -> None:
    """
    The head itself has to fit.
    """
    with pytest.raises(UsageError, match=r"^300 bytes are too few for this plan$"):
        plan_markdown(large(1, 1), max_bytes=300)


def test_what_destroys_stands_first_with_the_values_that_go() -> None:
    """
    Removals and replaces in a block of their own, with what is protected; each is a warning, too.
    """
    kinds = {"service": Kind("service", replace_on=frozenset({"x"}))}
    replaced = Cause(CauseType.REPLACE, (), ("x",))
    plan = with_id(
        Plan(
            selection=Selection((), ("prod",)),
            changes=(
                change("a", "remove", before={"y": 1, "z": [1, 2]}, after=None, protected=True),
                change("b", "remove", before={"x": 1, "y": 2}, after=None, cause=replaced),
                change("b", "run", after={"x": 3, "y": 2}, cause=replaced),
            ),
            kinds=kinds,
        )
    )

    text = plan_markdown(plan)

    assert "\n### Plan of `-t prod`: 1 to run, 2 to remove\n" in text
    assert (
        """
> [!WARNING]
> **This plan removes 1 resource and replaces 1 resource.**
>
> `-` `a.remove`: removed; **protected**
>
> ```diff
> - y: 1
> - z.0: 1
> - z.1: 2
> ```
>
> `-/+` `b.remove`, `b.run`: replace: `x`
>
> ```diff
> - x: 1
> ```
"""
        in text
    )
    assert [
        "::warning title=a.remove destroys::a is removed; the values that go:%0Ay: 1%0Az.0: 1%0Az.1: 2",
        "::warning title=b.remove destroys::b is replaced; the values that go:%0Ax: 1",
    ] == [line for line in plan_github(plan, {}).splitlines() if line.startswith("::warning")]


@pytest.mark.parametrize(("number", "folds"), [(20, False), (21, True)])
def test_a_long_table_and_many_values_are_folded(number: int, folds: bool) -> None:
    """
    Up to 20 rows stand open, more are behind one line; values likewise.
    """
    changes = tuple(change(f"r{at}", before={"x": at}, after={"x": at + 1}) for at in range(number))

    text = plan_markdown(with_id(Plan(changes=changes)))

    assert folds == (f"<details><summary>{number} changes</summary>" in text)
    assert "<details open>" in plan_markdown(with_id(Plan(changes=changes[:3])))
    assert folds == ("<details open>" not in text)
