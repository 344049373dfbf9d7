"""Rules 4, 5 and 10: scope, what is held back, with children, with parents."""

from __future__ import annotations

import pytest

from tests.build import Repo
from tests.scenarios.planning.world import Rule, of
from tests.unit.core.planning.worlds import Shown, cause

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
    "5: a change waits for a value that only the unselected edit has, and keeps its values for web": Rule(
        {"db": of(port=1), "app": of(own=1), "web": of(o="${app.own}")},
        [{"db": of(port=1, user="me"), "app": of(own=2, u="${db.user}")}],
        {"app": Shown("", held={"app.update": "needs-parent db.update"}, pending="db.update web.update")},
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
    "5: pending is what a plan of everything would do for the rest": Rule(
        {"sel": of("x"), "a": of(v=1), "b": of(v="${a.v}"), "c": of(react_on={"test": ["a.update"]}), "d": of(),
         "e": of()},
        [{"a": of(v=2), "d": of(kind="plain"), "sel": of("x", v=1)}, "stage e -a test"],
        {"sel": Shown("sel.update", pending="a.update b.update c.test d.remove d.run e.test")},
    ),
    "5: what is unfinished joins when it is selected, also when the edit is undone": Rule(
        {"b": of(v=1), "c": of()},
        [{"b": of(v=1, own=1)}, "fail b.update", {"b": of(v=1), "c": of(x=1)}],
        {"c": Shown("c.update", pending="b.update"),
         "b": Shown("b.update", {"b.update": {"cause": {**cause("unfinished"), "tried": "update"}}},
                    pending="c.update")},
    ),
    "10: a removal waits for the reader whose edit is not selected": Rule(
        READ,
        [{"app": of(v=2), "db": None}],
        {"db": Shown("", held={"db.remove": "needs-reader app.update"}, pending="app.update"),
         "db app": Shown("app.update db.remove")},
    ),
    "10: also for one that would only be recorded": Rule(
        READ,
        [{"app": of(v=1), "db": None}],
        {"db": Shown("", held={"db.remove": "needs-reader app.update"}), "": Shown("db.remove", recorded="app")},
    ),
    "10: an update that drops a value waits for its reader": Rule(
        {"db": of("data", port=1, host="h"), "app": of("web", h="${db.host}")},
        [{"db": of("data", port=1), "app": of("web", h="other")}],
        {"-t data": Shown("", held={"db.update": "needs-reader app.update"}, pending="app.update"),
         "": Shown("app.update db.update")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_who_joins_and_who_waits(repo: Repo, rule: Rule) -> None:
    """
    The number is that of the rule; whatever a plan has beside what the row says would be another plan.
    """
    rule.holds(repo)
