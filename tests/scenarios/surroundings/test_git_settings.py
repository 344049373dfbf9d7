"""The user's git settings, odd places, and what was in the index before change nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List

import pytest

from tests.build import Ran, Repo
from tests.scenarios.surroundings.test_git_manners import settings, state

pytestmark = pytest.mark.once

# --- settings and places


def walk(repo: Repo) -> List[Ran]:
    """What the commands say from the first stage to the log, without ids."""
    repo.define("db", inputs={"v": 1, "é": "ü"}).define("app", inputs={"p": "${db.v}"}).commit()
    said = [repo.run("stage"), repo.apply(), repo.run("update", "db", "--set", "v=2"), repo.run("plan"), repo.apply()]
    said += [repo.run("create", "new", "--kind", "service"), repo.run("status"), repo.run("discard", "new")]
    said += [repo.run("show", "db"), repo.run("log"), repo.run("status", "-s"), repo.run("plan")]
    assert ([0] * len(said), "") == ([done.code for done in said], repo.git("status", "--porcelain"))
    return [Ran(done.code, re.sub(r"\b[0-9a-f]{12}\b|[Rr]un \S+", "ID", done.out), done.err) for done in said]


PLAIN: List[Ran] = []  # the walk is the same for every test, and slow


def plain(tmp_path: Path) -> List[Ran]:
    """What the commands say in a repository with nothing odd about it."""
    if not PLAIN:
        PLAIN.extend(walk(Repo(tmp_path / "plain")))
    return PLAIN


SETTINGS: Dict[str, Dict[str, str]] = {
    "files": {"core_autocrlf": "true", "core_quotePath": "false", "core_fileMode": "false"},
    "status": {"status_showUntrackedFiles": "no", "status_short": "true", "status_branch": "true"},
    "diff": {"diff_noprefix": "true", "diff_renames": "copies", "diff_relative": "true"},
    "message": {"commit_template": ".gitignore", "core_commentChar": "auto", "commit_cleanup": "scissors"},
    "verbose": {"commit_verbose": "true", "commit_cleanup": "strip", "commit_status": "false"},
    "comment": {"core_commentChar": "S", "trailer_separators": "#", "trailer_ifexists": "replace"},
    "log": {"log_showSignature": "true", "format_pretty": "oneline", "log_date": "relative", "core_abbrev": "5"},
    "colour": {"color_ui": "always", "core_pager": "false", "advice_statusHints": "false"},
    "index": {
        "core_splitIndex": "true",
        "index_version": "4",
        "core_fsmonitor": "false",
        "core_untrackedCache": "true",
    },
    "aliases": {"alias_commit": "!false", "alias_log": "!false", "alias_status": "!false", "alias_add": "!false"},
    "encoding": {"i18n_commitEncoding": "latin1"},
    "hooks": {"core_hooksPath": "no-such-folder", "submodule_recurse": "true", "merge_ff": "only"},
}


@pytest.mark.parametrize("which", list(SETTINGS))
def test_the_users_settings_change_nothing(repo: Repo, tmp_path: Path, which: str) -> None:
    """
    Every command says what it says in a repository without them.
    """
    settings(repo, **SETTINGS[which])

    assert plain(tmp_path) == walk(repo)


@pytest.mark.parametrize("cache", ["on", "off"])
@pytest.mark.parametrize("how", ["core.autocrlf", ".gitattributes"])
def test_line_ends_that_git_converts_are_no_edit(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, cache: str
) -> None:
    """
    In a clone that has all files with other line ends nothing is recorded, and a plan has the same id.
    """
    monkeypatch.setenv("STAGECTL_CACHE", cache)
    if how == ".gitattributes":
        repo.write(".gitattributes", "*.yaml text eol=crlf\n")
    repo.define("a", inputs={"v": 1}).define("b", inputs={"v": 1}).commit()
    repo.apply_all()
    repo.ok("update", "a", "--set", "v=2")
    options = ["--config", "user.name=Bob", "--config", "user.email=bob@example.com"]
    options += ["--config", "core.autocrlf=true"] if how == "core.autocrlf" else []
    repo.git("clone", "--quiet", *options, str(repo.top), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone", init=False)
    clone.git("fetch", "--quiet", "origin", "stagectl/applied:stagectl/applied")
    assert b"\r\n" in (clone.root / ".staged/b.yaml").read_bytes()

    plan = clone.plan()

    assert (["a.update"], [], repo.plan().raw["plan_id"]) == (plan.ids, plan.raw["recorded"], plan.raw["plan_id"])
    clone.ok("apply", "--yes")
    assert 0 == clone.run("plan", "--detailed-exitcode").code


@pytest.mark.parametrize("where", ["name", "detached", "submodule", "worktree", "split"])
def test_the_place_changes_nothing(tmp_path: Path, where: str) -> None:
    """
    Odd letters in its path, a detached HEAD, a submodule, a linked worktree, an index split before.
    """
    repo = Repo(tmp_path / "a 'b' \"c\" é\\")
    if where == "submodule":
        above = Repo(tmp_path / "above")
        allowed = ["-c", "protocol.file.allow=always"]
        above.git(*allowed, "submodule", "add", "-q", str(repo.root), "infra")
        repo = Repo(above.root / "infra", init=False)
        settings(repo, user_name="Ada", user_email="ada@example.com")
        repo.git("remote", "remove", "origin")
    elif where == "worktree":
        repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
        repo = Repo(tmp_path / "linked", init=False)
    elif where != "name":
        repo.git(*{"detached": ["checkout", "-q", "--detach"], "split": ["update-index", "--split-index"]}[where])

    assert plain(tmp_path) == walk(repo)


def test_a_name_in_another_encoding_is_read_as_it_was_written(repo: Repo) -> None:
    """
    A latin1 user: who staged and who applied is the same person in the log.
    """
    settings(repo, i18n_commitEncoding="latin1")
    with (repo.top / ".git/config").open("ab") as config:
        config.write(b"[user]\n\tname = J\xfcrgen\n")

    repo.define("db").stage().ok("apply", "--yes")

    assert ["Jürgen <ada@example.com>"] * 2 == [entry["author"] for entry in repo.ok("log", "--json").json()]


def test_without_an_identity_nothing_is_staged(repo: Repo) -> None:
    """
    user.useConfigOnly forbids git to guess one; looking needs none.
    """
    repo.define("db").commit()
    repo.git("config", "--remove-section", "user")
    settings(repo, user_useConfigOnly="true")
    before = state(repo)

    done = repo.run("stage")

    assert (1, before) == (done.code, state(repo))
    assert done.err == (
        "error: git does not know who you are\n"
        'hint: set it: git config --global user.name "Your Name" && git config --global user.email you@example.com\n'
    )
    assert 0 == repo.run("plan").code


def test_a_repository_of_another_user_is_called_so(repo: Repo, tmp_path: Path) -> None:
    """
    Not "no repository here", and no advice to make one; with git's own setting it works.
    """
    theirs = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "GIT_CONFIG_GLOBAL": str(tmp_path / "config")}

    assert repo.run("plan", env=theirs).err == (
        f"error: git does not trust the repository at {repo.root}: it is not yours\n"
        f"hint: if you do: git config --global --add safe.directory {repo.root}\n"
    )
    (tmp_path / "config").write_text(f"[safe]\n\tdirectory = {repo.root}\n")
    assert 0 == repo.run("plan", env=theirs).code


# --- what was there before


def test_the_users_index_and_working_tree_are_byte_for_byte_the_same(repo: Repo) -> None:
    """
    Half-added, intent-to-add, renamed, removed, assume-unchanged, skip-worktree, another mode, added and gone.
    """
    for name in ("half", "renamed", "assumed", "skipped", "removed", "mode"):
        repo.write(name, f"{name}\n" * 5)
    repo.define("db", inputs={"v": 1}).define("app", inputs={"v": 1}).define("mine", inputs={"v": 1}).apply_all()
    repo.write("half", "one\n").write("intended", "x\n").write("gone", "x\n").git("add", "half", "gone")
    repo.git("mv", "renamed", "new name")
    repo.git("rm", "-q", "--cached", "removed")
    repo.git("update-index", "--assume-unchanged", "assumed")
    repo.git("update-index", "--skip-worktree", "skipped")
    repo.git("update-index", "--chmod=+x", "mode")
    repo.git("add", "--intent-to-add", "intended")
    repo.define("mine", inputs={"v": 2}).git("add", "resources/mine.yaml")
    repo.define("mine", inputs={"v": 3}).write("half", "two\n").write("assumed", "2\n").write("skipped", "2\n")
    (repo.root / "gone").unlink()

    def theirs() -> List[str]:
        index = repo.git("ls-files", "--stage", "-v").splitlines()
        others = [line for line in index if not re.search(r"(db|app|new)\.yaml", line)]
        files = [path.read_text() for path in sorted(repo.root.iterdir()) if path.is_file() and path.name != ".git"]
        seen = [repo.read("resources/mine.yaml"), repo.git("status", "--porcelain=v2"), repo.git("diff")]
        return [*others, *files, *seen]

    before = theirs()
    repo.define("db", inputs={"v": 2})
    for command in ("stage db", "stage -a restart app", "update app --set v=4", "create new --kind service"):
        repo.ok(*command.split())
        assert before == theirs(), command
    for command in ("discard app", "unstage db", "discard db", "remove new"):
        repo.ok(*command.split())
        assert [line for line in before if "db.yaml" not in line][:-2] == theirs()[:-2], command


def test_ignored_staged_files_are_refused_and_nothing_is_half_added(repo: Repo) -> None:
    """
    The definition, which is not ignored, is not left in the index when its copy cannot be added.
    """
    repo.write(".git/info/exclude", ".staged\n").define("db")
    before = state(repo)

    done = repo.run("stage")

    assert (1, before) == (done.code, state(repo))
    assert done.err.startswith("error: git add failed: The following paths are ignored by one of your .gitignore files")
