"""What a run says of its changes, and of what keeps it from beginning."""

from __future__ import annotations

import json
import os
import pty
import sys
from typing import Callable, List, Tuple

import pytest

from stagectl.adapters.handlers import ansible_files
from stagectl.core.running.outcome import ERROR, INPROGRESS, NOOP, PENDING, SKIPPED, SUCCESS, UNKNOWN, Outcome
from tests.build import ROOT, Ran, Repo


def failed(done: Ran) -> Ran:
    assert done.code == 1, done.out + done.err
    return done


@pytest.mark.parametrize("state", [SUCCESS, NOOP, SKIPPED, PENDING, ERROR, UNKNOWN, INPROGRESS])
def test_only_what_succeeded_has_changed_something(state: str) -> None:
    """
    What did not run has not; of what failed or was not seen to end it is not known.
    """
    expected = {SUCCESS: True, NOOP: False, SKIPPED: False, PENDING: False}.get(state)
    assert Outcome(state).reported is expected


def test_events_and_report_say_nothing_changed_of_what_failed_or_was_skipped(repo: Repo) -> None:
    """
    `changed` is null for the failure and false for what waited for it, in `--json` and in the report.
    """
    repo.define("a").define("b", depends_on=["a"]).commit()
    repo.stage().fail("a.run")

    events = [json.loads(line) for line in failed(repo.apply("--json")).out.splitlines()]
    ended = {event["id"]: event["changed"] for event in events if "changed" in event}

    assert ended == {"a.run": None, "b.run": False}
    report = repo.ok("report", "--json").json()
    assert {change["id"]: change["changed"] for change in report["changes"]} == ended


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ('echo \'{"message": "the disk is full"}\' > "$STAGECTL_RESULT"; exit 3', "exit code 3: the disk is full"),
        ('echo no json > "$STAGECTL_RESULT"; exit 3', "exit code 3"),
        ("exit 3", "exit code 3"),
    ],
)
def test_a_failing_action_says_why(repo: Repo, script: str, message: str) -> None:
    """
    The message of its result file stands behind the exit code; what cannot be read is left out.
    """
    repo.write("kinds/job.yaml", json.dumps({"actions": {"run": ["sh", "-c", script]}})).define("a", "job").commit()
    repo.stage()

    assert f"a.run: ERROR ({message})\n" in failed(repo.apply()).err


@pytest.mark.parametrize(
    ("live", "text"), [(["a"], "Applied: 1 resource, at "), (["a", "b"], "Applied: 2 resources, at ")]
)
def test_status_counts_as_people_do(repo: Repo, live: List[str], text: str) -> None:
    """
    One resource, two resources.
    """
    for name in live:
        repo.define(name)
    repo.apply_all()

    assert repo.ok("status").out.startswith(text)


def test_what_ansible_lacks_is_said_before_the_first_action(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where a playbook would be played; not where that change is left out, and not for an action without a playbook.
    """
    monkeypatch.setattr(ansible_files, "program", lambda: None)
    repo.write("kinds/play.yaml", json.dumps({"handler": "ansible", "actions": {"run": "site.yml"}}))
    repo.write("site.yml", "- hosts: all\n").define("a").define("b", "play", depends_on=["a"]).commit()
    repo.stage()

    assert failed(repo.apply()).err == (
        "error: the handler 'ansible' cannot work here: ansible-playbook is not installed\n"
        "hint: install it: pip install 'stagectl[ansible]'\n"
    )
    assert repo.log() == []
    failed(repo.apply("--skip", "b.run"))
    assert repo.log() == ["a.run"]
    repo.ok("apply", "--yes", "--record-only")
    repo.delete("b").stage()
    repo.ok("apply", "--yes")


def at_a_terminal(
    repo: Repo, answer: bytes, *arguments: str, meanwhile: Callable[[], object] = lambda: None
) -> Tuple[int, bytes]:
    """Run a command line on a terminal, where its first question gets an answer; return its exit code and output.

    meanwhile: what happens between question and answer.
    """
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(repo.root)
        os.environ["PYTHONPATH"] = str(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "stagectl", *arguments])
    said = b""
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        if not data:
            break
        said += data
        if b"[y/N]" in said and answer:
            meanwhile()
            os.write(terminal, answer)
            answer = b""
    return os.waitpid(process, 0)[1] >> 8, said


@pytest.mark.parametrize(("answer", "code", "ran"), [(b"n\n", 1, []), (b"\n", 1, []), (b"y\n", 0, ["a.run"])])
def test_a_no_is_no_success(repo: Repo, answer: bytes, code: int, ran: List[str]) -> None:
    """
    Nothing runs, and a pipeline does not go on; the answer of who only presses the key is no.
    """
    repo.define("a").commit()
    repo.stage()

    ended, said = at_a_terminal(repo, answer, "apply")

    assert (ended, repo.log()) == (code, ran), said
    assert (b"Nothing was applied: the answer was no." in said) == (code == 1)


def test_a_yes_to_what_another_has_applied_by_then_says_so(repo: Repo) -> None:
    """
    Nothing runs a second time, and that is a success; the plan that was asked about is no longer the plan.
    """
    repo.define("a").commit()
    repo.stage()

    ended, said = at_a_terminal(repo, b"y\n", "apply", meanwhile=lambda: repo.ok("apply", "--yes"))

    assert (ended, repo.log()) == (0, ["a.run"]), said
    assert b"the plan is another one under the lock: nothing of it is left to apply" in said
    assert b"No changes. The applied state matches what is staged." in said
