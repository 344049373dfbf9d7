"""Staged files edited by hand, and those without a source."""

from __future__ import annotations

import pytest

from tests.scenarios.staging.world import committed, trailers


def test_a_hand_edited_copy_is_refused_and_force_overwrites_it(repo):
    """
    The place and the ways out are named; the edit is kept until --force is given.
    """
    repo.define("db", inputs={"a": 1}).apply_all()
    copy = repo.read(".staged/db.yaml")
    repo.write(".staged/db.yaml", copy.replace("1", "7"))
    repo.define("db", inputs={"a": 2})

    done = repo.run("stage")

    assert (1, "") == (done.code, done.out)
    assert (
        ".staged/db.yaml:1:1: this staged copy was edited by hand\n"
        "hint: edit its definition instead; --force overwrites the copy, git checkout brings the committed one back\n"
        == done.err
    )
    assert copy.replace("1", "7") == repo.read(".staged/db.yaml")
    assert copy.replace("1", "2") == repo.stage("--force").read(".staged/db.yaml")


def test_a_hand_edited_copy_elsewhere_is_no_trouble(repo):
    """
    It is refused only where stage would touch it.
    """
    repo.define("db", inputs={"a": 1}).define("app", inputs={"a": 1}).apply_all()
    repo.write(".staged/db.yaml", repo.read(".staged/db.yaml").replace("1", "7"))
    repo.define("app", inputs={"a": 2}).stage("app")

    assert [".staged/app.yaml", "resources/app.yaml"] == committed(repo)
    assert " M .staged/db.yaml\n" == repo.git("status", "--porcelain")


def test_a_copy_that_cannot_be_read_is_made_anew_as_the_hint_says(repo):
    """
    Committed or not: rm and stage, as printed; not where a definition cannot be read either, or there is none.
    """
    repo.define("db", inputs={"a": 1}).define("web/app", inputs={"a": 1}).apply_all()
    for commit in (False, True):
        for name in ("db", "web/app"):
            repo.write(f".staged/{name}.yaml", repo.read(f".staged/{name}.yaml") + "{\n")
        if commit:
            repo.commit()
        for command in ("stage", "plan", "status"):
            hint = repo.run(command).err.splitlines()[-1]
            assert hint == (
                "hint: what is staged is a copy of its definition: "
                "rm .staged/db.yaml .staged/web/app.yaml and then: stagectl stage db web/app"
            )
        for name in ("db", "web/app"):
            (repo.root / f".staged/{name}.yaml").unlink()
        repo.ok("stage", "db", "web/app")
        assert [] == repo.plan().ids

    repo.write(".staged/db.yaml", "<<<<<<< ours\n=======\n>>>>>>> theirs\n")
    assert repo.run("plan").err.endswith("choose what holds, and delete the marks\n"), "git commits no single files now"
    repo.write(".staged/db.yaml", "{\n").write("resources/db.yaml", "{\n")
    assert "hint:" not in repo.run("stage").err
    (repo.root / "resources/db.yaml").unlink()
    assert "hint:" not in repo.run("plan").err


@pytest.mark.parametrize("renamed", [False, True])
def test_a_kind_that_went_before_its_resource_is_asked_back(repo, renamed):
    """
    What was staged had a kind: the message says that it has to stay until the removal is applied, or the replace.
    """
    repo.write("kinds/k.yaml", "inputs: {type: object}\n").define("db", "k").define("app").apply_all()
    for path in ("kinds/k.yaml", "resources/db.yaml"):
        (repo.root / path).unlink()
    if renamed:  # one of a similar name is there, which the copy cannot be given
        repo.write("kinds/k1.yaml", "inputs: {type: object}\n").define("db", "k1")

    assert repo.run("stage").err == (
        ".staged/db.yaml:2:7: there is no kind 'k'; put kinds/k.yaml back: "
        "a kind can go one commit after its last resource was removed and applied\n"
    )
    repo.write("kinds/k.yaml", "inputs: {type: object}\n").ok("stage")
    assert ["db.remove", *(["db.run"] if renamed else [])] == repo.plan().ids


def test_an_action_that_waits_in_a_copy_deleted_by_hand_is_not_lost(repo):
    """
    A deleted copy differs from the commit's too: refused or restored, but the restart still waits.
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart")
    (repo.root / ".staged/db.yaml").unlink()

    repo.run("stage")

    assert "actions: {restart: 1-" in repo.git("show", "HEAD:.staged/db.yaml")


def test_a_staged_file_without_a_source_is_edited_in_place(repo):
    """
    Its edits are recorded byte for byte, it gets no source, and staging never deletes it.
    """
    text = "---\nkind: service\n---\n# mine\ninputs: {a: 1}\n"
    repo.write(".staged/own.yaml", text).stage()
    assert ["own.run"] == trailers(repo)
    assert 0 == repo.apply().code

    repo.write(".staged/own.yaml", text.replace("1", "2")).stage()

    assert ["own.update"] == trailers(repo)
    assert text.replace("1", "2") == repo.read(".staged/own.yaml")
    assert "" == repo.git("status", "--porcelain")


def test_the_removal_of_a_file_without_a_source_is_recorded(repo):
    """
    Deleting it is an edit in place like any other.
    """
    repo.write(".staged/own.yaml", "---\nkind: service\n---\n").stage().ok("apply", "--yes")
    (repo.root / ".staged/own.yaml").unlink()

    repo.stage()

    assert ["own.remove"] == trailers(repo)
    assert "" == repo.git("status", "--porcelain")


def test_an_action_can_be_staged_on_a_file_without_a_source(repo):
    """
    Its body is not touched by that.
    """
    repo.write(".staged/own.yaml", "---\nkind: service\n---\n# mine\ninputs:   {a: 1}\n").stage("own", "-a", "test")

    assert ["own.run", "own.test"] == repo.plan().ids
    assert repo.read(".staged/own.yaml").endswith("---\n# mine\ninputs:   {a: 1}\n")


def test_a_file_edited_in_place_beside_a_definition_is_refused(repo):
    """
    Both are named, and neither is written.
    """
    repo.write(".staged/own.yaml", "---\nkind: service\n---\ninputs: {a: 1}\n").stage()
    repo.define("own", inputs={"a": 3})

    done = repo.run("stage", "--force")

    assert (1, "") == (done.code, done.out)
    assert (
        ".staged/own.yaml:2:1: this file is edited in place (it has no 'source'), and resources/own.yaml defines it\n"
        "hint: delete one of the two\n" == done.err
    )
    assert "---\nkind: service\n---\ninputs: {a: 1}\n" == repo.read(".staged/own.yaml")


def test_what_a_commit_changed_in_a_copy_alone_is_named_when_it_is_overwritten(repo):
    """
    By a bot, or by git's revert of a commit that staged; not what `unstage` did, nor a definition that is newer.
    """
    repo.define("web", inputs={"image": "a"}).define("db", inputs={"n": 1}).apply_all()
    repo.define("web", inputs={"image": "b"}).commit()
    repo.stage()
    repo.git("revert", "--no-edit", "HEAD")
    repo.define("db", inputs={"n": 2})

    said = repo.ok("stage", "db").err + repo.ok("stage", "--check", "db").err
    staged = repo.ok("stage").err

    commit = repo.git("log", "-1", "--skip=2", "--format=%h").strip()
    assert ("", f"warning: {commit} (Revert " in staged) == (said, True), staged
    assert "changed the staged copy of web alone, which is overwritten: what it changed belongs into" in staged
    repo.ok("unstage", "web")
    assert "" == repo.ok("stage").err
    repo.define("web", inputs={"image": "c"}).commit()
    assert "" == repo.ok("stage").err
