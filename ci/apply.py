"""Apply what is checked out, if it is the plan that was approved."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

import comment
import plan
import push
import result
import runner
from common import Failure, allowances, check_clone, read_plan, run, selection, stagectl_apply
from ended import ended_text, report
from marker import PLAN_ID


def main() -> None:
    """Plan, find which plan was approved, apply exactly that one; the next step pushes what succeeded."""
    check_clone()
    where = selection(runner.given("NAMES"), runner.given("TAGS"))
    saved = runner.folder() / "plan.json"
    shown = _show(where, saved)
    raw = read_plan(saved)
    runner.output("plan-id", str(raw["plan_id"]))
    if not raw["changes"] and not raw["recorded"]:
        runner.say("Nothing to apply.")
        return
    expected = approved(saved)
    runner.say(f"Approved is plan {expected.plan_id}.")
    push.remember(runner.folder())
    failure, before = None, report()
    try:
        with runner.as_data():
            allowed = allowances(runner.given("ALLOW_REMOVE"))
            stagectl_apply(f"--expect={expected.plan_id}", *allowed, *where, **_person())
    except Failure as error:
        hint = f"if the plan changed since the review, look at it, then {by_hand(saved)}"
        failure = Failure(str(error), hint)
    result.publish(expected.number, shown, ended_text(before, failure))
    if failure is not None:
        raise failure


def _show(where: List[str], saved: Path) -> str:
    done = run("stagectl", "plan", "--format=markdown", f"--out={saved}", *where)
    with runner.as_data():
        sys.stderr.write(done.err)
    if done.code:
        raise Failure("there is no plan")
    runner.summary(done.out)
    return done.out


class Approved(NamedTuple):
    """The plan that was approved, and the merged pull request that it was approved on, None if it was given by hand."""

    plan_id: str
    number: Optional[int] = None


def approved(saved: Path) -> Approved:
    """Return the plan that was approved: the one given, or that of the comment on the merged pull request."""
    given = runner.given("EXPECT")
    if given:
        if not PLAN_ID.fullmatch(given):
            raise Failure("expect is not a plan id: 64 characters of 0-9a-f")
        return Approved(given)
    hint = f"look at the plan on this run's page, then {by_hand(saved)}"
    api, commit = runner.api(), runner.needed("GITHUB_SHA")
    pulls = [raw for raw in api.pages(f"{runner.repository()}/commits/{commit}/pulls") if raw.get("merged_at")]
    if len(pulls) != 1:
        raise Failure(f"{commit[:12]} came with {len(pulls)} merged pull requests: no plan of it was approved", hint)
    pull = runner.pull_request(pulls[0])
    if pull is None or pull.is_fork:
        raise Failure("the pull request is a fork's: its comment was computed by its author's run", hint)
    there = comment.find(api, pull.number, plan.place_of(saved))
    if there is None:
        raise Failure(f"#{pull.number} has no comment with a plan for this selection", hint)
    if not there.marker.plan_id:
        raise Failure(f"#{pull.number} was merged though there was no plan of it", hint)
    return Approved(there.marker.plan_id, pull.number)


def by_hand(saved: Path) -> str:
    """Return how to apply a plan without a comment."""
    return f"run the workflow by hand with expect: {plan.place_of(saved).plan_id}"


def _person() -> Dict[str, str]:
    """Return the account that started the run, with the mail address that the site keeps for it."""
    actor = os.environ.get("GITHUB_ACTOR", "stagectl")
    return {"name": actor, "mail": f"{os.environ.get('GITHUB_ACTOR_ID', '0')}+{actor}@users.noreply.github.com"}
