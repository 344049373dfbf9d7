"""The entry of the GitLab jobs: `gitlab.py plan`, `apply`, `check` and `promote`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional

import drift
import marker
import promotion
import push
from api import Api
from common import Failure, allowances, check_clone, enter, read_plan, run, selection, stagectl_apply
from ended import commented, ended_text, report
from failed import failed_text

PLAN, NOTE, REPORT, APPLIED = "plan.json", "comment.md", "terraform.json", "applied.md"
DRIFT, PROMOTED = "drift.md", "promoted.md"
BUNDLE = "stagectl-applied.bundle"
LARGEST = 900_000  # bytes of a note; the site takes a million characters


def plan(folder: Path) -> None:
    """Write the plan, its Markdown and the numbers for the merge request's widget; with a token, update the note."""
    check_clone()
    try:
        _stagectl(folder, "text")
    except Failure:
        _void(folder)
        raise
    raw = read_plan(folder / PLAN)
    notes = _notes(os.environ.get("CI_MERGE_REQUEST_PROJECT_ID", ""), os.environ.get("CI_MERGE_REQUEST_IID", ""))
    there = notes.find(marker.of_plan(raw)) if notes else None
    since = [f"--since={_marker(there).plan_id}"] if there and _marker(there).plan_id else []
    text = _stagectl(folder, "markdown", *since)
    (folder / NOTE).write_text(text, encoding="utf-8")
    report = numbers(read_plan(folder / PLAN)["summary"])
    (folder / REPORT).write_text(json.dumps(report) + "\n", encoding="utf-8")
    if notes:
        notes.post(there, text)


def _void(folder: Path) -> None:
    """Leave, also in the note, what is wrong in place of a plan that cannot be made."""
    chosen = {key: os.environ.get(f"STAGECTL_{key}", "") for key in ("NAMES", "TAGS")}
    done = run("stagectl", "plan", "--format=github", *selection(chosen["NAMES"], chosen["TAGS"]))
    address, commit = (os.environ.get(key, "") for key in ("CI_PROJECT_URL", "CI_COMMIT_SHA"))
    blob = f"{address}/-/blob/{commit}" if address else ""
    text = failed_text(chosen["NAMES"], chosen["TAGS"], done.out, blob)
    (folder / NOTE).write_text(text, encoding="utf-8")
    place = marker.parse(text)
    assert place is not None, "a comment of ours begins with its marker"
    notes = _notes(os.environ.get("CI_MERGE_REQUEST_PROJECT_ID", ""), os.environ.get("CI_MERGE_REQUEST_IID", ""))
    if notes:
        notes.post(notes.find(place), text)


def numbers(summary: Dict[str, int]) -> Dict[str, int]:
    """Return the widget's three numbers; other actions, such as a restart, are counted as updates."""
    return {
        "create": summary["run"],
        "update": summary["update"] + summary["other"],
        "delete": summary["remove"],
    }


def apply(folder: Path) -> None:
    """Apply the plan that the plan job saved, and only that one; push what succeeded, and say what became of it."""
    check_clone()
    state = folder / ".git" / "stagectl-ci"
    state.mkdir(exist_ok=True)
    push.remember(state)
    name, mail = (os.environ.get(f"GITLAB_USER_{key}", "stagectl") for key in ("NAME", "EMAIL"))
    failure, before = None, report()
    try:
        try:
            allowed = allowances(os.environ.get("STAGECTL_ALLOW_REMOVE", ""))
            stagectl_apply(*allowed, str(folder / PLAN), name=name, mail=mail)
        finally:
            push.push(state, folder / BUNDLE)
    except Failure as error:
        failure = error
    _publish(folder, ended_text(before, failure))
    if failure is not None:
        raise failure


def _publish(folder: Path, text: str) -> None:
    """Leave what an apply did as a file, and in the note of the merge request that was merged, if it is one."""
    (folder / APPLIED).write_text(text, encoding="utf-8")
    try:
        plan_text = (folder / NOTE).read_text(encoding="utf-8")
        place, notes = marker.parse(plan_text), _notes_of_merged()
        if notes and place:
            notes.post(notes.find(place), commented(text, plan_text, "", LARGEST))
    except (Failure, OSError) as error:  # what was applied is applied
        print(f"warning: no note says what became of it: {error}", file=sys.stderr)


def check(folder: Path) -> None:
    """Check what is live and record it; with a token, keep one issue open while there is drift."""
    check_clone()
    chosen = [os.environ.get(f"STAGECTL_{key}", "") for key in ("NAMES", "TAGS")]
    name, mail = (os.environ.get(f"GITLAB_USER_{key}", "stagectl") for key in ("NAME", "EMAIL"))
    state = folder / ".git" / "stagectl-ci"
    state.mkdir(exist_ok=True)
    push.remember(state)
    try:
        found = drift.look(*chosen, name, mail)
    finally:
        push.push(state, folder / BUNDLE)
    (folder / DRIFT).write_text(found.text, encoding="utf-8")
    token = os.environ.get("STAGECTL_NOTE_TOKEN")
    if token:
        print(drift.keep(found, _tracker(Api(os.environ["CI_API_V4_URL"], "PRIVATE-TOKEN", token))), flush=True)
    if found.failed:
        raise Failure("a check failed, or what was seen is not shared", f"{DRIFT} has the messages")


def _tracker(api: Api) -> drift.Tracker:
    path = f"/projects/{os.environ['CI_PROJECT_ID']}/issues"

    def number(found: drift.Found) -> Optional[int]:
        me = api.call("GET", "/user")["id"]
        for issue in api.pages(f"{path}?state=opened"):
            if found.is_said_by(issue.get("description")) and issue["author"]["id"] == me:
                return int(issue["iid"])
        return None

    return drift.Tracker(
        number,
        lambda found: api.call("POST", path, {"title": found.title, "description": found.text}),
        lambda at, text: api.call("PUT", f"{path}/{at}", {"description": text}),
        lambda at: api.call("PUT", f"{path}/{at}", {"state_event": "close"}),
    )


def promote(folder: Path) -> None:
    """Promote one environment to the next; with a token, keep one merge request open while there is something to."""
    check_clone()
    ends = [os.environ.get(f"STAGECTL_{key}", "") for key in ("FROM", "TO", "NAMES")]
    here = promotion.way(*ends, os.environ["CI_DEFAULT_BRANCH"])
    name, mail = (os.environ.get(f"GITLAB_USER_{key}", "stagectl") for key in ("NAME", "EMAIL"))
    text = promotion.prepare(here, name, mail)
    (folder / PROMOTED).write_text(text or "There is nothing to promote.\n", encoding="utf-8")
    token = os.environ.get("STAGECTL_NOTE_TOKEN")
    if token:
        tracker = _promotions(Api(os.environ["CI_API_V4_URL"], "PRIVATE-TOKEN", token), here)
        print(promotion.keep(text, tracker), flush=True)
    elif text is not None:
        print(f"Pushed {here.branch}: open a merge request for it, or set STAGECTL_NOTE_TOKEN.", flush=True)


def _promotions(api: Api, here: promotion.Way) -> drift.Tracker:
    path = f"/projects/{os.environ['CI_PROJECT_ID']}/merge_requests"
    more = {"title": here.title, "source_branch": here.branch, "target_branch": here.base}

    def number() -> Optional[int]:
        for raw in api.pages(f"{path}?state=opened"):
            if raw["source_branch"] == here.branch and str(raw["source_project_id"]) == os.environ["CI_PROJECT_ID"]:
                return int(raw["iid"])
        return None

    return drift.Tracker(
        number,
        lambda text: api.call("POST", path, {**more, "description": text}),
        lambda at, text: api.call("PUT", f"{path}/{at}", {"description": text}),
        lambda at: api.call("PUT", f"{path}/{at}", {"state_event": "close"}),
    )


def _stagectl(folder: Path, form: str, *more: str) -> str:
    where = selection(os.environ.get("STAGECTL_NAMES", ""), os.environ.get("STAGECTL_TAGS", ""))
    done = run("stagectl", "plan", f"--format={form}", f"--out={folder / PLAN}", *more, *where)
    sys.stderr.write(done.err)
    if done.code:
        raise Failure("there is no plan")
    if form == "text":
        print(done.out, flush=True)
    return done.out


# --- the note on the merge request: only with a token that may write it


class Notes(NamedTuple):
    """The notes of a merge request."""

    api: Api
    path: str

    def find(self, place: marker.Marker) -> Optional[Dict[str, Any]]:
        """Return the newest note of the token's own account for this selection: others can write the marker, too."""
        me = self.api.call("GET", "/user")["id"]
        found = [note for note in self.api.pages(self.path) if note["author"]["id"] == me and _is_at(note, place)]
        return max(found, key=lambda note: int(note["id"]), default=None)

    def post(self, there: Optional[Dict[str, Any]], text: str) -> None:
        """Write a note, or edit the one that is there; one that says the same stays."""
        if there is None:
            self.api.call("POST", self.path, {"body": text})
        elif there["body"].strip() != text.strip():
            self.api.call("PUT", f"{self.path}/{there['id']}", {"body": text})


def _notes(project: str, number: str) -> Optional[Notes]:
    """Return the notes of a merge request, None where there is none, or no token that may write them."""
    token = os.environ.get("STAGECTL_NOTE_TOKEN")
    if not token or not number:
        return None
    api = Api(os.environ["CI_API_V4_URL"], "PRIVATE-TOKEN", token)
    return Notes(api, f"/projects/{project}/merge_requests/{number}/notes")


def _notes_of_merged() -> Optional[Notes]:
    """Return the notes of the one merge request that the commit came with, None where it came with none or several."""
    project, commit = (os.environ.get(key, "") for key in ("CI_PROJECT_ID", "CI_COMMIT_SHA"))
    asking = _notes(project, "0")
    if asking is None:
        return None
    found = asking.api.call("GET", f"/projects/{project}/repository/commits/{commit}/merge_requests")
    merged = [str(int(each["iid"])) for each in found if each["state"] == "merged"]
    return _notes(project, merged[0]) if len(merged) == 1 else None


def _is_at(note: Dict[str, Any], place: marker.Marker) -> bool:
    found = marker.parse(note["body"])
    return found is not None and found.same_place(place)


def _marker(note: Dict[str, Any]) -> marker.Marker:
    found = marker.parse(note["body"])
    assert found is not None
    return found


if __name__ == "__main__":
    try:
        top = Path.cwd()  # where the job leaves its files, whichever project it is about
        enter(os.environ.get("STAGECTL_WORKING_DIRECTORY") or ".")
        {"plan": plan, "apply": apply, "check": check, "promote": promote}[sys.argv[1]](top)
    except Failure as failure:
        sys.exit(f"error: {failure}")
