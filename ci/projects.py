"""The projects that a pull request or a push touches, for a matrix of jobs."""

from __future__ import annotations

import json
import sys

import runner
from common import Failure, check_clone, run


def main() -> None:
    """Set the output `projects`: the folders of those that were changed, or of all where nothing says since when."""
    check_clone()
    since = _since()
    done = run("stagectl", "projects", "--json", *([f"--changed-since={since}"] if since else []))
    with runner.as_data():
        sys.stderr.write(done.err)
    if done.code:
        raise Failure("the projects are not known")
    runner.output("projects", json.dumps([str(project["folder"]) for project in json.loads(done.out)]))


def _since() -> str:
    """Return the commit before a pull request or a push, "" for none; a new branch has zeros."""
    event = runner.event()
    base = (event.get("pull_request") or {}).get("base") or {}
    commit = str(base.get("sha") or event.get("before") or "")
    return commit if commit.strip("0") else ""
