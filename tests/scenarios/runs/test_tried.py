"""What a try that failed, or whose end was not seen, leaves in doubt: the next one counts as changed."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Sequence

import pytest

from stagectl.adapters.running.processes import living
from tests.build import Ran, Repo, ended
from tests.scenarios.runs.world import newest, until

# Changes its file when there is something to change, says so, and may then fail.
SETTLES = (
    'id="$STAGECTL_RESOURCE.$STAGECTL_ACTION"; file="$id.done"; echo "$id" >> actions.log; '
    'if cmp -s "$STAGECTL_INPUTS" "$file"; then echo \'{"changed": false}\' > "$STAGECTL_RESULT"; '
    'else cp "$STAGECTL_INPUTS" "$file"; fi; ! grep -qsxF "$id" fail'
)


def settling(repo: Repo, **more: Any) -> Repo:
    """A kind whose actions report a change only when there was something to change, also before they failed."""
    raw: Dict[str, Any] = {"actions": {verb: ["sh", "-c", SETTLES] for verb in ("run", "update", "remove", "reload")}}
    repo.write("kinds/conf.yaml", json.dumps({**raw, **more})).write(".gitignore", "actions.log\nfail\n*.done\n")
    return repo


def failed(done: Ran) -> Ran:
    assert done.code == 1, done.out + done.err
    return done


def forgotten(repo: Repo) -> Repo:
    (repo.root / "actions.log").unlink(missing_ok=True)
    return repo


def when_changed(*changes: str) -> List[Dict[str, str]]:
    return [{"on": change, "when": "changed"} for change in changes]


@pytest.mark.parametrize("then", [(), ("-t", "prod"), ("unit",), ("retry",)], ids=" ".join)
def test_an_update_that_failed_counts_as_changed_when_it_is_tried_again(repo: Repo, then: Sequence[str]) -> None:
    """
    Whatever tries it again, all, a part or `retry`: it reports no change, and the reaction runs or is owed.
    """
    settling(repo).define("unit", "conf", tags=["prod"], inputs={"n": 1})
    repo.define("svc", tags=["prod"], react_on={"restart": when_changed("unit.update")}).apply_all()
    repo.define("unit", "conf", tags=["prod"], inputs={"n": 2}).stage().fail("unit.update")
    failed(repo.apply())

    forgotten(repo).fail().ok(*(then if then == ("retry",) else ("apply", "--yes", *then)))

    assert repo.log() == ["unit.update", "svc.restart"]
    assert repo.plan().ids == []


def test_a_try_counts_also_for_a_reaction_that_is_held_back(repo: Repo) -> None:
    """
    The service is outside the selection: it owes the restart afterwards.
    """
    settling(repo).define("unit", "conf", tags=["prod"], inputs={"n": 1})
    repo.define("svc", tags=["test"], react_on={"restart": when_changed("unit.update")}).apply_all()
    repo.define("unit", "conf", tags=["prod"], inputs={"n": 2}).stage().fail("unit.update")
    failed(repo.apply("-t", "prod"))

    repo.fail().ok("apply", "--yes", "-t", "prod")

    assert (repo.plan().ids, repo.plan().cause("svc.restart")) == (["svc.restart"], "owed")


@pytest.mark.parametrize("inputs", [{"n": 3}, {"n": 1}], ids=["edited", "back"])
def test_a_try_counts_whatever_was_staged_since(repo: Repo, inputs: Dict[str, int]) -> None:
    """
    The definition was edited again, or put back: the update is another one, and what the first has done is as unknown.
    """
    settling(repo).define("unit", "conf", inputs={"n": 1})
    repo.define("svc", react_on={"restart": when_changed("unit.update")}).apply_all()
    repo.define("unit", "conf", inputs={"n": 2}).stage().fail("unit.update")
    failed(repo.apply())
    repo.define("unit", "conf", inputs=inputs).stage()
    (repo.root / "unit.update.done").write_text(json.dumps(inputs))

    forgotten(repo).fail().ok("apply", "--yes")

    assert repo.log() == ["unit.update", "svc.restart"]


def test_another_action_that_failed_counts_where_something_reacts_on_its_changes(repo: Repo) -> None:
    """
    `reload` is staged by name: the state keeps that it was tried, until it succeeds.
    """
    settling(repo).define("unit", "conf", inputs={"n": 1})
    repo.define("svc", react_on={"restart": when_changed("unit.reload")}).apply_all()
    repo.ok("stage", "unit", "-a", "reload")
    repo.fail("unit.reload")
    failed(repo.apply())
    assert repo.applied("unit")["tried"] == ["reload"]

    forgotten(repo).fail().ok("apply", "--yes")

    assert (repo.log(), repo.plan().ids) == (["unit.reload", "svc.restart"], [])
    assert "tried" not in repo.applied("unit")
    repo.ok("verify")


def test_what_never_failed_is_believed(repo: Repo) -> None:
    """
    The same update without a failure before it reports no change, and nothing is restarted.
    """
    settling(repo).define("unit", "conf", inputs={"n": 1})
    repo.define("svc", react_on={"restart": when_changed("unit.update")}).apply_all()
    repo.define("unit", "conf", inputs={"n": 2}).stage()
    (repo.root / "unit.update.done").write_text('{"n": 2}')

    repo.ok("apply", "--yes")

    assert (repo.log(), repo.plan().ids) == (["unit.update"], [])


@pytest.mark.parametrize("how", ["resume", "resume --unknown rerun", "apply --yes"])
def test_an_update_whose_end_was_not_seen_counts_as_changed_when_it_is_tried_again(repo: Repo, how: str) -> None:
    """
    Killed while it ran; `resume` and the next apply try it again: it reports no change, and the restart runs.
    """
    hang = SETTLES.replace("; ! grep", "; while [ -e hang ]; do sleep 0.05; done; ! grep")
    kind = {"actions": {"run": ["sh", "-c", SETTLES], "update": ["sh", "-c", hang]}, "idempotent": how == "resume"}
    repo.write("kinds/conf.yaml", json.dumps(kind)).write(".gitignore", "actions.log\nfail\nhang\n*.done\n")
    repo.define("unit", "conf", inputs={"n": 1})
    repo.define("svc", react_on={"restart": when_changed("unit.update")}).apply_all()
    repo.define("unit", "conf", inputs={"n": 2}).stage().write("hang", "")
    process = repo.begin("apply", "--yes")
    until(lambda: (repo.root / "unit.update.done").exists() and living(repo.place / "runs" / newest(repo)))
    process.kill()
    ended(process)
    (repo.root / "hang").unlink()
    until(lambda: not living(repo.place / "runs" / newest(repo)))  # it has written its file, and ends

    repo.ok(*how.split())

    assert repo.log()[-1] == "svc.restart"
    assert repo.plan().ids == []
