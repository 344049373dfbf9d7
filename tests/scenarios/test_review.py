"""A plan is reviewed, pinned and applied: saved plans, ids, range-diffs, comments and annotations."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from stagectl.core.values import canonical
from stagectl.usecases.planning import reviewed
from tests.build import Ran, Repo

pytestmark = pytest.mark.once

# --- helpers


def record(repo: Repo) -> Repo:
    """Stage everything and record it as applied: a quick way to a live world."""
    repo.commit()
    repo.ok("stage")
    repo.ok("apply", "--yes", "--record-only")
    return repo


def saved(repo: Repo, *arguments: str) -> Dict[str, Any]:
    """Save a plan in plan.json, and return what stands in it."""
    repo.ok("plan", "--out", "plan.json", *arguments)
    return dict(json.loads(repo.read("plan.json")))


def own_id(document: Dict[str, Any]) -> str:
    """The plan id by docs/plan.md, computed from the document alone."""
    keys = ("format_version", "selection", "changes", "held", "recorded", "moved", "kinds")
    approved = {key: document[key] for key in keys}
    approved["held"] = [{key: value for key, value in held.items() if key != "message"} for held in document["held"]]
    return hashlib.sha256(canonical(approved).encode()).hexdigest()


def told(code: int, *lines: str) -> Ran:
    """A command that only says something on stderr."""
    return Ran(code, "", "".join(f"{line}\n" for line in lines))


# --- saved plans say what the plan said


def nothing(repo: Repo) -> List[str]:
    record(repo.define("a"))
    return []


def replaced(repo: Repo) -> List[str]:
    repo.kind("node", replace_on=["image", "odd key"])
    values = {f"k{index}": index for index in range(12)}
    record(repo.define("a", "node", inputs={"image": "x", "odd key": [1], "l": list(range(12)), "m": values}))
    changed = {**values, "k2": 5, "k10": 7}
    repo.define("a", "node", inputs={"image": "y", "l": [*range(2), 9, *range(3, 10), 8, 8, 8], "m": changed}).stage()
    return []


def held(repo: Repo) -> List[str]:
    record(repo.define("db", tags=["p"], inputs={"x": 1}).define("app", tags=["q"], inputs={"x": "${db.x}"}))
    repo.define("db", tags=["p"], inputs={"x": 2}).define("new", tags=["p"], depends_on=["base"]).define("base").stage()
    return ["-t", "p and not q"]


def recorded(repo: Repo) -> List[str]:
    record(repo.define("a", tags=["p"]).define("b"))
    repo.define("a", tags=["p", "q"]).define("b", tags=["q"]).stage()
    return []


def moved(repo: Repo) -> List[str]:
    record(repo.define("a", inputs={"x": 1}).define("b", inputs={"y": "${a.x}"}))
    repo.ok("move", "a", "c")
    return []


def reactions(repo: Repo) -> List[str]:
    when = {"restart": [{"on": "a.update", "when": "changed"}]}
    record(repo.define("a", inputs={"x": 1}).define("b", react_on=when).define("c", react_on={"test": ["b.restart"]}))
    repo.define("a", inputs={"x": 2}).stage()
    return []


def owed(repo: Repo) -> List[str]:
    reactions(repo)
    repo.fail("c.test").apply("--yes")
    return []


def unfinished(repo: Repo) -> List[str]:
    record(repo.define("a", inputs={"x": 1}))
    repo.define("a", inputs={"x": 2}).stage().fail("a.update").apply("--yes")
    return []


def explicit(repo: Repo) -> List[str]:
    record(repo.define("a"))
    return ["a"] if repo.stage("a", "-a", "restart", "-a", "update") else []


def sensitive(repo: Repo) -> List[str]:
    repo.kind("vault", sensitive=["p"])
    repo.define("v", "vault", inputs={"p": "${env:TOKEN}"}).define("w", inputs={"q": "x-${v.p}", "r": 1}).commit()
    repo.stage()
    return []


def variables(repo: Repo) -> List[str]:
    inputs = {"a": "${env:A}", "b": "pre ${env:B} post", "c": "$${env:C}", "d": "$$${e}", "e": "$$ $"}
    repo.define("v", inputs=inputs).define("w", inputs={"x": "${v.a}${v.b}", "y": "${v.c}"}).commit()
    repo.stage()
    return []


def odd(repo: Repo) -> List[str]:
    inputs = {
        "a.b": {"": 1, 'q"\\': None, "new\nline": True, "0": 1.0, "00": 1},
        "é": [[], {}, [[1e300, -0.0, 123456789012345678901234567890]]],
        "`|@ada<b>": "tab\there `|@ada <b>",
        "long": "x" * 1_000,
        "\U0001f600": "line\nline",
    }
    record(repo.define("o", inputs=inputs))
    repo.define("o", inputs={**inputs, "a.b": {"": 2, "0": 2}, "é": [[1], {"x": 1}], "long": "y" * 1_000}).stage()
    return []


def list_and_mapping(repo: Repo) -> List[str]:
    repo.kind("node", replace_on=["l"])
    record(repo.define("a", "node", inputs={"l": ["x", "y"]}))
    repo.define("a", "node", inputs={"l": {"0": "z", "1": "y"}}).stage()
    return []


ZOO: List[Callable[[Repo], List[str]]] = [
    nothing, replaced, held, recorded, moved, reactions, owed, unfinished, explicit, sensitive, variables, odd,
    list_and_mapping,
]  # fmt: skip


@pytest.mark.parametrize("build", ZOO, ids=lambda build: build.__name__)
def test_show_prints_a_saved_plan_as_plan_printed_it(repo: Repo, build: Callable[[Repo], List[str]]) -> None:
    """
    As text and as JSON, anywhere, later; its id follows from what stands in it.
    """
    selection = build(repo)

    printed = repo.ok("plan", "--out", "plan.json", *selection)
    as_json = repo.ok("plan", "--format", "json", *selection)

    document = json.loads(repo.read("plan.json"))
    assert as_json.json() == document and own_id(document) == document["plan_id"]
    assert ("No changes" in printed.out) == (build is nothing)
    assert printed.out == repo.ok("show", "plan.json").out
    assert as_json.out == repo.ok("show", "plan.json", "--json").out == repo.read("plan.json")
    assert f"Unchanged since plan {document['plan_id'][:12]}.\n\n{printed.out}" == (
        repo.ok("plan", "--since", "plan.json", *selection).out
    )


def test_a_saved_plan_holds_no_secret(repo: Repo) -> None:
    """
    Neither variables, nor what reads them, nor a value that was sensitive when it was applied.
    """
    sensitive(repo)
    repo.ok("apply", "--yes", env={"TOKEN": "hunter2hunter2"})
    repo.define("w", inputs={"q": "y-${v.p}", "r": 2}).stage()

    repo.ok("plan", "--out", "plan.json", env={"TOKEN": "hunter2hunter2"})
    text = repo.read("plan.json")

    assert "hunter2" not in text and "TOKEN" not in text and '"sensitive": true' in text
    assert ["q", "r"] == [entry["path"] for entry in json.loads(text)["changes"][0]["diff"]]


def test_a_plan_is_saved_in_a_folder_that_is_made(repo: Repo) -> None:
    """
    One that cannot be is an error; nothing is left behind.
    """
    record(repo.define("a"))

    repo.ok("plan", "--out", "out/deep/plan.json")

    assert ["plan.json"] == os.listdir(repo.root / "out/deep")
    assert told(1, "error: out cannot be written: Is a directory", "hint: choose another file") == repo.run(
        "plan", "--out", "out"
    )
    assert told(1, "error: .gitignore/x cannot be written: File exists", "hint: choose another file") == repo.run(
        "plan", "--out", ".gitignore/x"
    )
    assert [] == [path.name for path in repo.root.iterdir() if path.name.startswith(".stagectl-")]


@pytest.mark.parametrize("special", ["link", "pipe"])
def test_a_plan_is_saved_over_no_link_and_no_special_file(repo: Repo, special: str) -> None:
    """
    /dev/stdout is such a link: renamed over, it would be a file from then on, for everybody.
    """
    target, there = repo.root / "target", repo.root / "there"
    target.write_text("kept")
    there.symlink_to("target") if special == "link" else os.mkfifo(there)

    done = repo.define("db").run("plan", "--out", "there")

    told = "error: there cannot be written: it is a link or special file\nhint: choose another file\n"
    assert (1, told) == (done.code, done.err)
    assert "kept" == target.read_text()
    assert there.is_symlink() if special == "link" else there.is_fifo()


def test_a_plan_that_nobody_could_read_again_is_not_saved(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A hundred thousand changes are more than a saved plan may have; its id pins it all the same.
    """
    monkeypatch.setattr(reviewed, "LARGEST", 100)
    record(repo.define("a", inputs={"x": 1}))
    repo.define("a", inputs={"x": 2}).stage()

    ran = repo.run("plan", "--out", "plan.json")

    assert 1 == ran.code
    assert "error: plan.json would have 0 MiB, of a saved plan 0 MiB are read at the most\n" in ran.err
    assert f"apply --expect {repo.plan().raw['plan_id']}\n" in ran.err
    assert not (repo.root / "plan.json").exists()


def test_no_plan_is_saved_where_there_is_none(repo: Repo) -> None:
    """
    An impossible plan leaves an earlier file as it is.
    """
    record(repo.define("a"))
    before = saved(repo)
    repo.write(".staged/a.yaml", "x")

    assert 1 == repo.run("plan", "--out", "plan.json").code
    assert before == json.loads(repo.read("plan.json"))


# --- files that are no plan, or not this one


NO_PLAN = ("error: plan.json is no plan", "hint: plans are written by: stagectl plan --out FILE")
CHANGED = ("error: plan.json was changed since it was written: its plan id does not fit", "hint: plan it again")


def bad(message: str) -> Any:
    return (f"error: plan.json is no plan: {message}", "hint: plan it again")


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
    "a number for a text": (lambda d: d["changes"][0].update(action=1), bad("1 is no string")),
    "a broken reference": (
        lambda d: d["changes"][0]["diff"][0].update(after="${"),
        bad("'${' is not a reference like ${db.port}; a literal ${ is written $${"),
    ),
    "no path": (lambda d: d["changes"][0]["diff"][0].update(path="a..b"), bad("'a..b' is no path of a value")),
}


@pytest.fixture
def edited(repo: Repo) -> Repo:
    """One resource, live, with an edit that is staged."""
    record(repo.define("a", inputs={"x": 1}).define("b", inputs={"y": "${a.x}"}))
    return repo.define("a", inputs={"x": 2}).stage()


def test_every_tampered_file_is_refused(edited: Repo) -> None:
    """
    Whole messages; nothing runs, and `show`, `apply` and `--since` agree.
    """
    good = saved(edited)
    for what, (tamper, lines) in BAD_FILES.items():
        document = json.loads(json.dumps(good))
        tamper(document)
        edited.write("plan.json", json.dumps(document))

        assert told(1, *lines) == edited.run("show", "plan.json"), what
        assert told(1, *lines) == edited.run("apply", "plan.json"), what
    assert told(1, *lines) == edited.run("plan", "--since", "plan.json")
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
    assert told(1, *bad("'\\x1b[2J' cannot stand where it does")) == edited.run("apply", "plan.json")


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

    assert told(1, *NO_PLAN) == repo.run("show", "plan.json") == repo.run("apply", "plan.json")


def test_a_truncated_plan_and_one_with_a_key_twice_are_refused(edited: Repo) -> None:
    """
    A second key would show readers one thing and run another.
    """
    text = json.dumps(saved(edited))

    for content in (text[:-1], text[: len(text) // 2], '{"changes": [],' + text[1:]):
        assert told(1, *NO_PLAN) == edited.write("plan.json", content).run("show", "plan.json")


def test_a_file_that_cannot_be_read_is_named(repo: Repo) -> None:
    """
    Missing, a folder, or larger than any plan.
    """
    (repo.root / "folder.json").mkdir()
    with open(repo.root / "huge.json", "wb") as huge:
        huge.truncate(64 * 1024 * 1024 + 1)
    hint = "hint: make it with: stagectl plan --out FILE"

    for command in ("show", "apply"):
        assert told(1, "error: gone.json cannot be read: No such file or directory", hint) == repo.run(
            command, "gone.json"
        )
        assert told(1, "error: folder.json cannot be read: Is a directory", hint) == repo.run(command, "folder.json")
        assert told(1, "error: huge.json is no plan", NO_PLAN[1]) == repo.run(command, "huge.json")


def test_a_change_is_not_taken_for_a_file(edited: Repo) -> None:
    """
    `web.restart` is more likely a name that somebody wrote an action to than a file that is not there.
    """
    lines = (
        "error: 'a.update' is not a resource name; the resource of that change is 'a'",
        "hint: a name looks like prod/db",
    )

    assert told(1, *lines) == edited.run("show", "a.update") == edited.run("apply", "--yes", "a.update")


@pytest.mark.parametrize(
    "words", [["a"], ["-t", "p"], ["--expect", "0" * 64], ["--with-children"], ["--with-parents"]], ids=" ".join
)
def test_a_saved_plan_says_itself_what_to_apply(edited: Repo, words: List[str]) -> None:
    """
    Names, tags and an id beside it are a usage error, in whichever order.
    """
    saved(edited)
    lines = ("error: the plan in plan.json says what to apply", "hint: leave names, -t and --expect out")

    assert told(64, *lines) == edited.run("apply", "plan.json", *words) == edited.run("apply", *words, "plan.json")


# --- pinned plans run, and no others


def test_a_saved_plan_and_an_id_need_nobody_to_ask(edited: Repo) -> None:
    """
    Without a terminal and without --yes; by a name with a dot or without one.
    """
    repo = edited
    repo.ok("plan", "--out", "reviewed", "a")

    repo.ok("apply", "reviewed")
    repo.define("a", inputs={"x": 3}).stage()
    repo.ok("apply", "--expect", repo.plan("b+").raw["plan_id"], "b+")
    repo.ok("apply", "--expect", repo.plan().raw["plan_id"])

    assert ["a.update", "b.update", "a.update", "b.update"] == repo.log()


def test_an_id_has_to_be_whole(edited: Repo) -> None:
    """
    The first characters of the right one, or nothing at all, are not enough to run something.
    """
    now = edited.plan().raw["plan_id"]

    for given in ("", now[:12], now.upper(), f"{now} "):
        shown = given
        assert told(
            1,
            f"error: the plan is not the one that was reviewed: its id is {now}, expected was {shown}; "
            "a plan id has 64 characters, 0-9 and a-f",
            "hint: nothing ran; look at it again with `stagectl plan`, and expect its id",
        ) == edited.run("apply", "--expect", given)


def test_an_unknown_id_is_refused(edited: Repo) -> None:
    """
    No commit makes that plan, so what differs cannot be told.
    """
    now = edited.plan().raw["plan_id"]

    assert told(
        1,
        f"error: the plan is not the one that was reviewed: its id is {now}, expected was {'0' * 64}; "
        "no recent commit makes that plan with this selection, so what differs is not known",
        "hint: nothing ran; look at it again with `stagectl plan`, and expect its id",
    ) == edited.run("apply", "--expect", "0" * 64)


def test_the_walk_of_a_reviewer(repo: Repo, tmp_path: Path) -> None:
    """
    A branch, an edit, a comment with an id; a rebase onto something else keeps it; an edit after the approval does not
    get in; the right id does.
    """
    record(repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"}).define("other"))
    repo.git("checkout", "-q", "-b", "change")
    repo.define("db", inputs={"port": 2}).stage()
    comment = repo.ok("plan", "--format", "markdown").out
    approved = json.loads(comment.splitlines()[0][len("<!-- stagectl:plan ") : -len(" -->")])["plan_id"]
    assert f"stagectl apply --expect {approved}\n" in comment

    repo.git("checkout", "-q", "main")
    repo.define("other", inputs={"z": 1}).stage()
    repo.ok("apply", "--yes")
    repo.write("README.md", "unrelated").commit()
    repo.git("checkout", "-q", "change")
    repo.git("rebase", "-q", "main")
    assert approved == repo.plan().raw["plan_id"]
    again = repo.ok("plan", "--format", "markdown", "--since", approved).out
    assert f"**Unchanged since plan `{approved[:12]}`.**" == again.splitlines()[8]

    repo.define("db", inputs={"port": 3}).stage()
    (repo.root / "actions.log").unlink()
    now = repo.plan().raw["plan_id"]
    assert told(
        1,
        f"Since plan {approved[:12]} (now {now[:12]}):",
        "  ~ db.update  differs: values",
        "    - port: 1 -> 2",
        "    + port: 1 -> 3",
        "  ~ app.update  differs: values",
        "    - db: 1 -> 2",
        "    + db: 1 -> 3",
        f"error: the plan is not the one that was reviewed: its id is {now}, expected was {approved}",
        "hint: nothing ran; look at it again with `stagectl plan`, and expect its id",
    ) == repo.run("apply", "--expect", approved)
    assert [] == repo.log()

    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.ok("apply", "--expect", approved)
    assert ["db.update", "app.update"] == repo.log()


def test_the_id_is_the_same_in_another_clone_at_another_commit(edited: Repo, tmp_path: Path) -> None:
    """
    Cloned, with an unrelated commit, a definition edited but not staged, and untracked files.
    """
    before = edited.plan().raw
    edited.git("clone", "-q", str(edited.root), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone", init=False)
    clone.git("config", "user.name", "Bob")
    clone.git("config", "user.email", "bob@example.com")
    clone.git("branch", "-q", "stagectl/applied", "origin/stagectl/applied")
    clone.write("README.md", "x").commit()
    clone.define("a", inputs={"x": 9}).write("untracked", "")

    after = clone.plan().raw

    assert before["plan_id"] == after["plan_id"] and before["head"] != after["head"]
    shutil.copy(edited.write("p.json", json.dumps(before)).root / "p.json", clone.root / "p.json")
    clone.ok("apply", "p.json")


def test_an_apply_of_something_else_keeps_the_id_of_a_selection(repo: Repo) -> None:
    """
    Of the selection that was reviewed; the applied commit is another one.
    """
    record(repo.define("a", tags=["p"]).define("b", tags=["q"]))
    repo.define("a", tags=["p"], inputs={"x": 1}).define("b", tags=["q"], inputs={"x": 1}).stage()
    reviewed = saved(repo, "-t", "p")

    repo.ok("apply", "--yes", "-t", "q")

    now = repo.plan("-t", "p").raw
    assert reviewed["plan_id"] == now["plan_id"] and reviewed["base"] != now["base"]
    repo.ok("apply", "plan.json")
    assert ["b.update", "a.update"] == repo.log()


# --- what differs since


def world(repo: Repo) -> Repo:
    """db, its readers app and web, and cache, which restarts with db; db.port and a restart of cache are staged."""
    repo.define("db", tags=["p"], inputs={"port": 1, "size": 1})
    repo.define("app", tags=["p"], inputs={"db": "${db.port}"}).define("web", tags=["q"], inputs={"db": "${db.port}"})
    record(repo.define("cache", tags=["p"], react_on={"test": ["db.update"]}).define("job", tags=["p"]))
    repo.define("db", tags=["p"], inputs={"port": 2, "size": 1}).stage()
    return repo.stage("job", "-a", "restart")


def since(repo: Repo, edit: Callable[[Repo], Any], *selection: str) -> List[str]:
    """The range-diff, its head left out, from the plan there is to the one after an edit."""
    before = saved(repo, *selection)
    edit(repo)
    repo.ok("stage")
    now = repo.ok("plan", "--format", "json", "--since", "plan.json", *selection).json()
    lead, _, rest = repo.ok("plan", "--since", "plan.json", *selection).out.partition("\n\n")
    assert repo.ok("plan", *selection).out == rest
    assert (before["plan_id"], False) == (now["since"]["plan_id"], now["since"]["unchanged"])
    head, *lines = lead.splitlines()
    assert f"Since plan {before['plan_id'][:12]} (now {now['plan_id'][:12]}):" == head
    return [line[2:] for line in lines]


def test_since_a_change_of_values_and_causes(repo: Repo) -> None:
    """
    Another value, another input; who reads it differs, too.
    """
    assert [
        "~ db.update  differs: values, cause",
        "  - port: 1 -> 2",
        "  + port: 1 -> 3",
        "  + size: 1 -> 5",
        "  - because of the inputs: port",
        "  + because of the inputs: port, size",
        "~ app.update  differs: values",
        "  - db: 1 -> 2",
        "  + db: 1 -> 3",
        "~ web.update  differs: values",
        "  - db: 1 -> 2",
        "  + db: 1 -> 3",
    ] == since(world(repo), lambda repo: repo.define("db", tags=["p"], inputs={"port": 3, "size": 5}))


def test_since_changes_that_came_and_went(repo: Repo) -> None:
    """
    An own edit is another cause than a read value.
    """

    def edit(repo: Repo) -> None:
        repo.define("new").define("db", tags=["p"], inputs={"port": 1, "size": 1})
        repo.define("app", tags=["p"], inputs={"db": 7})

    assert [
        "+ new.run  came (staged)",
        "- db.update  went",
        "- cache.test  went",
        "- web.update  went",
        "~ app.update  differs: values, cause, order",
        "  - db: 1 -> 2",
        "  + db: 1 -> 7",
        "  - because: reads db.update",
        "  + because: staged",
        "  - after: db.update",
        "  + after: nothing",
    ] == since(world(repo), edit)


def test_since_another_stamp_order_tags_and_kind(repo: Repo) -> None:
    """
    Staged by name again; after something else; with other tags; of another kind, which is a replace.
    """

    def edit(repo: Repo) -> None:
        repo.ok("unstage", "job")
        repo.define("job", tags=["p"], depends_on=["db"]).stage("job", "-a", "restart")
        repo.define("app", "plain", tags=["p"], inputs={"db": "${db.port}"})
        repo.define("web", tags=["q", "r"], inputs={"db": "${db.port}"})

    assert [
        "+ app.remove  came (replace: db)",
        "+ app.run  came (replace: db)",
        "- app.update  went",
        "~ job.restart  differs: order, stamp",
        "  - after: nothing",
        "  + after: db.update",
        "  it was staged by name again",
        "~ web.update  differs: tags",
        "  - tags: q",
        "  + tags: q, r",
    ] == since(world(repo), edit)


def test_since_another_kind_of_what_is_new(repo: Repo) -> None:
    """
    The same id, of another kind.
    """
    repo.define("a").commit()
    repo.stage()

    assert ["~ a.run  differs: kind", "  - kind: service", "  + kind: plain"] == since(
        repo, lambda repo: repo.define("a", "plain")
    )


def test_since_other_triggers_and_files_of_kinds(repo: Repo) -> None:
    """
    When a reaction is due, and what the actions of a kind do.
    """

    def edit(repo: Repo) -> None:
        repo.define("cache", tags=["p"], react_on={"test": [{"on": "db.update", "when": "changed"}]})
        repo.kind("service", actions=("run", "update", "remove", "restart", "test"), timeout=5).commit()

    assert [
        "~ cache.test  differs: triggers",
        "  - reacts on: db.update (success)",
        "  + reacts on: db.update (changed)",
        "+ cache  recorded now",
        "~ kinds/service.yaml  differs",
    ] == since(world(repo), edit)


def test_since_values_that_are_not_shown(repo: Repo) -> None:
    """
    A restart acts with values, too, which its plan does not show; sensitive ones are shown nowhere.
    """
    repo.kind("vault", actions=("run", "update", "restart"), sensitive=["p"])
    record(repo.define("a", inputs={"x": 1}).define("v", "vault", inputs={"p": "${env:ONE}"}))
    repo.define("v", "vault", inputs={"p": "${env:TWO}"}).stage().stage("a", "-a", "restart")

    found = since(
        repo, lambda repo: repo.define("v", "vault", inputs={"p": "${env:THREE}"}).define("a", inputs={"x": 2})
    )

    assert [
        "+ a.update  came (staged)",
        "~ a.restart  differs: values, order",
        "  it acts with other values, which are not shown",
        "  - after: nothing",
        "  + after: a.update",
        "~ v.update  differs: values",
        "  it acts with other values, which are not shown",
    ] == found


def test_since_what_is_held_back_recorded_and_moved(repo: Repo) -> None:
    """
    Newly, no longer, and held back with other tags or needs.
    """
    record(repo.define("one", tags=["p"]).define("two", tags=["p"]).define("three", tags=["p"]))
    repo.define("x", tags=["p"], depends_on=["base"]).define("y", tags=["p"], depends_on=["base"]).define("base")
    repo.define("one", tags=["p", "r"]).stage()

    def edit(repo: Repo) -> None:
        repo.define("one", tags=["p"]).define("two", tags=["p", "r"]).define("base2")
        repo.define("x", tags=["p", "r"], depends_on=["base2"]).define("y", tags=["p"])
        repo.define("z", tags=["p"], depends_on=["base"]).stage()
        repo.ok("move", "three", "four")

    found = since(repo, edit, "-t", "p")

    assert [
        "+ y.run  came (staged)",
        "+ z.run  held back now (needs-parent) it needs base.run, which is not selected; --with-parents takes it in",
        "- y.run  no longer held back (needs-parent)",
        "~ x.run  held back differently",
        "  - needs: base.run",
        "  + needs: base2.run",
        "  - tags: p",
        "  + tags: p, r",
        "+ four  recorded now",
        "- one  no longer recorded",
        "+ two  recorded now",
        "+ four  moved from three",
    ] == found
    assert {
        "came": ["y.run"],
        "went": [],
        "differ": [],
        "held": {"came": ["z.run"], "went": ["y.run"], "differ": ["x.run"]},
        "recorded": {"came": ["four", "two"], "went": ["one"]},
        "moved": {"came": [["three", "four"]], "went": []},
        "kinds": [],
        "selection": {"tags": ["p"], "names": [], "with_children": False, "with_parents": False},
    }.items() <= repo.ok("plan", "-t", "p", "--format", "json", "--since", "plan.json").json()["since"].items()


def test_since_another_selection(repo: Repo) -> None:
    """
    The words of both.
    """
    world(repo)
    saved(repo, "db", "-t", "p")

    found = repo.ok("plan", "--with-parents", "--since", "plan.json").out

    assert "  ~ the selection differs: db -t p -> --with-parents\n\n" in found
    assert "+ job.restart  came (staged by name)\n" in found


# --- a plan found again by its id


@pytest.mark.parametrize("length", [64, 12, 8])
def test_a_plan_is_found_by_its_id(edited: Repo, length: int) -> None:
    """
    By the whole one, or its first characters: as text, as Markdown and as JSON.
    """
    before = edited.plan().raw["plan_id"]
    edited.define("a", inputs={"x": 3}).stage()
    now = edited.plan().raw["plan_id"]

    text = edited.ok("plan", "--since", before[:length]).out
    markdown = edited.ok("plan", "--since", before[:length], "--format", "markdown").out
    found = edited.ok("plan", "--since", before[:length], "--format", "json").json()["since"]

    lead = (
        f"Since plan {before[:12]} (now {now[:12]}):\n  ~ a.update  differs: values\n    - x: 1 -> 2\n    + x: 1 -> 3\n"
    )
    assert text.startswith(lead)
    assert (
        f"**What differs since plan `{before[:12]}`:** 2 differ\n\n"
        "```diff\n~ a.update  differs: values\n-    x: 1 -> 2\n"
        "+    x: 1 -> 3\n~ b.update  differs: values\n-    y: 1 -> 2\n+    y: 1 -> 3\n```\n"
    ) in markdown
    assert [{"id": "a.update", "in": ["values"]}, {"id": "b.update", "in": ["values"]}] == found["differ"]
    assert (before, False) == (found["plan_id"], found["unchanged"])


def test_nothing_changed_since(edited: Repo) -> None:
    """
    Said in every form.
    """
    identity = edited.plan().raw["plan_id"]

    assert edited.ok("plan", "--since", identity).out.startswith(f"Unchanged since plan {identity[:12]}.\n\n~ a.update")
    assert f"\n\n**Unchanged since plan `{identity[:12]}`.**\n\n|" in (
        edited.ok("plan", "--since", identity, "--format", "markdown").out
    )
    assert edited.ok("plan", "--since", identity, "--format", "json").json()["since"]["unchanged"]


def test_an_id_that_nothing_makes_is_a_warning(edited: Repo) -> None:
    """
    The plan is shown all the same; the comment says so, too.
    """
    lost = "no recent commit makes the plan deadbeef: what differs from it is not known"

    ran = edited.ok("plan", "--since", "deadbeef")

    assert (edited.ok("plan").out, f"warning: {lost}\n") == (ran.out, ran.err)
    assert f"- **warning:** `{lost}`\n" in edited.ok("plan", "--since", "deadbeef", "--format", "markdown").out
    assert "since" not in edited.ok("plan", "--since", "deadbeef", "--format", "json").json()


def test_what_is_neither_an_id_nor_a_file_is_an_error(edited: Repo) -> None:
    """
    Too short for an id; and a file there goes before an id.
    """
    hint = "hint: make it with: stagectl plan --out FILE"

    assert told(1, "error: abc cannot be read: No such file or directory", hint) == edited.run("plan", "--since", "abc")
    edited.ok("plan", "--out", "deadbeef")
    assert edited.ok("plan", "--since", "deadbeef").out.startswith("Unchanged since plan ")


def test_a_plan_is_found_again_after_a_rebase(repo: Repo) -> None:
    """
    Its commits are on no branch any more, but git remembers where the branch was.
    """
    record(repo.define("a", inputs={"x": 1}))
    repo.define("a", inputs={"x": 2}).stage()
    before = repo.plan().raw["plan_id"]

    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.define("a", inputs={"x": 3}).stage()

    assert "  ~ a.update  differs: values\n    - x: 1 -> 2\n    + x: 1 -> 3\n" in repo.ok("plan", "--since", before).out


def test_a_plan_is_found_again_after_its_apply(edited: Repo) -> None:
    """
    It was made against an older applied state.
    """
    before = edited.plan().raw["plan_id"]
    edited.ok("apply", "--expect", before)

    ran = edited.run("apply", "--expect", before)

    assert "  - a.update  went\n  - b.update  went\n" in ran.err and 1 == ran.code


# --- what it looks like


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "mermaid", "dot", "svg", "html"])
def test_every_form_of_a_plan_names_what_runs_and_what_is_held_back(repo: Repo, form: str) -> None:
    """
    By full change ids; `--out` saves the same file beside each.
    """
    selection = held(repo)

    shown = repo.ok("plan", "--format", form, "--out", "plan.json", *selection).out

    ids = ["db.update", "app.update", "new.run"]
    document = json.loads(repo.read("plan.json"))
    assert ids == [change["id"] for change in document["changes"]] + [entry["id"] for entry in document["held"]]
    assert [] == [identity for identity in ids if identity not in shown]


def test_a_comment_tells_less_where_it_may_hold_less(repo: Repo) -> None:
    """
    Everything; groups; counts; the head and the command; less than that is a usage error.
    """
    for index in range(60):
        repo.define(f"{'abc'[index % 3]}/r{index}", inputs={"x": f"value {index}"})
    repo.commit()
    identity = repo.stage().plan().raw["plan_id"]

    def comment(size: int) -> str:
        shown = repo.ok("plan", "--format", "markdown", "--max-bytes", str(size)).out
        assert len(shown.encode()) <= size and shown.startswith("<!-- stagectl:plan {")
        assert shown.endswith(f"```sh\nstagectl apply --expect {identity}\n```\n")
        return shown

    full = comment(65_000)
    assert repo.ok("plan", "--format", "markdown").out == full == comment(len(full.encode()))
    assert "| `+` | `a/r0.run` | staged |\n" in full and '+ x: "value 59"\n' in full
    groups = comment(len(full.encode()) - 1)
    assert "| `+` | 20 | `a/` | `service` | staged | `a/r0.run`, `a/r12.run`" in groups
    counts = comment(len(groups.encode()) - 1)
    assert "| `a/` | `service` | `run` | 20 |\n" in counts and "| staged |" not in counts
    head = comment(len(counts.encode()) - 1)
    assert "`a/`" not in head and "### Plan: 60 to run, 0 to update, 0 to remove, 0 other.\n" in head
    size = len(head.encode()) - 1
    assert told(64, f"error: {size} bytes are too few for this plan", "hint: allow more with --max-bytes") == repo.run(
        "plan", "--format", "markdown", "--max-bytes", str(size)
    )


# --- annotations


def annotated(repo: Repo, *arguments: str) -> List[str]:
    return repo.ok("plan", "--format", "github", *arguments).out.splitlines()


def test_changes_are_told_on_the_lines_of_their_values(repo: Repo) -> None:
    """
    In the staged file, at the first value that changes and is still there; a removal has no line. The whole output.
    """
    text = "---\nkind: service\n---\n# one\ninputs:\n  b: 1\n  l:\n  - x\n  - y\n  z: 1\n"
    repo.write("resources/a.yaml", text)
    repo.define("child", inputs={"k": "${a.l.1}"})
    record(repo.define("gone"))
    repo.write(
        "resources/a.yaml", "---\nkind: service\n---\n# one\ninputs:\n  l:\n  - x\n  - 'y: 100%, done'\n  z: 1\n"
    )
    repo.delete("gone").stage()
    plan = repo.plan().raw

    child = next(i for i, line in enumerate(repo.read(".staged/child.yaml").splitlines(), 1) if '"k"' in line)
    line = next(i for i, line in enumerate(repo.read(".staged/a.yaml").splitlines(), 1) if "done" in line)
    assert [
        f"::notice title=stagectl plan::Plan: 0 to run, 2 to update, 1 to remove, 0 other. Plan id: {plan['plan_id']}",
        f"::notice file=.staged/a.yaml,line={line},title=a.update::a.update: staged%0Ab: 1 -> (gone)%0A"
        'l.1: "y" -> "y: 100%25, done"',
        f"::notice file=.staged/child.yaml,line={child},title=child.update::child.update: reads a.update%0A"
        'k: "y" -> "y: 100%25, done"',
        "::notice title=gone.remove::gone.remove: staged",
    ] == annotated(repo)


def test_an_action_without_values_is_told_on_the_first_line(repo: Repo) -> None:
    """
    A restart, and a change that is held back.
    """
    record(repo.define("a", tags=["p"]))
    repo.define("b", tags=["p"], depends_on=["c"]).define("c").stage().stage("a", "-a", "restart")

    assert [
        "::notice file=.staged/a.yaml,line=1,title=a.restart::a.restart: staged by name",
        "::warning file=.staged/b.yaml,line=1,title=b.run is held back::it needs c.run, which is not selected; "
        "--with-parents takes it in",
    ] == annotated(repo, "-t", "p")[1:]


def test_at_most_ten_annotations_of_a_level(repo: Repo) -> None:
    """
    The tenth says how many more there are.
    """
    for index in range(15):
        repo.define(f"a{index:02}", tags=["p"]).define(f"b{index:02}", tags=["p"], depends_on=["c"])
    repo.define("c").commit()
    repo.stage()

    lines = annotated(repo, "-t", "p")

    assert [10, 10] == [sum(line.startswith(f"::{level} ") for line in lines) for level in ("notice", "warning")]
    assert "::notice title=stagectl plan::and 7 more, see the whole plan" == lines[9]
    assert "::warning title=stagectl plan::and 6 more, see the whole plan" == lines[19]


def test_long_lists_of_values_are_cut(repo: Repo) -> None:
    """
    Five values of a change, and how many more.
    """
    repo.define("a", inputs={f"k{index}": index for index in range(8)}).commit()
    repo.stage()

    assert annotated(repo)[1].endswith("::a.run: staged%0Ak0: 0%0Ak1: 1%0Ak2: 2%0Ak3: 3%0Ak4: 4%0Aand 3 more values")


def test_problems_are_errors_on_their_lines(repo: Repo) -> None:
    """
    At most ten, on stdout; the messages stand on stderr as ever, and it exits 1.
    """
    record(repo.define("a"))
    repo.write(".staged/a.yaml", "---\nkind: service\nbad, 100%: 1\n---\n" + "".join(f"k{i}: 1\n" for i in range(12)))

    ran = repo.run("plan", "--format", "github")

    assert 1 == ran.code and 13 == len(ran.err.splitlines())
    assert (
        "::error file=.staged/a.yaml,line=3,col=1,title=stagectl plan::"
        "unknown key 'bad, 100%25'; known keys: kind, tags, moved_from, source, actions"
    ) == ran.out.splitlines()[0]
    assert (10, "::error title=stagectl plan::and 4 more, see the whole plan") == (
        len(ran.out.splitlines()),
        ran.out.splitlines()[9],
    )


def test_other_errors_are_annotations_too(repo: Repo) -> None:
    """
    Without a line, as they have none.
    """
    record(repo.define("a"))

    ran = repo.run("plan", "--format", "github", "b")

    assert (1, "::error title=stagectl plan::there is no resource 'b'\n") == (ran.code, ran.out)
    assert "error: there is no resource 'b'\nhint: the resources there are: a\n" == ran.err


@pytest.mark.parametrize("name", ["x\n::stop-commands::y.yaml", "x:9,title=y::z.yaml", "x\r::error::y.yaml"])
def test_names_of_files_cannot_forge_a_command(repo: Repo, name: str) -> None:
    """
    Neither on stdout nor on stderr does a line begin with one of theirs.
    """
    record(repo.define("a"))
    repo.write(f".staged/{name}", "{}")

    ran = repo.run("plan", "--format", "github")

    assert 1 == ran.code
    shown = name.replace("\r", "\\u000d").replace("\n", "%0A").replace(":", "%3A").replace(",", "%2C")
    assert [f"::error file=.staged/{shown},line=1,col=1,title=stagectl plan"] == [
        line[: -len(line.partition("title=stagectl plan")[2])] for line in ran.out.splitlines()
    ]
    assert 1 == len(ran.out.splitlines()) and not [line for line in ran.err.splitlines() if line.startswith("::")]


def test_the_subject_of_a_commit_cannot_act(repo: Repo) -> None:
    """
    It is told in a warning: on a terminal, in a comment and among annotations.
    """
    record(repo.define("a"))
    repo.git("checkout", "-q", "-b", "old")
    repo.git("checkout", "-q", "main")
    repo.define("a", inputs={"x": 1}).write("y", "").stage()
    repo.git("commit", "-q", "--allow-empty", "--amend", "-m", "\x1b[2J\r::error::@ada `x` <b>")
    repo.ok("apply", "--yes")
    repo.git("checkout", "-q", "old")

    plain, comment, notes = (repo.ok("plan", "--format", form) for form in ("text", "markdown", "github"))

    shown = "\\u001b[2J\\u000d::error::@ada `x` <b>"
    assert shown in plain.err and shown in notes.out and f"({shown})" in comment.out
    assert all("\x1b" not in ran.out + ran.err and "\r" not in ran.out + ran.err for ran in (plain, comment, notes))


def test_a_key_cannot_forge_a_line_of_a_plan(repo: Repo) -> None:
    """
    An input on which a kind replaces is named in the cause.
    """
    repo.kind("node", replace_on=["x\n+ admin.run  (staged)"])
    record(repo.define("a", "node", inputs={"x\n+ admin.run  (staged)": 1}))
    repo.define("a", "node", inputs={"x\n+ admin.run  (staged)": 2}).stage()

    assert (
        "-/+ a.remove, a.run  (replace: x\\n+ admin.run  (staged))\n"
        '    ["x\\n+ admin.run  (staged)"]: 1 -> 2\n\nPlan: 1 to run, 0 to update, 1 to remove, 0 other.\n'
    ) == repo.ok("plan").out
