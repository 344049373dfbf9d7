"""Section 5 of the design from the command line, rule by rule; what joins and what is held is in test_scope.py."""

from __future__ import annotations

import json

import pytest

from tests.build import Plan, Repo
from tests.scenarios.planning.world import Rule, error, of
from tests.unit.core.planning.worlds import Shown, at, cause

CIRCLE = (
    "hint: each of these waits for the one before it: drop a relation, or name what is only read under 'unordered'\n"
)
PROD = {"a": of("prod"), "b": of("prod"), "c": of("dev")}
AFTER_A = {"after": ["a.update"]}
RESTARTS = {"restart": ["db.update"]}
MAPPING = {"restart": ["a.test", "a.update"]}

RULES = {
    "1: a child joins only if a value it reads changed; order alone makes no child": Rule(
        {"db": of(port=1, host="h"), "app": of(p="${db.port}", own=1), "web": of(h="${db.host}"),
         "job": of(depends_on=["db"])},
        [{"db": of(port=2, host="h")}],
        {"": Shown("db.update app.update", {
            "db.update": {"cause": cause("staged", inputs=["port"])},
            "app.update": {"cause": cause("child", "db.update", inputs=["p"]), "diff": [at("p", 1, 2)]}})},
    ),
    "1: what differs in nothing that acts is recorded: another or no reference, layout, order, tags": Rule(
        {"db": of(port=5, old=5), "app": of(p="${db.port}"), "layout": of(a=1, b=2), "order": of(), "tags": of(),
         "wired": of(p="${db.old}")},
        [{"app": of(p=5), "layout": of(b=2, a=1), "order": of(depends_on=["db"]), "tags": of("prod"),
          "wired": of(p="${db.port}")}],
        {"": Shown("", recorded="app layout order tags wired")},
    ),
    "1: inputs come and go; a value of another type is another value; the order of keys is nothing": Rule(
        {"db": of(a=1, b=1, c={"x": 1, "y": 2}, old=1)},
        [{"db": of(c={"y": 2, "x": 1}, b="1", a=True, new=None)}],
        {"": Shown("db.update", {"db.update": {"diff": [
            at("a", 1, True), at("b", 1, "1"), at("new", None, None, "add"), at("old", 1, None, "remove")]}})},
    ),
    "2: names and tags intersect, several of a kind mean or": Rule(
        {},
        [PROD],
        {"-t prod": Shown("a.run b.run", pending="c.run"), "-t prod -t dev": Shown("a.run b.run c.run"),
         "b c": Shown("b.run c.run", pending="a.run"), "b c -t prod": Shown("b.run", pending="a.run c.run")},
    ),
    "2: the staged tags count, and the applied ones of what goes": Rule(
        {"moved": of("dev"), "gone": of("prod"), "other": of("dev")},
        [{"moved": of("prod", a=1), "other": of("dev", a=1), "gone": None}],
        {"-t prod": Shown("gone.remove moved.update", pending="other.update")},
    ),
    "3: an unselected edit never leaks into a plan": Rule(
        {"db": of(port=1), "app": of(p="${db.port}", own=1)},
        [{"db": of(port=2), "app": of(p="${db.port}", own=2), "new": of(p="${db.port}")}],
        {"app new": Shown("app.update new.run", {"app.update": {"diff": [at("own", 1, 2)]},
                                                 "new.run": {"diff": [at("p", None, 1, "add")]}}, pending="db.update")},
    ),
    "6: explicit actions come after the inferred one, in the order staged": Rule(
        {"old": of(a=1), "same": of()},
        [{"old": of(a=2), "new": of()}, "stage -a test -a restart"],
        {"": Shown("new.run new.test new.restart old.update old.test old.restart same.test same.restart", {
            "new.test": {"after": ["new.run"]}, "new.restart": {"after": ["new.test"]},
            "old.test": {"after": ["old.update"], "diff": []}, "old.restart": {"after": ["old.test"]},
            "same.test": {"after": [], "cause": cause("explicit")}, "same.restart": {"after": ["same.test"]}})},
    ),
    "6: -a update runs it again without a change; with an edit there is one, whose cause is the edit": Rule(
        {"a": of(v=1), "b": of(v=1)},
        [{"b": of(v=2)}, "stage -a update"],
        {"": Shown("a.update b.update", {"a.update": {"cause": cause("explicit"), "diff": []},
                                         "b.update": {"cause": cause("staged", inputs=["v"])}})},
    ),
    "7: a replace is remove, then run; readers update after it if a value they read changed": Rule(
        {"vm": of(kind="vm", zone="a", size=1), "app": of(z="${vm.zone}"), "web": of(s="${vm.size}")},
        [{"vm": of(kind="vm", zone="b", size=1)}],
        {"": Shown("vm.remove vm.run app.update", {
            "vm.remove": {"cause": cause("replace", inputs=["zone"])},
            "vm.run": {"cause": cause("replace", inputs=["zone"]), "after": ["vm.remove"]},
            "app.update": {"cause": cause("child", "vm.run", inputs=["z"]), "after": ["vm.run"]}})},
    ),
    "7: another kind is a replace: the removal has the applied kind, the run the staged one": Rule(
        {"db": of(a=1)},
        [{"db": of(kind="vm", a=1)}],
        {"": Shown("db.remove db.run", {
            "db.remove": {"kind": "service"},
            "db.run": {"kind": "vm", "cause": {**cause("replace"), "kind_before": "service"}}})},
    ),
    "7, 8: -a replace runs once; readers have nothing to do, and who reacts on the update does": Rule(
        {"db": of(a=1), "app": of(a="${db.a}"), "web": of(react_on=RESTARTS)},
        ["stage db -a replace"],
        {"": Shown("db.remove db.run web.restart", {"db.run": {"cause": cause("replace")},
                                                    "web.restart": {"after": ["db.run"]}})},
    ),
    "8: reactions join until nothing new appears": Rule(
        {"a": of(v=1), "b": of(react_on={"restart": ["a.update"]}),
         "c": of(react_on={"restart": ["b.restart"], "test": ["c.restart"]}), "d": of(react_on={"restart": ["a.run"]})},
        [{"a": of(v=2)}],
        {"": Shown("a.update b.restart c.restart c.test",
                   {"c.restart": {"cause": cause("reaction", "b.restart"), "diff": []}})},
    ),
    "8: of what is not live nothing reacts, and run does not on what is; neither is held": Rule(
        {"db": of(v=1), "live": of(react_on={"run": ["db.update"]})},
        [{"db": of(v=2), "new": of(react_on=RESTARTS)}],
        {"db": Shown("db.update", pending="new.restart new.run")},
    ),
    "6, 8: explicit actions and reactions vanish with a removal": Rule(
        {"db": of(v=1), "app": of(react_on=RESTARTS)},
        ["stage app -a test", {"db": of(v=2), "app": None}],
        {"": Shown("app.remove db.update")},
    ),
    "8: scope holds for reactions": Rule(
        {"db": of("prod", v=1), "web": of("dev", react_on=RESTARTS), "free": of(react_on=RESTARTS)},
        [{"db": of("prod", v=2)}],
        {"-t prod": Shown("db.update free.restart", held={"web.restart": "outside-selection"}, said={
            "web.restart": "it reacts on db.update, and its tags are not selected; --with-children takes it in"})},
    ),
    "8: a reaction that was held is owed": Rule(
        {"db": of("prod", v=1), "web": of("dev", react_on=RESTARTS)},
        [{"db": of("prod", v=2)}, "apply --yes -t prod"],
        {"": Shown("web.restart", {"web.restart": {"cause": cause("owed", "db.update")}})},
    ),
    "9: the list form orders each own action after the parent's run and update, and after no other": Rule(
        {"a": of(v=1), "b": of(depends_on=["a"]), "c": of(depends_on=["a"])},
        [{"a": of(v=2), "b": of(v=1, depends_on=["a"]), "d": of(depends_on=["a"])}, "stage a -a test",
         "stage c -a restart"],
        {"": Shown("a.update a.test b.update c.restart d.run",
                   {"b.update": AFTER_A, "c.restart": AFTER_A, "d.run": AFTER_A})},
    ),
    "9: the mapping form orders only the actions it names": Rule(
        {"a": of(v=1), "b": of(depends_on=MAPPING)},
        [{"a": of(v=2), "b": of(v=1, depends_on=MAPPING)}, "stage a -a test", "stage b -a restart"],
        {"": Shown("a.update a.test b.update b.restart",
                   {"b.update": {"after": []}, "b.restart": {"after": ["a.test", "a.update", "b.update"]}})},
    ),
    "9: a connection orders unless the body says unordered, which leaves the value": Rule(
        {},
        [{"a": of(v=1), "b": of(v="${a.v}"), "c": of(v="${a.v}", unordered=["a"])}],
        {"": Shown("a.run b.run c.run", {"b.run": {"after": ["a.run"]},
                                         "c.run": {"after": [], "diff": [at("v", None, 1, "add")]}})},
    ),
    "9: removals go the other way round, by connection and by depends_on, and show what goes": Rule(
        {"a": of(v=1, w={"x": [2]}), "b": of(v="${a.v}"), "c": of(depends_on=["b"])},
        [dict.fromkeys("abc")],
        {"": Shown("c.remove b.remove a.remove", {
            "b.remove": {"after": ["c.remove"]},
            "a.remove": {"after": ["b.remove"],
                         "diff": [at("v", 1, None, "remove"), at("w.x.0", 2, None, "remove")]}})},
    ),
    "11: a ring of resources whose actions form none is fine": Rule(
        {},
        [{"a": of(depends_on={"test": ["b.run"]}), "b": of(depends_on={"run": ["a.run"]})}, "stage -a test"],
        {"": Shown("a.run b.run a.test b.test",
                   {"b.run": {"after": ["a.run"]}, "a.test": {"after": ["a.run", "b.run"]}})},
    ),
    "13: an own edit beats being a child, a child an explicit update, and explicit a reaction": Rule(
        {"db": of(v=1), "edited": of(v="${db.v}", w=1, react_on={"update": ["db.update"]}), "child": of(v="${db.v}"),
         "named": of(react_on=RESTARTS)},
        [{"db": of(v=2), "edited": of(v="${db.v}", w=2, react_on={"update": ["db.update"]})}, "stage child -a update",
         "stage named -a restart"],
        {"": Shown("db.update child.update edited.update named.restart", {
            "db.update": {"cause": cause("staged", inputs=["v"])},
            "edited.update": {"cause": cause("staged", inputs=["v", "w"])},
            "child.update": {"cause": cause("child", "db.update", inputs=["v"])},
            "named.restart": {"cause": cause("explicit")}})},
    ),
    "13: a reaction comes after its resource's own update, and is not ordered against its explicit actions": Rule(
        {"db": of(v=1), "app": of(v="${db.v}", react_on=RESTARTS)},
        [{"db": of(v=2)}, "stage app -a test"],
        {"": Shown("db.update app.update app.restart app.test", {
            "app.restart": {"after": ["app.update", "db.update"]},
            "app.test": {"after": ["app.update", "db.update"]}})},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_of_the_processor(repo: Repo, rule: Rule) -> None:
    """
    The number is that of the rule; whatever a plan has beside what the row says would be another plan.
    """
    rule.holds(repo)


def test_everything_in_a_selection_has_to_exist(repo: Repo) -> None:
    """
    Rule 2: names, globs, tags and keys, also after `not`; an empty intersection is an error, never an empty plan.
    """
    repo.define("db", tags=["prod", "tier=data"]).define("x/web", tags=["dev"]).stage()
    names = "hint: the resources there are: db, x/web\n"
    tags = "hint: the tags there are: dev, prod, tier=data; one that may match nothing: 'vocabulary' in stagectl.yaml\n"
    cases = {
        "+dbb": f"error: there is no resource 'dbb'; did you mean 'db'?\n{names}",
        "y/**": f"error: no resource matches 'y/**'\n{names}",
        "-t | not prd": f"error: no resource has the tag 'prd'; did you mean 'prod'?\n{tags}",
        "-t | not teir=*": f"error: no resource has the tag 'teir=*'; did you mean 'tier=*'?\n{tags}",
    }

    for arguments, message in cases.items():
        assert message == error(repo, *arguments.split(" | ")), arguments
    assert error(repo, "db", "-t", "dev").startswith("error: no resource matches db and -t 'dev'\n")
    assert error(repo, "-t", "dev and prod").startswith("error: no resource matches -t 'dev and prod'\n")


def test_an_action_staged_on_two_branches_is_pending_after_either(repo: Repo) -> None:
    """
    Rule 6: the counter is equal, the suffix is another: a merge brings another author's restart, which did not run yet.
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart").ok("apply", "--yes")
    copy = repo.read(".staged/db.yaml")
    stamp = copy.split("restart: 1-")[1].split("}")[0]
    repo.write(".staged/db.yaml", copy.replace(stamp, "zzzz")).commit()

    assert ["db.restart"] == repo.plan().ids


def test_a_removal_with_readers_names_them_and_both_ways_out(repo: Repo) -> None:
    """
    Rule 10: a plan refuses it, too, when the staged file was deleted by hand.
    """
    repo.define("db", inputs={"v": 1}).define("app", inputs={"v": "${db.v}"}).define("web", inputs={"v": "${db.v}"})
    repo.apply_all()
    (repo.root / ".staged/db.yaml").unlink()

    assert (
        "error: db cannot be removed: app, web still read it\n"
        "hint: either remove them too (stagectl remove db --recursive), "
        "or write the last applied values into them (stagectl remove db --detach)\n" == error(repo)
    )


def test_a_cycle_is_printed_action_by_action(repo: Repo) -> None:
    """
    Rule 11: only what is in the ring, not what leads there.
    """
    bodies = {"a": "depends_on: [c, x]", "b": "depends_on: [a]", "c": "depends_on: {run: [b.run]}", "x": ""}
    for name, body in bodies.items():
        repo.write(f".staged/{name}.yaml", f"---\nkind: service\n---\n{body}\n")

    assert f"error: the order of the changes goes in a circle: a.run -> b.run -> c.run -> a.run\n{CIRCLE}" == error(
        repo
    )


def test_the_same_content_gives_the_same_bytes(repo: Repo) -> None:
    """
    Rule 12: whatever the hash seed; of the ready changes the smallest id comes first.
    """
    for name in "hgfedcba":
        repo.define(name, tags=["t" + name, "x"], inputs={"v": 1, "w": {"z": 1, "a": [1, 2]}})
    repo.define("a", depends_on=["h", "g"]).define("b", react_on={"test": ["c.run", "d.run"]}).stage()

    one, two = (repo.ok("plan", "--format", "json", env={"PYTHONHASHSEED": seed}).out for seed in ("1", "4242"))

    assert one == two
    assert ["b.run", "c.run", "d.run", "b.test", "e.run", "f.run", "g.run", "h.run", "a.run"] == Plan(
        json.loads(one)
    ).ids
