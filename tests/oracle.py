"""A second, deliberately simple planner (docs/design.md, section 5): the oracle of the property tests.

No git, no files, no cache: every look at the world is computed from scratch. Decided here, where the design is silent:

* Refusals are looked for in this order: still-read, missing names, missing paths, reads-itself, cycle. `names` are the
  readers, or for the last two the resources on the ring. A ring through a held or out-of-scope resource is no ring.
* A value that cannot be resolved blames no resource in the target universe, and is not there in the fully staged one.
  A list or mapping inside a longer string counts as a missing path.
* `with_children` puts everything in scope: children, reactions and owed actions alike.
* An unedited input whose parent is gone for another reason than a change of this universe keeps its applied value.
* The form in effect decides for unfinished actions: an unselected, affected resource with a failed removal gets `run`;
  one whose file is gone, too, is left alone.
  `replace`, also an explicit one, wins over `run`; own changed inputs make the cause staged rather than unfinished.
* needs-parent is shown before needs-reader. Reason and ids are those of the final universe without this one hold, or
  those of the moment of holding when none is left there. If all candidates pass through each other, all are held.
* A staged difference, for `needs` and `with_parents`, is one in kind or inputs. If following the reads finds none (the
  parent is merely out of scope), `needs` has the direct parent's ids, but `with_parents` does not add it.
* For holding, the mapping form concerns the inferred and explicit actions, never `remove`.
* Recorded: the file differs and there is no inferred and no explicit change (a reaction stores no file). Files differ
  when the JSON of a top-level key differs, order inside it included; an empty key is not an absent one.
* Reactions and owed actions of a held removal are held with it. They never add a `run` or `remove`.
* Drift, a value that a check saw or a thing that is gone, is found only where the resource is in effect as staged, like
  a debt: a child that only joins starts from what was applied. What was seen of an input in `replace_on` replaces.
* What is gone is live for those who read or need it, and for who may not lose it: a removal of it that has nothing to
  run takes its values away all the same, and is held as its `remove`. A child that is gone and may be affected is run
  for sure: it has no update that could have nothing to do.
* `after` is not reduced. That a replace's `run` counts as `update` never makes a change wait for itself.
"""

from __future__ import annotations

import heapq
import json
import re
from functools import partial
from typing import Any, Callable, Iterator, Tuple

from tests.oracle_moves import followed, is_bare, together

Ref = Tuple[str, Tuple[str, ...], bool]  # name, path, inside a longer string

REFERENCE = re.compile(r'\$\{([^{}.\[\]]+)((?:\.[^{}.\[\]]+|\["[^"]*"\])+)\}')
STEP = re.compile(r'\.([^.\[\]]+)|\["([^"]*)"\]')
STANDARD = ("run", "update", "remove")
MISSING, FAILED = object(), object()
NO_REPORTS: dict = {"by": {}, "anew": set(), "replaced": {}}


class Later:
    """Section 9: a value that is known after some change: text, and references to outputs."""

    def __init__(self, parts: list) -> None:
        self.parts = parts


def laters(value: Any) -> list[Ref]:
    """Section 9: the outputs that a value waits for."""
    if isinstance(value, Later):
        return [part for part in value.parts if not isinstance(part, str)]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [ref for part in inner for ref in laters(part)]


def may_stay(before: Any, after: Any) -> bool:
    """Section 9: may a value of which something is known later turn out to be what it was?"""
    if isinstance(after, Later):
        if len(after.parts) == 1:
            return True
        ends = [part if isinstance(part, str) else "" for part in (after.parts[0], after.parts[-1])]
        is_long = isinstance(before, str) and len(before) >= len(ends[0]) + len(ends[1])
        return is_long and before.startswith(ends[0]) and before.endswith(ends[1])
    if isinstance(after, dict):
        fits = isinstance(before, dict) and before.keys() == after.keys()
        return fits and all(may_stay(before[key], part) for key, part in after.items())
    if isinstance(after, list):
        fits = isinstance(before, list) and len(before) == len(after)
        return fits and all(may_stay(one, two) for one, two in zip(before, after))
    return same(before, after)


class Undecided(Exception):
    """Taking a part and taking none undo each other: the rules have no answer."""


class Refused(Exception):
    """The plan is an error."""

    def __init__(self, why: str, names) -> None:
        super().__init__(f"{why}: {', '.join(sorted(names))}")
        self.why, self.names = why, sorted(names)


def same(one: Any, two: Any) -> bool:
    """Rule 1: equality of JSON values (Python takes 1 and True for equal)."""
    if one != two or laters(one) or laters(two):
        return False
    return isinstance(one, str) or json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)


def reference(match, inside: bool) -> Ref:
    """Section 3: the parts of one reference."""
    return match[1], tuple(plain or quoted for plain, quoted in STEP.findall(match[2])), inside


def fill(value: Any, read: Callable[[Ref], Any]) -> Any:
    """Section 3: a value with its references replaced."""
    if isinstance(value, list):
        return [fill(part, read) for part in value]
    if isinstance(value, dict):
        return {key: fill(part, read) for key, part in value.items()}
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return read(reference(whole, False))
    parts, position = [], 0
    for match in REFERENCE.finditer(value):
        part = read(reference(match, True))
        bare = part.parts if isinstance(part, Later) else [part if isinstance(part, str) else json.dumps(part)]
        parts += [value[position : match.start()], *bare]
        position = match.end()
    parts = [part for part in [*parts, value[position:]] if part != ""]
    return "".join(parts) if all(isinstance(part, str) for part in parts) else Later(parts)


def refs(value: Any) -> list[Ref]:
    """Section 3: all references in a value."""
    found: list[Ref] = []
    fill(value, lambda ref: found.append(ref) or "")
    return found


def fetch(value: Any, ref: Ref) -> Any:
    """Section 3: walk mappings and list indexes."""
    for step in ref[1]:
        if isinstance(value, Later) and len(value.parts) == 1:
            return value
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return MISSING
    return MISSING if ref[2] and isinstance(value, (list, dict)) else value


def in_order(after: dict[Any, set[Any]]) -> list[Any]:
    """Rule 12: of the ready nodes the smallest first; nodes on or behind a ring are left out."""
    waiting, followers = {node: len(before) for node, before in after.items()}, {node: [] for node in after}
    for node, before in after.items():
        for earlier in before:
            followers[earlier].append(node)
    ready, order = sorted(node for node in after if not waiting[node]), []
    while ready:
        order.append(heapq.heappop(ready))
        for node in followers[order[-1]]:
            waiting[node] -= 1
            if not waiting[node]:
                heapq.heappush(ready, node)
    return order


def on_rings(after: dict[Any, set[Any]]) -> set[Any]:
    """Rule 11: the nodes on rings (and between two rings)."""
    rest = set(after) - set(in_order(after))
    back = {node: {other for other in rest if node in after[other]} for node in rest}
    return rest - set(in_order(back))


def inputs_of(resource: Any) -> dict:
    """Section 3: the inputs as written."""
    return (resource or {}).get("inputs") or {}


def text(resource: dict, key: str) -> str:
    """Section 3: one input as written, or its absence."""
    return json.dumps([value for name, value in inputs_of(resource).items() if name == key], sort_keys=True)


def mapped(resource: Any, field: str) -> list[tuple[str, str, str]]:
    """Section 3: the mapping form as (own action, parent, parent's action)."""
    value = (resource or {}).get(field)
    pairs = value.items() if isinstance(value, dict) else ()
    return [(own, *other.rsplit(".", 1)) for own, others in pairs for other in others]


def parents(resource: Any) -> tuple[set[str], set[str]]:
    """Section 3: the parents read and those of the list form."""
    depends = (resource or {}).get("depends_on") or []
    return {ref[0] for ref in refs(inputs_of(resource))}, set() if isinstance(depends, dict) else set(depends)


def ordering(resource: Any) -> set[str]:
    """Rule 9: the parents that the list form or a connection orders."""
    read, listed = parents(resource)
    return listed | (read - set((resource or {}).get("unordered") or []))


def named(resource: dict) -> set[str]:
    """Rule 10: every parent that a resource names."""
    pairs = [pair for pair in mapped(resource, "depends_on") if pair[2] != "remove"] + mapped(resource, "react_on")
    return set().union(*parents(resource), (parent for _, parent, _ in pairs))


class Look:
    """Rule 3: the target universe for one selection and one set of held resources, resolved."""

    def __init__(
        self, given: tuple, selected: set[str], held: set[str], joined: frozenset = frozenset(), reports: Any = None
    ) -> None:
        self.given, self.selected, self.held, self.joined = given, selected, held, joined
        self.ties: dict[str, str] = {}
        self.reports = reports or NO_REPORTS
        self.kinds, self.applied, self.staged, self.expression, self.with_children, self.with_parents = given[:6]
        self.alone: dict[str, set[str]] = given[6] if len(given) > 6 else {}
        self.names = sorted({*self.applied, *self.staged})
        self.effective = selected - held  # those whose staged file, or its absence, counts
        forms = {n: self.staged.get(n) if n in self.effective else self.live(n) for n in self.names}
        self.forms = {n: form for n, form in forms.items() if form is not None}
        # Rule 5: held and out-of-scope live resources always show their applied values.
        self.frozen = {n for n in self.forms if n in held or (n not in selected and n not in joined)}
        self.own: dict[str, dict] = {n: {} for n in self.forms}
        nodes = {(n, key): raw for n, form in self.forms.items() for key, raw in inputs_of(form).items()}
        changing = {node for node in nodes if node[0] not in self.frozen}
        self.behind = {node: {(ref[0], ref[1][0]) for ref in refs(raw)} & changing for node, raw in nodes.items()}
        order = in_order(self.behind)
        self.failed = set(self.behind) - set(order)
        for node in order:
            self.evaluate(*node)

    def live(self, name: str) -> Any:
        """Section 2: the resource as applied, or None."""
        return (self.applied.get(name) or {}).get("resource")

    def old(self, name: str) -> dict:
        """Section 4: the values a live resource was applied with."""
        return inputs_of(self.applied[name]) if self.live(name) else {}

    def outputs(self, name: str) -> dict:
        """Section 9: what the actions of a resource reported."""
        return (self.applied.get(name) or {}).get("outputs") or {}

    def kept(self, name: str) -> dict:
        """Section 9: what is still there to read; a kind that replaces another keeps only outputs that it declares."""
        old, new = self.live(name), self.forms[name]
        if not old or old["kind"] == new["kind"]:
            return self.outputs(name)
        declared = self.kinds.get(new["kind"], {}).get("outputs", [])
        return {output: value for output, value in self.outputs(name).items() if output in declared}

    def acting(self, name: str) -> dict:
        """Rule 5: the values a resource acts with; one that is only reacting goes on with those it has."""
        passing = name not in self.selected and name not in self.joined
        return self.old(name) if passing else self.own[name]

    def was(self, ref: Ref) -> Any:
        """Section 9: the value that a reference read when its parent was applied."""
        return fetch({**self.outputs(ref[0]), **self.old(ref[0])}, ref)

    def before(self, name: str) -> list:
        """Rule 9: the forms that a resource was applied with, and tried with since."""
        tried = (self.applied.get(name) or {}).get("unfinished") or {}
        return [form for form in (self.live(name), tried.get("form")) if form]

    def observed(self, name: str) -> dict:
        """Section 10: what a check saw of a live resource that is in effect as staged."""
        return (self.applied.get(name) or {}).get("observed") or {} if name in self.effective else {}

    def vanished(self, name: str) -> bool:
        """Section 10: was a live resource seen to be gone?"""
        return bool(((self.applied.get(name) or {}).get("observed") or {}).get("gone"))

    def again(self, name: str) -> bool:
        """Rule 7: is a run one of what was there: seen to be gone, or removed by a replace that did not end?"""
        tried = (self.applied.get(name) or {}).get("unfinished") or {}
        return self.vanished(name) or bool(tried.get("replaces"))

    def seen(self, name: str) -> dict:
        """Section 10: the values that a live resource has in the world, as far as that is known."""
        return {**self.old(name), **self.observed(name).get("inputs", {})}

    def drifted(self, name: str) -> set[str]:
        """Section 10: the inputs that are not as they were applied and not as they are wanted."""
        observed = self.observed(name)
        return self.differing(name) & {*observed.get("inputs", {}), *observed.get("differs", [])}

    def unfinished(self, name: str) -> Any:
        """Section 4: the unfinished action, or None."""
        return ((self.applied.get(name) or {}).get("unfinished") or {}).get("action")

    def outside(self, name: str) -> bool:
        """Rule 5: is an unselected resource out of scope?"""
        if name in self.selected or self.expression is None or self.with_children:
            return False
        tags = set((self.staged.get(name) or self.live(name) or {}).get("tags") or [])
        return bool(tags) and not self.expression(tags)

    def evaluate(self, name: str, key: str) -> None:
        """Section 3: resolve one input."""
        form, old = self.forms[name], self.old(name)
        got = {ref: self.read(ref) for ref in refs(inputs_of(form)[key])}
        bad = [ref for ref, value in got.items() if value is MISSING or value is FAILED]
        if not bad:
            self.own[name][key] = fill(inputs_of(form)[key], got.get)
        elif key in old and text(form, key) == text(self.live(name), key) and not self.unsettled(bad):
            self.own[name][key] = old[key]
        else:
            self.failed.add((name, key))

    def read(self, ref: Ref) -> Any:
        """Rules 3 and 5: the value that a reference sees."""
        if ref[0] not in self.forms:
            return MISSING
        inputs = self.old(ref[0]) if ref[0] in self.frozen else inputs_of(self.forms[ref[0]])
        if ref[1][0] not in inputs and ref[1][0] in self.reports["by"].get(ref[0], ()):
            return Later([ref])
        if ref[1][0] not in inputs:
            return MISSING if ref[0] in self.reports["anew"] else fetch(self.kept(ref[0]), ref)
        if ref[0] in self.frozen:
            return fetch(self.old(ref[0]), ref)
        return FAILED if (ref[0], ref[1][0]) in self.failed else fetch(self.own[ref[0]], ref)

    def taken(self, ref: Ref) -> bool:
        """Rule 10: does a change of the parent take away the value that this reference reads?"""
        if ref[0] not in self.forms:
            return self.removing(ref[0])
        return ref[0] not in self.frozen and self.read(ref) is MISSING and self.was(ref) is not MISSING

    def unsettled(self, bad: list[Ref]) -> bool:
        """Rule 5: may holding a parent bring one of these values back?"""
        return any(self.read(ref) is FAILED or self.taken(ref) for ref in bad)

    def differing(self, name: str) -> set[str]:
        """Rule 1: the inputs whose resolved value differs from the applied one, or from the one that was seen."""
        old, new = self.seen(name), self.own[name]
        failed = {key for owner, key in self.failed if owner == name}
        failed |= set(self.observed(name).get("differs", [])) & set(inputs_of(self.forms[name]))
        return failed | {k for k in {*old, *new} if k not in old or k not in new or not same(old[k], new[k])}

    def affected(self, name: str) -> bool:
        """Rule 5: does a differing input of a live resource read a value that a change of this universe changes?"""
        if not self.live(name) or name in self.selected or self.left_alone(name):
            return False
        inputs = inputs_of(self.forms[name])
        found = refs([inputs[key] for key in self.differing(name) if key in inputs])
        return any(self.changes(ref) for ref in found if ref[0] != name)

    def changes(self, ref: Ref) -> bool:
        """Rule 5: does a reference see another value than its parent was applied with?"""
        before, now = self.was(ref), self.read(ref)
        if before is MISSING or now is MISSING or now is FAILED:
            return (before is MISSING) != (now is MISSING or now is FAILED)
        return not same(before, now)

    def gone(self, name: str) -> bool:
        """Rule 5: is a resource neither live nor in the plan? One whose removal failed is not live."""
        state = self.applied.get(name) or {}
        return name not in self.effective and (
            not self.live(name) or self.unfinished(name) == "remove" or "was" in state
        )

    def removing(self, name: str) -> bool:
        """Rule 10: is a resource removed in this universe?"""
        return name in self.effective and name not in self.staged and bool(self.live(name) or self.unfinished(name))

    def edited(self, name: str) -> bool:
        """Rule 1: do the bytes of the staged file in effect differ from those applied?"""
        new, state = self.forms[name], self.applied.get(name) or {}
        old = state.get("file") or state.get("resource") or {}
        return {k: json.dumps(v) for k, v in new.items()} != {k: json.dumps(v) for k, v in old.items()}

    def stamps(self, name: str) -> list[str]:
        """Section 3: the pending explicit actions (higher counter, or equal with another suffix), as staged."""
        asked = name in self.effective or name in self.alone.keys() - self.selected
        staged = (self.staged.get(name) or {}).get("actions") or {} if asked else {}
        staged = {a: stamp for a, stamp in staged.items() if a in self.alone.get(name, {a})}
        done = (self.applied.get(name) or {}).get("stamps") or {}
        counters = {a: [int(stamp.split("-")[0]) for stamp in (staged[a], done.get(a, "0-"))] for a in staged}
        return [a for a, (new, old) in counters.items() if new > old or (new == old and staged[a] != done.get(a))]

    def tried_again(self, name: str, new: dict) -> bool:
        """Rule 13: is a failed run tried again with what it was tried with?"""
        tried = (self.applied.get(name) or {}).get("unfinished")
        return tried is not None and tried["kind"] == new["kind"] and not self.since_tried(name)

    def since_tried(self, name: str) -> set[str]:
        """Rule 7: the inputs that differ from those of a failed run."""
        tried, new = self.applied[name]["unfinished"], self.own[name]
        old = tried["inputs"]
        later = {k for k, value in inputs_of(tried.get("form")).items() if refs(value) and k not in old}
        return {k for k in {*old, *new} if k not in old or k not in new or not same(old[k], new[k])} - later

    def half_made(self, name: str, new: dict) -> bool:
        """Rule 7: did a failed run perhaps make something that has to go first?"""
        replace_on = set(self.kinds.get(new["kind"], {}).get("replace_on") or [])
        return self.applied[name]["unfinished"]["kind"] != new["kind"] or bool(self.since_tried(name) & replace_on)

    def left_alone(self, name: str) -> bool:
        """Rule 4: nothing brings back what is being removed, unless it is selected."""
        removing = self.unfinished(name) == "remove" and name not in self.staged
        return removing and self.selected is not None and name not in self.selected

    def renamed(self, name: str) -> bool:
        """Sections 3 and 4: does the kind that a resource was applied with carry out a move, or the half of one?"""
        is_moved = name in self.effective and "was" in self.applied.get(name, {}) and not self.vanished(name)
        differs = bool(self.different(name)[0])
        is_half = bool(self.tried_names(name)) and (differs or (name in self.effective and name in self.forms))
        can = bool(self.live(name)) and "rename" in self.kinds[self.live(name)["kind"]]["actions"]
        return can and (is_moved or is_half)

    def tried_names(self, name: str) -> set[str]:
        """Section 4: the changes of a `rename` that is owed."""
        return {*(self.applied.get(name, {}).get("owed") or {}).get("rename", ())}

    def inferred(self, name: str) -> tuple[list[str], str]:
        """Rules 1, 7 and 13: the actions that follow from a difference, and their cause; a rename comes first."""
        actions, cause = self.different(name)
        return (["rename", *actions], cause) if self.renamed(name) else (actions, cause)

    def different(self, name: str) -> tuple[list[str], str]:
        """Rules 1, 7 and 13: the same without the rename."""
        new, old, unfinished = self.forms.get(name), self.live(name), self.unfinished(name)
        if self.left_alone(name) or (name not in self.selected and not self.affected(name)):
            return [], ""
        if new is None:
            going = self.removing(name) and not self.vanished(name)
            return (["remove"] if going else []), ("staged" if old else "unfinished")
        if old is None:
            if unfinished and (self.half_made(name, new) or "replace" in self.stamps(name)):
                return ["remove", "run"], "replace"
            return ["run"], "unfinished" if self.tried_again(name, new) else "staged"
        differing = self.differing(name)
        if self.vanished(name):
            return ["run"], self.why_run(name)
        replacing = self.surely(name) & set(self.kinds.get(new["kind"], {}).get("replace_on") or [])
        replacing |= {parent for parent in self.through(name) if self.reports["replaced"][parent]}
        if new["kind"] != old["kind"] or replacing or "replace" in self.stamps(name):
            return ["remove", "run"], "replace"
        drift = bool(self.drifted(name)) or self.observed(name).get("unnamed", False)
        if not differing and not drift and not (unfinished and name in self.effective):
            return [], ""
        edited = any(text(new, key) != text(old, key) for key in differing)
        cause = "unfinished" if unfinished else "drift" if drift else "child"
        cause = "staged" if edited and name in self.effective else cause
        if self.through(name, every=True):
            return ["remove", "run"], cause
        return (["run"] if unfinished in ("run", "remove") else ["update"]), cause

    def why_run(self, name: str) -> str:
        """Section 10: the cause of the run of what is gone."""
        new, old = self.forms[name], self.live(name)
        edited = any(text(new, key) != text(old, key) for key in {*inputs_of(new), *inputs_of(old)})
        if name in self.effective and (edited or new["kind"] != old["kind"]):
            return "staged"
        return "unfinished" if self.unfinished(name) else "drift" if name in self.effective else "child"

    def as_seen(self, name: str) -> bool:
        """Section 10: is a resource staged as it was seen, and not as it was applied?"""
        if not self.live(name) or not (self.applied[name].get("observed") or {}):
            return False
        if name not in self.forms:
            return self.vanished(name)
        return {**self.old(name)} != self.own[name]

    def surely(self, name: str) -> set[str]:
        """Section 9: the differing inputs that cannot turn out to be what they were."""
        old, new, differing = self.seen(name), self.own[name], self.differing(name)
        later = {key for key in differing if key in new and laters(new[key])}
        return {key for key in differing if key not in later or not may_stay(old.get(key), new[key])}

    def through(self, name: str, every: bool = False) -> set[str]:
        """Section 9: the parents behind what is known later of the inputs in `replace_on`; all, or those replaced."""
        keys = set(self.kinds.get(self.forms[name]["kind"], {}).get("replace_on") or []) & self.differing(name)
        found = {ref[0] for key in keys if key in self.own[name] for ref in laters(self.own[name][key])}
        return found if every else found & set(self.reports["replaced"])

    def conditional(self, name: str) -> set[str]:
        """Section 9: the inferred actions that may turn out to have nothing to do."""
        actions, cause = self.different(name)
        if cause == "replace" or not self.live(name) or name not in self.forms or not actions or self.vanished(name):
            return set()
        is_conditional = cause == "child" and not self.surely(name)
        replacing = actions == ["remove", "run"]
        return set(actions) if is_conditional else {"remove"} if replacing else set()

    def wants(self, name: str) -> list[str]:
        """Rules 1 and 6: the inferred actions, then the explicit ones."""
        inferred = self.inferred(name)[0]
        return inferred + [a for a in self.stamps(name) if a not in (*inferred, "run", "remove", "replace")]

    def lacking(self, name: str) -> list[tuple[str, str, Any]]:
        """Rule 5: what a resource with a change or an edited file needs and the universe lacks."""
        form, actions = self.forms[name], set(self.wants(name))
        if not actions and (name not in self.selected or not self.edited(name)):
            return []
        counts = "remove" in actions or (self.again(name) and "run" in actions)
        own = (actions - {"remove"}) | ({"update"} if counts else set())
        named = {(parent, did) for action, parent, did in mapped(form, "depends_on") if action in own}
        read, listed = parents(form)
        depends = listed | {parent for parent, did in named if did != "remove"}
        half = [("needs-parent", p, None) for p in sorted((depends | read) - {name}) if self.live(p) and self.gone(p)]
        if name not in self.selected:
            return [entry for entry in half if self.unfinished(entry[1]) == "remove"]
        unread = [("needs-parent", ref[0], ref) for ref in refs(inputs_of(form)) if self.read(ref) is MISSING]
        return half + unread + [("needs-parent", p, None) for p in sorted(depends) if p not in self.forms]

    def candidates(self) -> dict[str, list[tuple[str, str, Any]]]:
        """Rules 5 and 10: the resources to hold, each with its reasons (reason, parent or reader, reference)."""
        there = self.effective | self.joined | (self.alone.keys() - self.held)
        found = {name: self.lacking(name) for name in there & set(self.forms)}
        for reader in [n for n in self.names if n not in self.effective]:
            for form in self.before(reader):
                for ref in refs(inputs_of(form)):
                    if ref[0] != reader and self.taken(ref):
                        found.setdefault(ref[0], []).append(("needs-reader", reader, ref))
                for parent in parents(form)[1] - {reader}:
                    if self.removing(parent):
                        found.setdefault(parent, []).append(("needs-reader", reader, None))
        return {name: why for name, why in found.items() if why}

    def first(self, found: dict[str, list]) -> dict[str, list]:
        """Rule 5: the candidates with a failing value that does not pass through another candidate."""
        clean = {n: why for n, why in found.items() if not all(self.passes(n, ref, found) for _, _, ref in why)}
        return clean or found

    def passes(self, name: str, ref: Any, found: dict[str, list]) -> bool:
        """Rule 5: does the value of a reference come through another candidate's changed input?"""
        todo, seen = [(ref[0], ref[1][0])] if ref else [], set()
        while todo:
            node = todo.pop()
            if node not in seen and node in self.behind and node[0] not in self.frozen:
                seen.add(node)
                todo += self.behind[node]
        return any(other != name and other in found and key in self.differing(other) for other, key in seen)

    def sources(self, name: str, parent: str, ref: Any) -> set[str]:
        """Rule 5: the missing parents with a staged difference behind one needs-parent of `name`."""
        if parent not in self.forms or ref is None:
            return {parent}
        found, seen, todo = set(), set(), [(parent, ref[1][0])]
        while todo:
            node = todo.pop()
            new, old = self.staged.get(node[0]), self.live(node[0])
            differs = new and not (old and new["kind"] == old["kind"] and same(inputs_of(new), inputs_of(old)))
            if differs and node[0] not in self.effective and node[0] != name:
                found.add(node[0])
            elif node not in seen:
                todo += [(other, path[0]) for other, path, _ in refs(inputs_of(new).get(node[1]))]
            seen.add(node)
        return found


def looked(given: tuple, selected: set[str], held: set[str], reports: Any = None) -> Look:
    """Rule 5: the universe in which exactly those joined that a change of it affects, in scope."""
    joined: frozenset = frozenset()
    for _ in range(len({*given[1], *given[2]}) + 2):
        look = Look(given, selected, held, joined, reports)
        found = frozenset(n for n in look.forms if n not in held and not look.outside(n) and look.affected(n))
        if found == joined:
            return look
        joined = found
    raise Undecided


def check_names(look: Look) -> None:
    """Rule 10: refuse the names that are wrong whatever is held."""
    gone = {n for n in look.selected - set(look.staged) if look.live(n) or look.unfinished(n)}
    readers = {n for n, resource in look.staged.items() if named(resource) & gone}
    if readers:
        raise Refused("still-read", readers)
    known = set(look.staged) | {n for n in look.names if look.live(n)}
    lost = {n for n in look.selected & set(look.staged) if named(look.staged[n]) - known}
    if lost:
        raise Refused("missing", lost)


def check_paths(look: Look, full: Look, chosen: dict[str, list]) -> None:
    """Rules 5 and 10: refuse reads that not even the fully staged universe satisfies."""
    waiting = {n for n, why in chosen.items() if any(reason == "needs-parent" for reason, _, _ in why)}
    reasons = [(n, *entry) for n, why in chosen.items() for entry in why]
    pairs = [(n, r) for n, reason, _, r in reasons if reason == "needs-parent"]
    pairs += [(other, r) for n, reason, other, r in reasons if reason == "needs-reader" and n not in waiting]
    if not chosen:  # what a held resource read besides the reason it was held for
        pairs = [(n, ref) for n in look.selected for ref in refs(inputs_of(look.staged.get(n)))]
        pairs = [(n, ref) for n, ref in pairs if look.read(ref) is MISSING]
    pairs = [(n, ref) for n, ref in pairs if ref and ref in refs(inputs_of(look.staged.get(n)))]
    if look.with_parents:  # a parent that is still to be taken in may read what only goes with others
        pairs = [(n, ref) for n, ref in pairs if ref[0] in look.selected or ref[0] in look.forms]
    lost = {n for n, ref in pairs if full.read(ref) is MISSING or full.read(ref) is FAILED}
    if lost:
        raise Refused("missing", lost)


def settle(
    full: Look, selected: set[str], held: dict, reports: Any = None
) -> tuple[Look, dict[str, tuple[Look, list]]]:
    """Rules 5 and 10: hold back, round by round, until nothing new is held."""
    held = dict(held)
    look = looked(full.given, selected, set(held), reports)
    check_names(look)
    ties: dict[str, str] = {}
    while True:
        new = tied(look, held, ties)
        ties.update(new)
        chosen = {name: held[other][1] for name, other in new.items()} or look.first(look.candidates())
        check_paths(look, full, {} if new else chosen)
        if not chosen:
            break
        held.update({name: (look, why) for name, why in chosen.items()})
        look = looked(full.given, selected, set(held), reports)
    rings = on_rings(look.behind)
    if rings:
        raise Refused("reads-itself", {name for name, _ in rings})
    look.ties = ties
    judged = {name: judge(look, name, *held[name]) for name in held if name not in ties}
    return look, {name: judged[ties.get(name, name)] for name in held}


def tied(look: Look, held: dict, ties: dict[str, str]) -> dict[str, str]:
    """Section 3: what is moved together with something held, and with what."""
    moves = {name: state["was"] for name, state in look.applied.items() if "was" in state}
    found: dict[str, str] = {}
    for name in sorted(set(held) & {*moves, *moves.values()}):
        for other in (together(moves, {name}) & set(moves) & look.effective) - set(held):
            found.setdefault(other, ties.get(name, name))
    return found


def judge(last: Look, name: str, look: Look, why: list) -> tuple[Look, list]:
    """Rule 5: why a resource is held, seen from the final universe where that still shows a reason."""
    joined = last.joined | ({name} - last.selected)
    held = {other for other in last.held if name not in (other, last.ties.get(other))}
    final = Look(last.given, last.selected, held, joined, last.reports)
    found = final.candidates().get(name)
    look, why = (final, found) if found else (look, why)
    reason = min((entry[0] for entry in why), default="")  # needs-parent sorts before needs-reader
    return look, [entry for entry in why if entry[0] == reason]


def verdict(look: Look, full: Look, name: str, why: list) -> dict:
    """Rules 5 and 10: reason and needs of a held resource."""
    needs: set[str] = set()
    for reason, other, ref in why:
        missing = look.sources(name, other, ref) if reason == "needs-parent" else set()
        for parent in missing or {other}:
            actions = full.inferred(parent)[0] or ["update" if parent in full.forms else "remove"]
            needs |= {f"{parent}.{action}" for action in actions}
    return {"reason": why[0][0] if why else "needs-parent", "needs": sorted(needs)}


class Changes:
    """Rules 6 to 9: the changes of the plan, those held, and their order."""

    def __init__(self, look: Look, full: Look, held: dict[str, tuple[Look, list]], gates: dict | None = None) -> None:
        self.look, self.causes, self.held, self.gates = look, {}, {}, gates or {}
        self.conditional: set[str] = set()
        self.barred = {name: verdict(look, full, name, why) for name, (_, why) in held.items()}
        for name in [n for n in self.gates if n in self.barred]:
            needs = sorted({*self.barred[name]["needs"], *self.gates[name]})
            self.barred[name] = {"reason": "needs-parent", "needs": needs}
        self.barred.update({name: self.barred[other] for name, other in look.ties.items()})
        for name in look.names:
            if name not in held and look.outside(name):
                self.barred[name] = {"reason": "outside-selection", "needs": []}
        self.acts = {n: look.different(n)[0] for n in look.names if n not in self.barred}
        views = {
            n: full if self.barred[n]["reason"] == "needs-parent" else held[n][0] for n in held if n in look.selected
        }
        for name in look.names:
            self.infer(name, views.get(name, look))
        becoming = {name for name in look.forms if f"{name}.run" in self.causes}
        awaited = {key.rsplit(".", 1)[0] for key in self.gates if "." in key}
        there = [n for n in look.names if n in look.forms and (look.live(n) or n in becoming)]
        for name in there + sorted(awaited.difference(there)):  # Rule 8: owed actions are added again
            affected = name not in look.selected and name not in self.barred and look.inferred(name)[0]
            for action, ids in (look.applied.get(name, {}).get("owed") or {}).items():
                if not (affected or action in look.alone.get(name, {action} if name in look.selected else ())):
                    continue
                self.join(name, action, "owed", ids)
                does = f"{name}.{action}" if f"{name}.{action}" in self.causes else f"{name}.run"
                self.conditional -= {does} if action == "update" else {f"{name}.{action}"}
        while self.join_reactions():
            pass
        self.after: dict[str, set[str]] = {change: set() for change in self.causes}
        replaced = [name for name, actions in self.acts.items() if actions == ["remove", "run"]]
        removals = {(first, then) for first, then in self.removal_edges() if {first, then} <= set(self.after)}
        wishes = [sorted(edge for edge in removals if edge[1] in {f"{name}.remove" for name in replaced})]
        for first, then in [*self.own_edges(), *removals.difference(*wishes), *self.literal_edges()]:
            if first in self.after and then in self.after:
                self.after[then].add(first)
        waits = [(first, f"{name}.remove") for name in replaced for first in self.after[f"{name}.run"]]
        wishes.append(sorted(edge for edge in waits if not self.going(edge[0].rsplit(".", 1)[0])))
        for first, then in [*wishes[0], *wishes[1]]:  # Rules 7 and 9: where it can be
            if then not in self.behind_it(first):
                self.after[then].add(first)

    def behind_it(self, change: str) -> set[str]:
        """All that comes before a change, itself included."""
        seen, todo = set(), [change]
        while todo:
            here = todo.pop()
            if here not in seen:
                seen.add(here)
                todo += self.after[here]
        return seen

    def infer(self, name: str, look: Look) -> None:
        """Rules 1, 5 and 6: inferred and explicit changes, in the plan or held."""
        actions, cause = look.different(name)
        if name in self.barred:
            waits = self.barred[name]["reason"] == "needs-parent" or name in self.look.ties or look.as_seen(name)
            edited = ["update"] if waits and name in self.look.selected else []
            edited = ["remove"] if look.removing(name) and look.vanished(name) else edited
            self.held.update({f"{name}.{action}": self.barred[name] for action in look.wants(name) or edited})
            return
        differing = look.differing(name) if name in look.forms else set()
        if cause == "replace" and not look.live(name):
            differing = look.since_tried(name)
        if actions == ["run"] and look.live(name) and look.vanished(name):
            differing = set(inputs_of(look.forms[name]))
        of = self.behind(name, differing) if cause in ("child", "replace") else set()
        for action in look.wants(name):
            if action == "rename" and look.renamed(name):
                others = look.tried_names(name) - {f"{name}.rename"}
                cause_of_it = "owed" if others else "staged"
                self.causes[f"{name}.rename"] = {"cause": cause_of_it, "of": sorted(others), "inputs": []}
                continue
            if action not in actions and f"{name}.{action}" in self.gates:  # Section 11: its own run has to come first
                self.held[f"{name}.{action}"] = self.waits(f"{name}.{action}")
                continue
            self.causes[f"{name}.{action}"] = {"cause": "explicit", "of": [], "inputs": []}
        for action in actions:
            inputs = [] if action == "remove" and "run" not in self.acts.get(name, []) else sorted(differing)
            self.causes[f"{name}.{action}"] = {"cause": cause, "of": sorted(of), "inputs": inputs}
        self.conditional |= {f"{name}.{action}" for action in look.conditional(name) - set(look.stamps(name))}

    def reports(self) -> dict:
        """Section 9: what the changes may report, which resources start anew, and which are replaced for sure."""
        by: dict[str, dict[str, list[str]]] = {}
        replaced = {n: f"{n}.remove" not in self.conditional for n in self.acts if self.acts[n] == ["remove", "run"]}
        anew = {n for n in self.acts if f"{n}.run" in self.causes and replaced.get(n, True)}
        for change in sorted(self.causes):
            name, action = change.rsplit(".", 1)
            kind = self.look.kinds.get((self.look.forms.get(name) or {}).get("kind"), {})
            may = (kind.get("reports") or {"run": kind.get("outputs", []), "update": kind.get("outputs", [])}).get(
                action, []
            )
            if action == "run" and (name in replaced or self.look.vanished(name)):
                may = kind.get("outputs", [])
            for output in may if action != "remove" else ():
                by.setdefault(name, {}).setdefault(output, []).append(change)
        return {"by": by, "anew": anew, "replaced": replaced}

    def reporters(self, value: Any) -> set[str]:
        """Section 9: the changes after which a value is known."""
        return {
            change for ref in laters(value) for change in self.look.reports["by"].get(ref[0], {}).get(ref[1][0], [])
        }

    def deciders(self, name: str) -> set[str]:
        """Section 9: the changes that say whether a resource is replaced."""
        found, seen, todo = set(), set(), [name]
        while todo:
            here = todo.pop()
            if here in seen or here not in self.look.forms:
                continue
            seen.add(here)
            for key in self.look.kinds.get(self.look.forms[here]["kind"], {}).get("replace_on") or []:
                for ref in laters(self.look.own[here].get(key)) if here not in self.look.frozen else ():
                    if ref[0] in self.look.reports["replaced"]:
                        todo.append(ref[0])
                    else:
                        found |= self.reporters(Later([ref]))
        return found

    def behind(self, name: str, differing: set[str]) -> set[str]:
        """Rule 4: the parents' changes that change a value which a differing input reads."""
        found, inputs = set(), inputs_of(self.look.forms[name])
        for ref in refs([inputs[key] for key in differing if key in inputs]):
            if ref[0] != name and self.look.changes(ref) and not laters(self.look.read(ref)):
                found |= {f"{ref[0]}.{action}" for action in self.acts.get(ref[0], []) if action != "remove"}
        own = self.look.own[name]
        found |= {one for key in differing if key in own for one in self.reporters(own[key])}
        return {change for change in found if not change.startswith(f"{name}.")}

    def join(self, name: str, action: str, cause: str, of: list[str]) -> bool:
        """Rules 5 and 8: add an owed action or a reaction, to the plan or to what is held."""
        target = self.held if name in self.barred else self.causes
        satisfied = action == "update" and f"{name}.run" in target
        if self.look.left_alone(name) or satisfied or action in ("run", "remove") or f"{name}.{action}" in target:
            return False
        if name not in self.barred and f"{name}.{action}" in self.gates:
            new = f"{name}.{action}" not in self.held
            self.held[f"{name}.{action}"] = self.waits(f"{name}.{action}")
            return new
        target[f"{name}.{action}"] = self.barred.get(name, {"cause": cause, "of": sorted(of), "inputs": []})
        return True

    def join_reactions(self) -> bool:
        """Rule 8: one round of reactions; True if something new appeared."""
        hits: dict[tuple[str, str], set[str]] = {}
        for name, form in self.look.forms.items():
            for own, parent, action in mapped(form, "react_on"):
                hits.setdefault((name, own), set()).update(self.meant(parent, action))
        new = [self.join(name, own, "reaction", []) for (name, own), ids in hits.items() if ids]
        for (name, own), ids in hits.items():
            if self.causes.get(f"{name}.{own}", {}).get("cause") == "reaction":
                self.causes[f"{name}.{own}"]["of"] = sorted(ids)
        return any(new)

    def waits(self, change: str) -> dict:
        """Rule 5: what a single change is held for."""
        return {"reason": "needs-parent", "needs": sorted(self.gates[change])}

    def going(self, name: str) -> bool:
        """Rule 8: is a resource removed in the plan, for good or to be run again?"""
        return f"{name}.remove" in self.causes

    def closed(self) -> dict[str, set[str]]:
        """Rule 5, gates: what waits for a parent's action: whole resources, and single reactions and debts."""
        found: dict[str, set[str]] = {}
        for change, cause in self.causes.items():
            name, action = change.rsplit(".", 1)
            form, before = self.look.forms.get(name), self.look.before(name) if action == "remove" else []
            for own, parent, did in [triple for one in [form, *before] for triple in mapped(one, "depends_on")]:
                if change in self.meant(name, own) and self.awaited(parent, did) and not self.there(parent, did):
                    key = change if cause["cause"] in ("owed", "reaction") else name
                    found.setdefault(key, set()).add(f"{parent}.{did}")
        return found

    def there(self, name: str, action: str) -> bool:
        """Rule 5, gates: is an action in the plan, or done by a run that is?"""
        return f"{name}.{action}" in self.causes or (action == "update" and f"{name}.run" in self.causes)

    def awaited(self, name: str, action: str) -> bool:
        """Rule 5, gates: is an action owed, unfinished, or staged and not done?"""
        state = self.look.applied.get(name) or {}
        stamps = Look(self.look.given[:6], {name}, set()).stamps(name)
        replacing = "replace" in stamps and action in ("run", "update")
        return (
            action in (state.get("owed") or {}) or self.look.unfinished(name) == action or action in stamps or replacing
        )

    def meant(self, name: str, action: str, any_run: bool = False) -> set[str]:
        """Rule 9: the changes in the plan that an action means; a replace's run counts as update, also a later try.

        any_run: so does every other one where there is no update.
        """
        is_alone = any_run and f"{name}.update" not in self.causes
        anew = self.acts.get(name) == ["remove", "run"] or self.look.again(name)
        run = action == "update" and (is_alone or anew)
        return {f"{name}.{action}", *([f"{name}.run"] if run else [])} & set(self.causes)

    def own_edges(self) -> Iterator[tuple[str, str]]:
        """Rules 6, 7, 9 and 13: inferred, then explicit in chain; the rest after the inferred; all after parents."""
        for name in self.acts:
            chain = [f"{name}.{action}" for action in self.look.wants(name)]
            yield from zip(chain, chain[1:])
        for change, cause in self.causes.items():
            name, action = change.rsplit(".", 1)
            inferred = self.look.inferred(name)[0]
            if inferred and action not in inferred and cause["cause"] in ("owed", "reaction"):
                yield f"{name}.{self.look.inferred(name)[0][-1]}", change
            tried = {one.rsplit(".", 1)[0] for one in self.look.tried_names(name)}
            olds = {*tried, self.look.applied.get(name, {}).get("was")} - {name, None}
            if action == "rename" and olds:  # it frees the names
                yield from ((change, other) for other in self.causes if other.rsplit(".", 1)[0] in olds)
            if action == "rename" and name not in self.look.forms:
                continue
            waits = self.deciders(name) if action == "remove" else self.reporters(self.known(name))
            yield from ((earlier, change) for earlier in waits if earlier != change)
            for parent in ordering(self.look.forms[name]) - {name} if action != "remove" else ():
                yield from ((f"{parent}.run", change), (f"{parent}.update", change))

    def known(self, name: str) -> dict:
        """Section 9: the values that a resource acts with."""
        return {} if name in self.look.frozen else self.look.own[name]

    def removal_edges(self) -> Iterator[tuple[str, str]]:
        """Rule 9: children are removed first, and a reading ends before the parent's remove."""
        for name in self.look.names:
            new, before = self.look.forms.get(name), self.look.before(name)
            replaced = f"{name}.remove" in self.causes
            for parent in set().union(ordering(new), *map(ordering, before)) - {name}:
                yield f"{name}.remove", f"{parent}.remove"
            ending = next((f"{name}.{a}" for a in ("remove", "update", "run") if f"{name}.{a}" in self.causes), "")
            was = set().union(*(side for form in before for side in parents(form)))
            for parent in was.difference(*parents(new), {name}) if new and not replaced else ():
                yield ending, f"{parent}.remove"
            for ref in [ref for form in before for ref in refs(inputs_of(form))]:
                parent = ref[0]
                dropped = self.look.read(ref) is MISSING or self.look.read(ref) is FAILED
                if dropped and parent not in {*ordering(new), name} and not self.going(parent):
                    yield from ((ending, f"{parent}.update"), (ending, f"{parent}.run"))

    def literal_edges(self) -> Iterator[tuple[str, str]]:
        """Rules 8 and 9: the mapping form and react_on, action by action."""
        for name in self.look.names:
            new = self.look.forms.get(name)
            triples = [(*entry, False) for entry in mapped(new, "depends_on")]
            triples += [
                (*e, False) for form in self.look.before(name) for e in mapped(form, "depends_on") if e[0] == "remove"
            ]
            triples += [(*entry, True) for entry in mapped(new, "react_on")]
            for own, parent, action, any_run in triples:
                pairs = [(a, b) for a in self.meant(parent, action) for b in self.meant(name, own, any_run)]
                yield from [(a, b) for a, b in pairs if a != b or own == action]


def plan(
    kinds,
    applied,
    staged,
    *,
    selected=None,
    expression=None,
    with_children=False,
    with_parents=False,
    single=(),
    truth=None,
) -> dict:
    """Section 5: the plan, or Refused; single: those of the selected changes that are asked for one by one.

    truth: which resource is which, where what files say of that is the question.
    """
    applied, moves, bad = followed(kinds, applied, staged, truth)
    names = {*applied, *staged}
    given = (kinds, applied, staged, expression, with_children, with_parents)
    full, _, everything, _ = converged(partial(whole, given, names), expected(given, names))
    alone = asked_alone(full, everything, moves, single)
    chosen = (
        names if selected is None else set(selected) - {name for name in alone if not alone[name] & acting(full, name)}
    )
    while True:
        chosen = moved_along(full, moves, chosen) & names
        here = Look((*given, alone), names, set(), frozenset(), full.reports)
        look, held, changes, gates = converged(partial(part, here, chosen), expected(given, chosen))
        more = waited_for(look, held, gates, with_parents, with_children) - chosen
        if not more:
            break
        chosen, alone = chosen | more, {name: alone[name] for name in alone.keys() - more}
    meant = chosen | {change.rsplit(".", 1)[0] for change in single}
    if any({name, *staged[name]["moved_from"]} & meant for name in bad):
        raise Refused("claim", bad)
    after, order = changes.after, in_order(changes.after)
    if len(order) < len(after):
        raise Refused("cycle", {change.rsplit(".", 1)[0] for change in on_rings(after)})
    part_of = {*changes.causes, *changes.held}
    there = {change.rsplit(".", 1)[0] for change in part_of} | chosen
    left = {c for c in everything.causes if c.rsplit(".", 1)[0] in alone} - part_of
    return {
        "changes": {change: {**changes.causes[change], "after": sorted(after[change])} for change in order},
        "order": order,
        "conditional": sorted(changes.conditional),
        "held": changes.held,
        "recorded": recorded(look),
        "moved": sorted((old, new) for new, old in moves.items() if new in look.effective),
        "pending": sorted(left | {c for c in everything.causes if c.rsplit(".", 1)[0] not in there}),
    }


def acting(full: Look, name: str) -> set[str]:
    """Rule 1: what a resource does of its own accord if everything is selected."""
    return set(full.inferred(name)[0])


def asked_alone(full: Look, everything: Changes, moves: dict[str, str], single: Any) -> dict[str, set[str]]:
    """Section 11: the actions that single changes stand for, by resource; a replace is taken whole."""
    found: dict[str, set[str]] = {}
    for name, action in (change.rsplit(".", 1) for change in single):
        form = full.staged.get(name) or full.live(name)
        kind = full.kinds.get((form or {}).get("kind"), {})
        cause = everything.causes.get(f"{name}.{action}", {}).get("cause")
        known = {*(full.staged.get(name) or {}).get("actions", {}), *full.applied.get(name, {}).get("stamps", {})}
        if cause is None and form is not None and action not in {*STANDARD, *kind["actions"]}:
            raise Refused("no such action", [name])
        if cause is None and action not in {*STANDARD, *known}:
            raise Refused("never asked for", [name])
        if cause == "reaction" or name in {*moves, *moves.values()}:
            raise Refused("not alone", [name])
        inferred = acting(full, name)
        found.setdefault(name, set()).update({*inferred, action, "replace"} if action in inferred else {action})
    return found


def moved_along(full: Look, moves: dict[str, str], chosen: set[str]) -> set[str]:
    """Section 3: a selection with what moves together, and with mere moves to names that a chosen file names."""
    chosen = together(moves, chosen)
    while True:
        edited = [name for name in chosen & set(full.staged) if name in full.forms and full.edited(name)]
        wanted = set().union(*(named(full.staged[name]) for name in edited)) & set(moves) - chosen
        more = {new for new in wanted if is_bare(full.kinds, (full.applied, full.staged), moves, new)}
        if not more:
            return chosen
        chosen = chosen | together(moves, more)


def recorded(look: Look) -> list[str]:
    """Rule 1 and section 10: what is stored though nothing runs for it."""
    quiet = [n for n in sorted(look.effective & set(look.names)) if not look.wants(n)]
    return [n for n in quiet if (n in look.forms and look.edited(n)) or look.as_seen(n)]


def expected(given: tuple, selected: set[str]) -> dict:
    """Section 9: what is reported where everything that is new is run; to begin with, so that a ring is one."""
    kinds, applied, staged = given[:3]
    by = {}
    for name in selected & set(staged):
        kind = kinds.get(staged[name]["kind"], {})
        outputs = (kind.get("reports") or {"run": kind.get("outputs", [])}).get("run", [])
        if outputs and not (applied.get(name) or {}).get("resource"):
            by[name] = {output: [f"{name}.run"] for output in outputs}
    return {"by": by, "anew": set(by), "replaced": {}}


def converged(make: Callable[[dict], tuple], reports: dict) -> tuple:
    """Section 9: a universe with all that its own changes may report."""
    for _ in range(100):
        found = make(reports)
        if found[2].reports() == reports:
            return found
        reports = found[2].reports()
    raise Undecided


def whole(given: tuple, names: set[str], reports: dict) -> tuple:
    """Section 5: the universe in which everything is selected."""
    look = Look(given, names, set(), frozenset(), reports)
    return look, {}, Changes(look, look, {}), {}


def part(full: Look, chosen: set[str], reports: dict) -> tuple:
    """Rule 5: the universe of a selection, with its holds and gates."""
    gates = unmade(full, chosen)
    while True:
        look, held = settle(full, chosen, {name: (full, []) for name in gates if name in full.names}, reports)
        changes = Changes(look, full, held, gates)
        closed = changes.closed() if chosen != set(full.names) else {}
        if not closed:
            return look, held, changes, gates
        gates = {key: gates.get(key, set()) | closed.get(key, set()) for key in {*gates, *closed}}


def unmade(full: Look, chosen: set[str]) -> dict[str, set[str]]:
    """Section 11: the single actions of what is not live, or was removed half-way, with its own changes."""
    names = [n for n in full.alone.keys() - chosen if n in full.staged]
    names = [n for n in names if not full.live(n) or full.unfinished(n) == "remove"]
    whole = Look(full.given[:6], set(full.names), set(), frozenset(), full.reports)
    return {f"{n}.{action}": {f"{n}.{own}" for own in acting(whole, n)} for n in names for action in full.alone[n]}


def waited_for(look: Look, held: dict, gates: dict, with_parents: bool, with_children: bool) -> set[str]:
    """Rule 5: the resources that the options take in: missing parents, and the readers that a removal waits for."""
    found: set[str] = set()
    for name, (_, why) in held.items():
        for reason, other, ref in why:
            if reason == "needs-parent" and with_parents:
                found |= look.sources(name, other, ref)
            elif reason == "needs-reader" and with_children:
                found.add(other)
    return found | ({gate.rsplit(".", 1)[0] for ids in gates.values() for gate in ids} if with_parents else set())
