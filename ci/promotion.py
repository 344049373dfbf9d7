"""Promote one environment to the next by a pull request, which is open while there is something to promote."""

from __future__ import annotations

import os
import sys
from typing import Any, List, NamedTuple, Optional

import runner
from api import Api
from common import Failure, acting_as, check_clone, git, lines, project, run
from drift import Tracker

LARGEST = 60_000  # characters of the text; a site takes 65536


class Way(NamedTuple):
    """Which folder is promoted to which; names: only these resources; base: the branch that takes pull requests."""

    source: str
    target: str
    names: List[str]
    base: str

    @property
    def branch(self) -> str:
        """The branch of the promotion, which is made anew each time."""
        folder = project()
        return f"promote/{folder + '/' if folder else ''}{self.source}-to-{self.target}"

    @property
    def title(self) -> str:
        """What the pull request is called."""
        return f"Promote {self.source} to {self.target}"


def way(source: str, target: str, names: str, base: str) -> Way:
    """Return the way; raises Failure where an end of it is not given."""
    if not source or not target:
        raise Failure("promote needs two folders", "for example from: staging, to: prod")
    return Way(source, target, lines(names), base)


def prepare(here: Way, name: str, mail: str) -> Optional[str]:
    """Promote and push the branch; return the text for the pull request, None where there is nothing to promote.

    Raises Failure where the gate is closed: something in the source did not succeed.
    """
    before = git("rev-parse", "HEAD")
    done = run("stagectl", "promote", "--", here.source, here.target, *here.names, env=acting_as(name, mail))
    sys.stderr.write(done.err)
    if done.code:
        raise Failure(f"stagectl promote exited with {done.code}: no pull request is opened or changed")
    if git("rev-parse", "HEAD") == before:
        return None
    if not _is_there(here.branch):
        git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{here.branch}")
    return _text(here, done.out)


def _is_there(branch: str) -> bool:
    """Return whether the site's branch says the same: it stays then, and so do its reviews."""
    theirs = run("git", "diff", f"origin/{branch}~", f"origin/{branch}")
    return theirs.code == 0 and theirs.out == git("diff", "HEAD~", "HEAD")


def _text(here: Way, said: str) -> str:
    # Indented, so that whatever stands in a value is text; a fence could be closed from inside.
    shown = "".join(f"    {line}\n" for line in said[:LARGEST].splitlines())
    trailers = git("log", "-1", "--format=%(trailers:key=Promotes)").strip()
    return (
        f"What is applied in `{here.source}`, staged in `{here.target}`. The plan says what that does.\n\n"
        f"{shown}\n{trailers}\n"
    )


def keep(text: Optional[str], tracker: Tracker) -> str:
    """Have a pull request open if, and only if, there is something to promote; return what was done."""
    number = tracker.number()
    if text is None and number is None:
        return "There is nothing to promote."
    if text is None and number is not None:
        tracker.close(number)
        return f"{number} is closed: there is nothing to promote any more."
    if text is not None and number is None:
        tracker.open(text)
        return "A pull request is open now."
    assert text is not None and number is not None
    tracker.edit(number, text)
    return f"{number} has what is to be promoted now."


def main() -> None:
    """Promote what the inputs of the action name; raises Failure where that is not possible."""
    check_clone()
    actor = os.environ.get("GITHUB_ACTOR", "stagectl")
    mail = f"{os.environ.get('GITHUB_ACTOR_ID', '0')}+{actor}@users.noreply.github.com"
    here = way(runner.given("FROM"), runner.given("TO"), runner.given("NAMES"), runner.needed("GITHUB_REF_NAME"))
    tracker = _github(runner.api(), here)
    with runner.as_data():
        text = prepare(here, actor, mail)
    runner.summary(text or "There is nothing to promote.")
    runner.say(keep(text, tracker))


def _github(api: Api, here: Way) -> Tracker:
    path = f"{runner.repository()}/pulls"
    more = {"title": here.title, "head": here.branch, "base": here.base}

    def is_ours(raw: Any) -> bool:
        pull = runner.pull_request(raw)
        return pull is not None and not pull.is_fork and raw["head"].get("ref") == here.branch

    return Tracker(
        lambda: next((int(raw["number"]) for raw in api.pages(f"{path}?state=open") if is_ours(raw)), None),
        lambda text: api.call("POST", path, {**more, "body": text}),
        lambda number, text: api.call("PATCH", f"{path}/{number}", {"body": text}),
        lambda number: api.call("PATCH", f"{path}/{number}", {"state": "closed"}),
    )
