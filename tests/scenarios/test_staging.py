"""`stage` brings the staging area up to date with the definitions, commits that and nothing else."""

from __future__ import annotations

import re
from typing import Dict, List

from tests.build import Repo

NOTHING = "Nothing to stage. The staged files are as the definitions say.\n"


def head(repo: Repo) -> str:
    return repo.git("rev-parse", "HEAD").strip()


def trailers(repo: Repo) -> List[str]:
    """What the newest commit says was staged."""
    return repo.git("log", "-1", "--format=%(trailers:key=Staged,valueonly)").split()


def committed(repo: Repo) -> List[str]:
    """The files of the newest commit."""
    return repo.git("show", "--format=", "--name-only", "HEAD").split()


def staged(repo: Repo) -> List[str]:
    root = repo.root / ".staged"
    return sorted(str(path.relative_to(root))[:-5] for path in root.rglob("*.yaml"))


# --- what is staged


def test_a_definition_is_copied_byte_for_byte(repo):
    """
    Comments, odd spacing, the order of keys and a missing end of line survive; only the front matter is written anew.
    """
    body = '# comments live on\ninputs:\n  image:   "nginx:1.27"  # pinned\n  port: 0x50\n\n  é: |\n    two\n    lines'
    repo.write("resources/prod/web.yaml", f"---\nkind: service\ntags: [prod, tier=web]  # who\n---\n{body}").stage()

    front = "---\nkind: service\ntags: [prod, tier=web]\nsource: resources/prod/web.yaml\n---\n"

    assert front + body == repo.read(".staged/prod/web.yaml")


def test_a_word_with_a_colon_needs_no_quotes(repo):
    """
    Neither in a tag nor in a value, in a list and in a mapping: between brackets, too, nginx:1.27 is a word.
    """
    repo.write(
        "resources/web.yaml", "---\nkind: service\ntags: [role:web, a=b:c]\n---\ninputs: {image: nginx:1.27}\n"
    ).stage()

    change = repo.plan().change("web.run")

    assert ["a=b:c", "role:web"] == change["tags"]
    assert [{"path": "image", "op": "add", "before": None, "after": "nginx:1.27"}] == change["diff"]


def test_creations_updates_and_removals_are_staged_after_an_edit(repo):
    """
    One stage: a file edited, one deleted, one new; the commit's trailers name the action of each.
    """
    repo.define("old", inputs={"a": 1}).define("gone").define("same", inputs={"a": 1}).apply_all()
    repo.define("old", inputs={"a": 2}).delete("gone").define("new", inputs={"a": 1})

    done = repo.ok("stage")

    assert (
        f"- gone.remove\n+ new.run\n~ old.update\nStaged 3 files in commit {head(repo)[:12]}. Next: stagectl plan\n"
        == done.out
    )
    assert ["gone.remove", "new.run", "old.update"] == trailers(repo)
    assert ["new", "old", "same"] == staged(repo)
    assert ["gone.remove", "new.run", "old.update"] == sorted(repo.plan().ids)


def test_nothing_is_staged_twice(repo):
    """
    A second stage finds nothing to do, writes nothing and makes no commit.
    """
    repo.define("db", inputs={"port": 1}).stage()
    before = head(repo), (repo.root / ".staged/db.yaml").stat().st_mtime_ns

    assert NOTHING == repo.ok("stage").out
    assert before == (head(repo), (repo.root / ".staged/db.yaml").stat().st_mtime_ns)


def test_tags_are_copied_again_each_time(repo):
    """
    The staged tags follow the definition's, both ways; no action comes of it.
    """
    repo.define("db", tags=["prod"]).apply_all()
    repo.define("db", tags=["dev", "tier=data"])

    done = repo.ok("stage")

    assert (
        f"= db  (staged without a change)\nStaged 1 file in commit {head(repo)[:12]}. Next: stagectl plan\n" == done.out
    )
    assert "---\nkind: service\ntags: [dev, tier=data]\nsource: resources/db.yaml\n---\n" in repo.read(
        ".staged/db.yaml"
    )
    assert ([], ["db"]) == (repo.plan().ids, repo.plan().raw["recorded"])


# --- the selection


def pick(repo: Repo, cases: Dict[str, str]) -> Dict[str, str]:
    """What each command line stages, from the same start."""
    start = head(repo)
    found = {}
    for arguments in cases:
        done = repo.ok("stage", *arguments.split(" | "))
        found[arguments] = " ".join(sorted(line[2:].split(".")[0] for line in done.out.splitlines()[:-1]))
        repo.git("reset", "-q", "--hard", start)
    return found


def test_tag_expressions_choose_what_is_staged(repo):
    """
    `not` binds before `and`, `and` before `or`; several -t mean or; keys may be asked for with a star.
    """
    for name, tags in {
        "a": ["prod"],
        "b": ["prod", "tier=web"],
        "c": ["dev", "tier=db"],
        "d": ["v1.2:x"],
        "e": [],
    }.items():
        repo.define(name, tags=tags)
    repo.commit()
    cases = {
        "-t | tier=*": "b c",
        "-t | v1.2:x": "d",
        "-t | prod and not tier=web": "a",
        "-t | dev or prod and tier=web": "b c",
        "-t | (dev|prod), !tier=web": "a c",
        "-t | dev | -t | v1.2:x": "c d",
    }

    assert cases == pick(repo, cases)


def test_names_and_globs_choose_what_is_staged(repo):
    """
    `*` stops at a slash, `**` does not; several names mean or; names and -t intersect.
    """
    for name in ("db", "prod/db", "prod/dx", "prod/eu/db", "dev/eu/db"):
        repo.define(name, tags=[name.split("/")[0]])
    repo.commit()
    cases = {
        "prod/*": "prod/db prod/dx",
        "prod/**": "prod/db prod/dx prod/eu/db",
        "**/eu/*": "dev/eu/db prod/eu/db",
        "d*": "db",
        "db | prod/dx": "db prod/dx",
        "**/db | -t | prod": "prod/db prod/eu/db",
    }

    assert cases == pick(repo, cases)


def test_graph_operators_choose_what_is_staged(repo):
    """
    Descendants and ancestors, over connections, depends_on and react_on, with or without a number of steps.
    """
    repo.define("vpc", inputs={"id": 1})
    repo.define("db", inputs={"vpc": "${vpc.id}"})
    repo.define("app", depends_on=["db"])
    repo.define("web", react_on={"restart": ["app.update"]})
    repo.define("other")
    repo.commit()
    repo.stage("vpc", "db", "app", "web", "other")
    for name in ("vpc", "db", "app", "web", "other"):
        path = f"resources/{name}.yaml"
        repo.write(path, repo.read(path) + "# edited\n")
    repo.commit()
    cases = {
        "db+": "app db web",
        "db+1": "app db",
        "vpc+2": "app db vpc",
        "+app": "app db vpc",
        "+app+": "app db vpc web",
    }

    assert cases == pick(repo, cases)


def test_the_definition_says_which_tags_a_resource_has(repo):
    """
    A resource that was retagged is staged by its new tag; one whose definition is gone by its staged one.
    """
    repo.define("moved", tags=["dev"]).define("gone", tags=["prod"]).define("other", tags=["dev"]).apply_all()
    repo.define("moved", tags=["prod"], inputs={"a": 1}).define("other", tags=["dev"], inputs={"a": 1}).delete("gone")

    repo.stage("-t", "prod")

    assert ["gone.remove", "moved.update"] == trailers(repo)


def test_what_is_selected_has_to_exist(repo):
    """
    Unknown names, globs, tags and keys, also after `not`, and empty intersections are errors that name the nearest.
    """
    repo.define("db", tags=["prod", "tier=data"]).define("x/web", tags=["dev"]).commit()
    start = head(repo)
    names = "hint: the resources there are: db, x/web\n"
    tags = "hint: the tags there are: dev, prod, tier=data\n"
    cases = {
        "dbb": f"error: there is no resource 'dbb'; did you mean 'db'?\n{names}",
        "db | wob": f"error: there is no resource 'wob'\n{names}",
        "db | z/*": f"error: no resource matches 'z/*'\n{names}",
        "-t | prod or not prd": f"error: no resource has the tag 'prd'; did you mean 'prod'?\n{tags}",
        "-t | teir=data": f"error: no resource has the tag 'teir=data'; did you mean 'tier=data'?\n{tags}",
        "-t | prod | -t | not teir=*": f"error: no resource has the tag 'teir=*'; did you mean 'tier=*'?\n{tags}",
    }

    for arguments, message in cases.items():
        done = repo.run("stage", *arguments.split(" | "))
        assert (1, "", message) == (done.code, done.out, done.err), arguments
    for arguments in ("db | -t | dev", "-t | dev and prod"):
        done = repo.run("stage", *arguments.split(" | "))
        assert (1, "", True) == (done.code, done.out, done.err.startswith("error: no resource matches")), arguments
    assert (start, []) == (head(repo), staged(repo))


def test_the_hint_of_an_empty_selection_names_the_tags_there_are(repo):
    """
    What could have been meant stands there.
    """
    repo.define("db", tags=["prod"]).define("web", tags=["dev"]).commit()

    assert "error: no resource matches db and -t 'dev'\nhint: the tags there are: dev, prod\n" == refused(
        repo, "db", "-t", "dev"
    )


def test_a_tag_expression_that_cannot_be_read_is_a_usage_error(repo):
    """
    The message says where, and shows how one is written.
    """
    repo.define("db", tags=["prod"]).commit()

    done = repo.run("stage", "-t", "prod && dev")

    assert 64 == done.code
    assert (
        "error: the tag expression 'prod && dev' cannot be read at character 7\n"
        "hint: write for example -t 'prod and (tier=web or tier=*) and not canary'\n" == done.err
    )


# --- actions by name


def test_an_action_is_staged_on_an_unchanged_resource(repo):
    """
    One restart of what is selected, in the file and in the commit; staged again before it ran, it is still one.
    """
    repo.define("db").define("other").apply_all()

    done = repo.ok("stage", "db", "-a", "restart")

    assert f"! db.restart\nStaged 1 file in commit {head(repo)[:12]}. Next: stagectl plan\n" == done.out
    assert ["db.restart"] == trailers(repo)
    assert NOTHING == repo.ok("stage", "db", "-a", "restart").out
    assert ["db.restart"] == repo.plan().ids


def test_an_action_can_be_staged_again_after_it_was_applied(repo):
    """
    The counter goes up, so that the second restart is pending and the first is not.
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart").ok("apply", "--yes")
    assert [] == repo.plan().ids

    repo.stage("db", "-a", "restart")

    assert "actions: {restart: 2-" in repo.read(".staged/db.yaml")
    assert ["db.restart"] == repo.plan().ids


def test_an_action_whose_counter_is_at_its_end_can_be_staged_again(repo):
    """
    Whoever wrote the last counter by hand: what is staged after it can be read, and runs once.
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart")
    text = re.sub("restart: 1-[0-9a-f]+", "restart: 999999999-zz", repo.read(".staged/db.yaml"))
    repo.write(".staged/db.yaml", text).commit()
    repo.ok("apply", "--yes")

    repo.stage("db", "-a", "restart")

    assert ["db.restart"] == repo.plan().ids
    repo.ok("apply", "--yes")
    assert [] == repo.plan().ids


def test_two_actions_keep_the_order_they_were_staged_in(repo):
    """
    On one command line and on two; by the alphabet it would be the other way round.
    """
    repo.define("one").define("two").apply_all()
    repo.stage("one", "-a", "test", "-a", "restart").stage("two", "-a", "test").stage("two", "-a", "restart")

    plan = repo.plan()

    assert plan.comes_before("one.test", "one.restart")
    assert plan.comes_before("two.test", "two.restart")


def test_an_action_staged_again_goes_to_the_end(repo):
    """
    The restart was staged and applied before the test was; the new one comes after it.
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart").ok("apply", "--yes")
    repo.stage("db", "-a", "test").stage("db", "-a", "restart")

    assert ["db.test", "db.restart"] == repo.plan().ids


def test_an_action_that_waits_is_not_done_by_a_kind_that_does_not_have_it(repo):
    """
    A restart was staged, then the kind was changed to one that cannot restart: refused or dropped, but never "done".
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart").define("db", kind="plain")

    repo.run("stage")

    assert ("plain", "restart") not in [(change["kind"], change["action"]) for change in repo.plan().raw["changes"]]


def test_a_staged_action_survives_the_next_edit(repo):
    """
    Staging an edit keeps the restart that waits, and puts it after the update.
    """
    repo.define("db", inputs={"a": 1}).apply_all()
    repo.stage("db", "-a", "restart")
    repo.define("db", inputs={"a": 2}).stage()

    plan = repo.plan()

    assert ["db.update", "db.restart"] == plan.ids
    assert plan.comes_before("db.update", "db.restart")


def test_an_action_without_a_selection_is_staged_on_everything(repo):
    """
    No selection means all resources, here one that is live and one that is new.
    """
    repo.define("db").apply_all()
    repo.define("new").stage("-a", "test")

    assert ["db.test", "new.run", "new.test"] == repo.plan().ids


def test_an_action_the_kind_does_not_have_is_refused(repo):
    """
    The message lists the actions of the kind; nothing is staged, also not on the resources that have the action.
    """
    repo.define("db").define("flat", kind="plain").apply_all()
    start = head(repo)

    typo = repo.run("stage", "db", "-a", "restrat")
    other = repo.run("stage", "-a", "restart")

    assert (1, "") == (typo.code, typo.out)
    assert (
        "error: 'restrat' is no action of db, which is of kind service; did you mean 'restart'?\n"
        "hint: its actions: run, update, remove, restart, test\n" == typo.err
    )
    assert (1, "") == (other.code, other.out)
    assert (
        "error: 'restart' is no action of flat, which is of kind plain\nhint: its actions: run, update, remove\n"
        == other.err
    )
    assert start == head(repo)


def test_remove_and_run_are_not_staged_as_actions(repo):
    """
    Each refusal says what to do instead.
    """
    repo.define("db").apply_all()

    remove = repo.run("stage", "db", "-a", "remove")
    run = repo.run("stage", "db", "-a", "run")

    assert (1, "") == (remove.code, remove.out)
    assert (
        "error: 'remove' is not staged with -a\n"
        "hint: delete the definition and stage it, or: stagectl remove NAME\n" == remove.err
    )
    assert (1, "") == (run.code, run.out)
    assert "error: db is live already, so it cannot be run\nhint: to remove and run it again: -a replace\n" == run.err


def test_run_by_name_on_a_new_resource_is_its_run(repo):
    """
    The same change never appears twice.
    """
    repo.define("db").stage("db", "-a", "run")

    assert ["db.run"] == repo.plan().ids
    assert 0 == repo.apply().code
    assert [] == repo.plan().ids


# --- only what stage wrote is committed


def test_the_users_index_and_other_changes_are_left_alone(repo):
    """
    What is added, changed or new elsewhere is as it was; the commit has the staged file and its definition only.
    """
    repo.define("db", inputs={"a": 1}).define("other").write("notes", "one\n").apply_all()
    repo.define("db", inputs={"a": 2}).define("other", inputs={"b": 1}).define("new")
    repo.write("added", "x\n").git("add", "added")
    repo.write("notes", "two\n").git("add", "notes")
    repo.write("notes", "three\n")

    repo.stage("db")

    assert [".staged/db.yaml", "resources/db.yaml"] == committed(repo)
    assert "A  added\nMM notes\n M resources/other.yaml\n?? resources/new.yaml\n" == repo.git("status", "--porcelain")
    assert "two\n" == repo.git("show", ":notes")


def test_a_definition_added_half_way_is_committed_as_staged(repo):
    """
    The index has an older edit than the file: the commit has what was copied, and nothing is left over.
    """
    repo.define("db", inputs={"a": 1}).apply_all()
    repo.define("db", inputs={"a": 2}).git("add", "resources/db.yaml")
    repo.define("db", inputs={"a": 3}).stage()

    assert "" == repo.git("status", "--porcelain")
    assert repo.git("show", "HEAD:.staged/db.yaml").endswith(
        repo.git("show", "HEAD:resources/db.yaml").split("---\n")[2]
    )


def test_the_removal_of_a_definition_is_committed_with_it(repo):
    """
    Both files go in one commit, and the folders they leave empty are no trouble.
    """
    repo.define("prod/db").define("prod/app").apply_all()
    repo.delete("prod/db").stage()

    assert [".staged/prod/db.yaml", "resources/prod/db.yaml"] == committed(repo)
    assert ["prod/db.remove"] == trailers(repo)
    assert "" == repo.git("status", "--porcelain")


def test_only_the_selection_is_staged(repo):
    """
    An edit that was not asked for stays an edit: neither staged nor committed.
    """
    repo.define("db", inputs={"a": 1}).define("app", inputs={"a": 1}).apply_all()
    repo.define("db", inputs={"a": 2}).define("app", inputs={"a": 2}).stage("app")

    assert ["app.update"] == repo.plan().ids
    assert " M resources/db.yaml\n" == repo.git("status", "--porcelain")


# --- staged files edited by hand


def test_a_hand_edited_copy_is_refused_and_force_overwrites_it(repo):
    """
    The place and the ways out are named; the edit is kept until somebody says --force.
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


# --- what is refused


def refused(repo: Repo, *arguments: str) -> str:
    """What a refused stage says; it has to leave files and commits as they were."""
    before = head(repo), repo.git("status", "--porcelain", "-uall"), staged(repo)
    done = repo.run("stage", *arguments)
    assert (1, "") == (done.code, done.out), done.out + done.err
    assert before == (head(repo), repo.git("status", "--porcelain", "-uall"), staged(repo))
    return done.err


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
    stage refuses what the plan of everything would refuse, and prints the ring of actions.
    """
    repo.define("a", depends_on=["b"]).define("b", depends_on=["a"])

    assert (
        "error: the order of the changes goes in a circle: a.run -> b.run -> a.run\n"
        == refused(repo).splitlines(True)[0]
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
    (repo.root / ".git/hooks/pre-commit").chmod(0o755)
    index = repo.git("ls-files", "--stage")

    assert "error: git commit refused: no entry\nhint: nothing was staged; mend that and stage again\n" == refused(repo)
    assert index == repo.git("ls-files", "--stage")

    (repo.root / ".git/hooks/pre-commit").unlink()
    assert ["db.update", "gone.remove", "new.run"] == trailers(repo.stage())


# --- where it works


def test_it_works_from_a_subfolder(repo):
    """
    The whole repository is meant, wherever one stands.
    """
    repo.define("prod/db").define("app")

    repo.ok("stage", cwd=repo.root / "resources/prod")

    assert ["app.run", "prod/db.run"] == trailers(repo)
    assert ["app", "prod/db"] == staged(repo)


def test_it_works_on_a_detached_head(repo):
    """
    The commit goes where HEAD is; no branch moves.
    """
    start = head(repo.define("db"))
    repo.git("checkout", "-q", "--detach")

    repo.stage()

    assert start == repo.git("rev-parse", "main").strip() == repo.git("rev-parse", "HEAD~1").strip()
    assert ["db.run"] == trailers(repo)


def test_it_works_before_the_first_commit(tmp_path):
    """
    The first commit of a repository may be a stage.
    """
    root = tmp_path / "fresh"
    root.mkdir()
    repo = Repo(root, init=False)
    repo.git("init", "-q", "-b", "main")
    repo.git("config", "user.name", "Ada")
    repo.git("config", "user.email", "ada@example.com")
    repo.kind("service").define("db").write("added", "x\n").git("add", "added")

    repo.stage()

    assert [".staged/db.yaml", "resources/db.yaml"] == committed(repo)
    assert "A  added\n?? kinds/\n" == repo.git("status", "--porcelain")
    assert ["db.run"] == repo.plan().ids


def test_it_works_without_definitions_at_all(repo):
    """
    Where there is no resources folder, the staging area alone is what there is.
    """
    repo.write(".staged/db.yaml", "---\nkind: service\n---\ninputs: {port: 1}\n")
    repo.write(".staged/app.yaml", "---\nkind: service\n---\ninputs: {p: '${db.port}'}\n").stage()

    assert ["app.run", "db.run"] == sorted(trailers(repo))
    assert ["db.run", "app.run"] == repo.plan().ids
