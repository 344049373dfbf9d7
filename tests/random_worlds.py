"""Random situations for the property tests: what was applied, what is staged since, and a selection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Dict, FrozenSet, Iterable, List, Mapping, Match, Optional, Sequence

from stagectl.core.model import Applied, Attempt, ChangeId, Kind, Name, Observed, Resource
from stagectl.core.planning.moves import follow_moves
from stagectl.core.planning.resolve import Resolver
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.selection import Selection
from tests.build import kind, resource
from tests.oracle_moves import followed, renamed

REPORTING = {
    "a": {
        "actions": ["restart", "test", "run", "update"],
        "replace_on": ["x", "y"],
        "outputs": ["o", "p"],
        "reports": {"run": ["o", "p"], "update": ["o"], "restart": ["p"]},
    },
    "b": {"actions": ["restart", "update"], "replace_on": [], "outputs": ["o"]},
}
RENAMING = {
    **REPORTING,
    "a": {**REPORTING["a"], "actions": ["restart", "test", "run", "update", "rename"]},
}
KINDS = {"a": {"actions": ["restart", "test"], "replace_on": ["x"]}, "b": {"actions": ["restart"], "replace_on": []}}
TAGS = ("prod", "stag", "canary")
_REFERENCE = re.compile(r"\$\{(r[0-9]+)\.[a-z.]+\}")
STANDARD = ("run", "update", "remove")

Raw = Dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A situation as plain values, for the oracle, and the question asked of it."""

    applied: Dict[str, Raw]
    staged: Dict[str, Raw]
    names: Optional[FrozenSet[str]]
    tags: tuple[str, ...]
    with_children: bool
    with_parents: bool
    kinds: Mapping[str, Raw] = field(default_factory=lambda: KINDS)
    single: tuple[str, ...] = ()  # changes that are asked for one by one
    truth: Optional[Mapping[str, str]] = None  # the old name of what has another one now, where files say more

    def situation(self) -> Situation:
        """The same for the real planner."""
        applied = {Name(name): _applied(name, raw) for name, raw in self.applied.items()}
        staged = {Name(name): built(name, raw) for name, raw in self.staged.items()}
        return follow_moves(Situation(applied, staged, real_kinds(self.kinds)))

    def selection(self) -> Selection:
        names = tuple(sorted(self.names)) if self.names is not None else ()
        return Selection((*names, *self.single), self.tags, self.with_children, self.with_parents)


def real_kinds(kinds: Mapping[str, Raw] = KINDS) -> Dict[str, Kind]:
    return {name: _kind(name, raw) for name, raw in kinds.items()}


def _kind(name: str, raw: Raw) -> Kind:
    more: Raw = {"reports": raw["reports"]} if "reports" in raw else {}
    if "outputs" in raw:
        more["outputs"] = {"type": "object", "properties": {output: {} for output in raw["outputs"]}}
    return kind(name, actions={a: ["true"] for a in raw["actions"]}, replace_on=raw["replace_on"], **more)


def built(name: str, raw: Raw) -> Resource:
    return resource(
        name, raw["kind"], raw.get("tags", ()), **{k: v for k, v in raw.items() if k not in ("kind", "tags")}
    )


def _applied(name: str, raw: Raw) -> Applied:
    tried = raw["unfinished"]
    return Applied(
        resource=built(name, raw["resource"]) if raw["resource"] else None,
        inputs=raw["inputs"],
        stamps=raw["stamps"],
        unfinished=_attempt(tried) if tried else None,
        owed={action: tuple(map(ChangeId, behind)) for action, behind in raw["owed"].items()},
        outputs=raw.get("outputs", {}),
        observed=_observed(raw["observed"]) if raw.get("observed") else None,
    )


def _observed(seen: Raw) -> Observed:
    return Observed(seen["gone"], seen["inputs"], frozenset(seen["differs"]), seen["unnamed"])


def _attempt(tried: Raw) -> Attempt:
    one = built("r", tried["form"]) if tried.get("form") else None
    form = replace(one.relations(), moved_from=one.moved_from) if one else None
    replaces = tried.get("replaces", False)
    return Attempt(tried["action"], tried["kind"], tuple(tried["tags"]), tried["inputs"], form=form, replaces=replaces)


def random_case(random: Random, most: int = 8, kinds: Mapping[str, Raw] = KINDS) -> Case:
    """A case of at most *most* resources; small values, so that things meet."""
    names = [f"r{index}" for index in range(random.randint(2, most))]
    old = {name: _random_resource(random, name, names) for name in names if random.random() < 0.8}
    old = _readable(_reading(random, old, kinds), kinds)
    applied = {name: _random_applied(random, raw, old, name, kinds) for name, raw in old.items()}
    staged = _edited(random, old, names, applied, kinds)
    for name in names:
        if name not in applied and random.random() < 0.1:
            applied[name] = _failed_run(random, name, names)
    return Case(
        applied,
        staged,
        _random_names(random, applied, staged),
        _random_tags(random, applied, staged),
        random.random() < 0.2,
        random.random() < 0.3,
        kinds,
    )


def looked_at(random: Random, case: Case) -> Case:
    """The same after a check that saw things changed and gone, outputs among them."""
    applied = {name: _looked_at(random, raw, case.staged.get(name)) for name, raw in case.applied.items()}
    return replace(case, applied=applied)


def _looked_at(random: Random, raw: Raw, staged: Optional[Raw]) -> Raw:
    if raw["resource"] is None or random.random() < 0.5:
        return raw
    seen: Raw = {"gone": random.random() < 0.3, "inputs": {}, "differs": [], "unnamed": False}
    if not seen["gone"]:
        wanted = (staged or {}).get("inputs", {})
        known = {key: _seen(random, wanted.get(key)) for key in raw["inputs"] if random.random() < 0.5}
        seen["inputs"] = {key: value for key, value in known.items() if value != raw["inputs"][key]}
        unseen = sorted(raw["inputs"].keys() - seen["inputs"].keys())
        seen["differs"] = [key for key in unseen if random.random() < 0.1]
        seen["unnamed"] = random.random() < 0.1
    outputs = {key: random.randint(1, 3) for key in raw.get("outputs", {})}
    found = {**raw, "outputs": outputs} if outputs and not seen["gone"] and random.random() < 0.3 else raw
    return {**found, "observed": seen} if any(seen.values()) else found


def moved(random: Random, case: Case) -> Case:
    """The same with some of what is live staged under other names; who names it follows, mostly, and some err."""
    live = [name for name in sorted(case.staged) if (case.applied.get(name) or {}).get("resource")]
    if not live:
        return case
    some = random.sample(live, min(len(live), random.randint(1, 3)))
    free = [f"s{name}" for name in some]
    shape = random.random()
    after = dict(zip(some, free if shape < 0.4 else [*some[1:], some[0] if shape < 0.7 else free[0]]))
    after = {old: new for old, new in after.items() if old != new}
    staged = {}
    for name, raw in case.staged.items():
        raw = renamed(raw, after) if random.random() < 0.85 else raw
        if after.get(name, name) in built(name, raw).parents:  # what is not followed may name itself
            raw = {key: value for key, value in raw.items() if key not in ("depends_on", "react_on", "unordered")}
        claims = [name] if name in after and random.random() < 0.95 else []
        staged[after.get(name, name)] = {**raw, "moved_from": claims} if claims else raw
    for name in [name for name in some if name not in staged and random.random() < 0.05]:
        staged[name] = case.staged[name]  # it is still there
    for name in [name for name in staged if random.random() < 0.02]:
        claims = [old for old in sorted(case.applied) if old != name][:2]
        staged[name] = {**staged[name], "moved_from": claims} if claims else staged[name]
    applied, _, _ = followed(case.kinds, case.applied, staged)
    return replace(
        case,
        staged=staged,
        names=_random_names(random, applied, staged),
        tags=_random_tags(random, applied, staged),
    )


def alone(random: Random, case: Case, changes: Iterable[str]) -> Case:
    """The same with single changes in its selection: some that there are, and one that there may not be."""
    known = sorted({*case.applied, *case.staged})
    if not known:
        return case
    free = f"{random.choice(known)}.{random.choice(('run', 'update', 'remove', 'restart', 'test'))}"
    some = [*random.sample(sorted(changes), min(len(list(changes)), random.randint(0, 2))), free]
    single = tuple(dict.fromkeys(some[: random.choice((1, 1, 2, 3))]))
    return replace(case, names=case.names if random.random() < 0.3 else None, tags=(), single=single)


def wandered(random: Random, case: Case) -> Case:
    """The same, in which resources had other names before, also each other's, and some get others now.

    Each file says what docs/file-format.md asks for: the name that is live, before what the file applied there says.
    """
    live = [name for name in sorted(case.applied) if case.applied[name]["resource"]]
    pool = sorted({*case.applied, *case.staged, *(f"s{name}" for name in live[:2])})
    had = {name: _random_past(random, name, pool) for name in live}
    applied = {name: _with_claims(raw, had.get(name, [])) for name, raw in case.applied.items()}
    moving = [name for name in live if name in case.staged and random.random() < 0.4]
    free = [name for name in pool if name not in {*case.staged, *live}]
    after = dict(zip(moving, random.sample([*moving, *free], len(moving))))
    after = {old: new for old, new in after.items() if old != new}
    staged = {}
    for name, raw in case.staged.items():
        claims = had.get(name, []) if random.random() < 0.8 else []
        if name in after:
            between = [f"t{name}"] if random.random() < 0.1 else []  # it was moved twice, and this state saw neither
            claims = list(dict.fromkeys([*between, name, *had[name]]))
        tried = (case.applied.get(name) or {}).get("unfinished")
        if tried and tried["form"] and name not in live and random.random() < 0.5:  # a run that failed claims no more
            claims = _random_past(random, name, pool)
            applied[name] = {**applied[name], "unfinished": {**tried, "form": {**tried["form"], "moved_from": claims}}}
        raw = renamed(raw, after)
        staged[after.get(name, name)] = {**raw, "moved_from": claims} if claims else raw
    truth = {new: old for old, new in sorted(after.items())}
    now, _, _ = followed(case.kinds, applied, staged, truth)
    names, tags = _random_names(random, now, staged), _random_tags(random, now, staged)
    return replace(case, applied=applied, staged=staged, names=names, tags=tags, truth=truth)


def _random_past(random: Random, name: str, pool: Sequence[str]) -> List[str]:
    """The names that a resource had before, the newest first."""
    olds = random.sample(pool, min(len(pool), random.choice((0, 0, 1, 1, 2))))
    return olds[1:] if olds[:1] == [name] else olds


def _with_claims(state: Raw, olds: List[str]) -> Raw:
    return {**state, "resource": {**state["resource"], "moved_from": olds}} if olds else state


def _seen(random: Random, wanted: Any) -> Any:
    """A value that a check saw: what is staged, or another one."""
    if random.random() < 0.5 and wanted is not None and "${" not in str(wanted):
        return wanted
    return random.choice((1, 2, 3, {"k": random.randint(1, 3), "l": 0}))


def outputs_of(resources: Mapping[str, Raw], kinds: Mapping[str, Raw]) -> Dict[Name, Raw]:
    """What the actions of each resource reported."""
    return {
        Name(name): {output: int(name[1:]) % 3 + 1 for output in kinds[raw["kind"]].get("outputs", [])}
        for name, raw in resources.items()
    }


def _reading(random: Random, resources: Mapping[str, Raw], kinds: Mapping[str, Raw]) -> Dict[str, Raw]:
    """The same with some references to outputs, where kinds have any."""
    outputs = outputs_of(resources, kinds)
    if not any(outputs.values()):
        return dict(resources)

    def read(match: Match[str]) -> str:
        known = sorted(outputs.get(Name(match.group(1)), ()))
        return "${" + f"{match.group(1)}.{random.choice(known)}" + "}" if known and random.random() < 0.4 else match[0]

    found = {}
    for name, raw in resources.items():
        inputs = {
            key: _REFERENCE.sub(read, value) if isinstance(value, str) else value
            for key, value in raw["inputs"].items()
        }
        found[name] = {**raw, "inputs": inputs}
    return found


def _random_resource(random: Random, name: str, names: List[str]) -> Raw:
    mine = names.index(name)
    earlier = names[:mine] if random.random() < 0.95 else [other for other in names if other != name]
    raw: Raw = {
        "kind": random.choice("aaab"),
        "inputs": {"x": random.randint(1, 3), "m": {"k": random.randint(1, 3), "l": 0}},
    }
    tags = [tag for tag in TAGS if random.random() < 0.35]
    if tags:
        raw["tags"] = tags
    for key in ("y", "z"):
        if earlier and random.random() < 0.7:
            raw["inputs"][key] = _random_reference(random, earlier, key)
    others = [other for other in names if other != name]
    if earlier and random.random() < 0.25:
        raw["depends_on"] = random.choice(
            [
                [random.choice(earlier)],
                {random.choice(("run", "update", "update", "restart")): [_random_change(random, earlier)]},
            ]
        )
    if others and random.random() < 0.35:
        pool = earlier if earlier and random.random() < 0.8 else others
        raw["react_on"] = {random.choice(("restart", "restart", "update")): [_random_change(random, pool)]}
    reads = sorted({other for other in earlier if any("${" + other + "." in str(v) for v in raw["inputs"].values())})
    if reads and random.random() < 0.15:
        raw["unordered"] = [random.choice(reads)]
    return raw


def _random_reference(random: Random, parents: List[str], key: str) -> Any:
    parent = random.choice(parents)
    paths = ("x", "x", "m.k", "m.l", "y") if key == "z" else ("x", "m", "m.k", "y")
    if len(parents) > 12:  # long chains of what may be missing would leave little of a large world
        paths = ("x", "m.k", "m.l")
    reference = "${" + f"{parent}.{random.choice(paths)}" + "}"
    return random.choice((reference, reference, [reference], f"v-{reference}" if ".m}" not in reference else reference))


def _random_change(random: Random, parents: List[str]) -> str:
    return f"{random.choice(parents)}.{random.choice(('run', 'update', 'update', 'restart'))}"


def _readable(resources: Mapping[str, Raw], kinds: Mapping[str, Raw]) -> Dict[str, Raw]:
    """What of it resolves, and whose relations exist: an applied state is always readable."""
    left = dict(resources)
    while True:
        documents = {Name(name): built(name, raw) for name, raw in left.items()}
        resolver = Resolver(documents, {}, outputs_of(left, kinds))
        good = {
            name: raw
            for name, raw in left.items()
            if len(resolver.inputs(Name(name))) == len(raw["inputs"]) and built(name, raw).parents <= left.keys()
        }
        if len(good) == len(left):
            return good
        left = good


def _random_applied(
    random: Random, raw: Raw, everything: Mapping[str, Raw], name: str, kinds: Mapping[str, Raw]
) -> Raw:
    outputs = outputs_of(everything, kinds)
    resolver = Resolver({Name(other): built(other, one) for other, one in everything.items()}, {}, outputs)
    inputs = resolver.inputs(Name(name))
    if random.random() < 0.1 and "y" in inputs:
        inputs["y"] = "stale"
    applied: Raw = {"resource": raw, "inputs": inputs, "stamps": {}, "unfinished": None, "owed": {}}
    if outputs[Name(name)]:
        applied["outputs"] = outputs[Name(name)]
    if random.random() < 0.15:
        applied["stamps"] = {"restart": "1-aaaa"}
    if random.random() < 0.15:
        action = random.choice(("update", "update", "remove"))
        tried = _random_resource(random, name, sorted(everything)) if random.random() < 0.3 else raw
        form = raw if action == "remove" else tried
        applied["unfinished"] = {
            "action": action, "kind": raw["kind"], "tags": raw.get("tags", []), "inputs": inputs, "form": form
        }  # fmt: skip
    if random.random() < 0.15:
        applied["owed"] = {random.choice(("restart", "update")): [f"{random.choice(sorted(everything))}.update"]}
    return applied


def _failed_run(random: Random, name: str, names: List[str]) -> Raw:
    form = _random_resource(random, name, names) if random.random() < 0.7 else None
    tags = [random.choice(TAGS)]
    tried = {"action": random.choice(("run", "run", "remove")), "kind": "a", "tags": tags, "inputs": {"x": 1}}
    tried["form"] = form
    tried["replaces"] = tried["action"] == "run" and random.random() < 0.5
    return {"resource": None, "inputs": {}, "stamps": {}, "unfinished": tried, "owed": {}}


def _edited(
    random: Random, old: Mapping[str, Raw], names: List[str], applied: Mapping[str, Raw], kinds: Mapping[str, Raw]
) -> Dict[str, Raw]:
    """What is staged: the applied resources after some edits."""
    staged = {}
    for name in names:
        chance = random.random()
        if name not in old:
            if chance < 0.6:
                staged[name] = _random_resource(random, name, names)
            continue
        raw = {**old[name], "inputs": dict(old[name]["inputs"])}
        if chance < 0.15:
            continue
        if chance < 0.35:
            _edit(random, raw, name, names)
        if chance < 0.2:
            raw = _random_resource(random, name, names)
        if random.random() < 0.15:
            stamp = random.choice(("1-aaaa", "1-bbbb", "2-cccc"))
            raw["actions"] = {random.choice(("restart", "restart", "update", "replace")): stamp}
            if random.random() < 0.3 and raw["kind"] == "a":
                raw["actions"]["test"] = "1-dddd"
        staged[name] = raw
    fresh = {name: raw for name, raw in staged.items() if name not in old or raw["inputs"] != old[name]["inputs"]}
    staged.update({name: raw for name, raw in _reading(random, staged, kinds).items() if name in fresh})
    return staged if random.random() < 0.15 else _mended(staged, kinds)


def _mended(staged: Dict[str, Raw], kinds: Mapping[str, Raw]) -> Dict[str, Raw]:
    """The same with dangling reads and relations taken out, as `stage` would ask for."""
    good = _readable(staged, kinds)
    mended = dict(staged)
    for name in sorted(staged.keys() - good.keys()):
        raw = {key: value for key, value in staged[name].items() if key in ("kind", "tags", "actions", "note")}
        raw["inputs"] = {key: value for key, value in staged[name]["inputs"].items() if key in ("x", "m")}
        mended[name] = raw
    left = _readable(mended, kinds)
    return mended if len(left) == len(mended) else _mended(mended, kinds)


def _edit(random: Random, raw: Raw, name: str, names: List[str]) -> None:
    edit = random.choice(("x", "m", "drop", "note", "tags", "depends", "reference", "literal", "add"))
    earlier = names[: names.index(name)]
    if edit == "x":
        raw["inputs"]["x"] = random.randint(1, 4)
    elif edit == "m":
        raw["inputs"]["m"] = random.choice(({"k": 1}, {"k": 4, "l": 0}, {"k": 1, "l": 0, "n": 5}))
    elif edit == "drop":
        raw["inputs"].pop(random.choice(sorted(raw["inputs"])))
    elif edit == "note":
        raw["note"] = "a comment"
    elif edit == "tags":
        raw["tags"] = [random.choice(TAGS)]
    elif edit == "depends" and earlier:
        raw["depends_on"] = [random.choice(earlier)]
    elif edit == "reference" and earlier:
        raw["inputs"]["y"] = "${" + f"{random.choice(earlier)}.{random.choice(('x', 'm.n', 'w', 'y'))}" + "}"
    elif edit == "literal":
        raw["inputs"]["y"] = 1
    elif edit == "add":
        raw["inputs"]["w"] = 7


def _random_names(random: Random, applied: Mapping[str, Raw], staged: Mapping[str, Raw]) -> Optional[FrozenSet[str]]:
    known = sorted(applied.keys() | staged.keys())
    if not known or random.random() < 0.5:
        return None
    return frozenset(random.sample(known, random.randint(1, min(3, len(known)))))


def _random_tags(random: Random, applied: Mapping[str, Raw], staged: Mapping[str, Raw]) -> tuple[str, ...]:
    if random.random() < 0.4:
        return ()
    known = sorted({tag for name in applied.keys() | staged.keys() for tag in tags_of(name, applied, staged)})
    return (random.choice(known),) if known else ()


def tags_of(name: str, applied: Mapping[str, Raw], staged: Mapping[str, Raw]) -> FrozenSet[str]:
    """The tags a selection goes by."""
    if name in staged:
        return frozenset(staged[name].get("tags", ()))
    entry = applied[name]
    return frozenset((entry["resource"] or entry["unfinished"] or {}).get("tags", ()))
