"""A project in a folder of a repository: everything is relative to it, and it is of no other one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import List, Tuple

import pytest

from stagectl.cli import COMMANDS
from stagectl.views.plans import plan_text
from tests.build import ROOT, Repo, ended, put_stagectl_on_path


@pytest.fixture
def two(tmp_path: Path) -> Repo:
    """The project in infra/, of a repository that has others' files and a second project, net/."""
    repo = Repo(tmp_path / "repo", folder="infra")
    (repo.top / "app.py").write_text("print()\n")
    other(repo).write("stagectl.yaml", "# a project\n").kind("service").define("lan", inputs={"mask": 8})
    repo.define("db", inputs={"port": 1}).commit()
    return repo


def other(repo: Repo) -> Repo:
    return Repo(repo.top, init=False, folder="net")


def test_a_project_in_a_folder_is_staged_applied_and_verified(two: Repo) -> None:
    """
    Its state lies under its folder, on a branch of its own; of the other project nothing is staged or applied.
    """
    two.stage().apply()

    assert {"inputs": {"port": 1}} == two.applied("db")
    assert ["db.run"] == two.log()
    assert "infra/.applied/db.json" in two.git("ls-tree", "-r", "--full-tree", "--name-only", two.branch)
    assert "infra/.staged/db.yaml" == two.git("show", "--no-relative", "--format=", "--name-only", "HEAD").strip()
    assert "Checked 2 applied commits: all as they have to be.\n" == two.ok("verify").out
    assert [] == two.plan().ids
    assert not (two.top / "net/.staged").exists()


@pytest.mark.parametrize("where", ["", "infra", "infra/resources", "net"])
def test_the_nearest_config_upwards_says_which_project_is_meant(two: Repo, where: str) -> None:
    """
    From any folder below; with -C, before or behind the command, from anywhere.
    """
    two.stage()
    here = two.top / where

    for words in (("-C", str(two.root), "plan"), ("plan", "-C", str(two.root / "resources"))):
        assert "+ db.run" in two.ok(*words, cwd=here).out
    if where.startswith("infra"):
        assert "+ db.run" in two.ok("plan", cwd=here).out


@pytest.mark.parametrize(
    "where, path",
    [("", "infra/resources/db.yaml"), ("infra", "resources/db.yaml"), ("net", "../infra/resources/db.yaml")],
)
def test_paths_in_messages_open_from_where_one_stands(two: Repo, where: str, path: str) -> None:
    """
    Of what is wrong in a file, and of what is not committed.
    """
    two.write("resources/db.yaml", "x: [\n")

    done = two.run("-C", str(two.root), "validate", cwd=two.top / where)

    assert (1, "") == (done.code, done.out)
    assert done.err.startswith(f"{path}:2:1: not YAML")


COMMAND = re.compile(rf"(?<![\\w/.=-])stagectl (?!-C infra )(?:{'|'.join(COMMANDS)})\\b")


def test_commands_in_messages_act_on_the_project_that_was_named(
    two: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    In every line: what comes next, hints, warnings, what is held; without -C, or in the folder, nothing is added.
    """
    monkeypatch.setattr(plan_text, "FOLD_FROM", 1)
    two.write("kinds/db.yaml", json.dumps({"outputs": {"type": "object", "properties": {"url": {"type": "string"}}}}))
    two.define("made", "db").define("app", inputs={"url": "${made.url}"}).define("job").commit()
    saved, said = str(tmp_path / "plan.json"), []

    def infra(*words: str) -> str:
        done = two.run("-C", "infra", *words, cwd=two.top)
        said.append(done.out + done.err)
        return said[-1]

    staged, refused = infra("stage"), infra("remove", "nothing")
    assert staged.endswith(". Next: stagectl -C infra plan\n")
    infra("plan", "--out", saved, "app")
    infra("apply", "--yes", "--record-only", "made")
    for form in ("text", "markdown", "github", "html", "svg", "mermaid"):
        assert form == "mermaid" or "stagectl -C infra apply made --record-only" in infra("plan", "--format", form)
    assert "All of them: stagectl -C infra plan --format json" in infra("plan")
    infra("plan", "--explain", "app")
    assert "stagectl -C infra apply made" in infra("plan", "--since", saved, "app")
    two.define("job", inputs={"x": 1}).fail("job.run")
    status = infra("status")
    assert "Not staged (stagectl -C infra stage):\n" in status and "stagectl -C infra stage" in infra("plan")
    two.stage()
    assert "stagectl -C infra retry" in infra("apply", "--yes", "job") and "Next: " in infra("report")
    more = ("report --format markdown", "apply app", "apply jib --yes", "lock --reason x", "locks", "resume", "sync")
    for words in more:
        infra(*words.split())
    assert [line for text in said for line in text.splitlines() if COMMAND.search(line)] == [] and "hint" in refused
    two.define("db", inputs={"port": 2})
    assert two.ok("-C", ".", "stage").out.endswith(". Next: stagectl plan\n")
    two.define("db", inputs={"port": 3})
    assert two.ok("-C", "../infra", "stage", cwd=two.top / "net").out.endswith(". Next: stagectl -C ../infra plan\n")


def test_what_a_killed_staging_left_is_named_from_where_one_stands(two: Repo) -> None:
    """
    The note of it is the working tree's, and may be the other project's: any command that stages takes it back.
    """
    two.write(".git/hooks/pre-commit", "#!/bin/sh\nkill -9 $(cut -d ' ' -f 4 /proc/$PPID/stat) $PPID\n")
    (two.top / ".git/hooks/pre-commit").chmod(0o755)
    assert -9 == two.run("stage", env={}).code
    (two.top / ".git/hooks/pre-commit").unlink()
    (two.top / ".git/index.lock").unlink()

    done = two.ok("-C", str(other(two).root), "stage", cwd=two.root)

    assert "warning: a staging that was killed here was taken back: .staged/db.yaml\n" == done.err
    assert ["lan.run"] == other(two).plan().ids


@pytest.mark.parametrize(
    "words, said",
    [
        (("-C", "nowhere", "plan"), "error: there is no folder nowhere\nhint: -C takes a folder of the repository\n"),
        (("plan", "-C"), "error: -C needs a folder\nhint: -C takes a folder of the repository\n"),
    ],
)
def test_a_folder_that_is_not_there_is_a_usage_error(two: Repo, words: Tuple[str, ...], said: str) -> None:
    """
    Nothing is done in another one instead.
    """
    done = two.run(*words)

    assert (64, "", said) == (done.code, done.out, done.err)


def test_init_makes_the_folder_a_project_and_says_where_files_went(tmp_path: Path) -> None:
    """
    The config has its branch, so that a folder with another name keeps it.
    """
    repo = Repo(tmp_path / "repo", folder="")
    folder = repo.top / "teams" / "data"
    folder.mkdir(parents=True)

    said = repo.ok("-C", "teams/data", "init").out

    assert said == (
        "teams/data/ is a project now; its applied branch: stagectl/teams/data/applied\n"
        "wrote teams/data/stagectl.yaml\n"
        "wrote teams/data/kinds/service.yaml\n"
        "made teams/data/resources/\n"
        "wrote teams/data/.stagectl/schema/, for editors\n"
        "Next: write teams/data/resources/NAME.yaml, commit teams/data/kinds/, teams/data/.stagectl/ and "
        "teams/data/stagectl.yaml, then: stagectl -C teams/data stage\n"
    )
    assert "\napplied_branch: stagectl/teams/data/applied " in (folder / "stagectl.yaml").read_text()
    assert "Everything is here already.\n" == repo.ok("init", cwd=folder).out


@pytest.mark.parametrize(
    "folder, why",
    [
        ("my infra", "'my infra' makes no name for a branch"),
        (".hidden", "'.hidden' makes no name for a branch"),
        (
            "applied",
            "its applied branch stagectl/applied/applied cannot be beside stagectl/applied, that of",
        ),
        ("taken", "its applied branch stagectl/taken/applied cannot be beside stagectl/taken, a branch"),
    ],
)
def test_init_asks_for_a_branch_where_the_folder_makes_none(tmp_path: Path, folder: str, why: str) -> None:
    """
    What the hint says works, pasted as it is.
    """
    repo = Repo(tmp_path / "repo", folder="").write("stagectl.yaml", "# the root's\n")
    repo.commit()
    repo.git("branch", "stagectl/taken")
    (repo.top / folder).mkdir()

    done = repo.run("-C", folder, "init")

    assert 1 == done.code
    assert done.err.startswith(f"error: {folder}/ needs an applied_branch in its stagectl.yaml: {why}")
    assert [] == list((repo.top / folder).iterdir())
    repo.shell(done.err.partition("init again: ")[2])
    assert "wrote" in repo.ok("-C", folder, "init").out


@pytest.mark.parametrize("folder", ["kinds", "resources/prod", ".staged"])
def test_what_belongs_to_a_project_is_none_of_its_own(tmp_path: Path, folder: str) -> None:
    """
    As when one stands in a folder of definitions by chance.
    """
    repo = Repo(tmp_path / "repo", folder="")
    (repo.top / folder).mkdir(parents=True, exist_ok=True)

    done = repo.run("init", cwd=repo.top / folder)

    assert 1 == done.code
    assert f"error: {folder}/ belongs to the project in the top folder, and can be none of its own\n" in done.err
    assert not (repo.top / folder / "stagectl.yaml").exists()


def test_projects_lists_each_with_what_it_has_pending(two: Repo) -> None:
    """
    As text and as JSON, from any folder; one that makes no plan says why.
    """
    two.stage().apply()
    other(two).stage()
    (two.top / "app").mkdir()
    (two.top / "app/stagectl.yaml").write_text("nonsense: 1\n")
    tip = two.git("rev-parse", two.branch).strip()

    found = two.ok("projects", "--json", cwd=two.top).json()

    assert [
        {"folder": "app", "applied_branch": "", "applied": None, "pending": None, "error": found[0]["error"]},
        {"folder": "infra", "applied_branch": two.branch, "applied": tip, "pending": [], "error": None},
        {
            "folder": "net",
            "applied_branch": "stagectl/net/applied",
            "applied": None,
            "pending": ["lan.run"],
            "error": None,
        },
    ] == found
    assert "unknown key 'nonsense'" in found[0]["error"]
    assert two.ok("projects").out.splitlines()[1:] == [
        f"infra  nothing pending; stagectl/infra/applied {tip[:12]}",
        "net    1 change pending: lan.run; stagectl/net/applied (nothing applied)",
    ]


def test_changed_since_names_the_projects_that_a_branch_touches(two: Repo) -> None:
    """
    By its commits since it parted, and by what is not committed; not by what the other side did since, nor elsewhere.
    """
    two.git("checkout", "-q", "-b", "feature")
    (two.top / "app.py").write_text("print(1)\n")
    two.commit()

    def touched() -> List[str]:
        return [one["folder"] for one in two.ok("projects", "--json", "--changed-since", "main").json()]

    assert [] == touched()
    assert "No project is meant.\n" == two.ok("projects", "--changed-since", "main").out
    two.define("db", inputs={"port": 2}).commit()
    assert ["infra"] == touched()
    two.git("checkout", "-q", "main")
    other(two).define("lan", inputs={"mask": 9}).commit()
    two.git("checkout", "-q", "feature")
    assert ["infra"] == touched()
    other(two).define("wan")
    assert ["infra", "net"] == touched()
    assert two.run("projects", "--changed-since", "nothing").err.startswith("error: there is no commit 'nothing'")


def test_a_commit_that_touches_several_projects_is_in_the_log_of_each_with_what_is_its_own(two: Repo) -> None:
    """
    Stagings are squashed into one commit, of a resource that all of them call the same: each log shows its own.
    """
    net, top = other(two), Repo(two.top, init=False, folder="")
    (net.root / "resources/lan.yaml").unlink()
    for repo in (net, top):
        repo.kind("service", actions=("run", "restart", "remove")).define("db", inputs={"port": 1})
    two.commit()
    for repo in (two, net, top):
        repo.stage().ok("apply", "--record-only", "--yes")
    begun = two.git("rev-parse", "HEAD").strip()
    two.define("db", inputs={"port": 2}).stage()
    net.stage("db", "-a", "restart")
    top.ok("remove", "db")
    two.git("branch", "topic")
    two.git("reset", "-q", "--hard", begun)
    two.git("merge", "-q", "--squash", "topic")
    two.git("commit", "-q", "--no-edit")

    logs = [repo.ok("log", "-n", "1", "--json").json() for repo in (two, net, top)]

    assert [["db.update"], ["db.restart"], ["db.remove"]] == [log[0]["changes"] for log in logs]
    assert "db.update" not in net.ok("log", "--blame", "db").out


def test_a_resource_is_followed_through_its_names(two: Repo) -> None:
    """
    The log of the new name has what was done under the old one; a name is looked for in the commit's own folder.
    """
    two.apply_all().ok("update", "db", "--set", "port=2")
    two.ok("move", "db", "base")

    changes = [change for entry in two.ok("log", "base", "--json").json() for change in entry["changes"]]

    assert ["base.update", "db.run", "db.run", "db.update"] == sorted(changes)
    assert ["db.update"] == two.plan("db", "--head", "HEAD~1").ids


def test_what_is_asked_of_a_commit_is_asked_in_its_folder() -> None:
    """
    Only git's own room puts a path behind a revision (`Placed.at`): else a project in a folder finds another's file.
    """
    files = [path for path in (ROOT / "stagectl").rglob("*.py") if path.parent.name != "git"]

    assert [] == [path for path in files if re.search(r'look_up\(\[f"\{', path.read_text(encoding="utf-8"))
                  and path.name != "write.py"]  # fmt: skip


def test_two_projects_apply_at_the_same_time(two: Repo) -> None:
    """
    Each has a lock and runs of its own: one waits in its action until the other has applied.
    """
    line = "n=0; until [ -e ../done ] || [ $n -gt 600 ]; do sleep 0.1; n=$((n+1)); done; [ -e ../done ]"
    wait = ["sh", "-c", line]
    two.write("kinds/service.yaml", json.dumps({"actions": {"run": wait}})).commit()
    two.stage()
    other(two).stage()

    running = two.begin("apply", "--yes")
    there = other(two).apply()
    (two.top / "done").touch()

    assert 0 == there.code, there.err
    assert 0 == ended(running).code
    runs = [two.top / f".git/stagectl/projects/{name}/@/runs" for name in ("infra", "net")]
    assert [1, 1] == [len(list(folder.iterdir())) for folder in runs]


def test_what_happens_elsewhere_makes_nothing_stale_and_no_other_plan(two: Repo) -> None:
    """
    Of the project nothing was changed: no warning, the same id, and the apply is not refused though it comes from
    a commit that the newest applied one is not in.
    """
    two.stage().apply()
    two.define("db", inputs={"port": 2}).stage()
    before = two.plan().raw
    two.git("checkout", "-q", "-b", "elsewhere", "HEAD~1")
    (two.top / "app.py").write_text("print(2)\n")
    other(two).define("lan", inputs={"mask": 9}).stage()
    two.git("cherry-pick", "main")

    after = two.ok("plan", "--format", "json")

    assert "" == after.err
    assert before["plan_id"] == after.json()["plan_id"]
    assert 0 == two.apply().code
    assert [] == other(two).apply().err.splitlines()[2:]


def test_git_merges_and_shows_by_value_in_every_project(
    two: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The attributes are the project's own file; git starts the driver in the top folder.
    """
    put_stagectl_on_path(tmp_path, monkeypatch)
    two.define("db", inputs={"port": 1, "name": "a"}).stage()
    assert "wrote .gitattributes: commit it" in two.ok("init", "--git").out
    two.commit()
    two.git("checkout", "-q", "-b", "theirs")
    two.define("db", inputs={"port": 2, "name": "a"}).stage()
    two.git("checkout", "-q", "main")
    two.define("db", inputs={"port": 1, "name": "b"}).stage()

    two.git("merge", "-q", "--no-edit", "theirs")

    two.stage("--check")
    assert {"port": 2, "name": "b"} == {entry["path"]: entry["after"] for entry in two.plan().raw["changes"][0]["diff"]}


def test_a_saved_plan_is_applied_in_its_own_project_only(two: Repo) -> None:
    """
    Two projects may happen to have the same changes, and plans of the same id: the file says whose it is.
    """
    twin = other(two).write("kinds/service.yaml", two.read("kinds/service.yaml"))
    (twin.root / "resources/lan.yaml").unlink()
    twin.define("db", inputs={"port": 1}).commit()
    two.stage()
    twin.stage()
    two.ok("plan", "--out", str(two.top / "saved.json"))
    assert two.plan().raw["plan_id"] == twin.plan().raw["plan_id"]

    done = twin.apply(str(two.top / "saved.json"))

    said = "error: the saved plan is of the project in infra, and this is the project in net\n"
    assert (1, True) == (done.code, done.err.startswith(said))
    assert [] == twin.log()
    assert 0 == two.apply(str(two.top / "saved.json")).code


@pytest.mark.parametrize("config", ["# a project\n", "applied_branch: kept/by-net\n"])
def test_other_branches_are_compared_by_what_they_do_in_the_project(two: Repo, config: str) -> None:
    """
    One that changes the other project alone does nothing here, and neither project's applied branch is one of them.
    """
    other(two).write("stagectl.yaml", config).commit()
    two.stage().apply()
    other(two).stage().apply()
    two.git("checkout", "-q", "-b", "elsewhere")
    other(two).define("lan", inputs={"mask": 9}).stage()
    two.git("checkout", "-q", "-b", "mine", "main")
    two.define("db", inputs={"port": 2}).stage()

    found = two.ok("plan", "--against", "*").out

    assert found.startswith("Against *: nothing of this plan is changed in 2 other branches.\n")  # elsewhere and main


QUOTED = ("'my infra'", '"my infra"', "my\\ infra", '"it\'s $5"', "it\\'s\\ \\$5", "infra")


def test_a_shell_completes_names_of_the_project_that_is_meant(two: Repo) -> None:
    """
    From elsewhere: -C in the line says of which, quoted as shells let one, before and behind the command.
    """
    for name in ("my infra", "it's $5"):
        (two.top / name).symlink_to(two.root)

    def completed(mark: str, *words: str) -> List[str]:
        env = {"_STAGECTL_COMPLETE": "complete_bash", "COMP_WORDS": mark.join(words), "COMP_CWORD": str(len(words) - 1)}
        return two.run(env=env, cwd=two.top).out.split()

    for folder, mark in zip(QUOTED, "\n  " * 2):  # bash has a word a line
        assert ["db"] == completed(mark, "stagectl", "-C", folder, "plan", "d"), folder
    assert ["db"] == completed("\n", "stagectl", "plan", "-C", "infra", "d")
    assert ["plan"] == completed(" ", "stagectl", "-C", "'my infra'", "pla")
    assert ["db"] == completed("\n", "stagectl", "-C", "'my infra'", "plan", "")
    assert [] == completed("\n", "stagectl", "-C", "'my in")  # the shell completes folders itself
