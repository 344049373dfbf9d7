"""A plan as text (docs/design.md, section 6)."""

from __future__ import annotations

from typing import AbstractSet, Callable, Dict, Iterator, List, Mapping, NamedTuple, Set, Tuple

from stagectl.core.model import REMOVE, REPLACE, RUN, UPDATE, ChangeId, Kind, Name, change_id
from stagectl.core.plans.plan import Cause, CauseType, Change, Held, Plan
from stagectl.core.references import folder_of
from stagectl.core.standing import commands_here
from stagectl.core.values import Path
from stagectl.views.plans.destroys import destroying, destroys_text, going_lines, shown_differences
from stagectl.views.text import (
    BOLD,
    colour_sign,
    difference_line,
    list_words,
    one_line,
    paint,
    pluralize,
    sign_of,
    sign_of_change,
)

FOLD_FROM = 2000  # changes: of so many, what is alike is counted
SHOWN_OF_ALIKE = 3
MOST_GOING, MOST_VALUES = 20, 5  # resources that go, and values of each, in the lines that come first
NOTHING = "No changes. The applied state matches what is staged."
IF_IT_DIFFERS = ", if a value turns out to differ"  # why a conditional change may have nothing to do


def plan_text(plan: Plan, *, colour: bool = False) -> str:
    """Return a plan for people: what goes, changes with causes and values, what is held back, one summary line."""
    by_id = {change.id: change for change in plan.changes}
    first = list(_destroyed_lines(plan, colour))
    if len(plan.changes) < FOLD_FROM:
        lines = [line for change in plan.changes for line in _change_lines(change, plan, by_id, colour)]
    else:
        lines = list(_fold(plan, by_id, colour))
    lines += [allowance_line(plan)] if plan.protected_names() else []
    lines += [f"> {new}  (moved from {old})" for old, new in plan.moved]
    if plan.held:
        lines += ["", "Held back:"] if lines else ["Held back:"]
        lines += [f"  {sign_of(held.action)} {held.id}  ({held.reason}) {held_text(held)}" for held in plan.held]
    if plan.recorded:
        lines += [f"Recorded, nothing runs: {list_words(plan.recorded)}"]
    if plan.pending:
        lines += [f"Staged but not selected: {list_words(plan.pending)}"]
    lines += [""] if lines else []
    return "\n".join([*first, *lines, summary_text(plan)]) + "\n"


def held_text(held: Held) -> str:
    """Return why a change is held back, with commands for the reader."""
    return commands_here(one_line(held.message))


def _destroyed_lines(plan: Plan, colour: bool) -> Iterator[str]:
    """Yield what the plan destroys, with the values that go, and an empty line; nothing where it destroys nothing."""
    found = destroying(plan)
    if not found:
        return
    yield paint(f"This plan {destroys_text(plan)}:", BOLD, colour)
    for change, removal in found[:MOST_GOING]:
        yield f"  {colour_sign(sign_of_change(change, removal), colour)} {paint(change.resource, BOLD, colour)}"
        yield from (f"      {line}" for line in going_lines(change, removal, MOST_VALUES))
    if len(found) > MOST_GOING:
        yield f"  ... and {pluralize(len(found) - MOST_GOING, 'more resource')}"
    yield ""


def summary_text(plan: Plan) -> str:
    """Return the last line of a plan: its counts, or that there is nothing to do, for the selection or at all."""
    if not plan.is_empty:
        return summary_line(plan)
    waiting = pluralize(len(plan.pending), "staged change")
    return f"No changes for this selection; {waiting} not selected." if plan.pending else NOTHING


def _change_lines(change: Change, plan: Plan, by_id: Mapping[ChangeId, Change], colour: bool) -> Iterator[str]:
    counterpart = {RUN: REMOVE, REMOVE: RUN}.get(change.action)
    partner = by_id.get(change_id(change.resource, counterpart)) if counterpart else None
    if partner is not None and change.action == REMOVE:
        return  # shown with the run
    sign = sign_of_change(change, partner)
    identity = f"{partner.id}, {change.id}" if partner else change.id
    protected = ", protected" if change.protected or (partner is not None and partner.protected) else ""
    cause = why_text(change, plan.kinds)
    yield f"{colour_sign(sign, colour)} {paint(identity, BOLD, colour)}  ({cause}{protected})"
    for difference in shown_differences(change, partner):
        yield f"    {difference_line(difference, difference.path[0] in change.sensitive, colour)}"


def allowance_line(plan: Plan) -> str:
    """Return what is protected, and the flags without which it is neither removed nor replaced."""
    names = plan.protected_names()
    flags = " ".join(f"--allow-remove {name}" for name in names[:8]) + (" ..." if len(names) > 8 else "")
    return f"Protected, applied only with {flags}"


def _fold(plan: Plan, by_id: Mapping[ChangeId, Change], colour: bool) -> Iterator[str]:
    """Yield the lines of a plan too long to read whole: of what a folder does alike, three changes and a count."""
    groups: Dict[Tuple[str, ...], List[Change]] = {}
    for change in plan.changes:
        alike = (folder_of(change.resource), change.kind, change.action, change.cause.type, sign_of_change(change))
        groups.setdefault(alike, []).append(change)
    for (folder, kind, _, cause, sign), changes in groups.items():
        for change in changes[:SHOWN_OF_ALIKE]:
            yield from _change_lines(change, plan, by_id, colour)
        more = len(changes) - SHOWN_OF_ALIKE
        if more > 0:
            yield f"{colour_sign(sign, colour)} ... and {more} more of {kind} in {folder or '.'}/  ({cause})"
    yield commands_here("All of them: stagectl plan --format json, or --format html")


def cause_text(change: Change, kinds: Mapping[str, Kind], shown: Callable[[str], str] = one_line) -> str:
    """Return why a change is in a plan, in words; of a replace only the inputs that its kind replaces on.

    shown: how to write the ids and inputs in it.
    """
    cause = change.cause
    behind = list_words(cause.of, 4, shown)
    reasons = kinds[change.kind].replace_on if change.kind in kinds else frozenset()
    inputs = list_words([key for key in cause.inputs if key in reasons] or cause.inputs, 4, shown)
    if cause.kind_before:
        inputs = f"its kind was {shown(cause.kind_before)}"
    texts: Dict[CauseType, str] = {
        CauseType.STAGED: "staged",
        CauseType.EXPLICIT: "staged by name",
        CauseType.CHILD: f"reads {behind}" if behind else "reads what was applied earlier",
        CauseType.REACTION: f"reacts on {behind}",
        CauseType.REPLACE: (f"replace: {inputs}" if inputs else REPLACE) + _drift_text(cause, reasons, shown),
        CauseType.DRIFT: "a check saw that it is gone" if change.action == RUN else "a check saw something else",
        CauseType.UNFINISHED: f"an earlier {cause.tried or 'try'} did not succeed",
        CauseType.OWED: f"owed since {behind}" if behind else "owed",
    }
    return texts[cause.type] + (IF_IT_DIFFERS if change.conditional else "")


def _drift_text(cause: Cause, reasons: AbstractSet[str], shown: Callable[[str], str]) -> str:
    """Return that a check saw other values of what a replace is due to, "" where it did not."""
    seen = list_words([key for key in cause.drifted if key in reasons] or cause.drifted, 4, shown)
    return f"; a check saw another {seen}" if seen else ""


def why_text(change: Change, kinds: Mapping[str, Kind], shown: Callable[[str], str] = one_line) -> str:
    """Return the cause of a change in words, with what became of it before: in which run, when, and how it failed."""
    cause, last = cause_text(change, kinds, shown), change.last
    if last is None:
        return cause
    ended = " was not tried" if not last.state else f" ended {last.state}" + (": " if last.message else "")
    return f"{cause}; in run {last.run} of {last.at} it{ended}{shown(last.message) if last.message else ''}"


def summary_line(plan: Plan) -> str:
    """Return the counts: `Plan: 1 to run, 2 to update, 1 to remove, 1 other; 1 held back; 1 recorded.`"""
    counts = plan.summary()
    inferred = ", ".join(f"{counts[action]} to {action}" for action in (RUN, UPDATE, REMOVE))
    line = f"Plan: {inferred}, {counts['other']} other"
    line += f"; {counts['held']} held back" if counts["held"] else ""
    line += f"; {counts['recorded']} recorded" if counts["recorded"] else ""
    return line + "."


def counts_text(plan: Plan) -> str:
    """Return the counts that are not zero: `1 to run, 2 to update; 1 held back`."""
    counts = plan.summary()
    words = {RUN: "to run", UPDATE: "to update", REMOVE: "to remove", "other": "other"}
    acting = ", ".join(f"{counts[key]} {word}" for key, word in words.items() if counts[key])
    aside = {"held": "held back", "recorded": "recorded"}
    return "; ".join(
        [*([acting] if acting else []), *(f"{counts[key]} {w}" for key, w in aside.items() if counts[key])]
    )


InputPlaces = Mapping[Tuple[Name, Path], str]


def explain_text(plan: Plan, name: Name, places: InputPlaces) -> str:
    """Return why the changes of one resource are in a plan, each cause followed back, or why there is none.

    places: where values are written, `path:line`, by resource and path.
    """
    by_id = {change.id: change for change in plan.changes}
    lines: List[str] = []
    for change in plan.changes:
        if change.resource == name:
            lines += _chain(change, _Explained(plan, by_id, places, set()), 0)
    for held in plan.held:
        if held.resource == name:
            lines.append(f"{held.id} is held back ({held.reason}): {held_text(held)}")
    lines += [f"{name} is what {old} was: it is moved" for old, new in plan.moved if new == name]
    if name in plan.recorded:
        lines.append(f"{name} has no change: its staged file differs in nothing that acts, and is recorded")
    if not lines:
        waiting = [change for change in plan.pending if change.rpartition(".")[0] == name]
        because = "nothing it reads, and nothing staged of it, differs from what is applied"
        because = f"{list_words(waiting)} is staged, but not selected" if waiting else because
        lines.append(f"{name} has no change in this plan: {because}")
    return "\n".join(lines) + "\n"


class _Explained(NamedTuple):
    """What an explanation looks at, and the changes that it has explained already."""

    plan: Plan
    by_id: Mapping[ChangeId, Change]
    places: InputPlaces
    seen: Set[ChangeId]


def _chain(change: Change, explained: _Explained, depth: int) -> Iterator[str]:
    """Yield a change and, one step further in, what is behind it; one already explained is not explained again."""
    indent = "  " * depth
    yield f"{indent}{sign_of_change(change)} {change.id}  ({why_text(change, explained.plan.kinds)})"
    if change.id in explained.seen:
        return
    explained.seen.add(change.id)
    removal = explained.by_id.get(change_id(change.resource, REMOVE)) if change.action == RUN else None
    for difference in shown_differences(change, removal):
        place = _place_of(explained.places, change.resource, difference.path)
        line = difference_line(difference, difference.path[0] in change.sensitive)
        yield f"{indent}    {line}" + (f"  [{place}]" if place else "")
    for behind in change.cause.of:
        if behind in explained.by_id:
            yield from _chain(explained.by_id[behind], explained, depth + 1)


def _place_of(places: InputPlaces, name: Name, path: Path) -> str:
    """Return where a value is written, or the first part of it; "" where it is not known."""
    found = (place for (one, at), place in places.items() if one == name and at[: len(path)] == path)
    return places.get((name, path)) or next(found, "")
