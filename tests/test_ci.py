"""The CI integration as users get it: every step of the workflow files runs, on a hosting site in miniature."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import pytest
from ruamel.yaml import YAML

from tests.build import ROOT, Repo
from tests.hosting import Job, Runner, Site, parsed, programs, scripts_of

pytestmark = pytest.mark.once

GITHUB = ROOT / "ci" / "github"
ONE_FILE, PLAN, COMMENT, APPLY = (
    GITHUB / f"{name}.yml" for name in ("stagectl", "stagectl-plan", "stagectl-comment", "stagectl-apply")
)
GITLAB = ROOT / "ci" / "gitlab" / "stagectl.gitlab-ci.yml"
EVERY_FILE = [ROOT / "action.yml", ONE_FILE, PLAN, COMMENT, APPLY, GITLAB]
OPENSTACK = ROOT / "fixtures" / "openstack"


class World:
    """A hosted repository with everything applied, a clone to work in, the site's API and a runner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hosted = folder / "hosted.git"
        self.site = Site()
        self.repo = Repo(folder / "clone")
        self.runner = Runner(folder / "runner", self.hosted, self.site)
        self.pull: Dict[str, Any] = {}

    def host(self) -> World:
        """Apply everything there is and put it on the site."""
        self.repo.apply_all()
        self.repo.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.hosted))
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

    # --- what there is afterwards

    def applied(self, name: str) -> Any:
        """The inputs that the site's applied branch has for a resource."""
        done = subprocess.run(
            ["git", "show", f"stagectl/applied:.applied/{name}.json"], cwd=self.hosted, capture_output=True, text=True
        )
        return json.loads(done.stdout)["inputs"] if done.returncode == 0 else None

    def plan_id(self, job: Job) -> str:
        return str(json.loads((job.folder / "temp" / "stagectl" / "plan.json").read_text())["plan_id"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty one."""
    made = World(tmp_path)
    yield made
    made.site.close()


@pytest.fixture
def shop(world: World) -> World:
    """Two resources, app reads db's port, both applied."""
    world.repo.define("db", inputs={"port": 5432}).define("app", inputs={"db": "${db.port}"})
    return world.host()


# --- plan on a pull request


def openstack(world: World) -> str:
    """A pull request on the OpenStack fixture that updates keystone_puppet.admin_port; returns its commit."""
    for folder in ("resources", "kinds"):
        shutil.copytree(OPENSTACK / folder, world.repo.root / folder, dirs_exist_ok=True)
    return world.host().propose("update", "keystone_puppet", "--set", "admin_port=35358")


def as_in_docs(text: str) -> str:
    """A comment without what differs between two runs: the abbreviated commits."""
    return re.sub(r"`[0-9a-f]{12}`", "`...`", text).strip()


def test_a_pull_request_on_openstack_gets_the_comment_that_the_docs_show(world: World) -> None:
    """
    The steps run to their end, the comment is in docs/ci.md word for word, and the same text is on the run's page.
    """
    job = world.plan(openstack(world))

    assert (job.code, world.site.written()) == (0, ["POST"]), job.log
    [body] = world.site.bodies(1)
    shown = re.search(r"^````markdown\n(.*?)^````$", (ROOT / "docs/ci.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert shown is not None
    assert as_in_docs(body) == as_in_docs(shown.group(1))
    assert job.summary.strip() == body.strip()


def test_it_is_annotated_on_the_lines_that_differ(world: World) -> None:
    """
    Ten notices, as many as the site takes of a step: the plan, the changes on their lines, and how many more there are.
    """
    job = world.plan(openstack(world))

    lines = world.repo.git("show", "change:.staged/keystone_puppet.yaml").splitlines()
    line = 1 + next(number for number, text in enumerate(lines) if "admin_port" in text)
    notices = [each for each in job.commands if each.startswith("::notice ")]
    assert len(notices) == 10
    assert notices[1] == (
        f"::notice file=.staged/keystone_puppet.yaml,line={line},title=keystone_puppet.update::"
        "keystone_puppet.update: staged%0Aadmin_port: 35357 -> 35358"
    )


def test_the_comment_is_edited_and_says_what_differs_since(shop: World) -> None:
    """
    A second push edits the comment, which then leads with the range-diff; a third run has nothing new to say.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    commit = shop.propose("update", "db", "--set", "port=5434")
    job = shop.plan(commit)

    [body] = shop.site.bodies(1)
    assert (job.code, shop.site.written()) == (0, ["POST", "PATCH"])
    assert "**What differs since plan" in body
    assert "~ db.update  differs: values\n-    port: 5432 -> 5433\n+    port: 5432 -> 5434\n" in body

    shop.plan(commit)
    assert "Unchanged since plan" in shop.site.bodies(1)[0]
    assert "says this already" in shop.plan(commit).log
    assert shop.site.written() == ["POST", "PATCH", "PATCH"]


def test_a_strangers_comment_with_the_marker_is_left_alone(shop: World) -> None:
    """
    Neither edited nor believed, wherever it is among many.
    """
    commit = shop.propose("update", "db", "--set", "port=5433")
    shop.plan(commit)
    [ours] = shop.site.bodies(1)
    forged = re.sub(r'"plan_id":"\w+"', f'"plan_id":"{"a" * 64}"', ours)
    for number in range(7):
        shop.site.says(1, f"looks good {number}", "eve")
    shop.site.says(1, forged, "eve")
    shop.site.says(1, forged, "github-actions")

    assert shop.plan(commit).code == 0

    bodies = shop.site.bodies(1)
    assert len(bodies) == 10
    assert bodies[-2:] == [forged, forged]
    assert "aaaaaaaa" not in bodies[0]


def test_every_selection_has_a_comment_of_its_own(shop: World, tmp_path: Path) -> None:
    """
    A workflow for one environment does not overwrite the comment of another.
    """
    commit = shop.propose("update", "db", "--set", "port=5433")

    shop.plan(commit)
    shop.plan(commit, edited(ONE_FILE, tmp_path, "plan", names="app\ndb"))

    assert [re.findall(r'"names":(\[.*?\])', body) for body in shop.site.bodies(1)] == [["[]"], ['["app","db"]']]


def edited(file: Path, folder: Path, job: str, **inputs: str) -> Path:
    """A workflow file with more inputs for the action."""
    raw = parsed(file)
    step = next(step for step in raw["jobs"][job]["steps"] if "/stagectl@" in step.get("uses", ""))
    step["with"].update(inputs)
    path = folder / "edited.yml"
    with open(path, "w", encoding="utf-8") as out:
        YAML(typ="safe", pure=True).dump(raw, out)
    return path


def test_a_plan_that_cannot_be_fails_with_annotations(shop: World) -> None:
    """
    What is wrong is told on the line where it stands; nothing is posted.
    """
    commit = shop.propose(
        "update", "db", "--set", "port=5433",
        more=lambda repo: repo.write(".staged/db.yaml", "---\nkind: service\n---\ninputs: 7\n").commit(),
    )  # fmt: skip

    job = shop.plan(commit)

    assert (job.code, shop.site.written()) == (1, [])
    assert any(line.startswith("::error file=.staged/db.yaml,line=4,") for line in job.commands), job.log
    assert "error: there is no plan" in job.log


def test_a_comment_that_is_not_allowed_says_which_permission_is_missing(shop: World) -> None:
    """
    In the job's log, with the site's own words.
    """
    shop.site.refuse = {"POST": 403}

    job = shop.plan(shop.propose("update", "db", "--set", "port=5433"))

    assert job.code == 1
    assert "403 Resource not accessible by integration" in job.log
    assert "hint: the job needs `permissions: pull-requests: write`" in job.log


def test_without_the_right_to_read_comments_there_still_is_a_plan(shop: World) -> None:
    """
    Only what differs since the last one is not known.
    """
    shop.site.refuse = {"GET": 403}

    job = shop.plan(shop.propose("update", "db", "--set", "port=5433"), PLAN)

    assert (job.code, len(shop.site.artifacts)) == (0, 3)
    assert "what the last comment said is not known" in job.log


def test_a_shallow_clone_is_told_how_to_get_history(shop: World, tmp_path: Path) -> None:
    """
    The applied branch is not in it.
    """
    shop.repo.git("clone", "--quiet", "--depth=1", f"file://{shop.hosted}", str(tmp_path / "shallow"))

    done = script("action.py", tmp_path / "shallow", INPUT_COMMAND="plan")

    assert (done.returncode, "fetch-depth: 0" in done.stdout) == (1, True), done.stdout


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


# --- pull requests from forks


def test_two_workflows_comment_on_a_pull_request(shop: World) -> None:
    """
    The first only reads and leaves an artefact, the second posts it as it is.
    """
    job = shop.plan(shop.propose("update", "db", "--set", "port=5433"), PLAN)
    assert (job.code, shop.site.written()) == (0, [])

    posted = shop.comment()

    assert (posted.code, shop.site.written()) == (0, ["POST"]), posted.log
    assert shop.site.bodies(1) == [shop.site.artifacts["comment.md"].decode()]


def test_a_forks_plan_is_posted_as_its_authors_word(shop: World) -> None:
    """
    The comment says who computed it; with the one-file workflow there is none, and the job says why.
    """
    commit = shop.propose("update", "db", "--set", "port=5433", origin="eve/infra")
    alone = shop.plan(commit)
    assert (alone.code, shop.site.written()) == (0, [])
    assert "docs/ci.md has two workflows for it" in alone.log

    shop.plan(commit, PLAN)
    shop.comment()

    first, second, *_ = shop.site.bodies(1)[0].splitlines()
    assert first.startswith("<!-- stagectl:plan ")
    assert second == "> Computed by the pull request's own run, in `eve/infra`: no proof of what will be applied."


def test_the_token_stays_with_the_api(shop: World) -> None:
    """
    An artefact's bytes are fetched from another host, which gets no token.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"), PLAN)
    shop.comment()

    tokens = {path.split("?")[0]: token for _, path, token in shop.site.calls}
    assert tokens["/storage"] == ""
    assert tokens["/repos/shop/infra/actions/artifacts/5/zip"] == "Bearer the-token"


MARKER = '<!-- stagectl:plan {"command":"plan","plan_id":"%s","selection":{}} -->\n' % ("a" * 64)

HOSTILE = {
    "another pull request": ({"pull-request": b"2"}, "Nothing posted: #2 is not, or no longer, at the commit"),
    "no number": ({"pull-request": b"1/../../x"}, "the artefact does not name a pull request"),
    "another digit": ({"pull-request": "\u00b2".encode()}, "the artefact does not name a pull request"),
    "no marker": ({"comment.md": b"# Hello\n"}, "does not begin with stagectl's marker"),
    "an open marker": ({"comment.md": MARKER.replace(" -->", "").encode()}, "does not begin with stagectl's marker"),
    "too long": ({"comment.md": MARKER.encode() + b"x" * 65_000}, "is larger than 65000 bytes"),
    "a bomb": ({"comment.md": MARKER.encode() + b"\0" * 50_000_000}, "is larger than 65000 bytes"),
    "no text": ({"comment.md": MARKER.encode() + b"\xff"}, "is not UTF-8"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_artefact_is_not_posted(shop: World, case: str) -> None:
    """
    Whatever a fork's run may upload, it reaches no other pull request and is nothing but a plan's text.
    """
    shop.propose("update", "db", "--set", "port=5433", origin="eve/infra")
    shop.site.pulls[2] = {"number": 2, "head": {"sha": "b" * 40, "repo": {"full_name": "shop/infra"}}}
    files, message = HOSTILE[case]
    shop.site.artifacts = {"pull-request": b"1", "comment.md": MARKER.encode(), **files}

    job = shop.comment()

    assert message in job.log
    assert shop.site.written() == []


@pytest.mark.parametrize(
    "run", [{"head_sha": "c" * 40}, {"head_repository": {"full_name": "eve/infra"}}, {"event": "push"}], ids=str
)
def test_a_run_of_another_commit_or_event_posts_nothing(shop: World, run: Dict[str, Any]) -> None:
    """
    The event says which commit of which repository was planned, and that is not the artefact's to say.
    """
    shop.propose("update", "db", "--set", "port=5433")
    shop.site.artifacts = {"pull-request": b"1", "comment.md": MARKER.encode()}

    job = shop.comment(**run)

    assert (job.code, shop.site.written()) == (0, []), job.log


# --- apply on merge


@pytest.mark.parametrize("file", [ONE_FILE, APPLY], ids=lambda path: path.stem)
def test_what_was_reviewed_is_applied_on_merge(shop: World, file: Path) -> None:
    """
    The plan id travels in the comment; the applied branch is pushed by whoever merged, and then there is nothing to do.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    commit = shop.merge()

    job = shop.apply(commit, file)

    assert job.code == 0, job.log
    assert (shop.applied("db"), shop.applied("app")) == ({"port": 5433}, {"db": 5433})
    log = subprocess.run(
        ["git", "log", "-1", "--format=%an %(trailers:key=Applied-by)", "stagectl/applied"],
        cwd=shop.hosted, capture_output=True, text=True,
    )  # fmt: skip
    assert log.stdout.split("\n")[0] == "ada Applied-by: ada <7+ada@users.noreply.github.com>"
    assert "Nothing to apply." in shop.apply(commit, file).log


def test_a_plan_that_changed_since_the_review_is_refused(shop: World) -> None:
    """
    The log says what differs and how to go on; by hand, with the id of the plan there is now, it runs.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    shop.repo.ok("update", "app", "--set", "replicas=3")
    commit = shop.merge()

    refused = shop.apply(commit)

    assert refused.code == 1
    assert (shop.applied("db"), shop.applied("app")) == ({"port": 5432}, {"db": 5432})
    assert "app.update" in refused.log and "replicas: 3" in refused.log
    now = shop.plan_id(refused)
    assert f"expect: {now}" in refused.log
    assert shop.apply(commit, expect=now).code == 0
    assert shop.applied("app") == {"db": 5433, "replicas": 3}


def not_merged(world: World) -> None:
    world.pull["merged_at"] = None


def from_a_fork(world: World) -> None:
    world.pull["head"]["repo"] = {"full_name": "eve/infra"}


def from_a_fork_that_is_gone(world: World) -> None:
    world.pull["head"]["repo"] = None


def without_comment(world: World) -> None:
    world.site.comments.clear()


def by_a_stranger(world: World) -> None:
    world.site.comments[1][0]["user"] = {"login": "eve"}


@pytest.mark.parametrize("how", [not_merged, from_a_fork, from_a_fork_that_is_gone, without_comment, by_a_stranger])
def test_what_nobody_approved_is_not_applied(shop: World, how: Callable[[World], None]) -> None:
    """
    Without a comment of ours that a trusted run wrote, the job ends with the id to give once somebody looked.
    """
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))
    commit = shop.merge()
    how(shop)

    job = shop.apply(commit)

    assert (job.code, shop.applied("db")) == (1, {"port": 5432})
    assert f"run the workflow by hand with expect: {shop.plan_id(job)}" in job.log
    assert "port: 5432" in job.summary


def test_what_succeeded_is_pushed_though_the_job_failed(shop: World) -> None:
    """
    db was updated and app was not: the site's applied branch says so.
    """
    no_luck = {"actions": {"update": ["sh", "-c", "echo no luck; echo ::add-mask::app; exit 3"]}}
    shop.repo.write("kinds/plain.yaml", json.dumps(no_luck)).commit()
    shop.repo.git("push", "--quiet", "origin", "main")
    shop.repo.define("app", kind="plain", inputs={"db": "${db.port}"}).apply_all()
    shop.repo.git("push", "--quiet", "origin", "main", "stagectl/applied")
    shop.plan(shop.propose("update", "db", "--set", "port=5433"))

    job = shop.apply(shop.merge())

    assert (job.code, shop.applied("db")) == (1, {"port": 5433})
    assert "no luck" in job.log and "Pushed refs/heads/stagectl/applied." in job.log
    assert "\\u003a:add-mask::app" in job.log and job.commands == []  # what an action prints is not obeyed


def overtaken(world: World) -> None:
    """Let the site's applied branch move while the action runs."""
    tip = "stagectl/applied"
    theirs = world.repo.git("commit-tree", "-p", tip, "-m", "theirs", f"{tip}^{{tree}}").strip()
    world.repo.git("push", "--quiet", "origin", f"{theirs}:refs/heads/theirs")
    move = ["git", f"--git-dir={world.hosted}", "update-ref", "refs/heads/stagectl/applied", theirs]
    world.repo.write("kinds/service.yaml", json.dumps({"actions": {"update": move}})).commit()
    world.repo.git("push", "--quiet", "origin", "main")


def protected(world: World) -> None:
    """Let the site reject whatever is pushed to the branch."""
    hook = world.hosted / "hooks" / "update"
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/stagectl/applied ]\n')
    hook.chmod(0o755)


@pytest.mark.parametrize("how", [overtaken, protected])
def test_what_cannot_be_pushed_is_kept(shop: World, how: Callable[[World], None]) -> None:
    """
    Never forced: a push that the site rejects fails the job, and a bundle with the applied commit is its artefact.
    """
    shop.propose("update", "db", "--set", "port=5433")
    shop.merge()
    how(shop)
    commit = shop.repo.git("rev-parse", "HEAD").strip()

    job = shop.apply(commit, expect=shop.repo.plan().raw["plan_id"])

    assert (job.code, "could not be pushed" in job.log) == (1, True), job.log
    assert shop.applied("db") != {"port": 5433}
    bundle = shop.folder / "kept.bundle"
    bundle.write_bytes(shop.site.artifacts["applied.bundle"])
    shop.repo.git("fetch", "--quiet", str(bundle), "refs/heads/stagectl/applied")
    assert json.loads(shop.repo.git("show", "FETCH_HEAD:.applied/db.json"))["inputs"] == {"port": 5433}


def test_actions_do_not_get_the_token(shop: World) -> None:
    """
    The scripts need it for comments; what stagectl starts has no use for it.
    """
    seen = shop.folder / "seen"
    shop.repo.write("kinds/plain.yaml", json.dumps({"actions": {"run": ["sh", "-c", f"env > {seen}"]}})).commit()
    shop.repo.git("push", "--quiet", "origin", "main")
    shop.plan(shop.propose("create", "job", "--kind", "plain"))

    assert shop.apply(shop.merge()).code == 0

    assert "STAGECTL_RESOURCE=job" in seen.read_text()
    assert "the-token" not in seen.read_text()


# --- what others write is data


EVIL = ["$(touch x)", "`touch x`", "'; touch x; '", '"; touch x; "', "db\n--help\n--out=x", "-x"]


@pytest.mark.parametrize("where", ["names", "tags", "command", "comment", "expect"])
def test_hostile_inputs_do_nothing(shop: World, tmp_path: Path, where: str) -> None:
    """
    Every input is one argument or no input at all; a plan is not made, and no file either.
    """
    job_name, file, start = ("apply", APPLY, shop.apply) if where == "expect" else ("plan", ONE_FILE, shop.plan)
    commit = shop.propose("update", "db", "--set", "port=5433")
    for value in EVIL:
        job = start(commit, edited(file, tmp_path, job_name, **{where: value}))

        assert (job.code, "error: " in job.log) == (1, True), job.log
        assert "Traceback" not in job.log and "Usage" not in job.log
        assert list(shop.folder.rglob("x")) == []
    assert shop.site.written() == []


def test_hostile_names_of_branches_and_people_do_nothing(shop: World) -> None:
    """
    What an event says of its author is in no script.
    """
    commit = shop.propose("update", "db", "--set", "port=5433")
    shop.pull["head"].update({"ref": "$(touch${IFS}x)", "label": "`touch x`"})
    shop.pull.update({"title": "$(touch x)", "body": "'; touch x; '"})

    assert shop.plan(commit).code == 0

    assert list(shop.folder.rglob("x")) == []


def test_nothing_in_the_pull_requests_tree_is_run(shop: World) -> None:
    """
    Modules that shadow Python's, an own stagectl, programs and configs of pip and git: all are files, and nothing more.
    """
    mark = shop.folder / "x"
    code = f"open({str(mark)!r}, 'w').close()\n"

    def plant(repo: Repo) -> None:
        modules = ["venv", "pip", "json", "runner", "plan", "sitecustomize", "usercustomize", "stagectl", "urllib"]
        for name in modules:
            repo.write(f"{name}.py", code).write(f"{name}/__init__.py", code).write(f"{name}/__main__.py", code)
        repo.write("bin/stagectl", f"#!/bin/sh\ntouch {mark}\n").write("python3", f"#!/bin/sh\ntouch {mark}\n")
        repo.write("ci/action.py", code).write("action.yml", "runs: {using: composite, steps: []}\n")
        repo.write("setup.py", code).write(".gitattributes", "* filter=x diff=x\n").commit()

    job = shop.plan(shop.propose("update", "db", "--set", "port=5433", more=plant))

    assert (job.code, shop.site.written(), mark.exists()) == (0, ["POST"], False), job.log


def test_a_files_text_is_no_command_to_the_runner(shop: World) -> None:
    """
    What a value says in a log or an annotation is not obeyed.
    """
    commit = shop.propose("update", "db", "--set-json", 'note="::error::x\\n::add-mask::x\\n::set-env name=A::b"')

    job = shop.plan(commit)

    assert job.code == 0
    assert {line.split(" ")[0] for line in job.commands} == {"::notice"}


# --- GitLab


class Pipeline:
    """Runs a job of the GitLab file as it is."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.spec = parsed(GITLAB)
        self.source = Repo(world.folder / "stagectl-source", init=False)
        shutil.copytree(ROOT / "ci", self.source.root / "ci", ignore=shutil.ignore_patterns("__pycache__"))
        self.source.git("init", "--quiet")
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
            self.source.git("config", key, value)
        self.commit = self.source.commit()
        self.programs = programs(world.folder / "pipeline-programs")
        self.jobs = 0

    def start(self, name: str, commit: str, files: Dict[str, bytes], **more: str) -> Job:
        """Run one job with a commit checked out and the artefacts of earlier ones."""
        self.jobs += 1
        job = Job(self.world.folder / f"gitlab-{self.jobs}")
        at = job.folder / "project"
        self.world.repo.git("clone", "--quiet", "--no-checkout", str(self.world.hosted), str(at))
        clone = Repo(at, init=False)
        clone.git("fetch", "--quiet", "origin", "+refs/pull/*:refs/pull/*")
        clone.git("checkout", "--quiet", "--detach", commit)
        for path, content in files.items():
            (at / path).write_bytes(content)
        base = self.spec[".stagectl"]
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", "\n".join([*base["before_script"], *self.spec[name]["script"]])],
            cwd=at,
            env={**os.environ, **self._environment(job, base), **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        job.code, job.log = done.returncode, done.stdout
        return job

    def _environment(self, job: Job, base: Dict[str, Any]) -> Dict[str, str]:
        return {
            **base["variables"],
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            "STAGECTL_REPOSITORY": str(self.source.root),
            "STAGECTL_COMMIT": self.commit,
            "CI_API_V4_URL": f"{self.world.site.url}/v4",
            "CI_BUILDS_DIR": str(job.folder),
            "CI_JOB_ID": "11",
            "GITLAB_USER_NAME": "Ada",
            "GITLAB_USER_EMAIL": "ada@example.com",
        }

    def files(self, job: Job, name: str) -> Dict[str, bytes]:
        """What the job leaves as artefacts, by its own description."""
        return {path: (job.folder / "project" / path).read_bytes() for path in self.spec[name]["artifacts"]["paths"]}


ON_MERGE_REQUEST = {"CI_MERGE_REQUEST_IID": "1", "CI_MERGE_REQUEST_PROJECT_ID": "7", "STAGECTL_NOTE_TOKEN": "the-token"}


def test_a_merge_request_gets_its_numbers_and_a_note(shop: World) -> None:
    """
    The widget's three numbers, and a note that is edited by later pipelines.
    """
    pipeline = Pipeline(shop)
    commit = shop.propose("stage", "db", "-a", "restart")
    job = pipeline.start("stagectl:plan", commit, {}, **ON_MERGE_REQUEST)
    commit = shop.propose("update", "db", "--set", "port=5433")
    job = pipeline.start("stagectl:plan", commit, {}, **ON_MERGE_REQUEST)

    report = pipeline.spec["stagectl:plan"]["artifacts"]["reports"]["terraform"]
    assert job.code == 0, job.log
    assert json.loads((job.folder / "project" / report).read_text()) == {"create": 0, "update": 3, "delete": 0}
    assert shop.site.written() == ["POST", "PUT"]
    [body] = shop.site.bodies(1)
    assert "What differs since plan" in body
    assert body == pipeline.files(job, "stagectl:plan")["comment.md"].decode()


def test_a_merge_request_without_a_token_still_has_its_plan(shop: World) -> None:
    """
    A fork's pipeline has none; no call is made.
    """
    job = Pipeline(shop).start("stagectl:plan", shop.propose("update", "db", "--set", "port=5433"), {})

    assert (job.code, shop.site.calls) == (0, []), job.log
    assert "db.update" in job.log


def test_the_saved_plan_is_applied_and_pushed(shop: World) -> None:
    """
    The plan job's file is what the button runs.
    """
    pipeline = Pipeline(shop)
    shop.propose("update", "db", "--set", "port=5433")
    commit = shop.merge()
    files = pipeline.files(pipeline.start("stagectl:plan", commit, {}), "stagectl:plan")

    job = pipeline.start("stagectl:apply", commit, files)

    assert (job.code, shop.applied("db")) == (0, {"port": 5433}), job.log


def test_a_saved_plan_that_is_not_true_any_more_is_refused(shop: World) -> None:
    """
    Somebody else applied meanwhile: nothing runs twice.
    """
    pipeline = Pipeline(shop)
    shop.propose("update", "db", "--set", "port=5433")
    commit = shop.merge()
    files = pipeline.files(pipeline.start("stagectl:plan", commit, {}), "stagectl:plan")
    pipeline.start("stagectl:apply", commit, files)

    job = pipeline.start("stagectl:apply", commit, files)

    assert job.code == 1
    assert "Nothing to push" in job.log


def test_hostile_variables_do_nothing(shop: World) -> None:
    """
    They are arguments of stagectl, and none of the shell.
    """
    commit = shop.propose("update", "db", "--set", "port=5433")
    pipeline = Pipeline(shop)
    for variable in ("STAGECTL_NAMES", "STAGECTL_TAGS"):
        for value in EVIL:
            job = pipeline.start("stagectl:plan", commit, {}, **{variable: value})

            assert (job.code, "error: there is no plan" in job.log) == (1, True), job.log
            assert list(shop.folder.rglob("x")) == []


# --- the files themselves


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: path.name)
def test_no_expression_is_pasted_into_a_script(path: Path) -> None:
    """
    GitHub's `${{ }}` is replaced in the script's text before a shell reads it; GitLab's `$[[ ]]` likewise.
    """
    scripts = list(scripts_of(parsed(path)))

    assert scripts or path in (ONE_FILE, PLAN, COMMENT, APPLY)
    assert [text for text in scripts if "${{" in text or "$[[" in text] == []


@pytest.mark.parametrize("path", [ONE_FILE, PLAN, COMMENT, APPLY], ids=lambda path: path.name)
def test_permissions_are_given_per_job_and_none_is_left_to_the_default(path: Path) -> None:
    """
    Only the job that applies may write to the repository, and only those that comment to pull requests.
    """
    raw = parsed(path)

    assert raw["permissions"] == {}
    for name, job in raw["jobs"].items():
        writes = [key for key, value in job["permissions"].items() if value != "read"]
        comments = path == COMMENT or any(step.get("with", {}).get("comment") for step in job["steps"])
        assert writes == (["contents"] if name == "apply" else ["pull-requests"] if comments else [])


@pytest.mark.parametrize("path", [ONE_FILE, PLAN, COMMENT, APPLY], ids=lambda path: path.name)
def test_actions_are_pinned_by_full_commit_ids(path: Path) -> None:
    """
    A tag can be moved; our own place is left to the user, and fails as it is.
    """
    uses = [step["uses"] for job in parsed(path)["jobs"].values() for step in job["steps"]]

    assert [each for each in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each)] == []
    assert [each for each in uses if "stagectl" in each] == ["OWNER/stagectl@" + "0" * 40] * len(parsed(path)["jobs"])


NO_MARKERS = [
    "",
    "<!-- stagectl:plan -->",
    "<!-- stagectl:plan [] -->",
    "<!-- stagectl:plan {} --> x",
    "<!-- stagectl:plan {" + "[" * 50_000 + "} -->",
    f"x{MARKER}",
    f"\n{MARKER}",
    MARKER.replace("aaa", "AAA"),
    MARKER.replace("{}", "7"),
]


@pytest.mark.parametrize("text", NO_MARKERS, ids=range(len(NO_MARKERS)))
def test_what_is_no_marker_is_no_marker(text: str) -> None:
    """
    A comment that only looks a little like ours is somebody else's.
    """
    source = "import sys; sys.path.insert(0, sys.argv[1]); import marker; print(marker.parse(sys.stdin.read()))"
    program = [sys.executable, "-c", source, str(ROOT / "ci")]

    assert subprocess.run(program, input=text, capture_output=True, text=True).stdout == "None\n"
