"""The comment with the plan: found again by its hidden first line, edited instead of written anew."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Dict, NamedTuple, Optional

import runner
from api import Api, Refused
from common import Failure
from marker import Marker, parse

LARGEST = 65_000  # bytes of a comment; the site takes 65536 characters
ARTIFACT = "stagectl-plan"
_LARGEST_ARTIFACT = 1024 * 1024


class Comment(NamedTuple):
    """A comment with a plan, written by the account of our token."""

    id: int
    text: str
    marker: Marker
    url: str = ""


def find(api: Api, number: int, place: Marker) -> Optional[Comment]:
    """Return our newest comment for a command and selection.

    Any account can write a comment that begins with a marker, so only those of the token's own count.
    """
    found = None
    me = login(api)
    for raw in api.pages(f"{runner.repository()}/issues/{number}/comments"):
        marker = parse(str(raw.get("body") or ""))
        if marker and marker.same_place(place) and (raw.get("user") or {}).get("login") == me:
            found = Comment(int(raw["id"]), str(raw["body"]), marker, str(raw.get("html_url") or ""))
    return found


def login(api: Api) -> str:
    """Return the account of the token; the one way to ask that every kind of token allows."""
    at = api._replace(url=runner.needed("GITHUB_GRAPHQL_URL"))
    try:
        return str(at.call("POST", "", {"query": "{viewer{login}}"})["data"]["viewer"]["login"])
    except (KeyError, TypeError):
        raise Failure("the site does not say whose token this is") from None


def post(api: Api, number: int, text: str) -> str:
    """Write the comment, or edit the one that is there, and return its address; one that says the same stays."""
    place = parse(text)
    if place is None:
        raise Failure("the text does not begin with stagectl's marker")
    there = find(api, number, place)
    if there is not None and _said(there.text) == _said(text):
        runner.say(f"The comment on #{number} says this already.")
        return there.url
    path = f"{runner.repository()}/issues"
    try:
        if there is None:
            raw = api.call("POST", f"{path}/{number}/comments", {"body": text})
        else:
            raw = api.call("PATCH", f"{path}/comments/{there.id}", {"body": text})
    except Refused as error:
        hint = "the job needs `permissions: pull-requests: write`" if error.status in (403, 404) else ""
        raise Failure(str(error), hint) from None
    runner.say(f"The comment on #{number} is {'written' if there is None else 'updated'}.")
    return str((raw or {}).get("html_url") or "")


def _said(text: str) -> str:
    """Return what a comment says, whatever run it is of."""
    return "\n".join(line for line in text.splitlines() if not line.startswith(runner.LINKS)).strip()


def main() -> None:
    """Post the comment that the run of a pull request left as an artefact: the privileged half of two workflows.

    The run may be a fork's, and so is everything in the artefact then. It is text to be posted and nothing else, and
    it can only reach the pull request that the event itself names as the origin of the run.
    """
    run = runner.event().get("workflow_run")
    if not isinstance(run, dict) or run.get("event") != "pull_request":
        raise Failure("this is no run of a pull request's workflow", "start `comment` on: workflow_run")
    api = runner.api()
    files = _artifact(api, run)
    number = files.get("pull-request", b"").strip()
    if not number.isdigit() or len(number) > 12:
        raise Failure("the artefact does not name a pull request")
    pull = runner.pull_request(api.call("GET", f"{runner.repository()}/pulls/{int(number)}"))
    origin = str((run.get("head_repository") or {}).get("full_name") or "")
    if pull is None or (pull.head, pull.origin) != (run.get("head_sha"), origin):
        runner.say(f"Nothing posted: #{int(number)} is not, or no longer, at the commit that this run planned.")
        return
    post(api, pull.number, _text(files, pull))


def _artifact(api: Api, run: Dict[str, Any]) -> Dict[str, bytes]:
    """Return the files of the run's artefact; nothing is unpacked to the disk."""
    path = f"{runner.repository()}/actions"
    found = api.call("GET", f"{path}/runs/{int(run['id'])}/artifacts?name={ARTIFACT}")["artifacts"]
    if not found:
        raise Failure(f"the run has no artefact {ARTIFACT}", "its log says why")
    newest = max(int(each["id"]) for each in found)
    data = api.read("GET", f"{path}/artifacts/{newest}/zip", limit=_LARGEST_ARTIFACT)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: _member(archive, name) for name in ("pull-request", "comment.md")}
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError, EOFError):
        raise Failure("the artefact cannot be read") from None


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        data = file.read(LARGEST + 1)  # bounded: what an archive says of its sizes need not be true
    if len(data) > LARGEST:
        raise Failure(f"{name} in the artefact is larger than {LARGEST} bytes")
    return data


def _text(files: Dict[str, bytes], pull: runner.PullRequest) -> str:
    """Return the text to post, with a word on where it comes from if that is a fork."""
    try:
        text = files["comment.md"].decode("utf-8")
    except UnicodeDecodeError:
        raise Failure("comment.md in the artefact is not UTF-8") from None
    if not pull.is_fork:
        return text
    first, _, rest = text.partition("\n")
    origin = pull.origin or "a fork that is gone"
    word = f"> Computed by the pull request's own run, in `{origin}`: no proof of what will be applied."
    return f"{first}\n{word}\n\n{rest}"
