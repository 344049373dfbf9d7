"""Files that are no plan, or not the one that was written, are refused."""

from __future__ import annotations

import json
from typing import List

import pytest

from tests.build import Repo
from tests.scenarios.review.world import bad, own_id, reported, saved

pytestmark = pytest.mark.once


NO_PLAN = ("error: plan.json is no plan", "hint: plans are written by: stagectl plan --out FILE")
CHANGED = ("error: plan.json was changed since it was written: its plan id does not fit", "hint: plan it again")

BAD_FILES = {
    "a value": (lambda d: d["changes"][0]["diff"][0].update(after=7), CHANGED),
    "a cause": (lambda d: d["changes"][0]["cause"].update(type="child"), CHANGED),
    "the order": (lambda d: d["changes"][0].update(wave=4), CHANGED),
    "the selection": (lambda d: d["selection"].update(names=["a"]), CHANGED),
    "a kind": (lambda d: d["kinds"]["service"].update(timeout=1), CHANGED),
    "its id": (lambda d: d.update(plan_id="0" * 64), CHANGED),
    "a change less": (lambda d: d["changes"].pop(), CHANGED),
    "format 2.0": (
        lambda d: d.update(format_version="2.0"),
        ("error: plan.json has format 2.0, and this stagectl reads 1.0", "hint: plan it again"),
    ),
    "format 1.1": (
        lambda d: d.update(format_version="1.1"),
        ("error: plan.json has format 1.1, and this stagectl makes 1.0", "hint: plan it again"),
    ),
    "no format": (lambda d: d.pop("format_version"), NO_PLAN),
    "a number for a format": (lambda d: d.update(format_version=1), NO_PLAN),
    "a key less": (lambda d: d["changes"][0].pop("kind"), bad("the key 'kind' is missing")),
    "a name that acts": (
        lambda d: d.update(recorded=["x\n::error::"]),
        bad("'x\\n::error::' cannot stand where it does"),
    ),
    "an id that acts": (
        lambda d: d["changes"][0].update(id="\x1b[2J.run"),
        bad("the id '\\x1b[2J.run' is not a.update"),
    ),
    "a reason that acts": (
        lambda d: d["changes"][0]["cause"].update(type='"]; click'),
        bad("'\"]; click' cannot stand where it does"),
    ),
    "a run that acts": (
        lambda d: d.update(tries={"a.update": {"run": "x\n::error::", "at": "2026", "state": "ERROR", "message": ""}}),
        bad("'x\\n::error::' cannot stand where it does"),
    ),
    "a try less": (
        lambda d: d.update(tries={"a.update": {"run": "1", "at": "2026", "state": "ERROR"}}),
        bad("the key 'message' is missing"),
    ),
    "a number for a text": (lambda d: d["changes"][0].update(action=1), bad("1 is no string")),
    "a broken reference": (
        lambda d: d["changes"][0]["diff"][0].update(after="${"),
        bad("'${' is not a reference like ${db.port}; a literal ${ is written $${"),
    ),
    "no path": (lambda d: d["changes"][0]["diff"][0].update(path="a..b"), bad("'a..b' is no path of a value")),
}


def test_every_tampered_file_is_refused(edited: Repo) -> None:
    """
    Whole messages; nothing runs, and `show`, `apply` and `--since` agree.
    """
    good = saved(edited)
    for what, (tamper, lines) in BAD_FILES.items():
        document = json.loads(json.dumps(good))
        tamper(document)
        edited.write("plan.json", json.dumps(document))

        assert reported(1, *lines) == edited.run("show", "plan.json"), what
        assert reported(1, *lines) == edited.run("apply", "plan.json"), what
    assert reported(1, *lines) == edited.run("plan", "--since", "plan.json")
    assert [] == edited.log()


def test_a_forged_id_does_not_help(edited: Repo) -> None:
    """
    Who changes a plan and makes its id fit has made another plan: apply compares it with the real one. What could act
    in a terminal is refused even so.
    """
    document = saved(edited)
    document["changes"][0]["tags"] = ["forged"]
    document["plan_id"] = own_id(document)
    edited.write("plan.json", json.dumps(document))

    ran = edited.run("apply", "plan.json")

    assert (1, "") == (ran.code, ran.out)
    assert "  ~ a.update  differs: tags\n    - tags: forged\n    + tags: nothing\n" in ran.err
    document["changes"][0]["tags"] = ["\x1b[2J"]
    document["plan_id"] = own_id(document)
    edited.write("plan.json", json.dumps(document))
    assert reported(1, *bad("'\\x1b[2J' cannot stand where it does")) == edited.run("apply", "plan.json")


NOT_PLANS = {
    "empty": b"",
    "truncated": b"{",
    "list": b"[]",
    "null": b"null",
    "mapping": b"{}",
    "bytes": b"\xff\xfe",
    "yaml": b"kind: x",
    "deep": b"[" * 100_000,
    "twice": b'{"a":1,"a":2}',
    "surrogate": b'{"a":"\\ud800"}',
    "nan": b'{"format_version": NaN}',
    "digits": b"9" * 5_000,
}


@pytest.mark.parametrize("content", NOT_PLANS.values(), ids=NOT_PLANS)
def test_what_is_no_plan_is_refused(repo: Repo, content: bytes) -> None:
    """
    Whatever else stands in the file.
    """
    (repo.root / "plan.json").write_bytes(content)

    assert reported(1, *NO_PLAN) == repo.run("show", "plan.json") == repo.run("apply", "plan.json")


def test_a_truncated_plan_and_one_with_a_key_twice_are_refused(edited: Repo) -> None:
    """
    A second key would show readers one thing and run another.
    """
    text = json.dumps(saved(edited))

    for content in (text[:-1], text[: len(text) // 2], '{"changes": [],' + text[1:]):
        assert reported(1, *NO_PLAN) == edited.write("plan.json", content).run("show", "plan.json")


def test_a_file_that_cannot_be_read_is_named(repo: Repo) -> None:
    """
    Missing, a folder, or larger than any plan.
    """
    (repo.root / "folder.json").mkdir()
    with open(repo.root / "huge.json", "wb") as huge:
        huge.truncate(64 * 1024 * 1024 + 1)
    hint = "hint: make it with: stagectl plan --out FILE"

    for command in ("show", "apply"):
        assert reported(1, "error: gone.json cannot be read: No such file or directory", hint) == repo.run(
            command, "gone.json"
        )
        assert reported(1, "error: folder.json cannot be read: Is a directory", hint) == repo.run(
            command, "folder.json"
        )
        assert reported(1, "error: huge.json is no plan", NO_PLAN[1]) == repo.run(command, "huge.json")


def test_a_change_is_not_taken_for_a_file(edited: Repo) -> None:
    """
    `web.restart` is more likely a change than a file that is not there: `show` has none, `apply` takes it alone.
    """
    no_name = (
        "error: 'a.update' is not a resource name; the resource of that change is 'a'",
        "hint: a name looks like prod/db",
    )
    not_staged = (
        "error: nothing is staged for a.restart, and it was never done",
        "hint: stage it: stagectl stage a -a restart",
    )

    assert reported(1, *no_name) == edited.run("show", "a.update")
    assert reported(1, *not_staged) == edited.run("apply", "--yes", "a.restart") and [] == edited.log()
    edited.ok("apply", "--yes", "a.update")
    assert ["a.update", "b.update"] == edited.log()


@pytest.mark.parametrize(
    "words", [["a"], ["-t", "p"], ["--expect", "0" * 64], ["--with-children"], ["--with-parents"]], ids=" ".join
)
def test_a_saved_plan_says_itself_what_to_apply(edited: Repo, words: List[str]) -> None:
    """
    Names, tags and an id beside it are a usage error, in whichever order.
    """
    saved(edited)
    lines = ("error: the plan in plan.json says what to apply", "hint: leave names, -t and --expect out")

    assert reported(64, *lines) == edited.run("apply", "plan.json", *words) == edited.run("apply", *words, "plan.json")
