"""`promote`: what is applied in one environment's folder, staged in another's."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from tests.build import Repo, made_once

pytestmark = pytest.mark.once

NOTHING = "Nothing to promote. prod is as staging, apart from its overrides.\n"
NO_FOLDER = "error: there is nothing in the folder 'stagin'; did you mean 'staging'?\n"
TARGET = """\
---
kind: service   # ours
tags: [prod]
---
inputs:
  size: large
  labels: {own: 1}
overrides: [size, labels.own]
"""


def oid(repo: Repo, revision: str = "HEAD") -> str:
    return repo.git("rev-parse", revision).strip()


def inputs(repo: Repo, name: str) -> Dict[str, Any]:
    """What is staged, as the file says it."""
    return dict(repo.ok("show", name, "--json").json()["staged"]["inputs"])


def refused(repo: Repo, *arguments: str) -> str:
    """Promote what cannot be promoted; returns what is said, after checking that nothing changed."""
    before = [oid(repo), repo.git("status", "--porcelain"), repo.git("diff", "HEAD")]
    done = repo.run("promote", *arguments)
    assert (1, "") == (done.code, done.out)
    assert before == [oid(repo), repo.git("status", "--porcelain"), repo.git("diff", "HEAD")]
    return done.err


@pytest.fixture
@made_once
def staging(repo: Repo) -> Repo:
    """db, and web which reads it, applied in staging."""
    repo.define("staging/db", tags=["staging", "env=staging", "big"], inputs={"port": 1})
    repo.define("staging/web", tags=["staging"], inputs={"p": "${./db.port}"})
    return repo.apply_all()


# --- what is promoted


def test_what_is_applied_is_staged_in_one_commit(staging: Repo) -> None:
    """
    New resources with the tags of the other environment; relative references move along; bodies byte for byte.
    """
    before = oid(staging)

    done = staging.ok("promote", "staging", "prod", "--create")

    assert done.err == ""
    said = f"Staged 2 files in commit {oid(staging)[:12]}. Next: stagectl plan\n"
    assert f"+ prod/db.run\n+ prod/web.run\n{said}" == done.out
    assert before == oid(staging, "HEAD~1")
    assert staging.git("show", "--format=", "--name-only").split() == [
        ".staged/prod/db.yaml", ".staged/prod/web.yaml", "resources/prod/db.yaml", "resources/prod/web.yaml",
    ]  # fmt: skip
    assert (
        staging.read("resources/prod/db.yaml")
        == "---\nkind: service\ntags: [prod, env=prod, big]\n---\n"
        + (staging.read("resources/staging/db.yaml").split("---\n")[2])
    )
    staging.ok("apply", "--yes")
    assert {"p": 1} == staging.applied("prod/web")["inputs"]


def test_the_second_time_there_is_nothing_to_do(staging: Repo) -> None:
    """
    No commit, with overrides as well.
    """
    staging.write("resources/prod/db.yaml", TARGET).commit()
    staging.ok("promote", "staging", "prod")
    before = oid(staging)

    done = staging.ok("promote", "staging/", "prod/")

    assert before == oid(staging)
    assert (
        done.out
        == NOTHING + 'Stays different:\n  prod/db\n      labels.own: (nothing) -> 1\n      size: (nothing) -> "large"\n'
    )


def test_a_promotion_can_be_reverted(staging: Repo) -> None:
    """
    As every staging commit.
    """
    before = oid(staging, "HEAD:.staged")
    staging.ok("promote", "staging", "prod", "--create")

    staging.ok("revert", "HEAD")

    assert before == oid(staging, "HEAD:.staged")
    assert not (staging.root / "resources/prod").exists() or not list((staging.root / "resources/prod").iterdir())


def test_only_what_was_named_is_promoted(staging: Repo) -> None:
    """
    With the folder or without, by glob; a name that nothing has is refused with a suggestion.
    """
    assert refused(staging, "staging", "prod", "wbe") == (
        "error: nothing that could be promoted is called 'staging/wbe'; did you mean 'staging/web' or 'staging/db'?\n"
        "hint: what is staged and not applied takes --from-staged\n"
    )
    assert (
        refused(staging, "staging", "prod", "web")
        == "error: there is no folder 'prod'\nhint: a new one takes --create\n"
    )
    assert refused(staging, "staging", "prod", "web", "--create") == (
        "resources/prod/web.yaml:7:8: ${prod/db.port}: there is no resource 'prod/db'\n"
    )
    for name, change, *new in (("staging/d*", "prod/db.run", "--create"), ("web", "prod/web.run")):
        assert staging.ok("promote", "staging", "prod", name, *new).out.startswith(f"+ {change}\nStaged 1 file")


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (("stagin", "prod"), f"{NO_FOLDER}hint: see: stagectl graph\n"),
        (("stagin", "prod", "--from-staged"), f"{NO_FOLDER}hint: see: stagectl graph\n"),
        (("staging", "staging"), "error: staging cannot be promoted to itself\nhint: name two folders\n"),
        (("staging", "staging/x"),
         "error: one of staging and staging/x is inside the other\nhint: name two folders beside each other\n"),
        (("staging", "../prod"),
         "error: '../prod' is no folder of resources\nhint: for example: stagectl promote staging prod\n"),
    ],
)  # fmt: skip
def test_folders_that_cannot_be_meant_are_refused(staging: Repo, folders: Any, message: str) -> None:
    """
    Nothing is ever staged for a folder that holds nothing.
    """
    staging.define("other", inputs={})

    assert message == refused(staging, *folders)


def test_names_of_every_form_mean_what_they_should(repo: Repo) -> None:
    """
    Inside the folder they move along, however deep; relative ones that lead out mean the same; full ones are reported.
    """
    repo.define("eu/shared/v", inputs={"a": 3}).define("eu/staging/data/db", inputs={"port": 1})
    repo.define(
        "eu/staging/web",
        depends_on=["./data/db", "../shared/v"],
        inputs={"in": "${./data/db.port}", "out": "${../shared/v.a}", "full": "${eu/staging/data/db.port}"},
    )
    repo.define("eu/staging/data/sub", inputs={"up": "${../data/db.port}", "over": "${../../shared/v.a}"}).apply_all()

    done = repo.ok("promote", "eu/staging", "prod", "--create")

    assert done.err == (
        "warning: prod/web still names eu/staging/data/db; write it relative (./x) and it moves along\n"
    )
    parents = repo.ok("show", "prod/web", "--json").json()["parents"]
    assert ["eu/shared/v", "eu/staging/data/db", "prod/data/db"] == parents
    assert repo.ok("show", "prod/data/sub", "--json").json()["parents"] == ["eu/shared/v", "prod/data/db"]
    assert {"up": "${../data/db.port}", "over": "${../../eu/shared/v.a}"} == {
        key: repo.read("resources/prod/data/sub.yaml").split(f'"{key}": "')[1].split('"')[0] for key in ("up", "over")
    }


def test_tags_that_the_config_gives_are_not_copied(repo: Repo) -> None:
    """
    Each side has those of its own path; a target that is there keeps its tags.
    """
    repo.write("stagectl.yaml", "tags:\n  staging/**: [low]\n  prod/**: [high]\n")
    repo.define("staging/a", tags=["staging", "low", "x"], inputs={"v": 1}).define("staging/b", inputs={"v": 1})
    repo.define("prod/b", tags=["mine"], inputs={"v": 0}).apply_all()

    repo.ok("promote", "staging", "prod")

    assert "tags: [prod, x]" in repo.read("resources/prod/a.yaml")
    assert "tags: [prod, x, high]" in repo.read(".staged/prod/a.yaml")
    assert 'tags: ["mine"]' in repo.read("resources/prod/b.yaml")


# --- what stays different


@pytest.mark.parametrize(
    ("overrides", "mine", "theirs", "after"),
    [
        (["a"], {"a": 1, "b": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 2}),
        (["m.k", "m.l.0.x"], {"m": {"k": 1, "l": [{"x": 1}]}}, {"m": {"k": 2, "j": 2, "l": [{"x": 2}, 3]}},
         {"m": {"k": 1, "j": 2, "l": [{"x": 1}, 3]}}),
        (["a"], {}, {"a": 2, "b": 2}, {"b": 2}),
        (["a", "m.k"], {"a": 1, "m": {"k": 1}}, {"b": 2}, {"b": 2, "a": 1, "m": {"k": 1}}),
        (["m"], {"m": {"x": 1}}, {"m": {"y": 2}, "b": 2}, {"m": {"x": 1}, "b": 2}),
        (["l"], {"l": [1]}, {"l": [2, 3]}, {"l": [1]}),
        (["l.1", "l.2"], {"l": [9]}, {"l": [1, 2, 3]}, {"l": [1]}),
        (['m["a.b"]', 'm["0"]'], {"m": {"a.b": 1, "0": 1}}, {"m": {"a.b": 2, "0": 2}}, {"m": {"a.b": 1, "0": 1}}),
    ],
)  # fmt: skip
def test_overrides_keep_the_targets_values(repo: Repo, overrides: Any, mine: Any, theirs: Any, after: Any) -> None:
    """
    Nested, in lists, missing on one side, whole mappings and lists, keys with dots.
    """
    repo.define("staging/web", inputs=theirs, overrides=["b"]).define("prod/web", inputs=mine, overrides=overrides)
    repo.apply_all()

    repo.ok("promote", "staging", "prod")

    assert after == inputs(repo, "prod/web")
    assert "overrides" in repo.read("resources/prod/web.yaml")
    assert repo.ok("promote", "staging", "prod").out.startswith(NOTHING)


def test_where_the_overrides_stand_is_the_targets_own(repo: Repo) -> None:
    """
    A target that differs by what it overrides alone stays as it is, wherever its list stands.
    """
    front = "---\nkind: service\n---\n"
    for name in ("db", "web"):
        repo.write(f"resources/staging/{name}.yaml", front + "# what it is\ninputs: {a: 1, b: 1}\n")
        repo.write(f"resources/prod/{name}.yaml", front + "# what it is\noverrides: [b]\ninputs: {a: 1, b: 2}\n")
    repo.stage().apply_all()
    repo.write("resources/staging/web.yaml", front + "# what it is\ninputs: {a: 3, b: 1}\n").apply_all()

    repo.ok("promote", "staging", "prod")

    assert ["prod/web.update"] == repo.plan().ids
    assert "prod/db" not in repo.git("log", "-1", "--format=%B")
    assert "resources/prod/db.yaml" not in repo.git("show", "--name-only", "--format=", "HEAD")


def test_overrides_of_the_source_are_asked_for(repo: Repo) -> None:
    """
    What is new in the target has the same list, and values of its own; what was there keeps its own list.
    """
    repo.define("staging/web", inputs={"a": 1}, overrides=["a"]).define("staging/db", inputs={"a": 1}, overrides=["a"])
    repo.define("prod/db", inputs={"a": 2}).apply_all()

    reported = refused(repo, "staging", "prod")
    repo.ok("promote", "staging", "prod", "--set", "web.a=5")

    assert "prod/web.a" in reported and "prod/db" not in reported
    assert ({"a": 5}, {"a": 1}) == (inputs(repo, "prod/web"), inputs(repo, "prod/db"))
    assert "overrides" in repo.read("resources/prod/web.yaml")
    assert "overrides" not in repo.read("resources/prod/db.yaml")


def test_only_what_stays_different_is_shown(staging: Repo) -> None:
    """
    Value by value, with what only the target has; its front matter stays as it was written.
    """
    staging.write("resources/prod/db.yaml", TARGET).define("prod/extra", inputs={})
    staging.write(".staged/prod/place.yaml", "---\nkind: service\n---\n{}\n").commit()

    done = staging.ok("promote", "staging", "prod")

    assert done.out.split("stagectl plan\n")[1] == (
        'Stays different:\n  prod/db\n      labels.own: (nothing) -> 1\n      size: (nothing) -> "large"\n'
        "Only in prod: prod/extra, prod/place\n"
    )
    assert staging.read("resources/prod/db.yaml").startswith("---\nkind: service   # ours\ntags: [prod]\n---")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("[size, a..b]", "resources/prod/db.yaml:8:19: 'a..b' is no path of an input, such as port or urls.0.port\n"),
        ("size", "resources/prod/db.yaml:8:12: 'overrides' must be a list, [...]\n"),
        ("[list.1]", "resources/prod/db.yaml:8:13: the override 'list.1' has no place in what is promoted: "
         "the list has 0 entries, so '1' cannot be set\nhint: override what holds it as a whole\n"),
        ("[port.x]", "resources/prod/db.yaml:8:13: the override 'port.x' has no place in what is promoted: "
         "'x' cannot be set: what holds it is neither a mapping nor a list\nhint: override what holds it as a whole\n"),
    ],
)  # fmt: skip
def test_bad_overrides_are_reported_with_their_place(staging: Repo, overrides: str, message: str) -> None:
    """
    No paths, no list, and values that have no place in what is promoted.
    """
    text = TARGET.replace("[size, labels.own]", overrides).replace("labels: {own: 1}", "list: [1, 2]")
    staging.write("resources/prod/db.yaml", text.replace("size: large", "port: {x: 1}")).commit()

    assert message == refused(staging, "staging", "prod", "db")


def test_an_override_leaves_no_hole_in_a_list(repo: Repo) -> None:
    """
    An entry that the target has not can only be left out at the end.
    """
    repo.define("staging/db", inputs={"l": [1, 2]}).define("prod/db", inputs={"l": []}, overrides=["l.0"]).apply_all()

    assert refused(repo, "staging", "prod").endswith(
        "the override 'l.0' has no place in what is promoted: it would leave a hole in a list of 2 entries\n"
        "hint: override what holds it as a whole\n"
    )


def test_an_override_that_names_nothing_is_reported(staging: Repo) -> None:
    """
    It may be a slip of the pen; the promotion is done.
    """
    staging.write("resources/prod/db.yaml", TARGET.replace("[size,", "[sise,")).commit()

    done = staging.ok("promote", "staging", "prod", "db")

    assert "warning: prod/db: the override 'sise' names no value, here or there\n" == done.err


# --- what is applied, and what is only staged


def test_what_was_never_applied_takes_an_option(repo: Repo) -> None:
    """
    Refused by default; with --from-staged it is promoted as it is staged.
    """
    repo.define("staging/db", inputs={"port": 1}).stage()

    assert refused(repo, "staging", "prod") == (
        "error: nothing in staging is applied yet\nhint: apply it first; --from-staged promotes what is only staged\n"
    )
    repo.ok("promote", "staging", "prod", "--from-staged", "--create")
    assert {"port": 1} == inputs(repo, "prod/db")


def test_of_a_source_that_is_partly_applied_the_rest_stays_behind(staging: Repo) -> None:
    """
    And is reported: what changed, what is new, what goes.
    """
    staging.define("staging/db", tags=["staging"], inputs={"port": 2}).define("staging/new", inputs={"a": 1})
    staging.delete("staging/web").stage()

    done = staging.ok("promote", "staging", "prod", "--create")

    assert done.err == (
        "warning: staging/db has staged changes that are not applied, and not promoted\n"
        "warning: staging/new is not applied in staging, and not promoted\n"
        "warning: staging/web is staged to be removed in staging, and promoted as it is live\n"
    )
    assert {"port": 1} == inputs(staging, "prod/db")
    said = refused(staging, "staging", "prod", "new")
    assert said.startswith("error: nothing that could be promoted is called 'staging/new'")
    done = staging.ok("promote", "staging", "prod", "--from-staged")
    assert ("", {"port": 2}, {"a": 1}) == (done.err, inputs(staging, "prod/db"), inputs(staging, "prod/new"))
    assert "Only in prod: prod/web\n" in done.out


# --- the target


def test_a_target_that_is_edited_in_place_is_promoted_in_place(staging: Repo) -> None:
    """
    Its front matter, its pending actions and its overrides are its own.
    """
    front = "---\nkind: service  # mine\nactions: {restart: 1-abcd}\n---\n"
    staging.write(".staged/prod/db.yaml", front + "inputs: {port: 0, size: 3}\noverrides: [size]\n").stage()

    staging.ok("promote", "staging", "prod", "db")

    assert not (staging.root / "resources/prod").exists()
    assert staging.read(".staged/prod/db.yaml").startswith(
        "---\nkind: service  # mine\nactions: {restart: 1-abcd}\n---"
    )
    assert {"port": 1, "size": 3} == inputs(staging, "prod/db")
    assert ["prod/db.run", "prod/db.restart"] == staging.plan("prod/db").ids


def test_a_source_that_is_edited_in_place_stays_so(repo: Repo) -> None:
    """
    A repository without definitions does not get any.
    """
    repo.write(".staged/staging/db.yaml", "---\nkind: service\n---\ninputs: {port: 1}\n").stage().ok("apply", "--yes")

    repo.ok("promote", "staging", "prod", "--create")

    assert (True, False) == ((repo.root / ".staged/prod/db.yaml").exists(), (repo.root / "resources").exists())


def test_pending_actions_of_the_target_survive(staging: Repo) -> None:
    """
    What waits in prod still waits after the promotion.
    """
    staging.ok("promote", "staging", "prod", "--create")
    staging.ok("apply", "--yes")
    staging.stage("prod/db", "-a", "restart").define("staging/db", inputs={"port": 2}).stage()
    staging.ok("apply", "--yes", "staging/**")

    staging.ok("promote", "staging", "prod")

    assert ["prod/db.update", "prod/db.restart", "prod/web.update"] == staging.plan().ids


def test_text_of_the_target_that_no_commit_has_is_not_lost(staging: Repo) -> None:
    """
    The promotion would write over it.
    """
    staging.define("prod/db", inputs={"port": 5})

    assert refused(staging, "staging", "prod", "db") == (
        "error: not committed, so promoting would lose it: resources/prod/db.yaml\nhint: commit it first\n"
    )


def test_a_protected_kind_is_staged_and_not_replaced_without_asking(repo: Repo) -> None:
    """
    The promotion is reviewed like any change; apply asks for --allow-remove.
    """
    repo.kind("disk", protect=True, replace_on=["size"])
    repo.define("staging/d", "disk", inputs={"size": 2}).define("prod/d", "disk", inputs={"size": 1}).apply_all()

    repo.ok("promote", "staging", "prod")

    assert ["prod/d.remove", "prod/d.run"] == repo.plan().ids
    assert "--allow-remove prod/d" in repo.apply().err


def test_a_changed_kind_is_promoted(staging: Repo) -> None:
    """
    The rest of the target's front matter stays.
    """
    staging.write("resources/prod/db.yaml", TARGET.replace("service", "plain")).commit()

    staging.ok("promote", "staging", "prod", "db")

    assert "kind: service   # ours\ntags: [prod]\n" in staging.read("resources/prod/db.yaml")


@pytest.mark.parametrize("staged", [True, False])
def test_what_waits_in_the_target_and_is_replaced_is_named(repo: Repo, staged: bool) -> None:
    """
    A hotfix that is committed, staged or not, and not applied: each value that goes is in the warning, no other.
    """
    for name in ("staging/web", "prod/web"):
        repo.define(name, inputs={"image": "a", "size": 1, "own": 1})
    repo.apply_all()
    repo.define("staging/web", inputs={"image": "b", "size": 1, "own": 1}).apply_all()
    repo.define("prod/web", inputs={"image": "hotfix", "size": 5, "own": 2}, overrides=["own"])
    repo.stage() if staged else repo.commit()

    said = repo.ok("promote", "staging", "prod").err

    replaced = "prod/web had values that were not applied, and are replaced by what is promoted: image, size"
    assert f"warning: {replaced}; to keep them, list them under 'overrides', or take all back: git revert" in said
    repo.git(*said.splitlines()[0].rpartition("git ")[2].split())
    repo.ok("stage")
    assert {"image": "hotfix", "size": 5, "own": 2} == inputs(repo, "prod/web")
