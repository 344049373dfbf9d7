"""A name that a resource had before: whatever is asked or done by it is about the resource."""

from __future__ import annotations

from pathlib import Path
from typing import List, Sequence

import pytest

from tests.build import Repo, made_once
from tests.scenarios.revert.world import oid

pytestmark = pytest.mark.once  # each of them makes a history of its own


@pytest.fixture
@made_once
def estate(repo: Repo) -> Repo:
    """p/db, applied, then edited (the commit is tagged `edit`), then moved to q/sql (tagged `move`)."""
    repo.define("p/db", inputs={"port": 1, "x": 1}).define("p/app", inputs={"db": "${./db.port}"}).apply_all()
    repo.ok("update", "p/db", "--set", "port=2")
    repo.git("tag", "edit")
    repo.ok("move", "p/db", "q/sql")
    repo.git("tag", "move")
    return repo


def changes(repo: Repo, *arguments: str) -> List[str]:
    return [change for entry in repo.ok("log", "--json", *arguments).json() for change in entry["changes"]]


@pytest.mark.parametrize("is_applied", [False, True], ids=["pending", "applied"])
def test_every_look_follows_a_move(estate: Repo, is_applied: bool) -> None:
    """
    show, diff, log, log --blame, graph, plan and --explain by the old name are those of the new one; the plan says so.
    """
    if is_applied:
        estate.ok("apply", "--yes")
        estate.ok("update", "q/sql", "--set", "port=3")

    for look in (["show"], ["diff"], ["log"], ["log", "--blame"], ["graph"], ["plan", "--explain"], ["show", "--json"]):
        assert estate.ok(*look, "q/sql").out == estate.ok(*look, "p/db").out, look
    assert {"p/db.run", "p/db.update"} <= {*changes(estate, "p/db")}
    assert "q/sql.update" in changes(estate, "p/db")
    assert ("applied: yes\n" if is_applied else "applied: yes, as p/db\n") in estate.ok("show", "p/db").out
    planned = estate.ok("plan", "p/db")
    assert "~ q/sql.update  (staged)" in planned.out
    assert "warning: p/db is q/sql now\n" == planned.err
    assert ([] if is_applied else ["moved from p/db"]) == estate.ok("diff", "--json", "p/db").json()[0]["notes"]


def test_a_single_change_is_named_by_the_old_name(estate: Repo) -> None:
    """
    `apply p/db.restart` where p/db is q/sql now.
    """
    estate.ok("apply", "--yes")
    estate.ok("stage", "p/db", "-a", "restart")

    done = estate.apply("p/db.restart")

    assert (0, "q/sql.restart") == (done.code, estate.log()[-1])
    assert "warning: p/db is q/sql now\n" in done.err


def test_a_name_that_has_another_resource_now_is_its_own(estate: Repo) -> None:
    """
    After the move a new p/db comes: the log of q/sql has what p/db did before, and nothing of what it does later.
    """
    estate.ok("apply", "--yes")
    estate.ok("create", "p/db", "--kind", "service", "--set", "port=9")

    assert "port: 9" in estate.ok("show", "p/db").out
    assert ["p/db.run"] == estate.plan("p/db").ids
    assert 1 == changes(estate, "q/sql").count("p/db.run") - changes(estate, "q/sql")[:2].count("p/db.run")


def test_where_a_name_went_whose_claim_is_gone_is_reported(estate: Repo) -> None:
    """
    The claim was taken out of the file once it was spent: to a job that still names p/db it is not reported as removed.
    """
    estate.ok("apply", "--yes")
    estate.write("resources/q/sql.yaml", estate.read("resources/q/sql.yaml").replace("moved_from: p/db\n", ""))
    estate.ok("stage")
    estate.ok("apply", "--yes")

    done = estate.apply("p/db")

    assert 1 == done.code
    assert (
        "error: there is no resource 'p/db': run 2" in done.err
        and "moved it to q/sql\nhint: name it: q/sql" in done.err
    )


@pytest.mark.parametrize("is_applied", [False, True], ids=["pending", "applied"])
@pytest.mark.parametrize(
    ("later", "reverted", "after"),
    [
        ([], ["edit"], "port: 1"),
        (["x=7"], ["edit"], "port: 1"),
        (["port=7"], ["edit"], None),
        ([], ["move"], "p/db"),
        ([], ["edit~1..move"], "p/db"),
    ],
    ids=["the edit", "with another after it", "changed again", "the move", "both"],
)
def test_an_edit_made_under_the_old_name_is_reverted_under_the_new_one(
    estate: Repo, is_applied: bool, later: Sequence[str], reverted: Sequence[str], after: str
) -> None:
    """
    A move that is reverted is moved back; what was changed again since is a conflict, reported by the new name.
    """
    if is_applied:
        estate.ok("apply", "--yes")
    for value in later:
        estate.ok("update", "q/sql", "--set", value)
    done = estate.run("revert", *reverted)

    if after is None:
        assert (1, "") == (done.code, done.out)
        assert "  q/sql: port should go back from 2 to 1, and is 7 now\n" in done.err
    else:
        assert 0 == done.code, done.err
        name = after if after == "p/db" else "q/sql"
        port = 2 if reverted == ["move"] else 1
        assert f"port: {port}\n" in estate.ok("show", name).out
        assert 0 == estate.run("validate").code
        estate.ok("apply", "--yes")
        assert f"{name}.json" in estate.git("ls-tree", "-r", "--name-only", "stagectl/applied", ".applied/")
        assert "p/db.remove" not in estate.log() and "q/sql.remove" not in estate.log()


def test_what_was_created_under_another_name_is_reverted_under_the_new_one(repo: Repo) -> None:
    """
    Once it moved nothing was done for the commit that created it.
    """
    repo.define("keep").apply_all()
    repo.ok("create", "p/db", "--kind", "service", "--set", "port=1")
    created = oid(repo)
    repo.ok("apply", "--yes")
    repo.ok("move", "p/db", "q/sql")
    repo.ok("apply", "--yes")

    repo.ok("revert", created)

    assert ["q/sql.remove"] == repo.plan().ids


def test_what_a_reader_read_under_the_old_name_it_reads_under_the_new_one(estate: Repo) -> None:
    """
    The reverted commit changed the reference; what comes back names the resource as it is called now.
    """
    estate.ok("apply", "--yes")
    estate.ok("update", "p/app", "--set", "db=${q/sql.x}")
    edit = oid(estate)
    estate.ok("apply", "--yes")
    estate.ok("move", "q/sql", "sql")
    estate.ok("apply", "--yes")

    estate.ok("revert", edit)

    assert '"${../sql.port}"' in estate.read("resources/p/app.yaml")
    assert ["p/app.update"] == estate.plan().ids


def claim(repo: Repo, name: str, old: str, n: int) -> None:
    repo.write(f"resources/{name}.yaml", f"---\nkind: service\nmoved_from: {old}\n---\ninputs: {{n: {n}}}\n")


def reference(name: str) -> str:
    return f"${{prod/{name}.n}}"


def test_all_moves_in_a_folder_are_promoted(repo: Repo) -> None:
    """
    Two renames, of which one takes the other's place, a swap, and a reader outside that follows both: nothing runs.
    """
    for folder in ("stg", "prod"):
        for n, name in enumerate("abcd"):
            repo.define(f"{folder}/{name}", inputs={"n": n})
    repo.define("watch", inputs={name: reference(name) for name in "abcd"}).apply_all()
    repo.ok("move", "stg/a", "stg/x")
    repo.ok("move", "stg/b", "stg/a")
    claim(repo, "stg/c", "stg/d", 3)
    claim(repo, "stg/d", "stg/c", 2)
    repo.ok("stage")
    waiting = repo.ok("promote", "stg", "prod").err
    assert "warning: stg/x is moved from stg/a; that is not applied, and not promoted\n" in waiting
    repo.ok("apply", "--yes")

    repo.ok("promote", "stg", "prod")

    plan = repo.plan()
    moves = [("a", "x"), ("b", "a"), ("c", "d"), ("d", "c")]
    assert [] == plan.ids
    assert sorted(moves) == sorted((move["from"][5:], move["to"][5:]) for move in plan.raw["moved"])
    now = dict(moves)
    assert all(reference(now[name]) in repo.read("resources/watch.yaml") for name in "abcd")
    repo.ok("apply", "--yes")
    assert "Nothing to promote" in repo.ok("promote", "stg", "prod").out


def test_a_name_from_before_chooses_what_is_promoted(estate: Repo) -> None:
    """
    `promote q r NAME` with the name that it had in the folder.
    """
    estate.ok("apply", "--yes")
    estate.ok("move", "q/sql", "q/data")
    estate.ok("apply", "--yes")

    estate.ok("promote", "q", "r", "sql", "--create")

    assert ["r/data.run"] == estate.plan().ids


@pytest.mark.parametrize("where", [("--head", "HEAD"), ("--base", "stagectl/applied")], ids=["head", "base"])
def test_a_plan_of_commits_explains_what_had_the_name(estate: Repo, where: Sequence[str]) -> None:
    """
    As the plan of the working tree does: while the move is pending, and once it is applied.
    """
    for _ in range(2):
        done = estate.ok("plan", "--explain", "p/db", *where)
        assert "q/sql.update" in done.out and done.out == estate.ok("plan", "--explain", "q/sql", *where).out
        estate.ok("apply", "--yes")
        estate.ok("update", "q/sql", "--set", "port=3")


@pytest.mark.parametrize("is_applied", [False, True], ids=["pending", "applied"])
@pytest.mark.parametrize("moves", ["a:b b:a", "b:a d:b", "d:a", "a:b b:c c:a", "d:c c:b b:a a:d"], ids=str)
def test_the_history_of_each_is_its_own_through_swaps_chains_and_rings(
    repo: Repo, moves: str, is_applied: bool
) -> None:
    """
    What another resource did under the name is not meant, before the move or after it; what is not moved has its own.
    """
    new_names = dict(move.split(":") for move in moves.split())
    names, made, edited = sorted({*"abc", *new_names.values()}), {}, {}
    for number, name in enumerate(names):
        repo.define(name, inputs={"v": number})
    repo.apply_all()
    made = {"staged": oid(repo), "applied": oid(repo, "stagectl/applied")}
    for number, name in enumerate(names):
        repo.define(name, inputs={"v": number, "w": number})
    repo.apply_all()
    edited = {"staged": oid(repo), "applied": oid(repo, "stagectl/applied")}
    before = {name: repo.read(f"resources/{name}.yaml") for name in names}
    repo.delete(*new_names.values())
    for new, old in new_names.items():
        repo.write(f"resources/{new}.yaml", before[old].replace("kind:", f"moved_from: {old}\nkind:"))
    repo.commit()
    repo.ok("stage")
    if is_applied:
        repo.ok("apply", "--yes")

    for new, old in {**{name: name for name in names if name not in new_names.values()}, **new_names}.items():
        assert sorted(changes(repo, new)) == [f"{old}.run"] * 2 + [f"{old}.update"] * 2
        rows = repo.ok("log", "--blame", new, "--json").json()
        assert [row["value"] for row in rows] == [row["live"] for row in rows] == [names.index(old)] * 2
        assert [{key: row[key] for key in made} for row in rows] == [made, edited]


def test_a_shallow_clone_knows_no_earlier_name(estate: Repo, tmp_path: Path) -> None:
    """
    The commit with which its history begins has the claim, and what was before that is not there.
    """
    estate.ok("apply", "--yes")
    estate.git("clone", "-q", "--depth", "1", "--no-single-branch", estate.top.as_uri(), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone", init=False, folder=estate.folder)

    assert "p/db" not in clone.ok("log", "q/sql").out
    assert clone.ok("log", "--blame", "q/sql").out
