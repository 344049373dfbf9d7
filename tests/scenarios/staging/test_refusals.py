"""What `stage` refuses, with everything left as it was."""

from __future__ import annotations

import pytest

from tests.scenarios.staging.world import refused, staged, trailers


def test_a_parent_that_is_only_defined_has_to_be_staged_too(repo):
    """
    Both for a value that is read and for an order; with the parent in the selection it works.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"p": "${db.port}"}).define("web", depends_on=["db"])

    assert (
        "resources/app.yaml:7:8: ${db.port}: 'db' is only defined: stage it too\n"
        "resources/web.yaml:7:3: 'db' is only defined: stage it too\n" == refused(repo, "app", "web")
    )
    assert ["app", "db", "web"] == staged(repo.stage("+app", "web"))


def test_an_input_that_the_parent_has_only_in_its_definition_cannot_be_read_yet(repo):
    """
    The parent is live, but the path read is new and was not selected; with the parent selected it works.
    """
    repo.define("db", inputs={"port": 1}).apply_all()
    repo.define("db", inputs={"port": 1, "user": "me"}).define("app", inputs={"u": "${db.user}"})

    assert "resources/app.yaml:7:8: ${db.user}: only the definition of 'db' has that input: stage it too\n" == refused(
        repo, "app"
    )
    assert ["db.update", "app.run"] == repo.stage("app", "db").plan().ids


def test_all_errors_of_all_files_are_reported_in_one_go(repo):
    """
    Dangling references, a missing kind, a missing parent, an unknown action: each with its place and the nearest name.
    """
    repo.define("base", inputs={"port": 1})
    repo.define("one", inputs={"p": "${base.prt}"})
    repo.define("two", inputs={"p": "${bsae.port}"})
    repo.define("four", depends_on=["bas"])
    repo.define("six", inputs={"p": "${base.port}"}, depends_on={"run": ["base.updat"]})
    references = (
        "resources/four.yaml:7:3: there is no resource 'bas'; did you mean 'base'?\n"
        "resources/one.yaml:7:8: ${base.prt}: 'base' has no input 'prt'; did you mean 'port'?\n"
        "resources/six.yaml:11:4: 'updat' is no action of kind service; did you mean 'update'?\n"
        "resources/two.yaml:7:8: ${bsae.port}: there is no resource 'bsae'; did you mean 'base'?\n"
    )

    assert references == refused(repo)

    repo.define("a", kind="servce")

    assert "resources/a.yaml:2:7: there is no kind 'servce'; did you mean 'service'?\n" + references == refused(repo)


def test_a_wrong_action_is_found_where_it_is_written(repo):
    """
    The place is that of the key, not of what stands below it.
    """
    repo.define("db").write("resources/app.yaml", "---\nkind: service\n---\nreact_on:\n  restrt:\n    - db.update\n")

    assert refused(repo).startswith(
        "resources/app.yaml:5:3: 'restrt' is no action of kind service; did you mean 'restart'"
    )


def test_inputs_that_need_each_other_are_refused(repo):
    """
    The ring is printed, at each place it runs through.
    """
    repo.define("a", inputs={"x": "${b.y}", "ok": 1}).define("b", inputs={"y": "${a.x}", "z": "${a.ok}"})

    assert (
        "resources/a.yaml:7:8: this input needs itself: a.x -> b.y -> a.x\n"
        "resources/b.yaml:7:8: this input needs itself: a.x -> b.y -> a.x\n" == refused(repo)
    )


def test_two_resources_may_feed_each_other_through_different_inputs(repo):
    """
    Values are resolved per input; the order between them is taken out by hand, on one side.
    """
    repo.define("a", inputs={"x": "${b.y}", "ok": 1})
    repo.define("b", inputs={"y": 2, "z": "${a.ok}"}, unordered=["a"])

    plan = repo.stage().plan()

    assert ["b.run", "a.run"] == plan.ids
    assert [
        {"path": "ok", "op": "add", "before": None, "after": 1},
        {"path": "x", "op": "add", "before": None, "after": 2},
    ] == (plan.change("a.run")["diff"])


def test_actions_that_wait_for_each_other_are_refused(repo):
    """
    stage refuses what the plan of everything would refuse, and prints the ring of actions, not what leads there.
    """
    repo.define("a", depends_on=["c", "x"]).define("b", depends_on=["a"])
    repo.define("c", depends_on={"run": ["b.run"]}).define("x")

    assert (
        "error: the order of the changes goes in a circle: a.run -> b.run -> c.run -> a.run\n"
        "hint: each of these waits for the one before it: drop a relation, or name what is only read under "
        "'unordered'\n" == refused(repo)
    )


def test_removing_what_is_still_read_is_refused(repo):
    """
    The readers and both ways out are named.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"p": "${db.port}"}).define(
        "web", inputs={"p": "${db.port}"}
    )
    repo.apply_all().delete("db")

    assert (
        "error: db cannot be removed: app, web still read it\n"
        "hint: either remove them too (stagectl remove db --recursive), "
        "or write the last applied values into them (stagectl remove db --detach)\n" == refused(repo)
    )


def test_a_definition_of_another_kind_of_trouble_does_not_stop_the_others(repo):
    """
    stage checks every definition, also those that were not selected.
    """
    repo.define("db").write("resources/bad.yaml", "---\nkind: service\ntgas: [a]\n---\n")

    assert "resources/bad.yaml:3:1: unknown key 'tgas'; did you mean 'tags'?\n" == refused(repo, "db")


def test_a_failing_hook_leaves_everything_as_it_was(repo):
    """
    Files, index and HEAD: one file was to be changed, one to be made and one to be deleted.
    """
    repo.define("db", inputs={"a": 1}).define("gone").apply_all()
    repo.define("db", inputs={"a": 2}).delete("gone").define("new")
    repo.write("added", "x\n").git("add", "added")
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\necho no entry >&2\nexit 1\n")
    (repo.top / ".git/hooks/pre-commit").chmod(0o755)
    index = repo.git("ls-files", "--stage")

    assert "error: git commit refused: no entry\nhint: nothing was staged; mend that and stage again\n" == refused(repo)
    assert index == repo.git("ls-files", "--stage")

    (repo.top / ".git/hooks/pre-commit").unlink()
    assert ["db.update", "gone.remove", "new.run"] == trailers(repo.stage())


@pytest.mark.parametrize("command", [("stage", "web"), ("unstage", "Web"), ("discard", "Web")])
def test_two_names_that_differ_in_case_are_never_staged_beside_each_other(repo, command):
    """
    No command could read that staging area: who takes the place of the other is staged, and taken back, together.
    """
    repo.define("Web", inputs={"n": 1}).define("keep").apply_all()
    repo.delete("Web").define("web", inputs={"n": 1})
    if command[0] != "stage":
        repo.stage()

    assert "error: Web and web differ only in case, and both would be staged" in repo.run(*command).err

    repo.ok(command[0], "Web", "web")
    assert sorted(repo.plan().ids) == (["Web.remove", "web.run"] if command[0] == "stage" else [])
