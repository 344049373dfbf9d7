"""An action whose own resource's run or update is left out acts with what is applied, never with what was not."""

from __future__ import annotations

import json
from typing import List, Tuple

import pytest

from tests.build import Repo
from tests.scenarios.applying.world import failed

GIVEN = 'id="$STAGECTL_RESOURCE.$STAGECTL_ACTION"; printf "%s %s\\n" "$id" "$(cat "$STAGECTL_INPUTS")" >> given'


def given(repo: Repo) -> List[Tuple[str, object]]:
    lines = (repo.root / "given").read_text().splitlines()
    return [(line.split(" ", 1)[0], json.loads(line.split(" ", 1)[1])) for line in lines]


def service(repo: Repo) -> Repo:
    actions = {verb: ["sh", "-c", GIVEN] for verb in ("run", "update", "remove", "restart")}
    return repo.write("kinds/s.yaml", json.dumps({"actions": actions})).write(".gitignore", "given\n")


@pytest.mark.parametrize(
    ("flags", "values"),
    [
        (("--noop", "a.update"), {"x": 1, "p": 1}),
        (("--start-at", "a.restart"), {"x": 1, "p": 1}),
        ((), {"x": 2, "p": 2}),
        (("--noop", "db.update"), {"x": 2, "p": 2}),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("by", ["explicit", "reaction"])
def test_an_action_without_its_update_gets_what_is_applied(
    repo: Repo, flags: Tuple[str, ...], values: object, by: str
) -> None:
    """
    Staged by name or as a reaction; where the update runs, it gets the new values.
    """
    react = {"react_on": {"restart": ["db.update"]}} if by == "reaction" else {}
    service(repo).define("db", "s", inputs={"v": 1}).define(
        "a", "s", inputs={"x": 1, "p": "${db.v}"}, **react
    ).apply_all()
    (repo.root / "given").unlink()
    repo.define("db", "s", inputs={"v": 2}).define("a", "s", inputs={"x": 2, "p": "${db.v}"}, **react).stage()
    if by == "explicit":
        repo.ok("stage", "a", "-a", "restart")

    repo.run("apply", "--yes", *flags)

    assert [got for identity, got in given(repo) if identity == "a.restart"] in ([values], [])
    if by == "explicit" or flags != ("--noop", "db.update"):
        assert "a.restart" in [identity for identity, _ in given(repo)]


def test_an_action_of_what_was_never_applied_does_not_run_without_its_run(repo: Repo) -> None:
    """
    There is nothing that it could act with: skipped, and it says why.
    """
    service(repo).define("a", "s", inputs={"x": 1}).commit()
    repo.stage().ok("stage", "a", "-a", "restart")

    done = failed(repo.apply("--noop", "a.run"))

    assert "a.restart: SKIPPED (its run is left out, and nothing of it is applied)" in done.err
    assert not (repo.root / "given").exists()
