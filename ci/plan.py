"""The plan of what is checked out: annotations, a Markdown text, and the comment with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Dict, Optional

import comment
import label
import runner
from common import Failure, Ran, check_clone, read_plan, run, selection
from failed import failed_text
from marker import Marker, of_plan


def main() -> None:
    """Plan; leave plan.json and comment.md for the next steps; comment if the action is asked to."""
    check_clone()
    wanted = given_comment()
    pull = runner.pull_request(runner.event().get("pull_request"))
    folder = runner.folder()
    plan = folder / "plan.json"
    (folder / "pull-request").write_text(f"{pull.number if pull else ''}\n", encoding="utf-8")
    runner.output("directory", str(folder))
    done = _stagectl("github", plan)
    if done.code:
        _leave(pull, failed_text(runner.given("NAMES"), runner.given("TAGS"), done.out, _blob(pull)), wanted)
        raise Failure("there is no plan")
    since = _since(pull, plan)
    _page(plan)
    raw = read_plan(plan)
    _outputs(raw)
    _leave(pull, _stagectl("markdown", plan, *([f"--since={since}"] if since else [])).out, wanted)
    if runner.given("LABEL") and pull is not None and not pull.is_fork:
        label.mark(pull.number, runner.given("LABEL"), raw["summary"])


def _leave(pull: Optional[runner.PullRequest], text: str, wanted: bool) -> None:
    """Leave a text on the page of the run, for the next steps, and in the comment where that is wanted."""
    text = text.rstrip("\n") + "\n" + runner.links()
    (runner.folder() / "comment.md").write_text(text, encoding="utf-8")
    runner.summary(text)
    if wanted:
        _comment(pull, text)


def _page(plan: Path) -> None:
    """Leave the plan as a page beside the folder: an artefact of its own, to look at."""
    page = Path(f"{runner.folder()}-page", "plan.html")
    page.parent.mkdir(exist_ok=True)
    page.write_text(_stagectl("html", plan).out, encoding="utf-8")
    runner.output("page", str(page))


def _outputs(raw: Dict[str, Any]) -> None:
    """Set what later steps and jobs may ask: whether there is anything to do, and how much."""
    runner.output("plan-id", str(raw["plan_id"]))
    counts = {key: int(raw["summary"][key]) for key in ("run", "update", "remove", "other", "held")}
    for key, number in counts.items():
        runner.output(key, str(number))
    runner.output("has-changes", str(any(counts.values()) or bool(raw["recorded"])).lower())


def _blob(pull: Optional[runner.PullRequest]) -> str:
    """Return the address under which the site shows the files of the pull request's commit, "" if there is none."""
    server = os.environ.get("GITHUB_SERVER_URL", "")
    return f"{server}/{pull.origin}/blob/{pull.head}" if pull and pull.origin and server else ""


def given_comment() -> bool:
    """Return whether the action is to comment; raises Failure for anything but true and false."""
    if runner.given("COMMENT") not in ("true", "false", ""):
        raise Failure(f"comment must be true or false, not '{runner.given('COMMENT')}'")
    return runner.given("COMMENT") == "true"


def _stagectl(form: str, plan: Path, *more: str) -> Ran:
    """Run `stagectl plan`; raises Failure when there can be no plan, unless the annotations that say so are wanted."""
    where = selection(runner.given("NAMES"), runner.given("TAGS"))
    done = run("stagectl", "plan", f"--format={form}", f"--out={plan}", *more, *where)
    with runner.as_data():
        sys.stderr.write(done.err)
    if form == "github":  # these lines are commands, also those that say why there is no plan
        print(done.out, end="", flush=True)
    elif done.code:
        raise Failure("there is no plan")
    return done


def _since(pull: Optional[runner.PullRequest], plan: Path) -> Optional[str]:
    """Return the id of the plan that the comment shows now; without one, or a right to read it, None."""
    if pull is None or not runner.given("TOKEN"):
        return None
    try:
        there = comment.find(runner.api(), pull.number, place_of(plan))
    except Failure as failure:
        with runner.as_data():
            print(f"warning: what the last comment said is not known: {failure}", file=sys.stderr)
        return None
    return there.marker.plan_id if there else None


def place_of(plan: Path) -> Marker:
    """Return the marker of a saved plan."""
    return of_plan(read_plan(plan))


def _comment(pull: Optional[runner.PullRequest], text: str) -> None:
    if pull is None:
        runner.say("No comment: this is no run for a pull request.")
    elif pull.is_fork:
        # Its token may only read. The plan is on the run's page; commenting is for the second workflow.
        runner.say("No comment: the token of a fork's pull request cannot write; docs/ci.md has two workflows for it.")
    else:
        runner.output("comment-url", comment.post(runner.api(), pull.number, text))
