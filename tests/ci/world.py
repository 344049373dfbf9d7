"""What the tests of this folder share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Optional

from ruamel.yaml import YAML

from tests.build import ROOT, Repo
from tests.hosting import Job, Runner, Site, parsed

GITHUB = ROOT / "ci" / "github"

ONE_FILE, PLAN, COMMENT, APPLY = (
    GITHUB / f"{name}.yml" for name in ("stagectl", "stagectl-plan", "stagectl-comment", "stagectl-apply")
)

PROMOTE = GITHUB / "stagectl-promote.yml"

CHECK = GITHUB / "stagectl-check.yml"

PROMOTE_GITLAB = ROOT / "ci" / "gitlab" / "stagectl-promote.gitlab-ci.yml"

GITLAB = ROOT / "ci" / "gitlab" / "stagectl.gitlab-ci.yml"


class World:
    """A hosted repository with everything applied, a clone to work in, the site's API and a runner.

    start: a folder with a clone and what hosts it, to begin with copies of these.
    """

    def __init__(self, folder: Path, start: Optional[Path] = None) -> None:
        self.folder = folder
        self.hosted = folder / "hosted.git"
        self.site = Site()
        self.repo = Repo(folder / "clone", init=start is None)
        if start is not None:
            for path in (self.repo.top, self.hosted):
                shutil.copytree(start / path.name, path, symlinks=True)
            self.repo.git("remote", "set-url", "origin", str(self.hosted))
            self.repo.git("update-index", "-q", "--refresh")
        self.runner = Runner(folder / "runner", self.hosted, self.site)
        self.pull: Dict[str, Any] = {}

    def host(self) -> World:
        """Apply everything there is and put it on the site."""
        self.repo.apply_all()
        self.repo.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.hosted))
        (self.hosted / "config").open("a").write("[receive]\n\tautoGC = false\n")  # else each push starts two gits
        self.repo.git("remote", "add", "origin", str(self.hosted))
        self.repo.git("push", "--quiet", "origin", "main", "stagectl/applied")
        return self

    def propose(self, *stagectl: str, origin: str = "shop/infra", more: Callable[[Repo], Any] = lambda _: None) -> str:
        """Push what one stagectl command stages to pull request 1; returns the commit its workflows run on."""
        repo = self.repo
        repo.git("switch", "--quiet", *(["change"] if self.pull else ["-c", "change"]))
        repo.ok(*stagectl)
        more(repo)
        head = repo.git("rev-parse", "HEAD").strip()
        repo.git("switch", "--quiet", "--detach", "main")
        repo.git("merge", "--quiet", "--no-ff", "-m", "Merge pull request #1", head)
        merge = repo.git("rev-parse", "HEAD").strip()
        repo.git("switch", "--quiet", "main")
        repo.git("push", "--quiet", "--force", "origin", f"{head}:refs/pull/1/head", f"{merge}:refs/pull/1/merge")
        self.pull = {"number": 1, "merged_at": None, "head": {"sha": head, "repo": {"full_name": origin}}}
        self.site.pulls[1] = self.pull
        return merge

    def merge(self) -> str:
        """Merge pull request 1; returns the commit on main."""
        self.repo.git("merge", "--quiet", "--no-ff", "-m", "Merge pull request #1", self.pull["head"]["sha"])
        self.repo.git("push", "--quiet", "origin", "main")
        self.pull["merged_at"] = "2026-01-01T00:00:00Z"
        commit = self.repo.git("rev-parse", "HEAD").strip()
        self.site.pulls_of[commit] = [1]
        return commit

    # --- the jobs

    def plan(self, commit: str, file: Path = ONE_FILE) -> Job:
        return self.runner.start(file, "plan", "pull_request", {"pull_request": self.pull}, commit)

    def comment(self, **run: Any) -> Job:
        head = self.pull["head"]
        known = {"event": "pull_request", "conclusion": "success", "id": 9, "head_sha": head["sha"]}
        payload = {"workflow_run": {**known, "head_repository": head["repo"], **run}}
        return self.runner.start(COMMENT, "comment", "workflow_run", payload, "0" * 40)

    def apply(self, commit: str, file: Path = APPLY, **inputs: str) -> Job:
        return self.runner.start(file, "apply", "workflow_dispatch" if inputs else "push", {}, commit, **inputs)

    def check(self) -> Job:
        return self.runner.start(CHECK, "check", "schedule", {}, self.repo.git("rev-parse", "main").strip())

    # --- what there is afterwards

    def applied(self, name: str) -> Any:
        """The inputs that the site's applied branch has for a resource."""
        done = subprocess.run(
            ["git", "show", f"stagectl/applied:.applied/{name}.json"], cwd=self.hosted, capture_output=True, text=True
        )
        return json.loads(done.stdout)["inputs"] if done.returncode == 0 else None

    def plan_id(self, job: Job) -> str:
        return str(json.loads((job.folder / "temp" / "stagectl" / "plan.json").read_text())["plan_id"])


def edited(file: Path, folder: Path, job: str, **inputs: str) -> Path:
    """A workflow file with more inputs for the action."""
    raw = parsed(file)
    step = next(step for step in raw["jobs"][job]["steps"] if "/stagectl@" in step.get("uses", ""))
    step["with"].update(inputs)
    path = folder / "edited.yml"
    with open(path, "w", encoding="utf-8") as out:
        YAML(typ="safe", pure=True).dump(raw, out)
    return path


def script(name: str, folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the integration by itself."""
    return subprocess.run(
        [sys.executable, str(ROOT / "ci" / name), *arguments],
        cwd=folder,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


MARKER = '<!-- stagectl:plan {"command":"plan","plan_id":"%s","selection":{}} -->\n' % ("a" * 64)
EVIL = ["$(touch x)", "`touch x`", "'; touch x; '", '"; touch x; "', "db\n--help\n--out=x", "-x"]
