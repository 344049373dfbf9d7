"""What the runner of a GitHub workflow gives to a step, and takes from it."""

from __future__ import annotations

import json
import os
import secrets
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, NamedTuple, Optional

from api import Api
from common import Failure

LINKS = "[The run]("  # how the last line of a comment begins


def given(name: str) -> str:
    """Return an input of the action."""
    return os.environ.get(f"INPUT_{name}", "").strip()


def needed(name: str) -> str:
    """Return a variable that every runner sets."""
    if not os.environ.get(name):
        raise Failure(f"{name} is not set", "this script runs in a step of a workflow")
    return os.environ[name]


def event() -> Dict[str, Any]:
    """Return the event that started the workflow."""
    try:
        raw = json.loads(Path(needed("GITHUB_EVENT_PATH")).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(f"the event cannot be read: {error}") from None
    return raw if isinstance(raw, dict) else {}


def api() -> Api:
    """Return the site's API, asked with the token of the action."""
    if not given("TOKEN"):
        raise Failure("no token", "give the action its input `token`")
    return Api(needed("GITHUB_API_URL"), "Authorization", f"Bearer {given('TOKEN')}")


def repository() -> str:
    """Return the API's path of the repository whose workflow this is."""
    return f"/repos/{needed('GITHUB_REPOSITORY')}"


def folder() -> Path:
    """Return the folder for what one step leaves to the next ones."""
    path = Path(needed("RUNNER_TEMP"), "stagectl")
    path.mkdir(exist_ok=True)
    return path


def output(name: str, value: str) -> None:
    """Set an output of the step."""
    _append("GITHUB_OUTPUT", f"{name}={value}\n")


def summary(markdown: str) -> None:
    """Add to the page of the run."""
    _append("GITHUB_STEP_SUMMARY", f"{markdown.rstrip()}\n\n")


def links() -> str:
    """Return the last line of a comment: where its run is; "" outside of a run."""
    server, run = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_RUN_ID")
    if not server or not run:
        return ""
    return f"\n{LINKS}{server}/{needed('GITHUB_REPOSITORY')}/actions/runs/{run}): its log and artefacts.\n"


def _append(variable: str, text: str) -> None:
    if os.environ.get(variable):
        with open(os.environ[variable], "a", encoding="utf-8") as file:
            file.write(text)


def say(text: str) -> None:
    """Print a line of our own, at once: programs that print by themselves come next."""
    print(text, flush=True)


@contextmanager
def as_data() -> Iterator[None]:
    """Print what others wrote: in here no line is a command to the runner, whatever it looks like."""
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", flush=True)
    try:
        yield
    finally:
        sys.stderr.flush()
        print(f"::{token}::", flush=True)


class PullRequest(NamedTuple):
    """A pull request. origin: the repository it comes from, empty when that is gone."""

    number: int
    head: str
    origin: str

    @property
    def is_fork(self) -> bool:
        """Whether it comes from elsewhere, so that what its workflow run says is its author's word."""
        return self.origin.lower() != needed("GITHUB_REPOSITORY").lower()


def pull_request(raw: Any) -> Optional[PullRequest]:
    """Return the pull request that an event or an answer describes, None where it describes none."""
    try:
        head = raw["head"]
        return PullRequest(int(raw["number"]), str(head["sha"]), str((head["repo"] or {}).get("full_name") or ""))
    except (KeyError, TypeError, ValueError):
        return None
