"""The graph of changes as a picture: full ids, or folders where it is too large to be drawn."""

from __future__ import annotations

import re

from stagectl.core.model import Name, change_id
from stagectl.core.plans.plan import Cause, Change, Held, Plan, Reason
from stagectl.views.pages.plan_graph import MOST_BYTES, MOST_EDGES, collapse, dot, fitting, mermaid, picture


def change(name: str, action: str = "update", *after: str) -> Change:
    return Change(
        change_id(name, action),
        Name(name),
        action,
        "service",
        (),
        Cause("staged"),
        after=tuple(change_id(*one.split(".")) for one in after),
    )


def held(name: str, *needs: str) -> Held:
    wanted = tuple(change_id(*one.split(".")) for one in needs)
    return Held(change_id(name, "run"), Name(name), "run", (), Reason.NEEDS_PARENT, wanted, "")


SMALL = Plan(
    changes=(change("p/a", "remove"), change("p/a", "run", "p/a.remove"), change("q/b", "restart", "p/a.run")),
    held=(held("q/c", "p/a.run", "z.run"),),
)


def test_every_change_is_a_box_with_its_id_and_sign() -> None:
    """
    Held back ones too, after what they need as far as that is in the plan. The whole text for Mermaid.
    """
    assert """\
flowchart LR
  n0["p/a.remove\u00a0-"]:::remove
  n1["p/a.run\u00a0+"]:::run
  n2["q/b.restart\u00a0!"]:::other
  n3["q/c.run\u00a0held\u00a0back"]:::held
  n0 --> n1
  n1 --> n2
  n1 --> n3
  classDef held stroke-dasharray:5 5,color:#000,fill:#f6f8fa,stroke:#57606a
  classDef other fill:#ddf4ff,stroke:#0969da,color:#000
  classDef remove fill:#ffebe9,stroke:#cf222e,color:#000
  classDef run fill:#dafbe1,stroke:#1a7f37,color:#000
""" == mermaid(picture(SMALL))


def test_dot_says_the_same() -> None:
    """
    The whole text; held back is dashed.
    """
    assert """\
digraph changes {
  rankdir=LR;
  node [shape=box];
  n0 [label="p/a.remove -"];
  n1 [label="p/a.run +"];
  n2 [label="q/b.restart !"];
  n3 [label="q/c.run held back", style=dashed];
  n0 -> n1;
  n1 -> n2;
  n1 -> n3;
}
""" == dot(picture(SMALL))


def test_a_collapsed_picture_has_folders_and_counts() -> None:
    """
    A box per folder and action, those held back apart; no arrow from a box to itself.
    """
    plan = Plan(
        changes=(
            change("p/a"),
            change("p/b", "update", "p/a.update"),
            change("q/c", "update", "p/b.update"),
            change("d"),
        ),
        held=(held("q/e", "p/a.update"), held("q/f")),
    )

    shown = collapse(plan, lambda name: name.rpartition("/")[0])

    assert ["p: 2 to update ~", "q: 1 to update ~", "(root): 1 to update ~", "q: 2 to run held back"] == [
        node.label for node in shown.nodes
    ]
    assert ((0, 1), (0, 3)) == shown.edges
    assert shown.collapsed and [False, False, False, True] == [node.held for node in shown.nodes]


def test_pictures_collapse_until_they_are_drawn() -> None:
    """
    Every change; then its folder; then the first part of its path; then none at all.
    """
    full = Plan(changes=tuple(change(f"p/q/r{index}") for index in range(1_000)))
    folders = Plan(changes=tuple(change(f"p/q/r{index}") for index in range(2_000)))
    tops = Plan(changes=tuple(change(f"p/q{index}/r") for index in range(2_000)))
    none = Plan(changes=tuple(change(f"p{index}/r") for index in range(2_000)))

    shown = [fitting(plan) for plan in (full, folders, tops, none)]

    assert [1_000, 1, 1, None] == [found and len(found.nodes) for found in shown]
    assert [False, True, True] == [found.collapsed for found in shown if found]


def test_no_picture_has_more_arrows_or_bytes_than_are_drawn() -> None:
    """
    400 arrows are a picture of changes, 401 one of folders.
    """
    wide = [change(f"p/a{index}") for index in range(20)]
    all_of_them = [one.id for one in wide]

    def plan(count: int) -> Plan:
        late = [change(f"q/b{index}", "update", *all_of_them) for index in range(20)]
        return Plan(changes=(*wide, *late, change("q/c", "update", *all_of_them[: count - 400])))

    exact, more = fitting(plan(400)), fitting(plan(401))

    assert exact and not exact.collapsed and MOST_EDGES == len(exact.edges) == 400
    assert more and more.collapsed and ((0, 1),) == more.edges
    assert MOST_BYTES == 45_000 and all(len(mermaid(one).encode()) <= MOST_BYTES for one in (exact, more))


def test_names_hold_nothing_that_acts_in_a_picture() -> None:
    """
    Of all characters that Mermaid or DOT could read as more than text, a change id can have `-`, `_`, `/` and `.`.
    """
    from stagectl.core.model import CHANGE

    assert [] == [
        character
        for character in map(chr, range(0x250))
        if CHANGE.fullmatch(f"a{character}b.run") and not re.fullmatch(r"[A-Za-z0-9/_.-]", character)
    ]
