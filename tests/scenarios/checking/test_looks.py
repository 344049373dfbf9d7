"""`check` says what the world says, and changes nothing."""

from __future__ import annotations

import json
import os
import signal
from typing import Any, Dict

import pytest

from tests.build import Repo, ended, heard, made_once
from tests.scenarios.checking.world import answer, by_hand, drop, entry, looked, world
from tests.scenarios.runs.world import until


@pytest.fixture
@made_once
def shop(repo: Repo) -> Repo:
    """Three servers that are as they were applied, and something that cannot be looked at."""
    world(repo).define("prod/db", "server", ["prod"], inputs={"port": 5432, "labels": {"a": 1, "b": 2}, "list": [1]})
    repo.define("prod/web", "server", ["prod"], inputs={"port": 80}).define("dev/db", "server", ["dev"], inputs={})
    return repo.define("dev/note", "plain", ["dev"], inputs={}).apply_all()


def everything(repo: Repo) -> str:
    """All refs, the index and the working tree."""
    return repo.git("for-each-ref") + repo.git("status", "--porcelain", "--ignored") + repo.git("ls-files", "-s")


def test_each_resource_is_ok_drifted_gone_failed_or_unchecked(shop: Repo) -> None:
    """By what its check answers, in name order, with counts; a failed one makes the exit code 1."""
    shop.define("prod/x", "server", inputs={}).stage().apply("prod/x")
    by_hand(shop, "prod/db", port=5499)
    drop(shop, "prod/web").fail("prod/x.check")
    ran = shop.run("check", "--json")
    assert ran.code == 1
    found = ran.json()
    assert {entry["resource"]: entry["state"] for entry in found["resources"]} == {
        "dev/db": "ok",
        "dev/note": "unchecked",
        "prod/db": "drifted",
        "prod/web": "gone",
        "prod/x": "failed",
    }
    assert found["summary"] == {"ok": 1, "drifted": 1, "gone": 1, "failed": 1, "unchecked": 1}
    assert found["format_version"] == "1.0"
    assert found["resources"][2]["diff"] == [{"path": "port", "applied": 5432, "seen": 5499}]
    assert found["resources"][4]["message"] == "exit code 3"


def test_the_text_has_a_line_for_each_value(shop: Repo) -> None:
    """And says what to do next."""
    by_hand(shop, "prod/db", port=5499, labels={"a": 1, "c": 3})
    drop(shop, "prod/web")
    assert shop.ok("check").out == (
        "prod/db: drifted\n"
        "    labels.c: applied nothing, seen 3\n"
        "    port: applied 5432, seen 5499\n"
        "prod/web: gone\n"
        "Checked 4: 1 ok, 1 drifted, 1 gone, 1 unchecked.\n"
        "Next: stagectl check --record, so that plans know it\n"
    )


@pytest.mark.parametrize(
    "words, names",
    [
        ([], ["dev/db", "dev/note", "prod/db", "prod/web"]),
        (["prod/*"], ["prod/db", "prod/web"]),
        (["-t", "prod"], ["prod/db", "prod/web"]),
        (["dev/db", "prod/db", "-t", "prod"], ["prod/db"]),
    ],
)
def test_the_selection_says_what_is_looked_at(shop: Repo, words: Any, names: Any) -> None:
    """Names and tags of live resources; nothing else is looked at."""
    assert sorted(looked(shop, *words)) == names


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["--tag", "prod", "--format", "text", "--executor", "threads"], 0, "Checked 2: 2 ok."),
        (["--tag", "prod", "--format", "json", "--parallel", "2", "--insecure"], 0, '"format_version": "1.0"'),
        (["--json", "--format", "json"], 64, "--json and --format json exclude each other"),
        (["--scheduler", "tcp://127.0.0.1:1"], 64, "--scheduler is for another executor than threads"),
        (["--parallel", "0"], 64, "0 is not in the range"),
    ],
)
def test_its_options_are_those_of_apply(shop: Repo, words: Any, code: int, said: str) -> None:
    """As far as they are about how something is carried out."""
    ran = shop.run("check", *words)
    assert ran.code == code and said in ran.out + ran.err


def test_what_is_not_live_cannot_be_looked_at(shop: Repo) -> None:
    """A staged one is named with the ways out; a typo is one."""
    shop.define("prod/new", "server", inputs={}).stage()
    ran = shop.run("check", "prod/new")
    assert ran.code == 1 and "'prod/new' is staged and not live" in ran.err
    ran = shop.run("check", "prod/bd")
    assert ran.code == 1 and "did you mean 'prod/db'" in ran.err


def test_it_changes_nothing(shop: Repo) -> None:
    """No ref, no index, no file, no run, whatever it sees."""
    by_hand(shop, "prod/db", port=1)
    drop(shop, "prod/web")
    before, runs = everything(shop), shop.ok("log", "--json").out
    shop.ok("check")
    assert everything(shop) == before and shop.ok("log", "--json").out == runs and shop.log() == []
    assert shop.plan().ids == []


def test_the_exit_code_is_2_for_drift_where_that_is_asked_for(shop: Repo) -> None:
    """With --detailed-exitcode alone; a failed check is 1 in any case."""
    assert shop.run("check", "--detailed-exitcode").code == 0
    drop(shop, "prod/web")
    assert shop.run("check").code == 0 and shop.run("check", "--detailed-exitcode").code == 2
    by_hand(shop, "prod/db", port=1)
    assert shop.run("check", "prod/db", "--detailed-exitcode").code == 2
    shop.fail("prod/db.check")
    assert shop.run("check", "--detailed-exitcode").code == 1


@pytest.mark.parametrize(
    "said, state, diff",
    [
        ({}, "ok", []),
        ({"exists": True}, "ok", []),
        ({"inputs": {"labels": {"a": 1}}}, "ok", []),
        ({"inputs": {"labels": {}}}, "ok", []),
        ({"inputs": {"labels": {"b": 3}}}, "drifted", [("labels.b", 2, 3)]),
        ({"inputs": {"labels": {"b": None}}}, "drifted", [("labels.b", 2, None)]),
        ({"inputs": {"list": [1, 2]}}, "drifted", [("list.1", None, 2)]),
        ({"inputs": {"port": 5432.0}}, "drifted", [("port", 5432, 5432.0)]),
        ({"inputs": {"port": "5432"}}, "drifted", [("port", 5432, "5432")]),
        ({"inputs": {"comment": "not its own"}}, "ok", []),
        ({"exists": False, "inputs": {"port": 1}}, "gone", []),
        ({"changed": True, "message": "the disk is full"}, "drifted", []),
        ({"changed": False}, "ok", []),
    ],
)
def test_what_a_check_sees_is_compared_with_what_was_applied(shop: Repo, said: Any, state: str, diff: Any) -> None:
    """What it does not give counts as unseen; of a mapping only its leaves are compared; types count."""
    answer(shop, "prod/db", said)
    found = entry(shop, "prod/db")
    assert found["state"] == state and found["message"] == said.get("message", "")
    assert [(one["path"], one["applied"], one["seen"]) for one in found["diff"]] == diff


@pytest.mark.parametrize(
    "said, why",
    [
        ("[1]", "the result file is not"),
        ("{", "the result file cannot be read"),
        ({"exits": True}, "unknown key 'exits'; did you mean 'exists'?"),
        ({"exists": "yes"}, "'exists' in the answer of the check is not true or false"),
        ({"inputs": [1]}, "'inputs' in the answer of the check is not a mapping"),
        ({"differs": "port"}, "'differs' in the answer of the check is not a list of names of inputs"),
        ({"differs": ["prot"]}, "'prot' in 'differs' is no input that was applied; did you mean 'port'?"),
        ({"outputs": {"oid": 1}}, "outputs: 'oid' is no output of kind server"),
        ('{"inputs": {"port": 1e999}}', "no JSON"),
        ({"inputs": {"port": [[]] * 1}, "message": 3}, "'message' in the answer of the check is not a text"),
    ],
)
def test_an_answer_that_says_nothing_is_a_failed_check(shop: Repo, said: Any, why: str) -> None:
    """With the reason; the exit code is 1."""
    answer(shop, "prod/db", said)
    found = entry(shop, "prod/db")
    assert found["state"] == "failed" and why in found["message"], found
    assert shop.run("check", "prod/db").code == 1


def test_a_check_gets_what_was_applied(repo: Repo) -> None:
    """The inputs last applied, not those staged since, with the outputs; it learns that it is a check."""
    said = '$(tr -d \'\\"\' < "$STAGECTL_INPUTS") $STAGECTL_ACTION $STAGECTL_KIND'
    script = f"""echo '{{"message": "'"{said}"'"}}' > "$STAGECTL_RESULT" """
    world(repo, check=["sh", "-c", script])
    repo.define("db", "server", inputs={"port": 1}).apply_all()
    repo.define("db", "server", inputs={"port": 2}).stage()
    assert entry(repo, "db")["message"] == "{port: 1} check server"


def test_uncommitted_kinds_and_files_that_act_are_refused(shop: Repo) -> None:
    """What looks is what was reviewed, and what it runs, too."""
    world(shop, check=["sh", "bin/look"]).write("bin/look", "exit 0\n").commit()
    assert looked(shop, "prod/db") == {"prod/db": "ok"}
    shop.write("bin/look", "exit 1\n")
    ran = shop.run("check", "prod/db")
    assert ran.code == 1 and "bin/look: what actions run or read is not as the commit" in ran.err
    shop.git("checkout", "bin/look")
    world(shop)
    ran = shop.run("check")
    assert ran.code == 1 and "not committed: kinds/server.yaml" in ran.err


@pytest.mark.parametrize(
    "more, why",
    [
        ({"check": "bin/look"}, "a shell check is a list of strings"),
        ({"handler": "python", "actions": {}, "check": "look"}, "a python check names a function"),
        ({"handler": "ansible", "actions": {}, "check": "look.txt"}, "an ansible check is the path of a playbook"),
        ({"handler": "none", "check": ["true"]}, "the handler 'none' cannot look"),
    ],
)
def test_a_check_that_its_handler_cannot_carry_out_is_an_error_of_the_kind(
    repo: Repo, more: Dict[str, Any], why: str
) -> None:
    """With its place, from every command that reads the kind."""
    world(repo, **more)
    ran = repo.run("validate")
    assert ran.code == 1 and why in ran.err and "kinds/server.yaml:1:" in ran.err


def test_what_its_variables_need_is_there_or_the_check_fails(repo: Repo) -> None:
    """A secret is compared where it is known, and shown nowhere."""
    world(repo, sensitive=["password"])
    inputs = {"password": "${env:SHOP_PASSWORD}", "dsn": "db://${env:SHOP_PASSWORD}@x", "note": "a"}
    repo.define("db", "server", inputs=inputs)
    repo.commit()
    secret = {"SHOP_PASSWORD": "correct-horse"}
    repo.stage().ok("apply", "--yes", env=secret)
    assert repo.run("check", "--json", env=secret).json()["resources"][0]["state"] == "ok"
    failed = repo.run("check", "--json").json()["resources"][0]
    assert failed["state"] == "failed" and failed["message"] == "not set in the environment: SHOP_PASSWORD"
    by_hand(repo, "db", password="battery-staple", dsn="db://battery-staple@x", note="b correct-horse")
    ran = repo.run("check", "--json", env=secret)
    assert "battery" not in ran.out + ran.err and "horse" not in ran.out + ran.err
    assert [(one["path"], one.get("sensitive")) for one in ran.json()["resources"][0]["diff"]] == [
        ("dsn", True),
        ("note", True),
        ("password", True),
    ]
    assert "    password: (sensitive)\n" in repo.run("check", env=secret).out
    said = "db: failed (the output 'at' has the value of a secret variable in it; variables that are no secrets"
    assert answer(repo, "db", {"outputs": {"at": ["correct-horse"]}}).run("check", env=secret).out.startswith(said)


def test_a_check_that_takes_too_long_is_killed(repo: Repo) -> None:
    """As an action is; it counts as failed."""
    world(repo, check=["sleep", "600"], timeout=0.3)
    repo.define("db", "server", inputs={}).apply_all()
    found = entry(repo, "db")
    assert found["state"] == "failed" and "still running after 0.3 seconds; it was killed" in found["message"]


def test_looks_keep_the_limits_of_applies(repo: Repo) -> None:
    """At most `limit` of a kind at once, and one on a target."""
    script = "mkdir busy && sleep 0.05 && rmdir busy"
    world(repo, check=["sh", "-c", script], limit=1).commit()
    for number in range(4):
        repo.define(f"s{number}", "server", inputs={})
    repo.apply_all()
    assert set(looked(repo).values()) == {"ok"}
    world(repo, check=["sh", "-c", script]).commit()
    for number in range(4):
        repo.define(f"s{number}", "server", inputs={"target": "one"})
    repo.apply_all()
    assert set(looked(repo, "--parallel", "4").values()) == {"ok"}


def test_progress_goes_to_stderr(shop: Repo) -> None:
    """A line for each look that ended; results alone go to stdout."""
    ran = shop.ok("check", "prod/db")
    assert ran.err == "prod/db.check: SUCCESS\n" and ran.out == "Checked 1: 1 ok.\n"


def test_ctrl_c_stops_it(repo: Repo) -> None:
    """What runs is waited for, nothing more starts, and the exit code is 130."""
    world(repo, check=["sh", "-c", "echo up >&2; until [ -f go ]; do sleep 0.05; done"])
    repo.write(".gitignore", "world/\ngo\nactions.log\n")
    repo.define("a", "server", inputs={}).define("b", "server", inputs={}).apply_all()
    process = repo.begin("check", "--json", "--parallel", "1", env={"PYTHONUNBUFFERED": "1"})
    until(lambda: _is_looking(process.pid))
    os.kill(process.pid, signal.SIGINT)
    assert "the check was interrupted: nothing more starts, waiting for 1" in heard(process)
    repo.write("go", "")
    ran = ended(process)
    assert ran.code == 130
    assert {one["resource"]: one["state"] for one in json.loads(ran.out)["resources"]} == {"a": "ok", "b": "unchecked"}


def _is_looking(process: int) -> bool:
    """Whether a process has started another one that sleeps."""
    done = os.popen(f"ps -o args= --ppid {process}").read()
    return "until" in done
