"""Check what is live, record what was seen, and keep one issue with the drift open while there is any."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, NamedTuple, Optional

import comment
import runner
from api import Api
from common import Failure, acting_as, check_clone, lines, project, run, selection

_MARKER = "<!-- stagectl:check "  # how the text begins that stagectl makes of a check; project and selection follow
LARGEST = 65_000  # bytes of an issue; the site takes 65536 characters
LONGEST_PLACE = 100  # characters of a title


class Found(NamedTuple):
    """What a check saw. text: as Markdown; title: of its issue; drifts: whether anything is not as it was applied."""

    text: str
    title: str
    drifts: bool
    failed: bool

    def is_said_by(self, text: object) -> bool:
        """Return whether the text of an issue is about the same project and selection."""
        return _marker(str(text or "")) == _marker(self.text)


def _marker(text: str) -> str:
    return text.split("\n", 1)[0].rstrip("\r")


class Tracker(NamedTuple):
    """The issues of a site. number: finds ours that is open; the others change it."""

    number: Callable[[Found], Optional[int]]
    open: Callable[[Found], Any]
    edit: Callable[[int, str], Any]
    close: Callable[[int], Any]


def look(names: str, tags: str, name: str, mail: str) -> Found:
    """Check and record; raises Failure where that did not work at all."""
    chosen = selection(names, tags)
    options = ("check", "--record", "--detailed-exitcode", "--format=markdown")
    done = run("stagectl", *options, *chosen, env=acting_as(name, mail))
    sys.stderr.write(done.err)
    if not done.out.startswith(_MARKER):
        raise Failure(f"stagectl check exited with {done.code}")
    return Found(_cut(done.out), _title(names, tags), "\n### Not as applied:" in done.out, done.code == 1)


def _title(names: str, tags: str) -> str:
    """Return the title of an issue, with the project and the selection that it is about."""
    place = [f"in {project()}"] if project() else []
    of = " ".join([*place, *(f"-t {tag}" for tag in lines(tags)), *lines(names)])
    return f"Drift{f' {of[:LONGEST_PLACE]}' if of else ''}: the world is not as it was applied"


def _cut(text: str) -> str:
    data = text.encode("utf-8")
    if len(data) <= LARGEST:
        return text
    return data[: LARGEST - 100].decode("utf-8", "ignore") + "\n\n... the rest is on the page of the run\n"


def keep(found: Found, tracker: Tracker) -> str:
    """Have an issue open if, and only if, there is drift; return what was done."""
    number = tracker.number(found)
    if found.drifts and number is None:
        tracker.open(found)
        return "An issue is open now."
    if found.drifts and number is not None:
        tracker.edit(number, found.text)
        return f"Issue {number} says what was seen now."
    if number is not None:
        tracker.edit(number, found.text)
        tracker.close(number)
        return f"Issue {number} is closed: there is no drift any more."
    return "There is no drift, and no issue about it."


def main() -> None:
    """Check what the inputs of the action name; raises Failure where a check failed."""
    check_clone()
    actor = os.environ.get("GITHUB_ACTOR", "stagectl")
    mail = f"{os.environ.get('GITHUB_ACTOR_ID', '0')}+{actor}@users.noreply.github.com"
    with runner.as_data():
        found = look(runner.given("NAMES"), runner.given("TAGS"), actor, mail)
    runner.summary(found.text)
    runner.output("has-drift", str(found.drifts).lower())
    runner.say(keep(found, _github(runner.api())))
    if found.failed:
        raise Failure("a check failed, or what was seen is not shared", "the page of this run has the messages")


def _github(api: Api) -> Tracker:
    path = f"{runner.repository()}/issues"
    return Tracker(
        lambda found: _ours(api, f"{path}?state=open", found),
        lambda found: api.call("POST", path, {"title": found.title, "body": found.text}),
        lambda number, text: api.call("PATCH", f"{path}/{number}", {"body": text}),
        lambda number: api.call("PATCH", f"{path}/{number}", {"state": "closed"}),
    )


def _ours(api: Api, path: str, found: Found) -> Optional[int]:
    """Return our open issue: any account can begin one with the marker, so only one of the token's own counts."""
    me = comment.login(api)
    for raw in api.pages(path):
        written_by = (raw.get("user") or {}).get("login")
        if found.is_said_by(raw.get("body")) and written_by == me and "pull_request" not in raw:
            return int(raw["number"])
    return None
