"""`check --accept` takes what was seen into the definitions, for review; `adopt` records what the world confirms."""

from __future__ import annotations

import json
from typing import Any, Sequence

import pytest
import yaml

from stagectl.core.running.answers import overlaid
from tests.build import Repo
from tests.scenarios.checking.world import answer, by_hand, drop, looked, there, world

DB = """---
kind: server
---
inputs:
  port: 5432  # the usual one
  labels: {a: 1, b: 2}
  list: [1, 2]
  name: db
"""


@pytest.fixture
def shop(repo: Repo) -> Repo:
    """A database with comments, and a reader of its port."""
    world(repo).write("resources/db.yaml", DB).define("app", "server", inputs={"port": "${db.port}"})
    return repo.apply_all()


def test_values_go_into_the_definition_with_its_comments(shop: Repo) -> None:
    """Leaf by leaf, a list as a whole; it is recorded and staged, and what is staged as it was seen is recorded."""
    by_hand(shop, "db", port=5499, labels={"a": 3, "b": 2}, list=[1])
    ran = shop.ok("check", "--accept")
    assert "Staged as it was seen, in commit " in ran.out
    seen = DB.replace("5432", "5499").replace("a: 1", "a: 3").replace("[1, 2]", "[1]")
    assert shop.read("resources/db.yaml") == seen and "5499" in shop.read(".staged/db.yaml")
    assert shop.git("status", "--porcelain") == ""
    assert shop.git("log", "-1", "--format=%s").startswith("check --accept")
    plan = shop.plan()
    assert plan.ids == ["app.update"] and plan.raw["recorded"] == ["db"]
    assert shop.apply().code == 0 and shop.log() == ["app.update"] and shop.plan().ids == []
    assert set(looked(shop).values()) == {"ok"} and shop.ok("verify").code == 0


SHAPES: Sequence[Any] = (
    1, "x", None, [], [1], [1, {"a": 1}], {}, {"a": 1}, {"a": {"b": 1, "c": 2}}, {"a": {}, "c": 2},
    {"a": [1], "b": {"a": 1}},
)  # fmt: skip


@pytest.mark.parametrize("style", ["block", "flow", "like"])
def test_a_value_may_be_seen_in_any_other_shape(repo: Repo, style: str) -> None:
    """A mapping that is a list now, a list that is a string, one that is empty: the definition says just that."""
    shapes = [one for one in SHAPES if one is not None or style != "like"]  # there null takes out what the template has
    pairs = {f"p{a}_{b}": (one, other) for a, one in enumerate(shapes) for b, other in enumerate(shapes)}
    world(repo)
    first = json.loads(json.dumps({key: one for key, (one, _) in pairs.items()}))  # no two are one object: no anchors
    body = yaml.safe_dump({"inputs": first}, default_flow_style=style == "flow")
    repo.write("resources/t.yaml", "---\nkind: server\ntemplate: true\n---\n{}\n")
    front = "like: t" if style == "like" else "kind: server"
    repo.write("resources/db.yaml", f"---\n{front}\n---\n{body}").apply_all()
    by_hand(repo, "db", **{key: other for key, (_, other) in pairs.items()})
    repo.ok("check", "--accept")
    seen = {key: overlaid(one, other) for key, (one, other) in pairs.items()}  # of a mapping the rest stays
    assert repo.run("show", "db", "--json").json()["staged"]["inputs"] == seen
    assert repo.plan().ids == [] and repo.plan().raw["recorded"] == ["db"]


def test_what_can_be_staged_is_judged_by_what_was_seen(shop: Repo) -> None:
    """An update of db would come before and after that of app; as it was seen, db needs none."""
    depending = DB.replace("inputs:", "depends_on: {update: [app.update]}\ninputs:")
    shop.write("resources/db.yaml", depending).apply_all()
    by_hand(shop, "db", port=5499)
    shop.ok("check", "--accept")
    assert (["app.update"], ["db"]) == (shop.plan().ids, shop.plan().raw["recorded"])


def test_of_what_is_gone_the_definition_is_removed(shop: Repo) -> None:
    """Staged as a removal, and recorded by the next apply without a run."""
    drop(shop, "app")
    shop.ok("check", "--accept")
    assert not (shop.root / "resources/app.yaml").exists()
    assert shop.plan().ids == [] and shop.plan().raw["recorded"] == ["app"]
    assert shop.apply().code == 0 and shop.log() == [] and shop.applied("app") is None


def test_what_cannot_be_taken_in_is_named_and_left_alone(shop: Repo) -> None:
    """An input that comes through a reference, and one that cannot be shown; the exit code is 1."""
    by_hand(shop, "app", port=1)
    answer(shop, "db", {"differs": ["name"], "inputs": {"port": 5433}})
    ran = shop.run("check", "--accept")
    assert ran.code == 1
    assert "Left alone: app.port: it comes through a reference\n" in ran.out
    assert "Left alone: db.name: it cannot be shown\n" in ran.out
    assert "port: 5433" in shop.read("resources/db.yaml") and "${db.port}" in shop.read("resources/app.yaml")
    assert shop.run("check", "--accept").out.endswith("Next: stagectl plan\n")  # it is recorded already
    left = shop.run("check", "--accept", "--json").json()["left"]
    assert left[0] == {"resource": "app", "path": "port", "message": "it comes through a reference"}


def test_an_expanded_definition_takes_it_where_it_belongs(repo: Repo) -> None:
    """Into the entry of `each`, not into what others have from there, too: that is left alone."""
    world(repo)
    repo.write(
        "resources/web.yaml",
        "---\nkind: server\neach:\n  a: {port: 1}\n  b: {port: 2}\n---\ninputs:\n  port: ${each.port}\n  size: 1\n",
    )
    repo.apply_all()
    by_hand(repo, "web/b", port=9, size=2)
    ran = repo.run("check", "--accept")
    why = "size is written in resources/web.yaml:9:9, and not for web/b alone"
    assert ran.code == 1 and f"Left alone: web/b.size: {why}\n" in ran.out
    assert "b: {port: 9}" in repo.read("resources/web.yaml") and repo.plan().ids == ["web/b.update"]
    by_hand(repo, "web/b", size=1).ok("check", "--record")
    assert repo.plan().raw["recorded"] == ["web/b"]
    drop(repo, "web/a")
    repo.ok("check", "--accept")
    assert "a:" not in repo.read("resources/web.yaml")


def test_text_that_no_commit_has_is_neither_overwritten_nor_staged_nor_removed(repo: Repo) -> None:
    """Edits of a definition, of its template, and of one whose resource is gone: refused, and nothing is recorded."""
    world(repo).define("db", "server", inputs={"port": 1}).define("new", "server", inputs={"port": 1})
    repo.write("resources/t.yaml", "---\ntemplate: true\nkind: server\n---\ninputs: {a: 1}\n")
    repo.write("resources/web.yaml", "---\nlike: t\n---\ninputs: {port: 1}\n").commit()
    repo.stage("db", "web")
    assert repo.run("apply", "--yes").code == 0
    repo.ok("stage")
    found(repo, "new", port=2)
    by_hand(repo, "db", port=2)
    by_hand(repo, "web", port=2)
    before = repo.git("rev-parse", "HEAD", "stagectl/applied")
    for path, words in (
        ("resources/db.yaml", ("check", "--accept")),
        ("resources/t.yaml", ("check", "web", "--accept")),
        ("resources/new.yaml", ("adopt", "new", "--accept")),
    ):
        text = repo.read(path)
        repo.write(path, text + "# mine\n")
        ran = repo.run(*words)
        assert ran.code == 1 and ran.err.endswith(
            f"error: not committed, so taking in what was seen would overwrite or stage it: {path}\n"
            "hint: commit it first\n"
        )
        assert repo.read(path) == text + "# mine\n"
        repo.write(path, text)
    drop(repo, "db").write("resources/db.yaml", text := repo.read("resources/db.yaml") + "# mine\n")
    assert "would overwrite or stage it: resources/db.yaml" in repo.run("check", "db", "--accept").err
    assert before == repo.git("rev-parse", "HEAD", "stagectl/applied") and repo.read("resources/db.yaml") == text


def test_what_cannot_be_written_or_staged_holds_up_nothing_else(repo: Repo) -> None:
    """A value of a template, one that the kind refuses, and a deleted definition: named, and the rest is staged."""
    world(world(repo), "small", inputs={"type": "object", "properties": {"n": {"maximum": 9}}})
    repo.write("resources/t.yaml", "---\ntemplate: true\nkind: server\n---\ninputs: {a: 1}\n")
    repo.write("resources/m.yaml", "---\nlike: t\neach: {x: {p: 1}, y: {p: 2}}\n---\ninputs: {p: '${each.p}'}\n")
    repo.define("o", "server", inputs={"k": 1}).define("deleted", "server", inputs={"k": 1})
    repo.define("s", "small", inputs={"n": 1}).apply_all()
    for name, values in (("m/x", {"a": 5}), ("o", {"k": 2}), ("s", {"n": 10}), ("deleted", {"k": 2})):
        by_hand(repo, name, **values)
    (repo.root / "resources/deleted.yaml").unlink()
    ran = repo.run("check", "--accept")
    left = [line for line in ran.out.splitlines() if line.startswith("Left alone: ")]
    assert ran.code == 1 and len(left) == 3 and "What was seen is in commit " in ran.out
    assert left[0].startswith("Left alone: deleted: its definition is deleted: stage that, or bring ")
    assert left[1].startswith("Left alone: m/x.a: a is written in resources/t.yaml:5:13, and not for m/x alone")
    assert left[2].startswith("Left alone: s: resources/s.yaml:")
    assert '"k": 2' in repo.read("resources/o.yaml") and '"n": 1' in repo.read(".staged/s.yaml")


def found(repo: Repo, name: str, **values: Any) -> Repo:
    """Let the world have something that stagectl does not know."""
    (repo.root / "world").mkdir(exist_ok=True)
    return repo.write(f"world/{name}.json", json.dumps(values))


def test_what_the_world_confirms_is_adopted(repo: Repo) -> None:
    """Nothing runs; outputs come along, and with them those who read them."""
    schema = {"type": "object", "required": ["oid"], "properties": {"oid": {"type": "integer"}}}
    world(repo, "database", outputs=schema, files=["conf/*"]).define("db", "database", inputs={"port": 1})
    world(repo).define("app", "server", inputs={"oid": "${db.oid}"}).define("other", "server", inputs={"x": 1})
    answer(repo, "db", {"inputs": {"port": 1}, "outputs": {"oid": 7}})
    found(repo, "app", oid=7)
    repo.write("conf/db", "").commit()  # a file that acts is in the id of the plan that is recorded
    ran = repo.stage().ok("adopt", "db", "app")
    assert ran.out == "Checked 2: 2 ok.\nAdopted: app, db.\nNext: stagectl plan\n"  # outputs are no drift
    assert repo.log() == [] and repo.applied("db")["outputs"] == {"oid": 7}
    assert repo.plan().ids == ["other.run"] and repo.ok("verify").code == 0


def test_what_a_failed_run_made_all_the_same_is_adopted(repo: Repo) -> None:
    """It took too long, say: the look says that it is there, and it is not run again."""
    world(repo).define("db", "server", inputs={"port": 1}).define("app", "plain", inputs={"port": "${db.port}"})
    repo.commit()
    repo.stage().write("fail", "db.run\n")
    assert repo.run("apply", "--yes").code == 1
    found(repo, "db", port=1)

    ran = repo.ok("adopt", "db")

    assert ran.out == "Checked 1: 1 ok.\nAdopted: db.\nNext: stagectl plan\n"
    assert repo.plan().ids == ["app.run"] and "unfinished" not in repo.applied("db")


def test_what_waits_for_something_that_is_not_live_is_left_alone_and_named(repo: Repo) -> None:
    """The rest is adopted; it is named whether what it waits for was asked for or not, or is not there."""
    world(repo).define("db", "server", inputs={"port": 1}).define("new", "plain", inputs={"v": 1})
    repo.define("app", "server", inputs={"port": "${db.port}", "v": "${new.v}"})
    repo.define("gone", "server", inputs={"v": 1}).define("web", "server", inputs={"v": "${gone.v}"}).commit()
    found(repo, "db", port=1)
    for name, values in (("app", {"port": 1, "v": 1}), ("web", {"v": 1})):
        found(repo, name, **values)
    repo.stage()

    some = repo.run("adopt", "app", "db")
    rest = repo.run("adopt", "**")

    assert (1, True) == (some.code, "Left alone: app: it needs new.run first\nAdopted: db.\n" in some.out)
    said = "Left alone: app: it needs new.run first\nLeft alone: web: it needs gone.run first\n"
    assert (1, True) == (rest.code, said in rest.out), rest
    assert sorted(repo.plan().ids) == ["app.run", "gone.run", "new.run", "web.run"]


def test_what_differs_or_is_not_there_is_not_adopted(repo: Repo) -> None:
    """It is listed, value by value, and the exit code is 1."""
    world(repo).define("a", "server", ["t"], inputs={"port": 1}).define("b", "server", ["t"], inputs={})
    repo.define("c", "plain", ["t"], inputs={}).commit()
    found(repo, "a", port=2)
    ran = repo.stage().run("adopt", "-t", "t")
    assert ran.code == 1 and "a: drifted\n    port: applied 1, seen 2\nb: gone\n" in ran.out
    assert ran.out.endswith(
        "Next: stagectl adopt a --accept, to take what was seen into the definition\n"
        "Next: stagectl apply b, which makes what is not there\n"
    )
    assert {one["resource"]: one["state"] for one in repo.run("adopt", "-t", "t", "--json").json()["resources"]} == {
        "a": "drifted",
        "b": "gone",
        "c": "unchecked",
    }
    assert sorted(repo.plan().ids) == ["a.run", "b.run", "c.run"]


def test_adopting_takes_the_values_of_the_world_where_that_is_asked_for(repo: Repo) -> None:
    """They go into the definition, are staged and recorded, as the world confirms them; what is not there stays."""
    world(repo).define("a", "server", inputs={"port": 1}).define("b", "server", inputs={"port": 1}).commit()
    found(repo, "a", port=2)
    ran = repo.stage().run("adopt", "a", "b", "--accept", "--parallel", "2", "--offline")
    assert ran.code == 1 and "b: gone\n" in ran.out
    assert '"port": 2' in repo.read("resources/a.yaml") and repo.applied("a") == {"inputs": {"port": 2}}
    assert repo.plan().ids == ["b.run"] and repo.log() == [] and there(repo, "a") == {"port": 2}


def test_a_reader_of_a_value_that_was_taken_is_adopted_with_it(repo: Repo) -> None:
    """Its own value comes through a reference, and is right once the other definition has what was seen."""
    world(repo).define("b", "server", inputs={"n": 1}).define("c", "server", inputs={"n": "${b.n}"}).commit()
    found(found(repo, "b", n=7), "c", n=7)

    ran = repo.stage().ok("adopt", "b", "c", "--accept")

    assert "Adopted: b, c.\n" in ran.out and "Left alone" not in ran.out
    assert repo.plan().ids == [] and repo.applied("c")["inputs"] == {"n": 7}


def test_a_reader_of_an_output_of_what_was_taken_in_is_taken_in_with_it(repo: Repo) -> None:
    """It could not be looked at before the output was known, and differs from the world itself."""
    outputs = {"properties": {"endpoint": {"type": "string"}}}
    world(world(repo, "database", outputs=outputs)).define("db", "database", inputs={"size": 1})
    repo.define("app", "server", inputs={"url": "${db.endpoint}", "image": "i1"}).commit()
    answer(repo, "db", {"inputs": {"size": 9}, "outputs": {"endpoint": "e1"}})
    found(repo, "app", url="e1", image="i0")

    ran = repo.stage().ok("adopt", "app", "db", "--accept")

    assert "Adopted: app, db.\n" in ran.out
    assert '"image": i0' in repo.read("resources/app.yaml") and "${db.endpoint}" in repo.read("resources/app.yaml")
    assert repo.plan().ids == [] and repo.log() == [] and repo.ok("verify").code == 0


@pytest.mark.parametrize("endpoint", ["e1", "e2"])
@pytest.mark.parametrize("replace_on", [[], ["url", "mem"]])
def test_what_is_staged_as_it_was_seen_is_no_reason_beside_an_output_of_a_parent(
    repo: Repo, endpoint: str, replace_on: Sequence[str]
) -> None:
    """Only what the plan says may differ counts: where that stays, nothing runs, and what was seen is recorded."""
    said = 'echo "{\\"outputs\\": {\\"endpoint\\": \\"$(cat endpoint)\\"}}" > "$STAGECTL_RESULT"'
    actions = {"run": ["sh", "-c", said], "update": ["sh", "-c", said]}
    raw = {"outputs": {"properties": {"endpoint": {"type": "string"}}}, "actions": actions}
    world(repo, replace_on=replace_on).write("kinds/database.yaml", json.dumps(raw)).write("endpoint", "e1")
    repo.define("db", "database", inputs={"size": 1})
    repo.define("app", "server", inputs={"url": "${db.endpoint}", "mem": 512}).apply_all()
    by_hand(repo, "app", mem=640).ok("check", "--accept")
    repo.write("endpoint", endpoint).ok("update", "db", "--set", "size=2")
    plan = repo.plan()
    assert all(one["cause"]["inputs"] == ["url"] and one["conditional"] for one in plan.raw["changes"][1:])

    assert repo.apply().code == 0

    replaced = ["app.remove", "app.run"] if replace_on else ["app.update"]
    assert repo.log() == (replaced if endpoint == "e2" else [])
    assert repo.applied("app")["inputs"] == {"url": endpoint, "mem": 640} and "observed" not in repo.applied("app")
    assert repo.plan().ids == [] and repo.plan().raw["recorded"] == [] and repo.ok("verify").code == 0


def test_there_has_to_be_something_to_adopt(shop: Repo) -> None:
    """Without a selection it is a usage error; what is live, waits for another or is not staged is named as that."""
    assert shop.run("adopt").code == 64
    shop.define("new", "server", inputs={"port": 1}).define("its", "server", inputs={"port": "${new.port}"}).commit()
    unstaged = "error: 'its' is defined and not staged\nhint: stage it: stagectl stage its\n"
    for words, said in (
        (("--tag", "x", "db"), "error: no resource has the tag 'x'"),
        (("db",), "error: everything that was asked for is live\nhint: look at it: stagectl check\n"),
        (("its",), unstaged),
    ):
        ran = shop.run("adopt", *words)
        assert ran.code == 1 and said in ran.err
    assert shop.run("check", "its").err == shop.run("plan", "its").err == unstaged
    ran = shop.stage().run("adopt", "its")
    assert ran.code == 1 and (
        "error: its needs new.run first\nhint: adopt it together with that: stagectl adopt its new\n" in ran.err
    )
