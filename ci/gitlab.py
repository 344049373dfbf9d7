"""The entry of the GitLab jobs: `gitlab.py plan` and `gitlab.py apply`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Dict, Optional

import marker
import push
from api import Api
from common import Failure, allowances, check_clone, read_plan, run, selection, stagectl_apply
from failed import failed_text

PLAN, NOTE, REPORT = "plan.json", "comment.md", "terraform.json"
BUNDLE = "stagectl-applied.bundle"


def plan(folder: Path) -> None:
    """Write the plan, its Markdown and the numbers for the merge request's widget; with a token, update the note."""
    check_clone()
    try:
        _stagectl(folder, "text")
    except Failure:
        _void(folder)
        raise
    raw = read_plan(folder / PLAN)
    there = _note(_api(), marker.Marker("plan", raw["selection"], raw["plan_id"]))
    since = [f"--since={_marker(there).plan_id}"] if there and _marker(there).plan_id else []
    text = _stagectl(folder, "markdown", *since)
    (folder / NOTE).write_text(text, encoding="utf-8")
    report = numbers(read_plan(folder / PLAN)["summary"])
    (folder / REPORT).write_text(json.dumps(report) + "\n", encoding="utf-8")
    _post(_api(), there, text)


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
    api = _api()
    _post(api, _note(api, place), text)


def numbers(summary: Dict[str, int]) -> Dict[str, int]:
    """Return the widget's three numbers; other actions, such as a restart, are counted as updates."""
    return {
        "create": summary["run"],
        "update": summary["update"] + summary["other"],
        "delete": summary["remove"],
    }


def apply(folder: Path) -> None:
    """Apply the plan that the plan job saved, and only that one; push what succeeded, whatever else happened."""
    check_clone()
    state = folder / ".git" / "stagectl-ci"
    state.mkdir(exist_ok=True)
    push.remember(state)
    name, mail = (os.environ.get(f"GITLAB_USER_{key}", "stagectl") for key in ("NAME", "EMAIL"))
    try:
        allowed = allowances(os.environ.get("STAGECTL_ALLOW_REMOVE", ""))
        stagectl_apply(*allowed, str(folder / PLAN), name=name, mail=mail)
    finally:
        push.push(state, folder / BUNDLE)


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


def _api() -> Optional[Api]:
    token = os.environ.get("STAGECTL_NOTE_TOKEN")
    if not token or not os.environ.get("CI_MERGE_REQUEST_IID"):
        return None
    return Api(os.environ["CI_API_V4_URL"], "PRIVATE-TOKEN", token)


def _notes() -> str:
    project, number = os.environ["CI_MERGE_REQUEST_PROJECT_ID"], os.environ["CI_MERGE_REQUEST_IID"]
    return f"/projects/{project}/merge_requests/{number}/notes"


def _note(api: Optional[Api], place: marker.Marker) -> Optional[Dict[str, Any]]:
    """Return the newest note of the token's own account for this selection: others can write the marker, too."""
    if api is None:
        return None
    me = api.call("GET", "/user")["id"]
    found = [note for note in api.pages(_notes()) if note["author"]["id"] == me and _is_at(note, place)]
    return max(found, key=lambda note: int(note["id"]), default=None)


def _is_at(note: Dict[str, Any], place: marker.Marker) -> bool:
    found = marker.parse(note["body"])
    return found is not None and found.same_place(place)


def _marker(note: Dict[str, Any]) -> marker.Marker:
    found = marker.parse(note["body"])
    assert found is not None
    return found


def _post(api: Optional[Api], there: Optional[Dict[str, Any]], text: str) -> None:
    if api is None:
        return
    if there is None:
        api.call("POST", _notes(), {"body": text})
    elif there["body"].strip() != text.strip():
        api.call("PUT", f"{_notes()}/{there['id']}", {"body": text})


if __name__ == "__main__":
    try:
        {"plan": plan, "apply": apply}[sys.argv[1]](Path.cwd())
    except Failure as failure:
        sys.exit(f"error: {failure}")
