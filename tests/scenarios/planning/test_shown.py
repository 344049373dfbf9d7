"""How a plan is shown: text, JSON, exit codes, ids."""

from __future__ import annotations

from tests.build import record
from tests.unit.core.planning.worlds import at, cause


def test_the_text_of_a_plan_with_every_sign(repo):
    """
    What goes, with its values; one line per change with sign, cause and values; what is held back; the summary.
    """
    repo.kind("vm", replace_on=["zone"]).define("app", tags=["dev"], inputs={"p": "${db.port}"})
    repo.define("box", kind="vm", tags=["prod"], inputs={"zone": "a"}).define("cron", tags=["prod"])
    repo.define("db", tags=["prod"], inputs={"port": 1, "host": "h"}).define("free", inputs={"url": "tcp://${db.port}"})
    record(repo.define("gone", tags=["prod"], inputs={"x": 1}).define("text", tags=["prod"]))
    repo.define("box", kind="vm", tags=["prod"], inputs={"zone": "b"}).define(
        "db", tags=["prod"], inputs={"port": 2, "name": None}
    )
    repo.define("new", tags=["prod"], inputs={"n": 1, "list": ["a", {}]}).define("text", tags=["prod", "x"]).delete(
        "gone"
    )
    repo.stage().stage("cron", "-a", "restart")

    done = repo.ok("plan", "-t", "prod")

    assert (
        """\
This plan removes 1 resource and replaces 1 resource:
  -/+ box
      zone: "a"
  - gone
      x: 1

-/+ box.remove, box.run  (replace: zone)
    zone: "a" -> "b"
! cron.restart  (staged by name)
~ db.update  (staged)
    host: "h" -> (gone)
    name: null
    port: 1 -> 2
~ free.update  (reads db.update)
    url: "tcp://1" -> "tcp://2"
- gone.remove  (staged)
+ new.run  (staged)
    list.0: "a"
    list.1: {}
    n: 1

Held back:
  ~ app.update  (outside-selection) it reads what changes here, and its tags are not selected; --with-children takes it in
Recorded, nothing runs: text

Plan: 2 to run, 2 to update, 2 to remove, 1 other; 1 held back; 1 recorded.
"""  # noqa: E501
        == done.out
    )
    assert "" == done.err


def test_what_goes_is_reported_by_type_and_by_the_path_as_it_is_shown(repo):
    """
    1 that becomes true goes; the second value of a list stays where a mapping has it at the same path.
    """
    record(repo.kind("vm", replace_on=["l", "on"]).define("box", kind="vm", inputs={"l": ["x", "y"], "on": 1}))
    repo.define("box", kind="vm", inputs={"l": {"0": "z", "1": "y"}, "on": True}).stage()

    shown = repo.ok("plan").out

    assert 'This plan replaces 1 resource:\n  -/+ box\n      l.0: "x"\n      on: 1\n\n-/+ box.remove' in shown


def test_the_detailed_exit_code_is_2_for_changes_of_any_sort(repo):
    """
    Changes, held ones and recorded ones count; without the option a plan exits with 0.
    """
    repo.define("db").define("app", depends_on=["db"]).stage()
    assert 0 == repo.run("plan").code
    assert 2 == repo.run("plan", "--detailed-exitcode").code

    held = repo.run("plan", "app", "--detailed-exitcode", "--format", "json")
    assert (2, []) == (held.code, held.json()["changes"])

    repo.ok("apply", "--yes")
    repo.define("db", tags=["x"]).stage()
    recorded = repo.run("plan", "--detailed-exitcode", "--format", "json")
    assert (2, ["db"]) == (recorded.code, recorded.json()["recorded"])


def test_head_plans_a_commit_instead_of_the_working_tree(repo):
    """
    Staged files, kinds and config come from the commit; what lies around in the working tree does not count.
    """
    record(repo.define("db", inputs={"v": 1}))
    repo.define("db", inputs={"v": 2}).stage()
    earlier = repo.git("rev-parse", "HEAD").strip()
    repo.define("db", inputs={"v": 3}).stage()
    repo.write(".staged/db.yaml", "---\nkind: nonsense\n---\n").write("kinds/service.yaml", "broken: [")

    plan = repo.plan("--head", "HEAD~1")

    assert [at("v", 1, 2)] == plan.change("db.update")["diff"]
    assert {"commit": earlier, "dirty": False} == plan.raw["head"]


def test_base_plans_against_an_applied_commit_or_any_other(repo):
    """
    A commit of the applied branch counts as it was applied; any other one's staged files count as fully applied.
    """
    record(repo.define("db", inputs={"v": 1}).define("app", inputs={"v": "${db.v}"}))
    repo.define("db", inputs={"v": 2}).stage()
    staged = repo.git("rev-parse", "HEAD").strip()
    repo.ok("apply", "--yes")
    repo.define("db", inputs={"v": 3}).stage()
    applied = repo.git("rev-parse", "stagectl/applied~1").strip()

    first = repo.plan("--base", "stagectl/applied~1")
    second = repo.plan("--base", staged)

    assert [at("v", 1, 3)] == first.change("db.update")["diff"] == first.change("app.update")["diff"]
    assert [at("v", 2, 3)] == second.change("db.update")["diff"] == second.change("app.update")["diff"]
    assert {"commit": applied} == first.raw["base"]


def test_explain_shows_why_a_resource_is_in_the_plan_or_not(repo):
    """
    The chain of causes down to the line that was edited; why it is held; or that nothing of it differs.
    """
    repo.define("a", tags=["prod"], inputs={"v": 1}).define("b", tags=["prod"], inputs={"v": "${a.v}"})
    record(repo.define("c", tags=["dev"], inputs={"v": "${b.v}"}).define("d"))
    repo.define("a", tags=["prod"], inputs={"v": 2}).stage()

    assert (
        "~ b.update  (reads a.update)\n    v: 1 -> 2\n  ~ a.update  (staged)\n      v: 1 -> 2  [resources/a.yaml:7]\n"
        == repo.ok("plan", "-t", "prod", "--explain", "b").out
    )
    assert (
        "c.update is held back (outside-selection): "
        "it reads what changes here, and its tags are not selected; --with-children takes it in\n"
        == repo.ok("plan", "-t", "prod", "--explain", "c").out
    )
    assert repo.ok("plan", "-t", "prod", "--with-children", "--explain", "c").out.startswith("~ c.update  (reads b.upd")
    assert (
        "d has no change in this plan: nothing it reads, and nothing staged of it, differs from what is applied\n"
        == repo.ok("plan", "--explain", "d").out
    )


def test_uncommitted_edits_are_planned_and_said(repo):
    """
    `dirty` in JSON, a warning beside the text; the plan id does not depend on it.
    """
    repo.define("db", inputs={"v": 1}).stage()
    copy = repo.read(".staged/db.yaml")
    repo.write(".staged/db.yaml", copy.replace("1", "2"))
    text, dirty = repo.ok("plan"), repo.plan()
    repo.commit()
    clean = repo.plan()

    assert "warning: planned with uncommitted changes\n" == text.err
    assert (True, False) == (dirty.raw["head"]["dirty"], clean.raw["head"]["dirty"])
    assert dirty.raw["plan_id"] == clean.raw["plan_id"]


def update(name, tags, due_to, after, wave, diff):
    own = {"id": f"{name}.update", "resource": name, "action": "update", "kind": "service", "tags": tags}
    return {**own, "cause": due_to, "diff": diff, "after": after, "wave": wave}


def test_the_json_of_a_small_plan(repo):
    """
    Every documented key with its value; more keys may stand beside them.
    """
    repo.define("db", tags=["prod"], inputs={"port": 5432, "urls": [{"port": 1}], "labels": {"a.b": "x"}, "e": []})
    record(repo.define("app", tags=["prod", "x"], inputs={"p": "${db.port}"}))
    applied = repo.git("rev-parse", "stagectl/applied").strip()
    repo.define("db", tags=["prod"], inputs={"port": 5433, "urls": [{"port": 2}], "labels": {"a.b": "y"}, "e": [None]})
    repo.define("new", tags=["dev"]).stage()
    raw = repo.plan("-t", "prod").raw

    assert 64 == len(raw["plan_id"])
    documented = {
        "format_version": "1.0",
        "base": {"commit": applied},
        "head": {"commit": repo.git("rev-parse", "HEAD").strip(), "dirty": False},
        "selection": {"tags": ["prod"], "names": [], "with_children": False, "with_parents": False},
        "changes": [
            update("db", ["prod"], cause("staged", inputs=["e", "labels", "port", "urls"]), [], 0, [
                at("e", [], None, "remove"), at("e.0", None, None, "add"), at('labels["a.b"]', "x", "y"),
                at("port", 5432, 5433), at("urls.0.port", 1, 2),
            ]),
            update("app", ["prod", "x"], cause("child", "db.update", inputs=["p"]), ["db.update"], 1, [
                at("p", 5432, 5433),
            ]),
        ],
        "held": [],
        "recorded": [],
        "pending": ["new.run"],
        "summary": {"run": 0, "update": 2, "remove": 0, "other": 0, "held": 0, "recorded": 0, "waves": 2},
    }  # fmt: skip
    for change in raw["changes"]:
        extra = {key: change.pop(key) for key in ("digests", "triggers", "stamps")}
        assert {"before", "inputs"} == extra["digests"].keys()
    assert documented == {key: raw[key] for key in documented}


def test_a_sensitive_value_is_never_shown(repo):
    """
    The input, and whatever reads it, from reader to reader, is null and marked in JSON, and a word in text; an input
    that reads another one beside it is shown.
    """
    repo.kind("vault", sensitive=["password"])
    repo.define("db", kind="vault", inputs={"password": "${env:DB_PASSWORD}", "host": "h"})
    repo.define("app", inputs={"dsn": "x:${db.password}", "at": "${db.host}"})
    repo.define("last", inputs={"copy": "${app.dsn}"}).stage()
    environment = {"DB_PASSWORD": "hunter2"}

    plan = repo.ok("plan", "--format", "json", env=environment)
    text = repo.ok("plan", env=environment)

    hidden = [{**at(path, None, None, "add"), "sensitive": True} for path in ("password", "dsn", "copy")]
    assert hidden == [change["diff"][-1] for change in plan.json()["changes"]]
    assert at("at", None, "h", "add") in plan.json()["changes"][1]["diff"]
    assert 3 == text.out.count(": (sensitive)\n")
    for output in (plan.out, plan.err, text.out, text.err):
        assert "hunter2" not in output
