"""A second, deliberately simple planner (docs/design.md, section 5): the oracle of the property tests.

No git, no files, no cache: every look at the world is computed from scratch. Decided here, where the design is silent:

* Refusals are looked for in this order: still-read, missing names, missing paths, reads-itself, cycle. `names` are the
  readers, or for the last two the resources on the ring. A ring through a held or out-of-scope resource is no ring.
* A value that cannot be resolved blames nobody in the target universe, and is not there in the fully staged one.
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
* `after` is not reduced. That a replace's `run` counts as `update` never makes a change wait for itself.
"""

from __future__ import annotations

import heapq
import json
import re
from typing import Any, Callable, Iterator, Tuple

Ref = Tuple[str, Tuple[str, ...], bool]  # name, path, inside a longer string

REFERENCE = re.compile(r'\$\{([^{}.\[\]]+)((?:\.[^{}.\[\]]+|\["[^"]*"\])+)\}')
STEP = re.compile(r'\.([^.\[\]]+)|\["([^"]*)"\]')
MISSING, FAILED = object(), object()


class Refused(Exception):
    """The plan is an error."""

    def __init__(self, why: str, names) -> None:
        super().__init__(f"{why}: {', '.join(sorted(names))}")
        self.why, self.names = why, sorted(names)


def same(one: Any, two: Any) -> bool:
    """Rule 1: equality of JSON values (Python takes 1 and True for equal)."""
    return json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)


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
    parts = [(match, read(reference(match, True))) for match in REFERENCE.finditer(value)]
    for match, part in reversed(parts):
        bare = part if isinstance(part, str) else json.dumps(part)
        value = value[: match.start()] + bare + value[match.end() :]
    return value


def refs(value: Any) -> list[Ref]:
    """Section 3: all references in a value."""
    found: list[Ref] = []
    fill(value, lambda ref: found.append(ref) or "")
    return found


def fetch(value: Any, ref: Ref) -> Any:
    """Section 3: walk mappings and list indexes."""
    for step in ref[1]:
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
    pairs = mapped(resource, "depends_on") + mapped(resource, "react_on")
    return set().union(*parents(resource), (parent for _, parent, _ in pairs))


class Look:
    """Rule 3: the target universe for one selection and one set of held resources, resolved."""

    def __init__(self, given: tuple, selected: set[str], held: set[str]) -> None:
        self.given, self.selected, self.held = given, selected, held
        self.kinds, self.applied, self.staged, self.expression, self.with_children = given
        self.names = sorted({*self.applied, *self.staged})
        self.effective = selected - held  # those whose staged file, or its absence, counts
        forms = {n: self.staged.get(n) if n in self.effective else self.live(n) for n in self.names}
        self.forms = {n: form for n, form in forms.items() if form is not None}
        # Rule 5: held and out-of-scope live resources always show their applied values.
        self.frozen = {n for n in self.forms if n in held or self.outside(n) or self.left_alone(n)}
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
        if ref[0] in self.frozen:
            return fetch(self.old(ref[0]), ref)
        return FAILED if (ref[0], ref[1][0]) in self.failed else fetch(self.own[ref[0]], ref)

    def taken(self, ref: Ref) -> bool:
        """Rule 10: does a change of the parent take away the value that this reference reads?"""
        if ref[0] not in self.forms:
            return bool(self.inferred(ref[0])[0])
        return ref[0] not in self.frozen and self.read(ref) is MISSING and fetch(self.old(ref[0]), ref) is not MISSING

    def unsettled(self, bad: list[Ref]) -> bool:
        """Rule 5: may holding a parent bring one of these values back?"""
        return any(self.read(ref) is FAILED or self.taken(ref) for ref in bad)

    def differing(self, name: str) -> set[str]:
        """Rule 1: the inputs whose resolved value differs from the applied one."""
        old, new = self.old(name), self.own[name]
        failed = {key for owner, key in self.failed if owner == name}
        return failed | {k for k in {*old, *new} if k not in old or k not in new or not same(old[k], new[k])}

    def edited(self, name: str) -> bool:
        """Rule 1: do the bytes of the staged file in effect differ from those applied?"""
        new, old = self.forms[name], self.live(name) or {}
        return {k: json.dumps(v) for k, v in new.items()} != {k: json.dumps(v) for k, v in old.items()}

    def stamps(self, name: str) -> list[str]:
        """Section 3: the pending explicit actions (higher counter, or equal with another suffix), as staged."""
        staged = (self.staged.get(name) or {}).get("actions") or {} if name in self.effective else {}
        done = (self.applied.get(name) or {}).get("stamps") or {}
        counters = {a: [int(stamp.split("-")[0]) for stamp in (staged[a], done.get(a, "0-"))] for a in staged}
        return [a for a, (new, old) in counters.items() if new > old or (new == old and staged[a] != done.get(a))]

    def tried_again(self, name: str, new: dict) -> bool:
        """Rule 13: is a failed run tried again with what it was tried with?"""
        tried = (self.applied.get(name) or {}).get("unfinished")
        if tried is None or tried["kind"] != new["kind"] or {*tried["inputs"]} != {*inputs_of(new)}:
            return False
        return all(same(value, self.read((name, (key,), False))) for key, value in tried["inputs"].items())

    def left_alone(self, name: str) -> bool:
        """Rule 4: nobody brings back what somebody is removing, unless it is selected."""
        removing = self.unfinished(name) == "remove" and name not in self.staged
        return removing and self.selected is not None and name not in self.selected

    def inferred(self, name: str) -> tuple[list[str], str]:
        """Rules 1, 7 and 13: the actions that follow from a difference, and their cause."""
        new, old, unfinished = self.forms.get(name), self.live(name), self.unfinished(name)
        if self.left_alone(name):
            return [], ""
        if new is None:
            gone = name in self.effective and name not in self.staged and (old or unfinished)
            return (["remove"] if gone else []), ("staged" if old else "unfinished")
        if old is None:
            return ["run"], "unfinished" if self.tried_again(name, new) else "staged"
        differing = self.differing(name)
        replacing = differing & set(self.kinds.get(new["kind"], {}).get("replace_on") or [])
        if new["kind"] != old["kind"] or replacing or "replace" in self.stamps(name):
            return ["remove", "run"], "replace"
        if not differing and not (unfinished and name in self.effective):
            return [], ""
        edited = any(text(new, key) != text(old, key) for key in differing)
        cause = "staged" if edited else "unfinished" if unfinished else "child"
        return (["run"] if unfinished in ("run", "remove") else ["update"]), cause

    def wants(self, name: str, but: str = "") -> list[str]:
        """Rules 1 and 6: the inferred actions (without those of one cause), then the explicit ones."""
        inferred, cause = self.inferred(name)
        explicit = [a for a in self.stamps(name) if a not in (*inferred, "run", "remove", "replace")]
        return [a for a in inferred if cause != but] + explicit

    def lacking(self, name: str) -> list[tuple[str, str, Any]]:
        """Rule 5: what a selected resource with a change or an edited file needs and the universe lacks."""
        form, actions = self.forms[name], set(self.wants(name))
        if not actions and not self.edited(name):
            return []
        own = (actions - {"remove"}) | ({"update"} if "remove" in actions else set())
        depends = parents(form)[1] | {parent for action, parent, _ in mapped(form, "depends_on") if action in own}
        unread = [("needs-parent", ref[0], ref) for ref in refs(inputs_of(form)) if self.read(ref) is MISSING]
        return unread + [("needs-parent", parent, None) for parent in sorted(depends) if parent not in self.forms]

    def candidates(self) -> dict[str, list[tuple[str, str, Any]]]:
        """Rules 5 and 10: the resources to hold, each with its reasons (reason, parent or reader, reference)."""
        found = {name: self.lacking(name) for name in self.effective & set(self.forms)}
        for reader in [n for n in self.names if n not in self.effective and self.live(n)]:
            for ref in refs(inputs_of(self.live(reader))):
                if ref[0] != reader and self.taken(ref):
                    found.setdefault(ref[0], []).append(("needs-reader", reader, ref))
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
    pairs = [(n if reason == "needs-parent" else other, r) for n, why in chosen.items() for reason, other, r in why]
    if not chosen:  # what a held resource read besides the reason it was held for
        pairs = [(n, ref) for n in look.selected for ref in refs(inputs_of(look.staged.get(n)))]
        pairs = [(n, ref) for n, ref in pairs if look.read(ref) is MISSING]
    pairs = [(n, ref) for n, ref in pairs if ref and ref in refs(inputs_of(look.staged.get(n)))]
    lost = {n for n, ref in pairs if full.read(ref) is MISSING or full.read(ref) is FAILED}
    if lost:
        raise Refused("missing", lost)


def settle(full: Look, selected: set[str]) -> tuple[Look, dict[str, tuple[Look, list]]]:
    """Rules 5 and 10: hold back, round by round, until nothing new is held."""
    held: dict[str, tuple[Look, list]] = {}
    look = Look(full.given, selected, set())
    check_names(look)
    while True:
        chosen = look.first(look.candidates())
        check_paths(look, full, chosen)
        if not chosen:
            break
        held.update({name: (look, why) for name, why in chosen.items()})
        look = Look(full.given, selected, set(held))
    rings = on_rings(look.behind)
    if rings:
        raise Refused("reads-itself", {name for name, _ in rings})
    return look, {name: judge(look, name, *held[name]) for name in held}


def judge(last: Look, name: str, look: Look, why: list) -> tuple[Look, list]:
    """Rule 5: why a resource is held, seen from the final universe where that still shows a reason."""
    final = Look(last.given, last.selected, last.held - {name})
    found = final.candidates().get(name)
    look, why = (final, found) if found else (look, why)
    reason = min(entry[0] for entry in why)  # needs-parent sorts before needs-reader
    return look, [entry for entry in why if entry[0] == reason]


def verdict(look: Look, full: Look, name: str, why: list) -> dict:
    """Rules 5 and 10: reason and needs of a held resource."""
    needs: set[str] = set()
    for reason, other, ref in why:
        if reason == "needs-parent":
            missing = look.sources(name, other, ref) or {other}
            needs |= {f"{parent}.{action}" for parent in missing for action in full.inferred(parent)[0]}
        else:
            actions = full.inferred(other)[0]
            needs |= {f"{other}.{action}" for action in (actions or ["update"])}
    return {"reason": why[0][0], "needs": sorted(needs)}


class Changes:
    """Rules 6 to 9: the changes of the plan, those held, and their order."""

    def __init__(self, look: Look, full: Look, held: dict[str, tuple[Look, list]]) -> None:
        self.look, self.causes, self.held = look, {}, {}
        self.barred = {name: verdict(look, full, name, why) for name, (_, why) in held.items()}
        for name in look.names:
            if name not in held and look.outside(name):
                self.barred[name] = {"reason": "outside-selection", "needs": []}
        self.acts = {n: look.inferred(n)[0] for n in look.names if n not in self.barred}
        views = {n: full if why[0][0] == "needs-parent" else view for n, (view, why) in held.items()}
        for name in look.names:
            self.infer(name, views.get(name, look))
        becoming = {name for name in look.forms if f"{name}.run" in self.causes}
        for name in [n for n in look.forms if look.live(n) or n in becoming]:  # Rule 8: owed actions are added again
            for action, ids in (look.applied.get(name, {}).get("owed") or {}).items():
                self.join(name, action, "owed", ids)
        while self.join_reactions():
            pass
        self.after: dict[str, set[str]] = {change: set() for change in self.causes}
        for first, then in [*self.own_edges(), *self.removal_edges(), *self.literal_edges()]:
            if first in self.after and then in self.after:
                self.after[then].add(first)

    def infer(self, name: str, look: Look) -> None:
        """Rules 1, 5 and 6: inferred and explicit changes, in the plan or held."""
        actions, cause = look.inferred(name)
        if name in self.barred:
            edited = ["update"] if self.barred[name]["reason"] == "needs-parent" else []
            self.held.update({f"{name}.{action}": self.barred[name] for action in look.wants(name) or edited})
            return
        differing = look.differing(name) if name in look.forms else set()
        of = self.behind(name, differing) if cause in ("child", "replace") else set()
        for action in look.wants(name):
            self.causes[f"{name}.{action}"] = {"cause": "explicit", "of": [], "inputs": []}
        for action in actions:
            inputs = [] if action == "remove" and "run" not in self.acts.get(name, []) else sorted(differing)
            self.causes[f"{name}.{action}"] = {"cause": cause, "of": sorted(of), "inputs": inputs}

    def behind(self, name: str, differing: set[str]) -> set[str]:
        """Rule 4: the parents' changes that change a value which a differing input reads."""
        found, inputs = set(), inputs_of(self.look.forms[name])
        for ref in refs([inputs[key] for key in differing if key in inputs]):
            before, now = fetch(self.look.old(ref[0]), ref), self.look.read(ref)
            if ref[0] != name and (before is MISSING or not same(before, now)):
                found |= {f"{ref[0]}.{action}" for action in self.acts.get(ref[0], []) if action != "remove"}
        return found

    def join(self, name: str, action: str, cause: str, of: list[str]) -> bool:
        """Rules 5 and 8: add an owed action or a reaction, to the plan or to what is held."""
        target = self.held if name in self.barred else self.causes
        satisfied = action == "update" and f"{name}.run" in target
        if self.look.left_alone(name) or satisfied or action in ("run", "remove") or f"{name}.{action}" in target:
            return False
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

    def meant(self, name: str, action: str, any_run: bool = False) -> set[str]:
        """Rule 9: the changes in the plan that an action means; a replace's run counts as update."""
        run = action == "update" and (any_run or self.acts.get(name) == ["remove", "run"])
        return {f"{name}.{action}", *([f"{name}.run"] if run else [])} & set(self.causes)

    def own_edges(self) -> Iterator[tuple[str, str]]:
        """Rules 6, 7, 9 and 13: inferred, then explicit in chain; the rest after the inferred; all after parents."""
        for name in self.acts:
            chain = [f"{name}.{action}" for action in self.look.wants(name)]
            yield from zip(chain, chain[1:])
        for change, cause in self.causes.items():
            name, action = change.rsplit(".", 1)
            if self.acts[name] and cause["cause"] in ("owed", "reaction"):
                yield f"{name}.{self.acts[name][-1]}", change
            for parent in ordering(self.look.forms[name]) - {name} if action != "remove" else ():
                yield from ((f"{parent}.run", change), (f"{parent}.update", change))

    def removal_edges(self) -> Iterator[tuple[str, str]]:
        """Rule 9: children are removed first, and a reading ends before the parent's remove."""
        for name in self.look.names:
            old, new = self.look.live(name), self.look.forms.get(name)
            for parent in (ordering(old) | ordering(new)) - {name}:
                yield f"{name}.remove", f"{parent}.remove"
            runs = f"{name}.update" not in self.causes
            replaced = f"{name}.remove" in self.causes
            for parent in set().union(*parents(old)).difference(*parents(new), {name}) if new and not replaced else ():
                yield f"{name}.{'run' if runs else 'update'}", f"{parent}.remove"

    def literal_edges(self) -> Iterator[tuple[str, str]]:
        """Rules 8 and 9: the mapping form and react_on, action by action."""
        for name in self.look.names:
            new, old = self.look.forms.get(name), self.look.live(name)
            triples = [(*entry, False) for entry in mapped(new, "depends_on")]
            triples += [(*entry, False) for entry in mapped(old, "depends_on") if entry[0] == "remove"]
            triples += [(*entry, True) for entry in mapped(new, "react_on")]
            for own, parent, action, any_run in triples:
                pairs = [(a, b) for a in self.meant(parent, action) for b in self.meant(name, own, any_run)]
                yield from [(a, b) for a, b in pairs if a != b or own == action]


def plan(kinds, applied, staged, *, selected=None, expression=None, with_children=False, with_parents=False) -> dict:
    """Section 5: the plan, or Refused."""
    names = {*applied, *staged}
    full = Look((kinds, applied, staged, expression, with_children), names, set())
    chosen = names if selected is None else set(selected)
    while True:
        look, held = settle(full, chosen)
        why = [(n, *entry[1:]) for n, (_, entries) in held.items() for entry in entries if entry[0] == "needs-parent"]
        more = set().union(*(look.sources(*entry) for entry in why)) - chosen
        if not with_parents or not more:
            break
        chosen = chosen | more
    changes = Changes(look, full, held)
    after, order = changes.after, in_order(changes.after)
    if len(order) < len(after):
        raise Refused("cycle", {change.rsplit(".", 1)[0] for change in on_rings(after)})
    return {
        "changes": {change: {**changes.causes[change], "after": sorted(after[change])} for change in order},
        "order": order,
        "held": changes.held,
        "recorded": [n for n in sorted(look.effective & set(look.forms)) if look.edited(n) and not look.wants(n)],
        "pending": sorted(f"{n}.{a}" for n in names - chosen for a in full.wants(n, but="child")),
    }
