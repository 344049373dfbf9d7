"""What an action gets, how it fails, and how many run at once."""

from __future__ import annotations

import json
import os
import re
import resource

import pytest

from tests.build import PATIENCE, Repo, is_alive, record
from tests.scenarios.applying.world import APPLIED, a_kind, failed, refused, results
from tests.scenarios.runs.world import until
from tests.timeouts import be_over_once


def test_what_an_action_gets(repo: Repo) -> None:
    """
    Inputs on standard input and in a file, those of before in another, the facts in variables, and the place.
    """
    a_kind(
        repo,
        "reported",
        'cat > stdin.json; cat "$STAGECTL_INPUTS" > inputs.json; cat "$STAGECTL_BEFORE" > before.json; '
        'printf "%s\\n" "$PWD" "$STAGECTL_RESOURCE" "$STAGECTL_ACTION" "$STAGECTL_KIND" "$STAGECTL_RUN" "$OURS" '
        '"$(stat -c %a "$(dirname "$STAGECTL_INPUTS")")" "$STAGECTL_INPUTS" > facts',
    )
    record(repo.define("prod/a", "reported", inputs={"x": 1, "é": ["$HOME", None, True]}))
    repo.define("prod/a", "reported", inputs={"x": 2, "é": ["`id`; $(id)"]}).stage()

    repo.ok("apply", "--yes", env={"OURS": "inherited"}, cwd=repo.root / "resources/prod")

    after, before = {"x": 2, "é": ["`id`; $(id)"]}, {"x": 1, "é": ["$HOME", None, True]}
    read = [json.loads(repo.read(f"{name}.json")) for name in ("stdin", "inputs", "before")]
    assert [after, after, before] == read
    place, resource, action, kind, run, ours, mode, inputs = repo.read("facts").splitlines()
    assert (str(repo.root), "prod/a", "update", "reported", "inherited") == (place, resource, action, kind, ours)
    assert f"Run: {run}\n" in repo.git("log", "-1", "--format=%B", APPLIED)
    assert "700" == mode, "values may be secret"
    assert not os.path.exists(inputs), "nothing of it is left behind"


def test_an_action_need_not_read_its_inputs(repo: Repo) -> None:
    """
    More than a pipe holds, and it is not taken.
    """
    a_kind(repo, "deaf", "exit 0")
    repo.define("a", "deaf", inputs={"x": "x" * 200_000}).commit()

    repo.stage().ok("apply", "--yes")

    assert ["a.run SUCCESS"] == results(repo)


def test_how_actions_fail(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Exit code, signal, timeout, missing program, unreadable result: each said in one line, with the last output.
    """
    a_kind(repo, "code", "echo why; exit 7")
    a_kind(repo, "signal", "kill -9 $$")
    a_kind(repo, "slow", "echo begun; touch begun; sleep 300", timeout=0.5)
    be_over_once(monkeypatch, repo.root / "begun")
    a_kind(repo, "result", 'echo "{nope" > "$STAGECTL_RESULT"')
    a_kind(repo, "list", 'echo "[1]" > "$STAGECTL_RESULT"')
    repo.write("kinds/missing.yaml", '{"actions": {"run": ["no-such-program"]}}')
    for kind in ("code", "signal", "slow", "result", "list", "missing"):
        repo.define(kind, kind)
    repo.commit()

    ran = failed(repo.stage().apply())

    assert [
        "  code.run  ERROR  exit code 7",
        '  list.run  ERROR  the result file is not {"changed": true or false, "message": "..."}',
        "  missing.run  ERROR  could not be started: [Errno 2] No such file or directory: 'no-such-program'",
        "  result.run  ERROR  the result file cannot be read: "
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "  signal.run  ERROR  ended by signal 9",
        "  slow.run  ERROR  still running after 0.5 seconds; it was killed",
    ] == [line for line in ran.out.splitlines() if re.match(r"  \w", line)]
    assert "code.run: ERROR (exit code 7)\n    why\n" in ran.err
    assert "slow.run: ERROR (still running after 0.5 seconds; it was killed)\n    begun\n" in ran.err


def test_a_result_that_is_no_small_file_is_an_error(repo: Repo) -> None:
    """
    A pipe without a writer, a device without an end, more than fits: nothing waits, and nothing fills the memory.
    """
    a_kind(repo, "pipe", 'mkfifo "$STAGECTL_RESULT"')
    a_kind(repo, "device", 'ln -s /dev/zero "$STAGECTL_RESULT"')
    a_kind(repo, "large", 'head -c 1048577 /dev/zero > "$STAGECTL_RESULT"')
    a_kind(repo, "deep", 'head -c 100000 /dev/zero | tr "\\000" "[" > "$STAGECTL_RESULT"')
    a_kind(repo, "link", 'echo "{\\"changed\\": false}" > fine; ln -s "$PWD/fine" "$STAGECTL_RESULT"')
    for kind in ("pipe", "device", "large", "deep", "link"):
        repo.define(kind, kind)
    repo.commit()

    reported = [line for line in failed(repo.stage().apply()).out.splitlines() if re.match(r"  \w", line)]

    assert reported[0].startswith("  deep.run  ERROR  the result file cannot be read: ")
    assert [
        "  device.run  ERROR  the result file cannot be read: it is no regular file",
        "  large.run  ERROR  the result file cannot be read: it has more than 1024 KiB",
        "  pipe.run  ERROR  the result file cannot be read: it is no regular file",
    ] == reported[1:]


def test_an_action_is_listened_to_where_many_files_are_open(repo: Repo) -> None:
    """
    As on a worker with a thousand connections; what it prints is kept.
    """
    a_kind(repo, "code", "echo heard; exit 7").define("db", "code").commit()
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(now, min(most, 2_000)), most))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1_100)]
    try:
        ran = failed(repo.stage().apply())
    finally:
        for file in opened:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (now, most))

    assert "db.run: ERROR (exit code 7)\n    heard\n" in ran.err


def test_what_an_action_prints_cannot_act_on_the_terminal(repo: Repo) -> None:
    """
    Escapes, other line ends and bytes that are no text come out as visible text.
    """
    a_kind(repo, "noisy", "printf '\\033[31mred\\007\\377 \\342\\200\\256x\\n'; exit 1")
    repo.define("a", "noisy").commit()

    ran = failed(repo.stage().apply())

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", ran.err)
    assert "red" in ran.err


def test_what_a_killed_action_started_is_ended_too(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    After a timeout nothing of it works on in the background.
    """
    a_kind(repo, "slow", "sleep 300 & echo $! > child; touch begun; sleep 300", timeout=0.3)
    be_over_once(monkeypatch, repo.root / "begun")
    repo.define("a", "slow").commit()

    failed(repo.stage().apply())

    until(lambda: not is_alive(int(repo.read("child"))))


def test_a_kind_without_an_entry_for_an_action_runs_nothing_and_succeeds(repo: Repo) -> None:
    """
    run, update and remove exist for every kind.
    """
    repo.define("a", "plain", inputs={"x": 1}).apply_all()
    assert ["a.run SUCCESS"] == results(repo)

    repo.define("a", "plain", inputs={"x": 2}).stage().ok("apply", "--yes")
    assert (["a.update SUCCESS"], {"inputs": {"x": 2}}) == (results(repo), repo.applied("a"))

    repo.delete("a").stage().ok("apply", "--yes")
    assert (["a.remove SUCCESS"], None, []) == (results(repo), repo.applied("a"), repo.log())


def test_an_unknown_handler_stops_before_the_first_action(repo: Repo) -> None:
    """
    With a suggestion, and the ones there are.
    """
    repo.write("kinds/odd.yaml", "handler: shel\n").define("a", "odd").define("b").commit()
    repo.stage()

    assert (
        "error: there is no handler 'shel'; did you mean 'shell'?\n"
        "hint: handlers there are: ansible, none, python, shell\n"
    ) == refused(repo, "--yes")


def most_at_once(repo: Repo) -> int:
    """How many actions ran at the same time, by what they wrote; the log starts anew."""
    entries = sorted(line.split() for line in repo.read("actions.log").splitlines())
    (repo.root / "actions.log").unlink()
    now = most = 0
    for _, what in entries:
        now += 1 if what == "begin" else -1
        most = max(most, now)
    return most


def test_limits(repo: Repo) -> None:
    """
    `limit` of a kind, one at a time per target, and --parallel; without any of them all at once.
    """
    # Waits until as many run as may, once; then it takes its time, so that one more than that would be seen.
    script = (
        'echo "$(date +%s.%N) begin" >> actions.log; n=0; '
        f"until [ -e met ] || [ $n = {PATIENCE * 50} ]; do "
        "now=$(($(grep -c begin actions.log) - $(grep -c end actions.log))); "
        '[ $now -lt "$(cat wanted)" ] || touch met; sleep 0.02; n=$((n + 1)); done; '
        'sleep 0.3; echo "$(date +%s.%N) end" >> actions.log'
    )
    a_kind(a_kind(repo, "free", script), "two", script, limit=2)
    repo.write(".gitignore", "actions.log\nmet\nwanted\n")
    for number in range(4):
        repo.define(f"free/{number}", "free").define(f"two/{number}", "two")
        repo.define(f"target/{number}", "free", inputs={"target": "db1" if number < 3 else "db2"})
    repo.commit()
    repo.stage()

    most, wanted = {}, {"free": 4, "two": 2, "target": 2}
    for folder, number in wanted.items():
        (repo.root / "met").unlink(missing_ok=True)
        repo.write("wanted", str(number)).ok("apply", "--yes", f"{folder}/*")
        most[folder] = most_at_once(repo)
    assert wanted == most

    for number in range(3):
        repo.define(f"free/{number}", "free", inputs={"x": 1})
    repo.stage().ok("apply", "--yes", "--parallel", "1")
    assert 1 == most_at_once(repo)
