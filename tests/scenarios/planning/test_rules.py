"""Section 5 of the design from the command line, rule by rule; test_second_planner.py has them on worlds at random."""

from __future__ import annotations

import pytest

from tests.build import Repo
from tests.scenarios.planning.world import Rule, of
from tests.unit.core.planning.worlds import Shown, at, cause

PROD = {"a": of("prod"), "b": of("prod"), "c": of("dev")}
AFTER_A = {"after": ["a.update"]}
RESTARTS = {"restart": ["db.update"]}
MAPPING = {"restart": ["a.test", "a.update"]}

# db (prod) changes; free has no tags, app is dev, and web (prod) reads app.
SCOPED = (
    {"db": of("prod", v=1), "free": of(v="${db.v}"), "app": of("dev", v="${db.v}"), "web": of("prod", v="${app.v}")},
    {"db": of("prod", v=2)},
)
ALL_FOUR = Shown(
    "db.update app.update free.update web.update",
    {"web.update": {"cause": cause("child", "app.update", inputs=["v"])}},
)
CHAIN = {"db": of(v=1), "app": of(v="${db.v}"), "web": of(v="${app.v}")}
READ = {"db": of(v=1), "app": of(v="${db.v}")}

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
    "3: an unselected edit never leaks into a plan": Rule(
        {"db": of(port=1), "app": of(p="${db.port}", own=1)},
        [{"db": of(port=2), "app": of(p="${db.port}", own=2), "new": of(p="${db.port}")}],
        {"app new": Shown("app.update new.run", {"app.update": {"diff": [at("own", 1, 2)]},
                                                 "new.run": {"diff": [at("p", None, 1, "add")]}}, pending="db.update")},
    ),
    "5: with tags, untagged children join, and others are held and show their applied values to web": Rule(
        SCOPED[0],
        [SCOPED[1]],
        {"-t prod": Shown("db.update free.update", held={"app.update": "outside-selection"}, said={
            "app.update": "it reads what changes here, and its tags are not selected; --with-children takes it in"})},
    ),
    "5: with children, or with names only, every affected child joins": Rule(
        SCOPED[0], [SCOPED[1]], {"-t prod --with-children": ALL_FOUR, "db": ALL_FOUR}
    ),
    "5: the whole expression decides about a child": Rule(
        {"db": of("prod", v=1), "app": of("prod", v="${db.v}"), "can": of("prod", "canary", v="${db.v}")},
        [{"db": of("prod", v=2)}],
        {"-t 'prod and not canary'": Shown("db.update app.update", held={"can.update": "outside-selection"})},
    ),
    "5: a child that was held back is in every later plan until it is applied": Rule(
        SCOPED[0],
        [SCOPED[1], "apply --yes -t prod"],
        {"": Shown("app.update web.update", {"app.update": {"cause": cause("child", inputs=["v"])}})},
    ),
    "5: a change waits for a parent that is not live, its other changes with it, and what reads it for it": Rule(
        {},
        [CHAIN, "stage app -a test"],
        {"app web": Shown(
            "", held={"app.run": "needs-parent db.run", "app.test": "needs-parent db.run",
                      "web.run": "needs-parent app.run"},
            said={"app.run": "it needs db.run, which is not selected; --with-parents takes it in"}, pending="db.run")},
    ),
    "5: everything that is missing is named": Rule(
        {},
        [{"db": of(), "dns": of(), "app": of(depends_on=["db", "dns"])}],
        {"app": Shown("", held={"app.run": "needs-parent db.run dns.run"}, pending="db.run dns.run", said={
            "app.run": "it needs db.run, dns.run, which are not selected; --with-parents takes them in"})},
    ),
    "5: with parents, their staged changes are taken in, transitively, with their readers; a stranger is not": Rule(
        {"base": of(v=1), "reader": of(v="${base.v}")},
        [{"base": of(v=2, w=3), "db": of(w="${base.w}"), "app": of(depends_on=["db"]), "web": of(depends_on=["app"]),
          "stranger": of()}],
        {"web --with-parents": Shown("base.update db.run app.run reader.update web.run", pending="stranger.run")},
    ),
    "5: the list form holds all, the mapping form the action it names, a reaction nothing": Rule(
        {},
        [{"db": of(), "all": of(depends_on=["db"]), "run": of(depends_on={"run": ["db.run"]}),
          "other": of(depends_on={"restart": ["db.run"]}), "react": of(react_on={"restart": ["db.run"]})}],
        {"all run other react": Shown("other.run react.run", pending="db.run", held={
            "all.run": "needs-parent db.run", "run.run": "needs-parent db.run"})},
    ),
    "5: what is unfinished joins when it is selected, also when the edit is undone": Rule(
        {"b": of(v=1), "c": of()},
        [{"b": of(v=1, own=1)}, "fail b.update", {"b": of(v=1), "c": of(x=1)}],
        {"c": Shown("c.update", pending="b.update"),
         "b": Shown("b.update", {"b.update": {"cause": {**cause("unfinished"), "tried": "update"}}},
                    pending="c.update")},
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
    "10: a removal waits for the reader whose edit is not selected": Rule(
        READ,
        [{"app": of(v=2), "db": None}],
        {"db": Shown("", held={"db.remove": "needs-reader app.update"}, pending="app.update"),
         "db app": Shown("app.update db.remove")},
    ),
    "10: an update that drops a value waits for its reader": Rule(
        {"db": of("data", port=1, host="h"), "app": of("web", h="${db.host}")},
        [{"db": of("data", port=1), "app": of("web", h="other")}],
        {"-t data": Shown("", held={"db.update": "needs-reader app.update"}, pending="app.update"),
         "": Shown("app.update db.update")},
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
