"""One engineer at a desk: random steps in a repository, each compared with a model of plain dicts and the oracle."""

from __future__ import annotations

import copy
import json
import re
import shutil
import tempfile
from pathlib import Path
from random import Random
from typing import Dict, FrozenSet, List, Optional, Sequence, Tuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stagectl.adapters.yamlfile import load
from tests import oracle
from tests.build import Repo, ended
from tests.desk_model import Planned, Raw, looked_at, nothing, renamed, without_seen
from tests.machines import let_work
from tests.proofs import record
from tests.random_worlds import TAGS, _edit, _random_resource, tags_of

pytestmark = pytest.mark.once

NAMES = [f"r{index}" for index in range(6)]
KINDS = {"a": {"actions": ["restart", "test"], "replace_on": ["w"]}, "b": {"actions": ["restart"], "replace_on": []}}
START: Dict[str, Raw] = {
    "r0": {"tags": ["prod"], "inputs": {}},
    "r1": {"tags": ["stag"], "inputs": {"y": "${r0.x}", "z": "v-${r0.m.k}"}, "react_on": {"restart": ["r0.update"]}},
    "r2": {
        "tags": ["prod", "stag"],
        "inputs": {"y": ["${r1.y}"]},
        "react_on": {"update": ["r1.restart"], "restart": ["r1.update"]},
    },
    "r3": {"tags": ["prod"], "inputs": {"y": "${r0.m}"}, "unordered": ["r0"]},
    "r4": {"tags": ["stag"], "inputs": {"z": "${r3.x}"}, "depends_on": ["r2"], "react_on": {"restart": ["r3.update"]}},
}
SCRIPT = (
    'id="$STAGECTL_RESOURCE.$STAGECTL_ACTION"; read -r inputs < "$STAGECTL_INPUTS"; '
    'if [ -e fail ] && grep -qsxF "$id" fail; then exit 3; fi; '
    'if [ -e kill ] && grep -qsxF "$id" kill; then rm kill; kill -9 $PPID; exit 0; fi; '
    '[ -d world ] || mkdir -p world; case "$STAGECTL_ACTION" in '
    'run|update) printf %s "$inputs" > "world/$STAGECTL_RESOURCE.json";; '
    'remove) rm -f "world/$STAGECTL_RESOURCE.json";; esac; '
    'echo "$id" >> actions.log'
)
LOOK = (
    'f="world/$STAGECTL_RESOURCE.json"; if [ -f "$f" ]; then read -r inputs < "$f"; '
    'printf \'{"inputs": %s}\' "$inputs"; '
    'else echo \'{"exists": false}\'; fi > "$STAGECTL_RESULT"'
)
# How often each comes.
STEPS = {
    "edit": 6, "rewrite": 2, "delete": 1, "create": 2, "stage": 2, "stage_some": 3, "ask": 4, "look": 4, "apply": 2,
    "apply_some": 4, "fail": 6, "kill": 1, "move": 2, "unstage": 1, "discard": 3, "clone": 1, "take_back": 2,
    "ripple": 3, "hand": 5, "check": 4, "accept": 2, "settle": 1,
}  # fmt: skip
STEP = st.sampled_from([step for step, weight in STEPS.items() for _ in range(weight)])
SORTS = set(STEPS)
CAME = {"child", "explicit", "owed", "reaction", "replace", "staged", "unfinished", "held", "recorded", "ERROR",
        "SKIPPED", "refused", "killed", "moved", "debts dropped", "drift", "gone", "taken in"}  # fmt: skip


def with_taken(staged: Dict[str, Raw], taken: Dict[str, Optional[Raw]]) -> Dict[str, Raw]:
    """What is staged with what was seen; None: it is gone."""
    after = {name: taken.get(name, raw) for name, raw in staged.items()}
    return {name: raw for name, raw in after.items() if raw is not None}


class Desk(RuleBasedStateMachine):
    """Each step is done for real and in the model; `agree` compares everything afterwards."""

    template: Path
    steps: Dict[str, int] = {}
    came: Dict[str, int] = {}
    ended = 0

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(dir=self.template.parent))
        shutil.copytree(self.template, self.home / "desk")
        self.repo = Repo(self.home / "desk", init=False)
        self.defined: Dict[str, Raw] = {}
        self.staged: Dict[str, Raw] = {}
        self.applied: Dict[str, Raw] = {}
        self.compared: Optional[Tuple[Dict[str, Raw], Dict[str, Raw]]] = None
        for name, raw in START.items():
            inputs = {"x": 1, "m": {"k": 1, "l": 0}, **raw["inputs"]}
            self.write(name, {**raw, "kind": "a", "inputs": inputs})
        self.staged_as(dict(self.defined))
        self.applied_as(None)

    def teardown(self) -> None:
        type(self).ended += 1
        if self.ended % 2:  # it makes each plan again: as long as a tenth of all else
            self.repo.ok("verify")
        shutil.rmtree(self.home)

    @rule(step=STEP, seed=st.integers(0, 1 << 30))
    def do(self, step: str, seed: int) -> None:
        """Do one thing."""
        self.steps[step] = self.steps.get(step, 0) + 1
        self.chance = Random(seed)
        getattr(self, step)()

    @invariant()
    def agree(self) -> None:
        """What is staged, applied and planned is what the model says."""
        assert self.staged == staged_in(self.repo)
        now = (self.staged, self.applied)
        if now != self.compared:
            assert self.applied == applied_in(self.repo)
            self.compare(None, ())
        self.compared = copy.deepcopy(now)

    # --- helpers

    def saw(self, what: str) -> None:
        self.came[what] = self.came.get(what, 0) + 1

    def planned(self, selected: Optional[FrozenSet[str]] = None, tags: Tuple[str, ...] = ()) -> Optional[Planned]:
        try:
            return Planned(KINDS, self.applied, self.staged, selected, tags)
        except oracle.Refused:
            self.saw("refused")
            return None

    def known(self) -> List[str]:
        return sorted({*self.applied, *self.staged})

    def compare(self, selected: Optional[FrozenSet[str]], tags: Tuple[str, ...], *words: str) -> None:
        """Compare a plan with the oracle's."""
        expected = self.planned(selected, tags)
        done = self.repo.run("plan", "--format", "json", *words)
        assert done.code == (1 if expected is None or selected == frozenset() else 0), done.err
        if expected is None or done.code:
            return
        raw = done.json()
        assert expected.order == [change["id"] for change in raw["changes"]]
        for change in raw["changes"]:
            cause = expected.changes.causes[change["id"]]
            self.saw(change["cause"]["type"])
            assert cause == {**change["cause"], "cause": change["cause"]["type"]} or cause == {
                "cause": change["cause"]["type"], "of": change["cause"]["of"], "inputs": change["cause"]["inputs"],
            }  # fmt: skip
            assert sorted(expected.changes.after[change["id"]]) == change["after"]
        assert expected.recorded == raw["recorded"]
        held = {held["id"]: {"reason": held["reason"], "needs": held["needs"]} for held in raw["held"]}
        assert expected.changes.held == held
        for what in ("held", "recorded"):
            if raw[what]:
                self.saw(what)

    def some(self) -> Tuple[Optional[FrozenSet[str]], Tuple[str, ...], List[str]]:
        """A selection: the names it takes, its tags, and the words for it."""
        known = self.known()
        if self.chance.random() < 0.4:
            tag = self.chance.choice(TAGS)
            names = frozenset(name for name in known if tag in tags_of(name, self.applied, self.staged))
            return names, (tag,), ["-t", tag]
        fresh = [name for name in known if self.staged.get(name) != self.applied.get(name, nothing())["resource"]]
        known = fresh if fresh and self.chance.random() < 0.5 else known
        names = frozenset(self.chance.sample(known, min(len(known), self.chance.randint(1, 2))))
        return names, (), sorted(names)

    # --- definitions and what is staged

    def write(self, name: str, raw: Raw) -> None:
        self.defined[name] = {"kind": raw["kind"], "tags": list(raw.get("tags", [])), **body(raw)}
        self.repo.define(name, raw["kind"], raw.get("tags", []), **body(raw))

    def edit(self) -> None:
        """Change a little of a definition."""
        if self.defined:
            name = self.chance.choice(sorted(self.defined))
            raw = json.loads(json.dumps(self.defined[name]))
            _edit(self.chance, raw, name, NAMES)
            raw.pop("note", None)  # only a comment could say it
            self.write(name, raw)
            self.stage_now([name])

    def rewrite(self) -> None:
        """Write a definition anew."""
        if self.defined:
            name = self.chance.choice(sorted(self.defined))
            self.write(name, _random_resource(self.chance, name, NAMES))
            self.stage_now([name])

    def create(self) -> None:
        missing = [name for name in NAMES if name not in self.defined]
        if missing:
            name = self.chance.choice(missing)
            self.write(name, _random_resource(self.chance, name, NAMES))
            self.stage_now([name])

    def delete(self) -> None:
        if self.defined:
            name = self.chance.choice(sorted(self.defined))
            del self.defined[name]
            self.repo.delete(name)
            if name in self.staged:  # else it is not known any more
                self.stage_now([name])

    def take_back(self) -> None:
        """Write definitions that are not staged as they are staged: else one that makes no plan blocks everything."""
        for name in sorted({*self.defined, *self.staged}):
            if name in self.staged:
                self.write(name, self.staged[name])
            else:
                del self.defined[name]
                self.repo.delete(name)

    def stage_now(self, names: List[str]) -> None:
        if self.chance.random() < 0.7:  # what is not staged yet is staged with others, or taken back
            self.stage_these(names)

    def stage(self) -> None:
        self.stage_these([])

    def stage_some(self) -> None:
        names = sorted({*self.defined, *self.staged})
        if names:
            self.stage_these(self.chance.sample(names, min(len(names), self.chance.randint(1, 3))))

    def stage_these(self, names: List[str]) -> bool:
        wanted = dict(self.staged)
        for name in names or sorted({*self.defined, *self.staged}):
            wanted.pop(name, None)
            if name in self.defined:
                actions = {k: v for k, v in self.staged.get(name, {}).items() if k == "actions"}
                wanted[name] = {**self.defined[name], **actions}
        return self.staged_as(wanted, *names)

    def staged_as(self, wanted: Dict[str, Raw], *words: str) -> bool:
        """Stage, and compare how it ended."""
        return self.became(wanted, "stage", *words)

    def became(self, wanted: Dict[str, Raw], *words: str) -> bool:
        before = self.staged
        self.staged = wanted
        is_possible = self.planned() is not None
        done = self.repo.run(*words)
        assert done.code == (0 if is_possible else 1), f"{words}: {done.out}{done.err}"
        if not is_possible:
            self.staged = before
        return is_possible

    def ask(self) -> None:
        """Stage an action alone: edits of the definition stay where they are."""
        names = [name for name in sorted(self.defined) if name in self.staged]
        if not names:
            return
        name = self.chance.choice(names)
        actions = ["restart", "update", "replace", *(["test"] if self.staged[name]["kind"] == "a" else [])]
        action = self.chance.choice(actions)
        old = self.staged[name].get("actions", {})
        done = self.applied.get(name, nothing())["stamps"].get(action)
        is_pending = action in old and (done is None or (number(old[action]), old[action]) != (number(done), done))
        is_pending = is_pending and number(old[action]) >= number(done or "0-0")
        wanted = {**self.staged, name: dict(self.staged[name])}
        if not is_pending:
            count = 1 + max(number(old.get(action, "0-0")), number(done or "0-0"))
            left = {other: stamp for other, stamp in old.items() if other != action}
            wanted[name]["actions"] = {**left, action: f"{count}-????"}
        before = self.staged
        self.staged = wanted
        is_possible = self.planned() is not None
        ended = self.repo.run("stage", name, "-a", action)
        assert ended.code == (0 if is_possible else 1), ended.err
        if not is_possible:
            self.staged = before
        elif not is_pending:
            stamp = staged_in(self.repo)[name]["actions"][action]
            assert re.fullmatch(rf"{count}-[0-9a-f]{{4}}", stamp)
            self.staged[name]["actions"][action] = stamp

    def unstage(self) -> None:
        known = [name for name in self.known() if self.is_here(name)]
        if known:
            name = self.chance.choice(known)
            self.became(self.as_applied(name), "unstage", name)

    def discard(self) -> None:
        known = [name for name in self.known() if self.is_here(name)]
        if not known:
            return
        owing = [name for name in known if self.applied.get(name, nothing())["owed"]]
        name = self.chance.choice(owing if owing and self.chance.random() < 0.6 else known)
        wanted = self.as_applied(name)
        if not self.became(wanted, "discard", name, "--force"):
            return
        self.defined.pop(name, None)
        if name in wanted:
            self.defined[name] = {key: value for key, value in wanted[name].items() if key != "actions"}
        if self.applied.get(name, nothing())["owed"] or "observed" in self.applied.get(name, nothing()):
            self.saw("debts dropped" if self.applied[name]["owed"] else "drift dropped")
            self.applied = {**self.applied, name: {**without_seen(self.applied[name]), "owed": {}}}
            if self.applied[name] == nothing():
                del self.applied[name]

    def is_here(self, name: str) -> bool:
        return name in self.staged or self.applied[name]["resource"] is not None

    def as_applied(self, name: str) -> Dict[str, Raw]:
        """What is staged when one resource is staged as it is applied."""
        wanted = {other: raw for other, raw in self.staged.items() if other != name}
        state = self.applied.get(name, nothing())
        if state["resource"]:
            actions = state["resource"].get("actions", {})
            done = {a: stamp for a, stamp in actions.items() if not newer(stamp, state["stamps"].get(a))}
            wanted[name] = {key: value for key, value in state["resource"].items() if key != "actions"}
            wanted[name].update({"actions": done} if done else {})
        return wanted

    # --- plans and what is applied

    def look(self) -> None:
        """Plan a part."""
        if self.known():
            selected, tags, words = self.some()
            self.compare(selected, tags, *words)

    def apply(self) -> None:
        self.applied_as(None)

    def apply_some(self) -> None:
        if self.known():
            selected, tags, words = self.some()
            self.applied_as(selected, tags, words)

    def ripple(self) -> None:
        """Change what others react on, and apply what has one of its tags: who has none of it is held back."""
        names = [name for name in sorted(self.defined) if self.defined[name].get("tags") and name in self.staged]
        if not names:
            return
        name = self.chance.choice(names)
        raw = json.loads(json.dumps(self.defined[name]))
        raw["inputs"].update(x=self.chance.randint(1, 9), m={"k": self.chance.randint(1, 9), "l": 0})
        self.write(name, raw)
        if self.stage_these([name]):
            tag = self.chance.choice(raw["tags"])
            selected = frozenset(name for name in self.known() if tag in tags_of(name, self.applied, self.staged))
            self.compare(selected, (tag,), "-t", tag)
            self.applied_as(selected, (tag,), ["-t", tag])

    def fail(self) -> None:
        """Apply, and some actions fail."""
        expected = self.planned()
        if expected is not None and expected.order:
            reacting = [change for change in expected.order if change.endswith((".restart", ".test"))]
            choices = reacting if reacting and self.chance.random() < 0.6 else expected.order
            failing = self.chance.sample(choices, min(len(choices), self.chance.randint(1, 2)))
            self.repo.fail(*failing)
            self.applied_as(None, failing=failing)
            (self.repo.root / "fail").unlink()

    def applied_as(
        self,
        selected: Optional[FrozenSet[str]],
        tags: Tuple[str, ...] = (),
        words: Sequence[str] = (),
        failing: Sequence[str] = (),
    ) -> None:
        """Apply, and compare how each change ended and what is applied then."""
        expected = self.planned(selected, tags)
        (self.repo.root / "actions.log").unlink(missing_ok=True)
        done = self.repo.apply(*words)
        if expected is None or selected == frozenset():
            assert done.code == 1, done.out
            return
        ends = expected.ends(set(failing))
        assert done.code == (0 if set(ends.values()) <= {"SUCCESS"} else 1), done.out + done.err
        assert sorted(self.repo.log()) == sorted(change for change, end in ends.items() if end == "SUCCESS")
        for end in ends.values():
            self.saw(end)
        self.applied = expected.after(ends)

    def kill(self) -> None:
        """Kill an apply in the middle of an action, and resume it."""
        expected = self.planned()
        if expected is None or not expected.order:
            return
        self.repo.write("kill", self.chance.choice(expected.order) + "\n")
        (self.repo.root / "actions.log").unlink(missing_ok=True)
        assert -9 == ended(self.repo.begin("apply", "--yes", "--parallel", "1")).code
        assert self.applied == applied_in(self.repo), "nothing is applied that nobody recorded"
        self.repo.ok("resume", "--unknown", "rerun")
        self.saw("killed")
        assert sorted(self.repo.log()) == sorted(expected.order), "every change ran, and none twice"
        self.applied = expected.after(dict.fromkeys(expected.order, "SUCCESS"))

    def move(self) -> None:
        """Give a resource another name, once nothing else is to be done."""
        self.take_back()
        expected = self.planned()
        free = [name for name in NAMES if name not in self.staged and name not in self.applied]
        live = [name for name, state in sorted(self.applied.items()) if state["resource"] and name in self.staged]
        if expected is None or expected.order or expected.changes.held or not free or not live:
            return
        old, new = self.chance.choice(live), self.chance.choice(free)
        self.applied_as(None)
        self.repo.commit()
        self.repo.ok("move", old, new)
        if self.file_of(old).exists():  # else it was taken away by hand, and no check looked since
            self.file_of(old).rename(self.file_of(new))  # what the world calls it
        plan = self.repo.plan().raw
        assert [[], [{"from": old, "to": new}]] == [plan["changes"], plan["moved"]]
        assert 0 == self.repo.apply().code
        for side in (self.defined, self.staged):
            both = {new if name == old else name: renamed(raw, old, new) for name, raw in side.items()}
            side.clear()
            side.update(both)
        self.applied = {
            new if name == old else name: {
                **state,
                "resource": self.staged[new if name == old else name],
                "owed": {},
            }
            for name, state in self.applied.items()
        }
        self.take_back()  # without where it came from, and in the form that all have here
        self.repo.ok("stage")
        assert 0 == self.repo.apply().code
        self.saw("moved")

    # --- what the world has

    def file_of(self, name: str) -> Path:
        return self.repo.root / f"world/{name}.json"

    def in_world(self, name: str) -> Optional[Raw]:
        return json.loads(self.file_of(name).read_text()) if self.file_of(name).exists() else None

    def hand(self) -> None:
        """An author changes something, or takes it away, by hand."""
        names = [name for name in NAMES if self.file_of(name).exists()]
        if not names:
            return
        name = self.chance.choice(names)
        has = self.in_world(name) or {}
        numbers = sorted(key for key, value in has.items() if isinstance(value, int))
        if self.chance.random() < 0.3:
            self.file_of(name).unlink()
        elif isinstance(has.get("m"), dict) and "k" in has["m"] and self.chance.random() < 0.3:
            self.file_of(name).write_text(json.dumps({**has, "m": {**has["m"], "k": self.chance.randint(1, 4)}}))
        elif numbers:
            self.file_of(name).write_text(json.dumps({**has, self.chance.choice(numbers): self.chance.randint(1, 4)}))

    def check(self) -> None:
        """Look at one live resource, or at all; keep what was seen, or not."""
        live = [name for name, state in sorted(self.applied.items()) if state["resource"]]
        names = [self.chance.choice(live)] if live and self.chance.random() < 0.4 else live
        words = [] if names == live else names
        seen = {**self.applied, **{name: looked_at(self.applied[name], self.in_world(name)) for name in names}}
        is_kept = self.chance.random() < 0.7
        done = self.repo.ok("check", "--json", *words, *(["--record"] if is_kept else []))
        states = {each["resource"]: each["state"] for each in done.json()["resources"]}
        assert states == {name: state_of(seen[name]) for name in names}
        for state in states.values():
            self.saw(state)
        self.applied = seen if is_kept else self.applied

    def accept(self) -> None:
        """Take what was seen into the definitions; what comes through a reference or cannot be staged is left alone."""
        self.take_back()
        self.repo.commit()
        live = [name for name, state in sorted(self.applied.items()) if state["resource"]]
        self.applied = {
            **self.applied, **{name: looked_at(self.applied[name], self.in_world(name)) for name in live}
        }  # fmt: skip
        before, taken, is_left = self.staged, {}, False
        for name in [name for name in live if name in before and "observed" in self.applied[name]]:
            raw = taken[name] = taken_in(before[name], self.applied[name])
            is_left |= raw is not None and any(
                not agrees(raw["inputs"].get(key), value)
                for key, value in self.applied[name]["observed"]["inputs"].items()
            )
        if not self.can_be_staged(taken):
            possible = {name: raw for name, raw in taken.items() if self.can_be_staged({name: raw})}
            is_left, taken = is_left or possible != taken, possible
        is_possible = self.can_be_staged(taken)
        done = self.repo.run("check", "--accept")
        assert done.code == (0 if is_possible and not is_left else 1), done.out + done.err
        if is_possible and with_taken(before, taken) != before:
            self.saw("taken in")
            self.staged = with_taken(before, taken)
            self.defined = {n: {key: raw[key] for key in raw if key != "actions"} for n, raw in self.staged.items()}

    def can_be_staged(self, taken: Dict[str, Optional[Raw]]) -> bool:
        before, self.staged = self.staged, with_taken(self.staged, taken)
        is_possible = self.staged == before or self.planned() is not None
        self.staged = before
        return is_possible

    def settle(self) -> None:
        """After a full check and an apply the world, what is applied and what is defined are the same."""
        self.take_back()
        live = [name for name, state in sorted(self.applied.items()) if state["resource"]]
        self.repo.ok("check", "--record")
        self.applied = {
            **self.applied, **{name: looked_at(self.applied[name], self.in_world(name)) for name in live}
        }  # fmt: skip
        possible = self.planned()
        self.applied_as(None)
        if possible is None:
            return
        left = self.planned()
        assert left is not None and not left.order and not left.recorded and not left.changes.held
        assert self.applied.keys() == self.staged.keys() == self.defined.keys()
        assert {name: state["inputs"] for name, state in self.applied.items()} == {
            name: self.in_world(name) for name in NAMES if self.file_of(name).exists()
        }
        self.saw("settled")

    def clone(self) -> None:
        """A fresh clone makes the same plan, with the same id."""
        self.repo.commit()
        shutil.rmtree(self.home / "clone", ignore_errors=True)
        self.repo.git("clone", "-q", str(self.repo.root), str(self.home / "clone"))
        plans = [repo.run("plan", "--format", "json") for repo in (self.repo, Repo(self.home / "clone", init=False))]
        assert plans[0].code == plans[1].code
        if not plans[0].code:
            assert plans[0].json()["plan_id"] == plans[1].json()["plan_id"]


def state_of(state: Raw) -> str:
    """What a check says of a resource that it saw so."""
    return "ok" if "observed" not in state else "gone" if "gone" in state["observed"] else "drifted"


def taken_in(raw: Raw, state: Raw) -> Optional[Raw]:
    """A definition that says what was seen, as far as it has the value itself; None for what is gone."""
    if "gone" in state["observed"]:
        return None
    inputs = copy.deepcopy(raw["inputs"])
    for key, value in state["observed"]["inputs"].items():
        if oracle.refs(inputs.get(key)):
            continue
        if isinstance(value, dict):
            inputs[key] = {**inputs.get(key, {}), "k": value["k"]}
        else:
            inputs[key] = value
    return {**raw, "inputs": inputs}


def agrees(written: object, value: object) -> bool:
    """Whether a definition says what was seen; of a mapping only `k` was, the rest may have been edited."""
    are_mappings = isinstance(value, dict) and isinstance(written, dict)
    return written["k"] == value["k"] if are_mappings else written == value


def body(raw: Raw) -> Raw:
    return {key: value for key, value in raw.items() if key not in ("kind", "tags", "actions")}


def number(stamp: str) -> int:
    return int(stamp.partition("-")[0])


def newer(stamp: str, done: Optional[str]) -> bool:
    """Whether an explicit action is still to be done."""
    return done is None or number(stamp) > number(done) or (number(stamp) == number(done) and stamp != done)


def staged_in(repo: Repo) -> Dict[str, Raw]:
    """The staged files, read with nothing of ours."""
    return {path.stem: parsed(path.read_text()) for path in sorted((repo.root / ".staged").glob("*.yaml"))}


def parsed(text: str) -> Raw:
    front, raw = load(text.encode())
    return {key: value for key, value in {**front, **raw}.items() if key not in ("source", "moved_from")}


def applied_in(repo: Repo) -> Dict[str, Raw]:
    """The applied state, read with plain git."""
    files = repo.texts("stagectl/applied")
    found = {}
    for path, text in sorted(files.items()):
        if path.startswith(".applied/"):
            name = Path(path).stem
            raw = json.loads(text)
            raw.pop("written", None)  # the same as the file beside it
            file = files.get(f".staged/{name}.yaml")
            found[name] = {**nothing(), **raw, "resource": parsed(file) if file else None}
    return found


def work(folder: Path, runs: int, length: int, *, random: bool = False) -> Tuple[Dict[str, int], Dict[str, int]]:
    """Let an author work; return how many steps of which sort there were, and what came about."""
    template = Repo(folder / "template")
    for name, kind in KINDS.items():
        actions = {action: ["sh", "-c", SCRIPT] for action in ("run", "update", "remove", *kind["actions"])}
        template.write(
            f"kinds/{name}.yaml",
            json.dumps({"actions": actions, "replace_on": kind["replace_on"], "check": ["sh", "-c", LOOK]}),
        )
    template.write(".gitignore", "actions.log\nfail\nkill\nworld/\n").commit()
    Desk.template, Desk.steps, Desk.came = template.top, {}, {}
    let_work(Desk, runs, length, random=random)
    return Desk.steps, Desk.came


def test_an_author_at_work_for_a_moment(tmp_path: Path) -> None:
    """
    Some steps of the same, after each of which everything is compared.
    """
    steps, _ = work(tmp_path, 2, 40)

    assert sum(steps.values()) >= 50


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_an_author_at_work_agrees_with_plain_dicts(tmp_path: Path) -> None:
    """
    At least 800 steps, after each of which everything is compared: staged, applied, planned.
    """
    steps, came = work(tmp_path, 20, 45)

    print(f"\n{sum(steps.values())} steps: {sorted(steps.items())}\n{sorted(came.items())}")
    assert sum(steps.values()) >= 800
    assert SORTS <= steps.keys()
    assert CAME <= came.keys()


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_an_author_at_work_for_long(tmp_path: Path) -> None:
    """
    At least 10,000 steps, others each time.
    """
    steps, came = work(tmp_path, 170, 60, random=True)

    record("model: one repository", f"{sum(steps.values()):,} steps, {came['killed']} applies killed")
    assert sum(steps.values()) >= 10_000
    assert SORTS <= steps.keys() and CAME <= came.keys()
