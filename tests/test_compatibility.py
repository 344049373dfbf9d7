"""What docs/compatibility.md promises from version to version: each line of it is one test here."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any, Dict, Set

import pytest
import typer

import stagectl.api
from stagectl.cli import GROUPS, app_for
from tests.build import ROOT, Repo

# As they were in the first version; what is here may not go. New ones need no entry until they are released.
OPTIONS: Dict[str, str] = {
    "create": "--kind --tag --set --set-json",
    "update": "--set --set-json --unset --tag --untag",
    "remove": "--recursive --detach",
    "move": "",
    "validate": "",
    "stage": "--tag --action --patch --force --check -t -a -p",
    "unstage": "--tag --all -t",
    "discard": "--tag --all --force -t",
    "promote": "--from-staged --set --unverified --create",
    "revert": "",
    "status": "--short --json -s",
    "diff": "--tag --unstaged --from --to --json -t",
    "plan": "--tag --with-children --with-parents --format --out --head --base --since --against --max-bytes --explain "
    "--detailed-exitcode -t",
    "graph": "--tag --format -t",
    "apply": "--tag --with-children --with-parents --yes --expect --record-only --parallel --executor --scheduler "
    "--insecure --noop --skip --start-at --end-at --fail-fast --allow-rollback --allow-remove --sign --require-signed "
    "--offline --json -t -y",
    "check": "--tag --format --json --detailed-exitcode --record --accept --offline --parallel --executor --scheduler "
    "--insecure -t",
    "adopt": "--tag --accept --json --offline --parallel -t",
    "report": "--follow --format --json",
    "retry": "--parallel --executor --scheduler --insecure --fail-fast --offline --json",
    "resume": "--unknown --parallel --executor --scheduler --insecure --offline --json",
    "stop": "",
    "worker": "--target --parallel --name --insecure",
    "sync": "--json",
    "locks": "--json",
    "lock": "--reason",
    "unlock": "",
    "show": "--at --json",
    "log": "--tag --action --since --blame --json -t -n",
    "verify": "--signed --json",
    "kinds": "--json",
    "init": "--example --git",
    "schema": "--kind --write",
    "completion": "",
}


def test_every_promise_has_its_test() -> None:
    """
    The page names tests of this file, all of them, and no others.
    """
    page = (ROOT / "docs/compatibility.md").read_text("utf-8")

    ours = {name for name, value in globals().items() if name.startswith("test_") and inspect.isfunction(value)}
    assert set(re.findall(r"`(test_\w+)`", page)) == ours - {"test_every_promise_has_its_test"}


def test_command_lines_are_kept() -> None:
    """
    Every command and option of the first version is there.
    """
    commands = typer.main.get_command(app_for([])).commands  # type: ignore[attr-defined]

    assert set(OPTIONS) <= {name for group in GROUPS.values() for name in group}
    for name, words in OPTIONS.items():
        known = {word for parameter in commands[name].params for word in parameter.opts}
        assert set(words.split()) <= known, name


def test_exit_codes_are_kept(repo: Repo) -> None:
    """
    Done, error, changes with --detailed-exitcode, and what cannot be meant.
    """
    repo.define("db").stage()

    codes = {
        words: repo.run(*words.split()).code
        for words in ("plan", "plan --detailed-exitcode", "plan nope", "plan --nope", "apply --yes", "status")
    }
    assert [0, 2, 1, 64, 0, 0] == list(codes.values()), codes
    assert 0 == repo.run("plan", "--detailed-exitcode").code


PLAN = "format_version plan_id base head selection changes held recorded pending summary"
CHANGE = "id resource action kind tags cause diff after wave"
REPORT = "format_version run state plan_id source base commit by started ended seconds changes recorded"
ENTRY = "type commit author date subject changes names"


def test_json_documents_keep_their_keys(repo: Repo) -> None:
    """
    Of plan, report, events, log and status; the major format version is 1.
    """
    repo.define("db", inputs={"port": 1}).stage()
    plan = repo.ok("plan", "--format", "json").json()
    events = [json.loads(line) for line in repo.ok("apply", "--yes", "--json").out.splitlines()]
    report = repo.ok("report", "--json").json()

    assert keys(PLAN) <= set(plan) and keys(CHANGE) <= set(plan["changes"][0])
    assert {"path", "op", "before", "after"} <= set(plan["changes"][0]["diff"][0])
    assert {"type", "of", "inputs"} <= set(plan["changes"][0]["cause"])
    assert {"run", "update", "remove", "other", "held", "waves"} <= set(plan["summary"])
    assert keys(REPORT) <= set(report) and {"id", "state", "output"} <= set(report["changes"][0])
    assert ["version", "change_start", "change_complete", "summary"] == [event["type"] for event in events]
    assert all(keys(ENTRY) <= set(entry) for entry in repo.ok("log", "--json").json())
    assert keys("applied live unstaged uncommitted pending affected recorded unfinished owed interrupted") <= set(
        repo.ok("status", "--json").json()
    )
    assert all(document["format_version"].split(".")[0] == "1" for document in (plan, report, events[0]))


def test_the_document_of_a_check_keeps_its_keys(repo: Repo) -> None:
    """
    With a value that differs, one that is hidden, and types as they are.
    """
    answer = {"inputs": {"port": 2}, "differs": ["name"], "message": "m"}
    look = ["sh", "-c", f"""printf '%s' '{json.dumps(answer)}' > "$STAGECTL_RESULT" """]
    repo.kind("service", check=look).define("db", inputs={"port": 1, "name": "a"}).apply_all()

    document = repo.ok("check", "--json").json()

    assert keys("format_version resources summary recorded accepted left") <= set(document)
    assert (
        document["format_version"].split(".")[0] == "1" and [document["recorded"], document["accepted"]] == [None] * 2
    )
    assert document["resources"] == [
        {
            "resource": "db",
            "state": "drifted",
            "message": "m",
            "diff": [
                {"path": "port", "applied": 1, "seen": 2},
                {"path": "name", "applied": None, "seen": None, "sensitive": True},
            ],
        }
    ]
    assert document["summary"] == {"ok": 0, "drifted": 1, "gone": 0, "failed": 0, "unchecked": 0}
    assert (
        repo.ok("check", "--record", "--json").json()["recorded"] == repo.git("rev-parse", "stagectl/applied").strip()
    )


def keys(words: str) -> Set[str]:
    return set(words.split())


@pytest.mark.parametrize("version", ["2.0", "0.9"])
def test_a_document_of_another_major_version_is_refused(repo: Repo, version: str) -> None:
    """
    A saved plan, by show and apply; nothing runs.
    """
    repo.define("db").stage()
    repo.ok("plan", "--out", "plan.json")
    raw: Dict[str, Any] = json.loads(repo.read("plan.json"))
    repo.write("plan.json", json.dumps({**raw, "format_version": version}))

    for words in (["show", "plan.json"], ["apply", "plan.json"]):
        done = repo.run(*words)
        assert done.code == 1 and version in done.err, done.err
    assert [] == repo.log()


FIRST = {
    "kinds/service.yaml": "inputs: {type: object}\nactions: {run: ['true'], update: ['true'], restart: ['true']}\n",
    "stagectl.yaml": "roots: [resources]\napplied_branch: stagectl/applied\nparallelism: 4\n"
    "tags: {'prod/**': [prod]}\n",
    "resources/prod/db.yaml": "---\nkind: service\ntags: [tier=data]\n---\n# kept\ninputs:\n  port: 5432\n",
    "resources/prod/app.yaml": "---\nkind: service\n---\ninputs:\n  url: 'db:${./db.port}'\n"
    "depends_on: [./db]\nreact_on:\n  restart: [./db.update]\n",
}


def test_files_of_the_first_version_are_read(repo: Repo) -> None:
    """
    Definitions, kinds and config as they were written then, with the same plan.
    """
    for path, text in FIRST.items():
        repo.write(path, text)
    repo.commit()
    repo.ok("validate")
    repo.stage()

    plan = repo.ok("plan", "--format", "json", "-t", "prod").json()

    assert ["prod/db.run", "prod/app.run"] == [change["id"] for change in plan["changes"]]
    assert "db:5432" == plan["changes"][1]["diff"][0]["after"]
    assert ["prod", "tier=data"] == plan["changes"][0]["tags"]


def test_an_applied_state_is_planned_from_without_a_change(repo: Repo) -> None:
    """
    One that holds the staged files and the states alone, and no index, as the first versions wrote it.
    """
    for path, text in FIRST.items():
        repo.write(path, text)
    repo.commit()
    repo.stage().ok("apply", "--yes")
    state = json.loads(repo.git("show", "stagectl/applied:.applied/prod/app.json"))

    assert {"url": "db:5432"} == state["inputs"]
    assert "No changes." in repo.ok("plan").out
    repo.git("switch", "-q", "--detach", "stagectl/applied")
    if any(path.startswith(".applied-index/") for path in repo.git("ls-tree", "-r", "--name-only", "HEAD").split()):
        repo.git("rm", "-r", "-q", ".applied-index")
    tree_id = repo.git("write-tree").strip()
    parents = [word for parent in ("HEAD^1", "HEAD^2") for word in ("-p", repo.git("rev-parse", parent).strip())]
    message = repo.git("log", "-1", "--format=%B")
    old = repo.git("commit-tree", tree_id, *parents, "-m", message).strip()
    repo.git("switch", "-q", "--discard-changes", "main")
    repo.git("update-ref", "refs/heads/stagectl/applied", old)

    assert "No changes." in repo.ok("plan").out


def test_results_go_to_stdout_and_the_rest_to_stderr(repo: Repo) -> None:
    """
    A document on stdout can be piped, whatever is warned of.
    """
    repo.define("db").stage()
    repo.write(".staged/db.yaml", repo.read(".staged/db.yaml") + "# more\n")

    done = repo.run("plan", "--format", "json")

    assert json.loads(done.out)["head"]["dirty"] is True
    assert "" == repo.run("plan", "nope").out


API: Dict[str, str] = {
    "check": "names tags parallel where watch note", "projects": "changed_since",
    "adopt": "names tags accept offline parallel watch note",
    "init": "example git", "write_schemas": "", "kinds": "", "schema": "which kind",
    "create": "name kind inputs tags like", "update": "name inputs unset tags untags",
    "remove": "names recursive detach", "move": "old new",
    "stage": "names tags actions force allow_empty check", "unstage": "names tags everything",
    "discard": "names tags everything force", "promote": "source target wishes", "revert": "revisions",
    "plan": "names tags with_children with_parents head base", "since": "plan before", "against": "plan branches",
    "apply": "plan record_only outputs parallel where filter fail_fast allow_rollback allow_remove sign require_signed "
    "offline wait watch note",
    "retry": "run parallel where fail_fast offline watch note",
    "resume": "ask parallel where outputs offline watch note", "report": "run", "stop": "run",
    "status": "", "diff": "names tags unstaged before after", "graph": "names tags",
    "log": "name count tags action since", "blame": "name", "show": "name at", "validate": "", "verify": "signed",
    "sync": "note", "locks": "", "lock": "reason note", "unlock": "identity",
    "save_plan": "plan path", "load_plan": "path",
}  # fmt: skip
# Commands that print a value of another method, act on a terminal or a scheduler, or are about the shell.
NOT_IN_THE_API = {"worker", "completion", "help"}


def test_the_python_api_does_what_the_commands_do() -> None:
    """
    A method for every command, but for those that are about a terminal or start a process of their own.
    """
    commands = {name for group in GROUPS.values() for name in group}

    assert commands - API.keys() == NOT_IN_THE_API & commands


def test_the_python_api_is_kept() -> None:
    """
    Every method with its parameters, in their order; every name that is exported exists.
    """
    for name, words in API.items():
        known = [
            word for word in inspect.signature(getattr(stagectl.api.Repository, name)).parameters if word != "self"
        ]
        assert [word for word in known if word in words.split()] == words.split(), name
    assert all(hasattr(stagectl.api, name) for name in stagectl.api.__all__)
