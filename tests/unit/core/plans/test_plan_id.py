"""The plan id, on random worlds: the same whatever is outside the plan, another one whenever the plan is another."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stagectl.core.errors import StagectlError
from stagectl.core.model import Name, Oid
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.document import plan_id, to_document
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.range_diff import range_diff
from stagectl.core.plans.read_document import from_document
from stagectl.core.plans.selection import Selection
from stagectl.core.values import canonical
from stagectl.views.comments.plan_markdown import plan_markdown
from stagectl.views.plans.plan_text import plan_text
from stagectl.views.plans.range_diff import range_diff_text
from tests.build import kind, share
from tests.random_worlds import KINDS, Case, random_case, real_kinds

SEEDS = st.integers(min_value=0, max_value=2**40)
quick = settings(max_examples=share(60))


def planned(case: Case, **more: Any) -> Optional[Plan]:
    """The plan of a case, None where there is none or nothing in it."""
    try:
        plan = make_plan(replace(case.situation(), **more), case.selection())
    except StagectlError:
        return None
    return None if plan.is_empty else plan


def some(case: Case) -> Plan:
    """The plan of a case; the example is dropped where there is none."""
    plan = planned(case)
    assume(plan is not None)
    assert plan is not None
    return plan


def of_everything(seed: int) -> Tuple[Case, Plan]:
    """A random case with everything selected, and its plan; the example is dropped where there is none."""
    case = replace(random_case(Random(seed)), names=None, tags=())
    return case, some(case)


def shuffled(found: Dict[str, Any], random: Random) -> Dict[str, Any]:
    """The same mapping with its keys in another order."""
    return {key: found[key] for key in random.sample(list(found), len(found))}


# --- the same


@quick
@given(SEEDS)
def test_the_order_of_files_kinds_and_keys_is_not_in_it(seed: int) -> None:
    """
    Another clone lists its files in another order.
    """
    case, random = random_case(Random(seed)), Random(seed)
    plan = planned(case)
    other = replace(case, applied=shuffled(case.applied, random), staged=shuffled(case.staged, random))

    again = planned(other, kinds=shuffled(real_kinds(), random))

    assert (plan and to_document(plan)) == (again and to_document(again))


@quick
@given(SEEDS)
def test_commits_dirt_warnings_and_what_is_pending_are_not_in_it(seed: int) -> None:
    """
    After a rebase, or with other edits nearby, it is the same plan.
    """
    plan = some(random_case(Random(seed)))
    other = replace(plan, base=Oid("a" * 40), head=Oid("b" * 40), dirty=True, warnings=("x",), pending=())

    assert plan.id == plan_id(to_document(plan)) == plan_id(to_document(other))


@quick
@given(SEEDS)
def test_resources_outside_of_it_are_not_in_it(seed: int) -> None:
    """
    Others, new or live, edited or not; a kind that no change of the plan has.
    """
    case = random_case(Random(seed))
    assume(case.names is not None)
    plan = some(case)
    raw = {"kind": "b", "inputs": {"x": 1}, "tags": ["elsewhere"]}
    live = {"resource": raw, "inputs": {"x": 1}, "stamps": {}, "unfinished": None, "owed": {}}
    other = replace(
        case,
        applied={**case.applied, "zz-live": live},
        staged={**case.staged, "zz-live": {**raw, "inputs": {"x": 2}}, "zz-new": raw},
    )

    again = planned(other, kinds={**real_kinds(), "zz": kind("zz", actions={"run": ["true"]})})

    assert again is not None and plan.id == again.id and plan.pending != again.pending


@quick
@given(SEEDS)
def test_a_comment_in_a_file_is_not_in_it(seed: int) -> None:
    """
    Of a resource with a change; one without would be recorded.
    """
    case = random_case(Random(seed))
    plan = some(case)
    names = {change.resource for change in plan.changes if change.cause.type == "staged"} & case.staged.keys()
    assume(names)
    other = {name: {**raw, "note": "other bytes"} if name in names else raw for name, raw in case.staged.items()}

    again = planned(replace(case, staged=other))

    assert again is not None and plan.id == again.id


# --- different


def mutations(plan: Plan, case: Case) -> Iterator[Callable[[Dict[str, Any]], None]]:
    """Edits of the staged files that change what some resource in the plan does."""
    for change in plan.changes:
        name = change.resource
        if change.cause.type == "staged" and change.action in ("run", "update"):
            yield lambda staged, name=name: staged[name]["inputs"].update(x=99)  # a value
            yield lambda staged, name=name: staged[name]["inputs"].update(fresh=[1])
            yield lambda staged, name=name: staged[name].update(tags=[*staged[name].get("tags", []), "more"])
            other = "b" if staged_kind(case, name) == "a" else "a"
            yield lambda staged, name=name, other=other: staged[name].update(kind=other, actions={})
        if change.cause.type == "explicit":
            yield lambda staged, name=name: staged[name]["actions"].update(
                dict.fromkeys(staged[name]["actions"], "7-zzzz")
            )
            yield lambda staged, name=name: staged[name].pop("actions")


def staged_kind(case: Case, name: str) -> str:
    return str(case.staged[name]["kind"])


@settings(max_examples=share(40))
@given(SEEDS)
def test_every_edit_of_what_it_does_makes_another_one(seed: int) -> None:
    """
    A value, a new input, a tag, the kind, the stamp of an action, an action taken back: of each resource in it.
    """
    case, plan = of_everything(seed)

    for mutate in mutations(plan, case):
        staged = json.loads(json.dumps(case.staged))
        mutate(staged)
        again = planned(replace(case, staged=staged))
        if again is not None:
            assert plan.id != again.id
            assert_reported(plan, again)


def assert_reported(before: Plan, after: Plan) -> None:
    """Hold if the range-diff of two plans with different ids says something, in every form, both ways."""
    for one, other in ((before, after), (after, before)):
        found = range_diff(one, other)
        head, *lines = range_diff_text(found).splitlines()
        assert not found.is_empty and lines, head
        lead = plan_markdown(other, since=found).split("\n\n")[3]
        assert lead.startswith("**What differs since plan `") and not lead.endswith(":** "), lead


@quick
@given(SEEDS, st.sampled_from(("tags", "names", "with_children", "with_parents")))
def test_the_selection_is_in_it_as_it_was_written(seed: int, what: str) -> None:
    """
    Another selection that finds the same is another plan.
    """
    case, plan = of_everything(seed)
    everything = frozenset(case.applied.keys() | case.staged.keys())
    tags = sorted({tag for raw in case.staged.values() for tag in raw.get("tags", ())})
    assume(what != "tags" or tags)
    other = {
        "tags": lambda: replace(case, tags=(f"{tags[0]} or not {tags[0]}",)),
        "names": lambda: replace(case, names=everything),
        "with_children": lambda: replace(case, with_children=not case.with_children),
        "with_parents": lambda: replace(case, with_parents=not case.with_parents),
    }[what]()

    again = planned(other)

    assume(again is not None)
    assert again is not None and plan.id != again.id
    assert_reported(plan, again)


@quick
@given(SEEDS, st.sampled_from(("actions", "replace_on", "timeout", "protect")))
def test_the_kinds_it_uses_are_in_it(seed: int, what: str) -> None:
    """
    What an action does is what a reviewer approves.
    """
    case = random_case(Random(seed))
    plan = some(case)
    assume(plan.changes)
    name = plan.changes[0].kind
    raw = {"actions": {a: ["true"] for a in KINDS[name]["actions"]}, "replace_on": KINDS[name]["replace_on"]}
    edits = {"actions": {**raw["actions"], "run": ["false"]}, "replace_on": [], "timeout": 9, "protect": True}
    assume(raw.get(what) != edits[what])

    again = planned(case, kinds={**real_kinds(), name: kind(name, **{**raw, what: edits[what]})})

    assume(again is not None)
    assert again is not None and plan.id != again.id
    assert_reported(plan, again)


PATHS = (
    ("selection", "names"),
    ("changes", 0, "kind"),
    ("changes", 0, "tags"),
    ("changes", 0, "cause", "type"),
    ("changes", 0, "cause", "of"),
    ("changes", 0, "cause", "inputs"),
    ("changes", 0, "diff"),
    ("changes", 0, "after"),
    ("changes", 0, "wave"),
    ("changes", 0, "triggers"),
    ("changes", 0, "stamps"),
    ("changes", 0, "digests", "before"),
    ("changes", 0, "digests", "inputs"),
    ("held",),
    ("recorded",),
    ("moved",),
    ("kinds",),
    ("format_version",),
)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
def test_every_key_of_the_document_that_matters_is_in_it(path: Any) -> None:
    """
    Any other value at this place makes another id.
    """
    document = to_document(next(plan for plan in map(planned, map(random_case, map(Random, range(99)))) if plan))
    before, inner = plan_id(document), document
    for step in path[:-1]:
        inner = inner[step]

    inner[path[-1]] = "something else" if path != ("held",) else [{"id": "x"}]

    assert before != plan_id(document)


# --- a document says all of a plan


@settings(max_examples=share(150))
@given(SEEDS)
def test_a_document_reads_back_as_the_same_plan(seed: int) -> None:
    """
    The same id, document, text and comment, and no difference between the two.
    """
    plan = some(random_case(Random(seed)))
    text = json.dumps(to_document(plan))

    again = from_document(json.loads(text), "the file")

    assert to_document(plan) == to_document(again) and canonical(json.loads(text)) == canonical(to_document(again))
    assert plan_text(plan) == plan_text(again) and plan_markdown(plan) == plan_markdown(again)
    found = range_diff(plan, again)
    assert found == type(found)(plan, again)


def test_the_id_is_written_down() -> None:
    """
    One plan, one id, in every version that writes format 1.0: an id in an old comment stays good.
    """
    situation = Situation({}, {Name("a"): _resource()}, {"service": kind("service", actions={"run": ["true"]})})

    assert "8530fe9237982b3372b67e128b6422ca5c499662eeb74d47fabcd59d32f94d86" == make_plan(situation, Selection()).id


def _resource() -> Any:
    from tests.build import resource

    return resource("a", inputs={"port": 1, "name": "é"})
