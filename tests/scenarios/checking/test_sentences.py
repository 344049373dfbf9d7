"""Sentences of the design about checks that have no other test: docs/testing.md has the list of all."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest

from tests.build import Repo, ended
from tests.scenarios.checking.world import answer, by_hand, drop, entry, looked, there, world
from tests.scenarios.runs.world import until
from tests.test_loading import loaded

SECRET = {"SHOP_PASSWORD": "correct-horse"}


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "mermaid", "dot", "svg", "html"])
def test_drift_that_cannot_be_shown_is_hidden_in_every_view(repo: Repo, form: str) -> None:
    """Of a sensitive input, and of one that the check only names; the others are shown."""
    world(repo, sensitive=["password"])
    inputs = {"password": "${env:SHOP_PASSWORD}", "realm": "applied-realm", "port": 5432}
    repo.define("db", "server", inputs=inputs)
    repo.commit()
    repo.stage().ok("apply", "--yes", env=SECRET)
    by_hand(repo, "db", password="battery-staple", realm="seen-realm", port=5499)
    seen = {"password": "battery-staple", "port": 5499}
    answer(repo, "db", {"inputs": seen, "differs": ["realm"]}).ok("check", "--record", env=SECRET)

    shown = repo.ok("plan", "--format", form).out

    assert not any(word in shown for word in ("battery", "horse", "applied-realm", "seen-realm"))
    if form == "json":
        hidden = {each["path"]: each.get("sensitive", False) for each in json.loads(shown)["changes"][0]["diff"]}
        assert hidden == {"password": True, "port": False, "realm": True}
    elif form in ("text", "markdown", "github"):
        assert "password: (sensitive)" in shown and "realm: (sensitive)" in shown and "5499" in shown


def test_a_plan_never_looks_and_loads_nothing_that_does(repo: Repo) -> None:
    """Neither where all is as applied, nor where drift was recorded."""
    world(repo, check=["sh", "-c", 'touch looked; cp looks "$STAGECTL_RESULT"']).write(".gitignore", "looked\nlooks\n")
    repo.define("db", "server", inputs={"port": 1}).apply_all().plan()
    looking = ("stagectl.usecases.checking", "stagectl.core.running.looks", "stagectl.adapters.handlers")
    for said in ({}, {"inputs": {"port": 2}}):
        repo.write("looks", json.dumps(said)).ok("check", "--record")
        (repo.root / "looked").unlink()
        names = loaded(repo, "plan", "--format", "json")
        assert [] == [name for name in names if name.startswith(looking)]
        assert not (repo.root / "looked").exists()
    assert repo.plan().cause("db.update") == "drift"


def test_a_check_gets_the_stored_outputs(repo: Repo) -> None:
    """In the file that every action gets them in."""
    outputs = {"type": "object", "properties": {"oid": {"type": "integer"}}}
    look = 'printf \'{"message": "oid %s"}\' "$(tr -dc 0-9 < "$STAGECTL_OUTPUTS")" > "$STAGECTL_RESULT"'
    run = ["sh", "-c", 'echo \'{"outputs": {"oid": 7}}\' > "$STAGECTL_RESULT"']
    world(repo, actions={"run": run}, check=["sh", "-c", look], outputs=outputs)
    repo.define("db", "server", inputs={}).apply_all()

    assert entry(repo, "db")["message"] == "oid 7"


@pytest.mark.parametrize("edit, what", [({"port": 2}, "an update"), (None, "a removal")])
def test_what_was_applied_anew_since_it_was_looked_at_is_not_recorded(repo: Repo, edit: Any, what: str) -> None:
    """A look that goes on beside an apply records nothing of what that apply changed, and the rest."""
    wait = 'touch begun; until [ -f go ]; do sleep 0.02; done; echo \'{"inputs": {"port": 9}}\' > "$STAGECTL_RESULT"'
    world(repo, check=["sh", "-c", wait]).write(".gitignore", "world/\nactions.log\nbegun\ngo\n")
    repo.define("db", "server", inputs={"port": 1}).define("web", "server", inputs={"port": 1}).apply_all()
    process = repo.begin("check", "--record")
    until((repo.root / "begun").exists)
    repo.ok("update", "db", "--set", "port=2") if edit else repo.ok("remove", "db")
    repo.ok("apply", "--yes")
    repo.write("go", "")
    assert ended(process).code == 0

    assert repo.git("log", "-1", "--format=%B", "stagectl/applied").count("\nChecked: web drifted\n") == 1
    if edit:
        assert "observed" not in repo.applied("db")
    assert repo.applied("web")["observed"] == {"inputs": {"port": 9}}
    assert repo.ok("verify").code == 0


ENDS: Dict[str, Any] = {
    "update": lambda repo: repo.ok("apply", "db", "--yes"),
    "run": lambda repo: drop(repo, "db").ok("check", "--record") and repo.ok("apply", "db", "--yes"),
    "replace": lambda repo: repo.ok("update", "db", "--set", "engine=b") and repo.ok("apply", "db", "--yes"),
    "record": lambda repo: repo.ok("update", "db", "--set", "port=9") and repo.ok("apply", "db", "--yes"),
}


@pytest.mark.parametrize("way", sorted(ENDS))
def test_what_succeeds_takes_what_was_seen_away(repo: Repo, way: str) -> None:
    """An update, a run, a replace, and recording what is staged as it was seen; the world agrees then."""
    world(repo, replace_on=["engine"]).define("db", "server", inputs={"port": 1, "engine": "a"}).apply_all()
    by_hand(repo, "db", port=9).ok("check", "--record")
    assert repo.applied("db")["observed"] == {"inputs": {"port": 9}}

    ENDS[way](repo)

    assert "observed" not in repo.applied("db") and there(repo, "db") == repo.applied("db")["inputs"]
    assert looked(repo) == {"db": "ok"} and repo.plan().ids == []


def test_a_resumed_run_wins_over_what_was_seen_meanwhile(repo: Repo) -> None:
    """A check commit between the kill and `resume` is no conflict; what was seen of others stays."""
    update = ["sh", "-c", 'if [ ! -f go ]; then touch go; kill -9 "$PPID"; fi']
    world(repo, actions={"update": update}).write(".gitignore", "go\nanswers/\n")
    repo.define("a", "server", inputs={"v": 1}).define("b", "server", inputs={"v": 1}).apply_all()
    tip = repo.git("rev-parse", "stagectl/applied").strip()
    answer(answer(repo, "a", {"inputs": {"v": 9}}), "b", {"inputs": {"v": 8}}).ok("check", "--record")
    checked = repo.git("rev-parse", "stagectl/applied").strip()
    repo.git("update-ref", "refs/heads/stagectl/applied", tip)
    repo.ok("update", "a", "--set", "v=2")
    assert ended(repo.begin("apply", "--yes")).code == -9
    repo.git("update-ref", "refs/heads/stagectl/applied", checked)

    repo.ok("resume", "--unknown", "done")

    assert repo.applied("a") == {"inputs": {"v": 2}} and repo.applied("b")["observed"] == {"inputs": {"v": 8}}
    assert repo.ok("verify").code == 0
