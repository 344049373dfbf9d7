"""The verbs that edit definitions and stage them, and those that take it back."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path
from typing import List

import pytest

from tests.build import PATIENCE, Repo

WEB = """\
---
kind: service   # what listens
tags: [prod]
---
# comments live on
inputs:
  port: 443     # the port
  urls:
    - port: 80
  labels: {"a.b": one}
"""


@pytest.fixture
def shop(repo: Repo) -> Repo:
    """db, and app which reads it, applied."""
    repo.define("db", tags=["prod"], inputs={"port": 5432}).define("app", tags=["prod"], inputs={"db": "p:${db.port}"})
    return repo.apply_all()


def last_commit(repo: Repo) -> List[str]:
    """The paths of the last commit."""
    return repo.git("show", "--format=", "--name-only", "HEAD").split()


# --- create and update


def test_create_writes_a_definition_and_stages_it_in_one_commit(repo: Repo) -> None:
    """
    Scalars are YAML's, paths may be nested, tags are kept, and the answer names the change.
    """
    done = repo.ok(
        "create", "prod/web", "--kind", "service", "--tag", "tier=web", "--tag", "a:b",
        "--set", "port=443", "--set", "urls.0.port=80", "--set", 'zip="0123"', "--set-json", 'more={"a": [1]}',
    )  # fmt: skip

    assert done.out.startswith("+ prod/web.run\nStaged 1 file in commit ")
    assert [".staged/prod/web.yaml", "resources/prod/web.yaml"] == last_commit(repo)
    assert {"path": "zip", "op": "add", "before": None, "after": "0123"} in repo.plan().change("prod/web.run")["diff"]
    assert repo.read("resources/prod/web.yaml").startswith(
        '---\nkind: service\ntags: [tier=web, "a:b"]\n---\ninputs:\n'
    )


def test_create_refuses_what_exists_and_unknown_kinds(shop: Repo) -> None:
    """
    Each answer names the next step.
    """
    assert (
        "error: db exists already\nhint: to change it: stagectl update db --set ...\n"
        == shop.run("create", "db", "--kind", "service").err
    )
    assert (
        "error: there is no kind 'servce'; did you mean 'service'?\nhint: see: stagectl kinds\n"
        == shop.run("create", "x", "--kind", "servce").err
    )


def test_update_replaces_a_scalar_in_its_place(repo: Repo) -> None:
    """
    Comments and formatting live on: one line differs.
    """
    repo.write("resources/web.yaml", WEB).apply_all()

    repo.ok("update", "web", "--set", "port=444", "--set", "urls.0.port=81", "--set", 'labels["a.b"]=two')

    expected = (
        WEB.replace("443  ", "444  ").replace("port: 80", "port: 81").replace("one", '"two"').replace('"two"', "two")
    )
    assert expected == repo.read("resources/web.yaml")
    assert ["web.update"] == repo.plan().ids


@pytest.mark.parametrize(
    "words", [["update", "*", "--set", "v=2"], ["update", "db+", "--tag", "t"], ["move", "*", "x"]]
)
def test_several_resources_are_not_edited_at_once(repo: Repo, words: List[str]) -> None:
    """
    And what the glob matches is not called gone: what brings that back throws edits away.
    """
    repo.define("db", inputs={"v": 1}).stage()

    done = repo.run(*words)

    told = f"error: '{words[1]}' may be several resources, and one is edited at a time\nhint: name one: prod/db\n"
    assert (1, told) == (done.code, done.err)


def test_update_adds_and_takes_out_inputs_and_tags(repo: Repo) -> None:
    """
    The comments beside what stays are still there.
    """
    repo.write("resources/web.yaml", WEB).apply_all()

    repo.ok("update", "web", "--unset", "urls", "--set", "name=x", "--tag", "canary", "--untag", "prod")

    text = repo.read("resources/web.yaml")
    assert "# comments live on" in text
    assert "443     # the port" in text
    assert "tags: [canary]" in text
    assert {"urls", "name"} == {entry["path"].split(".")[0] for entry in repo.plan().change("web.update")["diff"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "port"], "error: 'port' sets nothing\n"),
        (["--set", "a..b=1"], "error: 'a..b' is no path of an input\n"),
        (["--set-json", "a={"], "error: '{' is not JSON: "),
        (["--unset", "nope"], "error: there is no 'nope' to take out\n"),
        (["--untag", "nope"], "error: db has no tag 'nope'\n"),
        (["--set", "port.x=1"], "error: 'x' cannot be set: what holds it is neither a mapping nor a list\n"),
    ],
)
def test_what_cannot_be_set_is_told_and_nothing_is_written(shop: Repo, arguments: List[str], message: str) -> None:
    """
    A wrong setting leaves file, index and HEAD as they were.
    """
    head = shop.git("rev-parse", "HEAD")

    assert shop.run("update", "db", *arguments).err.startswith(message)
    assert (head, "") == (shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain"))


def test_a_failing_hook_takes_the_edit_back(shop: Repo) -> None:
    """
    The definition and the staged file are as before.
    """
    hook = shop.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho not today; exit 1\n")
    hook.chmod(0o755)

    done = shop.run("update", "db", "--set", "port=1")

    assert (1, "error: git commit refused: not today\n") == (done.code, done.err.splitlines(keepends=True)[0])
    assert shop.git("status", "--porcelain") == ""


# --- remove


def test_removing_a_parent_names_the_readers_and_both_ways_out(shop: Repo) -> None:
    """
    Nothing is removed by accident.
    """
    done = shop.run("remove", "db")

    assert done.err == (
        "error: db cannot be removed: app still reads it\n"
        "hint: either remove them too (stagectl remove db --recursive), "
        "or write the last applied values into them (stagectl remove db --detach)\n"
    )
    assert (shop.root / "resources/db.yaml").exists()


def test_removing_a_parent_that_was_never_applied_does_the_same(repo: Repo) -> None:
    """
    A reader that goes, too, or that is not staged, is none.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"}).stage()
    repo.define("later", inputs={"db": "${db.port}"})

    assert repo.run("remove", "db").err == (
        "error: db cannot be removed: app still reads it\n"
        "hint: either remove them too (stagectl remove db --recursive), "
        "or write the last applied values into them (stagectl remove db --detach)\n"
    )
    repo.ok("remove", "db", "app")


def test_recursive_removes_all_descendants(shop: Repo) -> None:
    """
    Children go first.
    """
    shop.ok("remove", "db", "--recursive")

    assert ["app.remove", "db.remove"] == shop.plan().ids


def test_detach_writes_the_last_applied_values_into_the_readers(repo: Repo) -> None:
    """
    The reader keeps its value, loses its relations, and nothing of it runs; a literal `${` stays one.
    """
    repo.define("db", inputs={"port": 5432, "text": "$${x}"}).define(
        "app",
        inputs={"whole": "${db.port}", "inside": "p:${db.port}/${env:HOME}/$${y}", "text": "${db.text}"},
        depends_on=["db"],
        react_on={"restart": ["db.update", "other.update"]},
    ).define("other").apply_all()

    repo.ok("remove", "db", "--detach")

    plan = repo.plan()
    assert (["db.remove"], ["app"]) == (plan.ids, plan.raw["recorded"])
    text = repo.read("resources/app.yaml")
    assert "db" not in text
    assert '"p:5432/${env:HOME}/$${y}"' in text
    assert "other.update" in text


# --- unstage and discard


def test_unstage_puts_the_staged_file_back_and_keeps_the_definition(shop: Repo) -> None:
    """
    An edit, a creation, a removal and an explicit action: none is planned any more, all definitions stay.
    """
    shop.define("db", tags=["prod"], inputs={"port": 1}).define("new").stage("-a", "restart", "db", "new")
    shop.delete("app").stage()

    shop.ok("unstage", "--all")

    assert shop.plan().ids == []
    assert "D  app\nD  db\nD  new\n" == shop.ok("status", "-s").out


def test_discard_gives_the_definitions_back_too(shop: Repo) -> None:
    """
    After it nothing differs, and the applied text is there byte for byte.
    """
    before = shop.read("resources/app.yaml")
    shop.define("db", tags=["prod"], inputs={"port": 1}).delete("app").define("new").stage()

    shop.ok("discard", "--all")

    assert shop.ok("status", "-s").out == ""
    assert not (shop.root / "resources/new.yaml").exists()
    assert before.splitlines()[4:] == shop.read("resources/app.yaml").splitlines()[4:]


def test_discard_of_one_thing_leaves_the_others(shop: Repo) -> None:
    """
    And without a word of what, it discards nothing at all.
    """
    shop.define("db", tags=["prod"], inputs={"port": 1}).define("new").stage()

    assert shop.run("discard").code == 64
    shop.ok("discard", "db")

    assert ["new.run"] == shop.plan().ids


@pytest.mark.parametrize("hook", [False, True])
def test_what_leaves_nothing_in_the_commit_is_taken_back_too(tmp_path: Path, hook: bool) -> None:
    """
    Whoever tries out the first resource before anything else is committed; with a hook git makes the commit, without
    one its parts do.
    """
    repo = Repo(tmp_path, init=False)
    repo.git("init", "-q", "-b", "main")
    repo.git("config", "user.name", "Ada")
    repo.git("config", "user.email", "ada@example.com")
    if hook:
        repo.write(".git/hooks/post-commit", "#!/bin/sh\n")
        (tmp_path / ".git/hooks/post-commit").chmod(0o755)
    repo.kind("plain", actions=()).ok("create", "db", "--kind", "plain")

    done = repo.ok("discard", "--all")

    assert done.out.startswith("= db  (no longer staged)\nStaged 1 file in commit ")
    assert ("", "?? kinds/\n") == (repo.git("ls-tree", "-r", "HEAD"), repo.git("status", "--porcelain"))
    assert 1 == repo.run("discard", "db").code


def test_discard_refuses_to_lose_text_that_no_commit_has(shop: Repo) -> None:
    """
    --force drops it.
    """
    shop.define("db", tags=["prod"], inputs={"port": 1})

    done = shop.run("discard", "db")

    assert (
        "error: not committed, so discarding would lose it: resources/db.yaml\n"
        "hint: commit it first, or drop it with --force\n" == done.err
    )
    head = shop.git("rev-parse", "HEAD")
    assert "As committed again: resources/db.yaml\n" == shop.ok("discard", "db", "--force").out
    assert '"port": 5432' in shop.read("resources/db.yaml")
    assert (head, "") == (shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain"))


def test_a_value_set_back_to_what_is_committed_makes_no_commit(shop: Repo) -> None:
    """
    Only an edit that nobody had committed is gone; no hook is blamed for it.
    """
    before = shop.read("resources/db.yaml")
    shop.write("resources/db.yaml", before.replace("5432", "1"))

    done = shop.ok("update", "db", "--set", "port=5432")

    assert ("As committed again: resources/db.yaml\n", before) == (done.out, shop.read("resources/db.yaml"))
    assert "" == shop.git("status", "--porcelain")


def test_discard_drops_a_debt_by_an_applied_commit_of_its_own(repo: Repo) -> None:
    """
    A restart that failed comes back until it is discarded.
    """
    repo.define("db", inputs={"port": 1}).define("web", react_on={"restart": ["db.update"]}).apply_all()
    repo.define("db", inputs={"port": 2}).stage().fail("web.restart").apply()
    assert ["web.restart"] == repo.plan().ids

    done = repo.ok("discard", "web")

    assert done.out.splitlines()[0] == "Dropped, no longer owed: web.restart"
    assert repo.plan().ids == []
    assert "Discarded: web.restart" in repo.git("log", "-1", "--format=%B", "stagectl/applied")


@pytest.fixture
def busy(repo: Repo) -> Repo:
    """With the tag prod an edit, a creation, a removal, an explicit action and a debt; without it another edit."""
    for name in ("db", "old", "app"):
        repo.define(name, tags=["prod"], inputs={"v": 1})
    repo.define("debtor", tags=["prod"], react_on={"restart": ["db.update"]}).define("other", inputs={"v": 1})
    repo.apply_all().define("db", tags=["prod"], inputs={"v": 2}).stage().fail("debtor.restart").apply()
    repo.define("db", tags=["prod"], inputs={"v": 3}).define("new", tags=["prod"]).delete("old")
    return repo.define("other", inputs={"v": 2}).stage().stage("app", "-a", "restart")


@pytest.mark.parametrize(
    ("what", "left"),
    [
        (["db", "new", "old", "app", "debtor"], ["other.update"]),
        (["-t", "prod"], ["other.update"]),
        (["o*"], ["app.restart", "db.update", "debtor.restart", "new.run"]),
        (["app", "db", "-t", "prod"], ["debtor.restart", "new.run", "old.remove", "other.update"]),
        (["--all"], []),
    ],
)
def test_what_is_taken_back_goes_by_name_by_tag_or_all(busy: Repo, what: List[str], left: List[str]) -> None:
    """
    Whatever it is; a removed resource has the tags it was applied with. Only `discard` drops debts and definitions.
    """
    assert ["app.restart", "db.update", "debtor.restart", "new.run", "old.remove", "other.update"] == sorted(
        busy.plan().ids
    )
    before = busy.git("rev-parse", "HEAD").strip()

    busy.ok("unstage", *what)
    debt = [] if "debtor.restart" in left else ["debtor.restart"]
    assert sorted([*left, *debt]) == sorted(busy.plan().ids)
    assert (busy.root / "resources/new.yaml").exists() and not (busy.root / "resources/old.yaml").exists()

    busy.git("reset", "-q", "--hard", before)
    busy.ok("discard", *what)
    assert left == sorted(busy.plan().ids)
    assert ("new.run" in left, "old.remove" not in left) == tuple(
        (busy.root / f"resources/{name}.yaml").exists() for name in ("new", "old")
    )


# --- move


def test_move_is_neither_a_removal_nor_a_creation(shop: Repo) -> None:
    """
    References are rewritten, relative ones stay relative, and the applied state goes along.
    """
    shop.ok("move", "db", "data/main")

    plan = shop.plan()
    assert ([], [{"from": "db", "to": "data/main"}]) == (plan.ids, plan.raw["moved"])
    assert "${data/main.port}" in shop.read("resources/app.yaml")
    assert "moved_from: db" in shop.read("resources/data/main.yaml")
    shop.ok("apply", "--yes")
    assert (None, {"port": 5432}) == (shop.applied("db"), shop.applied("data/main")["inputs"])
    assert "No changes" in shop.ok("plan").out


def test_a_moved_resource_is_updated_under_its_new_name(shop: Repo) -> None:
    """
    A reader that was not selected, and still says the old name as applied, is affected all the same.
    """
    shop.ok("move", "db", "main")
    shop.ok("apply", "main", "--yes")

    shop.ok("update", "main", "--set", "port=1")

    assert ["main.update", "app.update"] == shop.plan("main").ids


def test_a_plain_rename_gets_a_hint(shop: Repo) -> None:
    """
    Git's own move removes and runs again; the plan says how to keep the resource.
    """
    shop.ok("remove", "app")
    shop.git("mv", "resources/db.yaml", "resources/base.yaml")
    shop.stage()

    assert "warning: base looks like db moved" in shop.ok("plan").err


# --- seeing


def test_diff_compares_values_not_text(shop: Repo) -> None:
    """
    Staged against applied, the definitions against staged, and between commits; children follow.
    """
    shop.define("db", tags=["prod", "x"], inputs={"port": 1})
    assert "~ db\n    tags: prod -> prod, x\n    port: 5432 -> 1\n~ app\n" not in shop.ok("diff").out
    assert (
        '~ app\n    db: "p:5432" -> "p:1"\n~ db\n    tags: prod -> prod, x\n    port: 5432 -> 1\n'
        == shop.ok("diff", "--unstaged").out
    )
    shop.stage()
    assert "~ db\n    tags: prod -> prod, x\n    port: 5432 -> 1\n" == shop.ok("diff", "db").out
    assert "~ db\n    tags: prod -> prod, x\n    port: 5432 -> 1\n" == shop.ok("diff", "-t", "x").out
    assert [{"path": "port", "op": "replace", "before": 5432, "after": 1}] == shop.ok(
        "diff", "db", "--from", "stagectl/applied", "--to", "HEAD", "--json"
    ).json()[0]["diff"]


def test_graph_shows_who_has_to_do_with_whom(shop: Repo) -> None:
    """
    As text, DOT and Mermaid; of resources by name or tag with all they have to do with.
    """
    shop.define("alone", tags=["test"]).stage()
    assert shop.ok("graph", "db").out == "app  (service)\n    reads: db\ndb  (service)\n"
    assert shop.ok("graph", "db").out == shop.ok("graph", "-t", "prod", "--format", "text").out
    assert "alone  (service, staged)\n" == shop.ok("graph", "-t", "test").out
    shop.ok("discard", "alone")
    assert '  "db" -> "app" [style=solid];' in shop.ok("graph", "--format", "dot").out
    assert shop.ok("graph", "--format", "mermaid").out == 'flowchart LR\n  n0["app"]\n  n1["db"]\n  n1 --> n0\n'


def test_explain_leads_to_file_and_line(shop: Repo) -> None:
    """
    From a child down to the line of the value that started it.
    """
    shop.ok("update", "db", "--set", "port=1")

    assert shop.ok("plan", "--explain", "app").out == (
        "~ app.update  (reads db.update)\n"
        '    db: "p:5432" -> "p:1"\n'
        "  ~ db.update  (staged)\n"
        "      port: 5432 -> 1  [resources/db.yaml:7]\n"
    )


# --- asking, completing


def answered(repo: Repo, answers: str, *arguments: str) -> str:
    """What `stage -p` says on a terminal to somebody who types these answers."""
    import pty
    import subprocess

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "stagectl", "stage", "-p", *arguments],
        cwd=repo.root, stdin=slave, stdout=slave, stderr=slave, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    os.close(slave)
    os.write(master, answers.encode())
    said, more = b"", b"-"
    while more:
        if not select.select([master], [], [], PATIENCE)[0]:
            process.kill()
            raise AssertionError(f"nothing more is said, and it does not end: {said!r}")
        try:
            more = os.read(master, 4096)
        except OSError:  # EIO: the other side is closed
            break
        said += more
    process.wait(PATIENCE)
    os.close(master)
    return said.decode().replace("\r\n", "\n")


def test_stage_patch_asks_per_resource_and_action(shop: Repo) -> None:
    """
    The edit is declined, the restart taken.
    """
    shop.define("db", tags=["prod"], inputs={"port": 1})

    said = answered(shop, "?\nn\ny\n", "db", "-a", "restart")

    assert "~ db\n    port: 5432 -> 1\nStage db? [y,n,a,q,?] " in said
    assert "Stage the action db.restart? [y,n,a,q,?] " in said
    assert ["db.restart"] == shop.plan().ids


def test_stage_patch_needs_somebody_to_ask(shop: Repo) -> None:
    """
    Without a terminal it is a usage error.
    """
    done = shop.run("stage", "-p")

    assert (64, "error: nobody can be asked here\n") == (done.code, done.err.splitlines(keepends=True)[0])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("stagectl re", ["remove", "revert", "report", "retry", "resume"]),
        ("stagectl plan --det", ["--detailed-exitcode"]),
        ("stagectl plan a", ["app"]),
        ("stagectl stage -t p", ["prod"]),
        ("stagectl stage -a res", ["restart"]),
        ("stagectl update db --untag p", ["prod"]),
        ("stagectl create x --kind se", ["service"]),
    ],
)
def test_the_shell_completes_commands_options_names_tags_kinds_and_actions(
    shop: Repo, line: str, words: List[str]
) -> None:
    """
    Of the repository around.
    """
    count = len(line.split()) - 1
    env = {"_STAGECTL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(count)}

    assert words == shop.run(env=env).out.split()


# --- git manners


def test_a_sparse_checkout_is_read_from_the_index(shop: Repo) -> None:
    """
    What is not checked out is not gone.
    """
    shop.git("sparse-checkout", "set", "resources", "kinds")

    assert not (shop.root / ".staged").exists()
    assert "No changes" in shop.ok("plan").out
    shop.define("db", tags=["prod"], inputs={"port": 1}).stage()
    assert ["db.update", "app.update"] == shop.plan().ids


def test_during_a_merge_it_says_what_to_do(shop: Repo) -> None:
    """
    Git commits no single files in a merge.
    """
    shop.git("checkout", "-q", "-b", "other")
    shop.write("f", "1").commit()
    shop.git("checkout", "-q", "main")
    shop.write("f", "2").commit()
    shop.git("merge", "other", check=False)
    shop.define("db", tags=["prod"], inputs={"port": 1})

    assert shop.run("stage", "db").err == (
        "error: a merge is going on here, in which git commits no single files\n"
        "hint: finish it (git merge --continue) or give it up (git merge --abort), then stage again\n"
    )


@pytest.mark.parametrize("layout", ["sha256", "index-v4", "worktree"])
def test_it_works_in_any_layout_of_a_repository(tmp_path: Path, repo: Repo, layout: str) -> None:
    """
    Object format, index version and linked worktrees make no difference.
    """
    if layout == "sha256":
        repo.git("init", "-q", "--object-format=sha256", "-b", "main", str(tmp_path / "other"))
        (tmp_path / "other" / "kinds").mkdir()
        repo.root = _copy_kinds(repo, tmp_path / "other")
    elif layout == "index-v4":
        repo.git("update-index", "--index-version", "4")
    else:
        repo.git("worktree", "add", "-q", "-b", "feature", str(tmp_path / "linked"))
        repo.root = tmp_path / "linked"
    repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"}).apply_all()

    repo.ok("update", "db", "--set", "port=2")

    assert ["db.update", "app.update"] == repo.plan().ids
    assert repo.apply().code == 0
    assert "missing" not in repo.git("fsck")


def _copy_kinds(repo: Repo, root: Path) -> Path:
    for path in (repo.root / "kinds").iterdir():
        (root / "kinds" / path.name).write_bytes(path.read_bytes())
    (root / ".gitignore").write_text("actions.log\n")
    other = Repo(root, init=False)
    other.git("config", "user.name", "Ada")
    other.git("config", "user.email", "ada@example.com")
    return root


def test_a_move_rewrites_readers_whose_definition_reads_no_more(repo: Repo) -> None:
    """
    The staged copy still reads the old name; the reader's definition, which reads nothing now, is staged with the move.
    """
    repo.define("db", inputs={"v": 1}).define("app", inputs={"p": "${db.v}"}).apply_all()
    repo.define("app", inputs={"p": 7})

    repo.ok("move", "db", "base")

    assert ["app.update"] == repo.plan().ids
    assert [{"from": "db", "to": "base"}] == repo.plan().raw["moved"]


def test_nothing_to_take_back_is_told_so(repo: Repo) -> None:
    """
    discard and unstage do not speak of staging.
    """
    repo.define("db").apply_all()

    for verb in ("discard", "unstage"):
        assert "Nothing to take back. That is as it was applied.\n" == repo.ok(verb, "db").out


def test_discard_does_not_take_what_is_live_elsewhere_for_a_creation(repo: Repo, tmp_path: Path) -> None:
    """
    A clone that did not fetch the applied branch knows nothing of it, and asks before it throws definitions away.
    """
    repo.define("db").apply_all()
    repo.git("clone", "-q", "--single-branch", repo.root.as_uri(), str(tmp_path / "ci"))
    other = Repo(tmp_path / "ci", init=False)
    other.git("config", "user.name", "Ada")
    other.git("config", "user.email", "ada@example.com")

    for verb in ("discard", "unstage"):
        refused = other.run(verb, "db")
        assert 1 == refused.code
        assert (
            "error: origin has the branch stagectl/applied, and this clone has not: everything would be run again\n"
            "hint: fetch it: git fetch origin stagectl/applied:refs/remotes/origin/stagectl/applied\n"
        ) == refused.err
