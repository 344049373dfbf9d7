"""`check --record` keeps what was seen beside what was applied, and plans know it."""

from __future__ import annotations

from typing import Any, List, Tuple

import pytest

from tests.build import APPLIED, Repo, made_once
from tests.scenarios.checking.world import answer, by_hand, drop, looked, there, world

OUTPUTS = {"type": "object", "properties": {"oid": {"type": "integer"}}}


@pytest.fixture
@made_once
def shop(repo: Repo) -> Repo:
    """A database, a reader of its port, and what stands for itself."""
    world(repo).define("prod/db", "server", ["prod"], inputs={"port": 5432, "name": "db"})
    repo.define("prod/app", "server", ["prod"], inputs={"port": "${./db.port}"})
    return repo.define("prod/web", "server", ["web"], inputs={"image": 1}).apply_all()


def record(repo: Repo, *arguments: str) -> Repo:
    repo.ok("check", "--record", *arguments)
    return repo


def causes(repo: Repo, *arguments: str) -> List[Tuple[str, str]]:
    """What a plan does, and why."""
    return [(change["id"], change["cause"]["type"]) for change in repo.plan(*arguments).raw["changes"]]


def trailers(repo: Repo) -> List[str]:
    body = repo.git("log", "-1", "--format=%B", "stagectl/applied")
    return [line for line in body.splitlines() if line.startswith("Checked: ")]


def test_what_was_changed_by_hand_is_put_back(shop: Repo) -> None:
    """Recorded by a commit of its own, planned with the cause `drift` and a diff from what was seen, applied, gone."""
    by_hand(shop, "prod/db", port=5499)
    ran = shop.ok("check", "--record")
    assert "What was seen is in commit " in ran.out and ran.out.endswith("Next: stagectl plan\n")
    assert trailers(shop) == ["Checked: prod/db drifted"]
    assert shop.applied("prod/db")["observed"] == {"inputs": {"port": 5499}}
    assert shop.applied("prod/db")["inputs"]["port"] == 5432
    assert causes(shop) == [("prod/db.update", "drift")]
    assert shop.plan().change("prod/db.update")["diff"] == [
        {"path": "port", "op": "replace", "before": 5499, "after": 5432}
    ]
    assert "~ prod/db.update  (a check saw something else)" in shop.ok("plan").out
    assert shop.ok("verify").code == 0
    assert shop.apply().code == 0 and shop.log() == ["prod/db.update"]
    assert there(shop, "prod/db")["port"] == 5432 and "observed" not in shop.applied("prod/db")
    assert causes(shop) == [] and looked(shop)["prod/db"] == "ok" and shop.ok("verify").code == 0


def test_nothing_is_committed_where_nothing_changed(shop: Repo) -> None:
    """Neither where all is as applied, nor where it was seen so before."""
    tip = shop.git("rev-parse", "stagectl/applied")
    assert record(shop).git("rev-parse", "stagectl/applied") == tip
    by_hand(shop, "prod/db", port=1)
    tip = record(shop).git("rev-parse", "stagectl/applied")
    assert record(shop).git("rev-parse", "stagectl/applied") == tip


def test_a_later_look_that_sees_what_was_applied_takes_it_away(shop: Repo) -> None:
    """By another commit, which names it as ok."""
    record(by_hand(shop, "prod/db", port=1))
    record(by_hand(shop, "prod/db", port=5432))
    assert trailers(shop) == ["Checked: prod/db ok"]
    assert "observed" not in shop.applied("prod/db") and causes(shop) == [] and shop.ok("verify").code == 0


def test_what_is_gone_is_run_again(shop: Repo) -> None:
    """With the cause `drift`; reactions and the mapping form take the run for an update."""
    shop.define(
        "prod/web",
        "server",
        ["web"],
        depends_on={"update": ["prod/db.update"]},
        react_on={"restart": ["prod/db.update"]},
    ).apply_all()
    record(drop(shop, "prod/db"))
    assert trailers(shop) == ["Checked: prod/db gone"] and shop.applied("prod/db")["observed"] == {
        "gone": True,
        "inputs": {},
    }
    assert causes(shop) == [("prod/db.run", "drift"), ("prod/web.restart", "reaction")]
    assert "+ prod/db.run  (a check saw that it is gone)" in shop.ok("plan").out
    assert shop.apply().code == 0 and shop.log() == ["prod/db.run", "prod/web.restart"]
    assert looked(shop)["prod/db"] == "ok" and shop.ok("verify").code == 0


def test_what_is_gone_is_never_removed_first(repo: Repo) -> None:
    """A staged replace is its run alone, a staged removal is recorded, and nothing runs."""
    world(repo, replace_on=["engine"]).define("db", "server", inputs={"engine": 1})
    repo.define("web", "server", inputs={"engine": 1}).apply_all()
    drop(drop(repo, "db"), "web")
    record(repo)
    repo.define("db", "server", inputs={"engine": 2}).delete("web").commit()
    repo.stage()
    plan = repo.plan()
    assert causes(repo) == [("db.run", "staged")] and plan.raw["recorded"] == ["web"]
    assert repo.apply().code == 0 and repo.log() == ["db.run"]
    assert repo.applied("web") is None and there(repo, "db") == {"engine": 2} and repo.ok("verify").code == 0


def test_a_removal_alone_of_what_is_gone_runs_nothing(shop: Repo) -> None:
    """It is recorded, and the applied state has it no more."""
    record(drop(shop, "prod/web"))
    shop.ok("remove", "prod/web")
    assert causes(shop) == [] and shop.plan().raw["recorded"] == ["prod/web"]
    assert shop.apply().code == 0 and shop.log() == [] and shop.applied("prod/web") is None


def test_what_is_staged_as_it_was_seen_is_recorded(shop: Repo) -> None:
    """Nothing runs for it; its readers follow the value."""
    record(by_hand(shop, "prod/db", port=5499))
    shop.ok("update", "prod/db", "--set", "port=5499")
    assert causes(shop) == [("prod/app.update", "child")] and shop.plan().raw["recorded"] == ["prod/db"]
    assert shop.apply().code == 0 and shop.log() == ["prod/app.update"]
    assert shop.applied("prod/db") == {"inputs": {"name": "db", "port": 5499}}
    assert causes(shop) == [] and shop.ok("verify").code == 0 and set(looked(shop).values()) == {"ok"}


@pytest.mark.parametrize(
    "staged, cause, diff",
    [
        ({"port": 5432, "name": "db"}, "drift", [("port", 5499, 5432)]),
        ({"port": 5433, "name": "db"}, "staged", [("port", 5499, 5433)]),
        ({"port": 5499, "name": "new"}, "staged", [("name", "db", "new")]),
        ({"port": 5432, "name": "new"}, "staged", [("name", "db", "new"), ("port", 5499, 5432)]),
    ],
)
def test_an_update_goes_from_what_was_seen_to_what_is_staged(shop: Repo, staged: Any, cause: str, diff: Any) -> None:
    """Whatever the cause is; of several the first that fits."""
    record(by_hand(shop, "prod/db", port=5499))
    shop.define("prod/db", "server", ["prod"], inputs=staged).commit()
    change = shop.stage().plan().change("prod/db.update")
    assert change["cause"]["type"] == cause
    assert [(entry["path"], entry["before"], entry["after"]) for entry in change["diff"]] == diff


@pytest.mark.parametrize("seen", [{"inputs": {"engine": 9}}, {"differs": ["engine"]}])
def test_a_replace_says_that_drift_is_behind_it(repo: Repo, seen: Any) -> None:
    """In text, JSON, Markdown, --explain and the refusal of what is protected, with what was seen where it is shown."""
    world(repo, replace_on=["engine"], protect=True).define("db", "server", inputs={"engine": 1, "port": 2})
    answer(repo.apply_all(), "db", seen)
    plan = record(repo).plan()
    line = "engine: 9 -> 1" if "inputs" in seen else "engine: (sensitive)"
    why = "replace: engine; a check saw another engine"
    assert f"-/+ db.remove, db.run  ({why}, protected)\n    {line}\n" in repo.ok("plan").out
    assert f"-/+ db\n      {line.split(' -> ')[0]}\n" in repo.ok("plan").out
    assert f"+ db.run  ({why})\n    {line}  [resources/db.yaml" in repo.ok("plan", "--explain", "db").out
    assert "a check saw another" in repo.ok("plan", "--format", "markdown").out
    assert [change["cause"]["drifted"] for change in plan.raw["changes"]] == [["engine"]] * 2
    assert plan.change("db.remove")["diff"][0]["before"] == seen.get("inputs", {}).get("engine")
    assert "would be removed, because a check saw another value (db: engine)\n" in repo.run("apply", "--yes").err
    assert repo.ok("apply", "--yes", "--allow-remove", "db").code == 0 and "observed" not in repo.applied("db")


def test_unfinished_comes_before_drift_and_drift_before_child(shop: Repo) -> None:
    """In the order of causes; an update that failed leaves what was seen there."""
    record(by_hand(shop, "prod/app", port=1))
    shop.ok("update", "prod/db", "--set", "port=5433")
    assert ("prod/app.update", "drift") in causes(shop)
    shop.fail("prod/app.update").apply()
    assert causes(shop) == [("prod/app.update", "unfinished")] and "observed" in shop.applied("prod/app")
    assert shop.fail().apply().code == 0 and "observed" not in shop.applied("prod/app")


def test_drift_is_left_to_plans_that_select_it(shop: Repo) -> None:
    """In a plan about another resource it is pending, unless that one's change reaches it."""
    record(by_hand(shop, "prod/app", port=1))
    assert causes(shop, "prod/web") == [] and shop.plan("prod/web").raw["pending"] == ["prod/app.update"]
    assert causes(shop, "-t", "prod") == [("prod/app.update", "drift")]
    shop.ok("update", "prod/db", "--set", "port=5433")
    assert causes(shop, "prod/db") == [("prod/db.update", "staged"), ("prod/app.update", "child")]


def test_an_output_that_was_seen_changed_is_a_fact(repo: Repo) -> None:
    """It becomes the stored output at once, the first one, too; its readers are planned, and its resource is not."""
    world(repo, outputs=OUTPUTS, reports={"run": ["oid"]}).define("db", "server", inputs={})
    repo.define("app", "plain", inputs={"oid": "${db.oid}"}).commit()
    repo.stage().ok("apply", "--record-only", "--yes", "db")
    answer(repo, "db", {"outputs": {"oid": 1}})
    record(repo)
    repo.ok("apply", "--record-only", "--yes", "app")
    assert repo.applied("app")["inputs"] == {"oid": 1}
    answer(repo, "db", {"outputs": {"oid": 2}})
    record(repo)
    assert trailers(repo) == ["Checked: db drifted"]
    assert repo.applied("db")["outputs"] == {"oid": 2} and "observed" not in repo.applied("db")
    assert causes(repo) == [("app.update", "child")]
    assert looked(repo)["db"] == "ok" and repo.ok("verify").code == 0


def test_a_look_that_does_not_see_an_input_leaves_what_was_seen_of_it(shop: Repo) -> None:
    """Also of one that cannot be shown; a list of what differs says all of these anew."""
    answer(shop, "prod/db", {"inputs": {"port": 1}, "differs": ["name"]})
    record(shop)
    answer(shop, "prod/db", {})
    record(shop)
    assert shop.applied("prod/db")["observed"] == {"inputs": {"port": 1}, "sensitive": ["name"]}
    assert [entry["path"] for entry in shop.plan().change("prod/db.update")["diff"]] == ["port", "name"]
    answer(shop, "prod/db", {"inputs": {"port": 5432}, "differs": []})
    assert "observed" not in record(shop).applied("prod/db")


def test_status_counts_what_was_seen_and_how_long_ago(shop: Repo) -> None:
    """With the state of each; text, short and JSON."""
    drop(by_hand(shop, "prod/db", port=1), "prod/web")
    record(shop)
    assert "2 not as applied, as a check saw " in shop.ok("status").out
    assert " ago (stagectl plan):\n  drifted: prod/db\n  gone: prod/web\n" in shop.ok("status").out
    assert shop.ok("status", "-s").out == "S  prod/db.update\nS  prod/web.run\nW  prod/db\nW  prod/web\n"
    assert shop.ok("status", "--json").json()["drifted"] == [
        {"name": "prod/db", "state": "drifted"},
        {"name": "prod/web", "state": "gone"},
    ]


def test_a_resource_is_shown_as_it_was_seen(shop: Repo) -> None:
    """Beside what was applied; text and JSON."""
    drop(by_hand(shop, "prod/db", port=1), "prod/web")
    record(shop)
    db, web = shop.ok("show", "prod/db").out, shop.ok("show", "prod/web").out
    assert "  applied: yes, drifted as a check saw\n" in db and "    port: 1 (seen)\n" in db
    assert "  applied: yes, gone as a check saw\n" in web and "(seen)" not in web
    assert shop.ok("show", "prod/db", "--json").json()["applied"]["observed"] == {
        "gone": False, "inputs": {"port": 1}, "differs": [], "unnamed": False,
    }  # fmt: skip


def test_the_log_says_what_was_seen_and_since_when(shop: Repo) -> None:
    """As entries of type `check`; --blame has, beside what is applied, the leaves that a check saw otherwise."""
    shop.define("prod/web", "server", ["web"], inputs={"image": {"a": 1, "b": [2, 3]}}).apply_all()
    by_hand(shop, "prod/db", port=1)
    answer(shop, "prod/web", {"inputs": {"image": {"b": [2, 4]}}})
    record(shop)
    assert " ".join(shop.ok("log", "--blame", "prod/web").out.split()).endswith(" image.b.1: 4 (seen)")
    assert shop.ok("log", "--blame", "prod/web").out.count("(seen)") == 1
    (first, *_) = shop.ok("log", "--json").json()
    assert first["type"] == "check" and first["checked"] == {"prod/db": "drifted", "prod/web": "drifted"}
    assert "    prod/db  drifted\n" in shop.ok("log").out and "check" in shop.ok("log", "prod/db").out
    tip = shop.git("rev-parse", "stagectl/applied").strip()
    assert f"live {tip[:12]}  port: 1 (seen)\n" in shop.ok("log", "--blame", "prod/db").out
    seen = [row for row in shop.ok("log", "--blame", "prod/db", "--json").json() if row.get("seen")]
    assert [(row["path"], row["live"], row["applied"]) for row in seen] == [("port", 1, tip)]


def test_discard_drops_what_was_seen(shop: Repo) -> None:
    """By an applied commit, which `log` and `verify` know; definitions and staged files stay."""
    by_hand(shop, "prod/db", port=1)
    record(shop)
    assert "Dropped, what a check saw of: prod/db\n" in shop.ok("discard", "prod/db").out
    assert "observed" not in shop.applied("prod/db") and causes(shop) == [] and shop.ok("verify").code == 0
    assert "    prod/db  discarded\n" in shop.ok("log").out


def test_a_check_commit_that_does_more_is_found_by_verify(shop: Repo) -> None:
    """It may store what was seen of what it names, and nothing else."""
    record(by_hand(shop, "prod/db", port=1))
    tip = shop.git("rev-parse", "stagectl/applied").strip()
    message = shop.git("log", "-1", "--format=%B", tip).replace("prod/db drifted", "prod/db ok")
    (shop.root / "said").write_text(message)
    forged = shop.git("commit-tree", f"{tip}^{{tree}}", "-p", f"{tip}^", "-F", str(shop.root / "said")).strip()
    shop.git("update-ref", "refs/heads/stagectl/applied", forged)
    assert "its trailers say that prod/db was seen ok, and its state does not" in shop.run("verify").out


def test_revert_of_what_a_check_saw_says_how_it_is_dropped(shop: Repo) -> None:
    """It staged nothing, so nothing of it can be taken back by staging; the command that is printed drops it."""
    drop(shop, "prod/db")
    record(shop, "prod/db")

    said = shop.ok("revert", APPLIED).err

    assert said.endswith(" says what a check saw; to drop that: stagectl discard prod/db\n")
    shop.ok(*said.rpartition("stagectl ")[2].split())
    assert [] == shop.plan().ids
