"""A team at work: random steps in two clones of one remote, each compared with a model of plain dicts."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Tuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests import team_model as model
from tests.build import APPLIED, Ran, Repo
from tests.machines import let_work
from tests.proofs import record
from tests.team_model import GONE, NAMES, READ, RECORDED, Applied, Clone, Live, Team, Values

pytestmark = pytest.mark.once

MAIN, TIP, SHARED = "refs/heads/main", f"refs/heads/{APPLIED}", f"refs/remotes/origin/{APPLIED}"
WHO = st.sampled_from(["ada", "bob"])
NAME = st.sampled_from(NAMES)
SMALL = st.integers(1, 3)
SOME = st.frozensets(NAME, min_size=1, max_size=2)
NOBODY: st.SearchStrategy[FrozenSet[str]] = st.just(frozenset())
SORTS = {
    "accept", "apply", "change by hand", "check", "discard", "edit", "failing apply", "partial apply", "promote",
    "pull", "revert", "stage", "sync",
}  # fmt: skip
ENDS = {
    "SUCCESS",
    "ERROR",
    "SKIPPED",
    "apply refused",
    "apply would take back",
    "both changed the same",
    "put together",
    "drift recorded",
    "drift mended",
    "drift taken in",
    "gone",
    "settled",
}

YES = st.booleans()
EDIT = st.tuples(st.just("edit"), NAME, SMALL, SMALL, st.sampled_from([True, True, True, False]))
CHANGE = st.tuples(st.just("change"), NAME, SMALL, SMALL)
RACE = st.tuples(st.just("race"), NAME, NAME, SMALL)
LATE = st.tuples(st.just("late"), NAME, SMALL)
STAGE = st.tuples(st.just("stage"), NOBODY)
STAGE_SOME = st.tuples(st.just("stage"), SOME)
APPLY = st.tuples(st.just("apply"), NOBODY, NOBODY, YES, st.just(False))
APPLY_SOME = st.tuples(st.just("apply"), SOME, NOBODY, YES, YES)
BREAK = st.tuples(st.just("break_down"), NAME, SMALL, YES)
APPLY_IN_VAIN = st.tuples(st.just("apply"), SOME, SOME, YES, st.just(False))
REVERT = st.tuples(st.just("revert"), st.integers(0, 5), st.integers(1, 3), YES)
DISCARD = st.tuples(st.just("discard"), NAME)
HAND = st.tuples(st.just("by_hand"), NAME, SMALL, YES)
ACCEPT = st.tuples(st.just("accept"), NAME, SMALL)
CHECK = st.tuples(st.just("check"), NAME, YES, YES)
OTHERS = [st.tuples(st.just(word)) for word in ("promote", "pull", "sync", "take_theirs")]
# How often each comes: `one_of` would take what is named twice for one.
WEIGHTS = [
    (CHANGE, 3),
    (EDIT, 2),
    (RACE, 4),
    (LATE, 1),
    (STAGE, 1),
    (STAGE_SOME, 1),
    (APPLY, 2),
    (APPLY_SOME, 2),
    (APPLY_IN_VAIN, 1),
]
WEIGHTS += [(HAND, 2), (ACCEPT, 2), (CHECK, 1), (BREAK, 1), (REVERT, 4), (DISCARD, 3), *((step, 1) for step in OTHERS)]
STEPS = st.sampled_from([step for step, weight in WEIGHTS for _ in range(weight)]).flatmap(lambda step: step)


def definition(name: str, one: int, other: int) -> Dict[str, Any]:
    return {"db": READ, "w": one} if name.endswith("app") else {"v": one, "u": other}


# Beside the clones, `hand` has what was changed by hand since it was applied; else all is as it was applied.
LOOK = (
    'f="../hand/$STAGECTL_RESOURCE.json"; if [ -f "$f" ]; then read -r seen < "$f"; printf %s "$seen"; '
    'else read -r inputs < "$STAGECTL_INPUTS"; printf \'{"inputs": %s}\' "$inputs"; fi > "$STAGECTL_RESULT"'
)


class World:
    """The real thing: a bare repository and two clones of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repos = {name: Repo(folder / name, init=False) for name in ("ada", "bob")}
        self.bare = Repo(folder / "bare.git", init=False)

    @classmethod
    def make(cls, folder: Path) -> World:
        """Everything is applied and shared."""
        ada = Repo(folder / "ada")
        ada.git("init", "-q", "--bare", "-b", "main", str(folder / "bare.git"))
        ada.git("remote", "add", "origin", "../bare.git")
        ada.kind("service", check=["sh", "-c", LOOK])
        for name in NAMES:
            define(ada, name, definition(name, 0, 0))
        ada.stage().commit()
        ada.ok("apply", "--yes")
        ada.git("push", "-q", "origin", "main")
        ada.git("clone", "-q", str(folder / "bare.git"), str(folder / "bob"))
        bob = Repo(folder / "bob", init=False)
        for key, value in (
            ("user.name", "Bob"),
            ("user.email", "bob@example.com"),
            ("remote.origin.url", "../bare.git"),
        ):
            bob.git("config", key, value)
        bob.git("branch", APPLIED, f"origin/{APPLIED}")
        return cls(folder)

    def copy(self, folder: Path) -> World:
        shutil.copytree(self.folder, folder)
        return World(folder)


def define(repo: Repo, name: str, inputs: Dict[str, Any]) -> None:
    repo.define(name, tags=[name.partition("/")[0]], inputs=inputs)


def in_force(name: str, files: model.Files) -> Values:
    """The inputs of a definition with what is read filled in."""
    parent = model.parent_of(name)
    return files[name] if parent is None else {**files[name], "db": files[parent]["v"]}


def written(repo: Repo, folder: str) -> Dict[str, Any]:
    """The inputs in every definition, or staged file."""
    paths = {name: repo.root / folder / f"{name}.yaml" for name in NAMES}
    return {
        name: json.loads(path.read_text().split("---\n")[2])["inputs"] for name, path in paths.items() if path.exists()
    }


def applied(repo: Repo, commit: str) -> Dict[str, Live]:
    """The applied state that a commit holds, read with plain git."""
    found, files = {}, repo.texts(commit)
    for name in NAMES:
        text = files.get(f".applied/{name}.json")
        if text:
            raw = json.loads(text)
            file = files.get(f".staged/{name}.yaml")
            tried = raw.get("unfinished", {})
            found[name] = Live(
                json.loads(file.split("---\n")[2])["inputs"] if file else None,
                raw.get("inputs"),
                tried.get("action"),
                tried.get("inputs"),
                raw.get("observed", {}).get("inputs") or (GONE if "observed" in raw else None),
            )
    return found


class Teamwork(RuleBasedStateMachine):
    """Each rule does a thing for real and in the model, and compares how it ended; `agree` compares all there is."""

    template: World
    steps: Dict[str, int] = {}  # done, by sort
    ends: Dict[str, int] = {}  # what came about, so that it is known that it did

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(dir=self.template.folder.parent))
        self.world = self.template.copy(self.home / "team")
        files = {name: definition(name, 0, 0) for name in NAMES}
        state = {name: Live(file, {**file, "db": 0} if "db" in file else file) for name, file in files.items()}
        nothing = Applied(None, {}, -1)
        refs = self.world.bare.refs()
        start = Applied(nothing, state, 0, refs[TIP])
        self.team = Team([files], start)
        self.oids = [refs[MAIN]]
        self.hand: Dict[str, Values] = {}  # what was changed by hand since it was applied
        self.team.clones = {who: Clone(0, dict(files), start, start) for who in ("ada", "bob")}

    def teardown(self) -> None:
        self.settle()
        self.world.repos["bob"].ok("verify")
        shutil.rmtree(self.home)

    def settle(self) -> None:
        """After all is shared, a full check and an apply leave world, applied state and definitions the same."""
        for who in ("ada", "bob"):
            self.take_theirs(who)
        self.pull("bob")
        self.check("bob", "", is_one=False, offline=False)
        self.apply("bob", frozenset(), frozenset(), offline=False, by_tag=False)
        self.agree()
        edits = self.team.clones["bob"].edits
        values = {name: in_force(name, edits) for name in edits}
        assert self.team.remote.state == {name: Live(file, values[name]) for name, file in edits.items()}
        for name, by_hand in self.hand.items():
            assert {**values[name], **by_hand} == values[name] if name in values else by_hand == GONE
        self.saw("settled")

    # One rule for all: of many, Hypothesis leaves most out in most runs, and here it is the interplay that matters.
    @rule(who=WHO, what=STEPS)
    def step(self, who: str, what: Tuple[Any, ...]) -> None:
        """Do one thing."""
        getattr(self, what[0])(who, *what[1:])

    def change(self, who: str, name: str, one: int, other: int) -> None:
        """Edit and stage one resource."""
        self.edit(who, name, one, other, True)
        self.agree()
        self.stage(who, frozenset([name]))

    def by_hand(self, who: str, name: str, value: int, is_gone: bool) -> None:
        """Change something by hand, or take it away; look at it, and have it mended or not."""
        if name not in self.team.clones[who].tip.state or self.team.clones[who].diverged:
            return
        self.steps["change by hand"] = self.steps.get("change by hand", 0) + 1
        if is_gone and name.endswith("app"):
            self.hand[name] = GONE
        elif self.hand.get(name) != GONE:
            self.hand[name] = {**self.hand.get(name, {}), "w" if name.endswith("app") else "u": value + 6}
        self.keep_hand()
        self.check(who, name, True, value == 1)
        self.agree()
        if value == 3:
            self.apply(who, frozenset([name]), frozenset(), offline=True, by_tag=False)

    def accept(self, who: str, name: str, value: int) -> None:
        """Change something by hand, and take that into its definition; it is recorded then, or applied with others."""
        if not self.catch_up(who, drop=True):
            return
        live = self.team.clones[who].tip.state.get(name, Live())
        if live.file is None or live.unfinished or live.seen == GONE or self.hand.get(name) == GONE:
            return
        if self.staged(self.team.clones[who]).get(name) != live.file:
            return
        repo, clone = self.began("accept", who)
        self.hand[name] = {**self.hand.get(name, {}), "w" if name.endswith("app") else "u": value + 6}
        self.keep_hand()
        now = clone.tip.state
        seen = model.looked_at(live, self.hand[name])
        done = repo.run("check", "--accept", name, "--offline")
        if seen != live:
            clone.local = Applied(clone.tip, {**now, name: seen}, clone.tip.source, is_look=True)
            self.named(repo, [clone.local])
        files = {**self.staged(clone), name: {**live.file, **(seen.seen or {})}}
        if self.became(repo, clone, files, done):
            clone.edits = dict(files)
            self.saw("drift taken in")
        self.planned(repo, clone)
        if value == 3:
            self.agree()
            self.apply(who, frozenset([name]), frozenset(), offline=True, by_tag=False)

    def keep_hand(self) -> None:
        """Let the world be as it was made by hand."""
        folder = self.world.folder / "hand"
        shutil.rmtree(folder, ignore_errors=True)
        for name, values in self.hand.items():
            path = folder / f"{name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"exists": False} if values == GONE else {"inputs": values}))

    def break_down(self, who: str, name: str, value: int, offline: bool) -> None:
        """Apply a change that fails, and whatever waits for it."""
        self.change(who, name, value, value)
        self.agree()
        self.apply(who, frozenset(), frozenset([name]), offline, by_tag=False)

    def race(self, who: str, mine: str, theirs: str, value: int) -> None:
        """Two apply a change each, and neither knows of the other's."""
        self.change(who, mine, value, value)
        self.change(who, theirs, value, value)
        whose = {who: mine, ("bob" if who == "ada" else "ada"): theirs}
        for clone, name in whose.items():
            self.pull(clone)
            self.agree()
            self.apply(clone, frozenset([name]), frozenset(), offline=True, by_tag=False)
            self.agree()
        for clone in whose:
            self.sync(clone)
            self.agree()

    def late(self, who: str, name: str, value: int) -> None:
        """Another stages and applies a change, and one who has not pulled applies as well."""
        other = "bob" if who == "ada" else "ada"
        self.change(other, name, value, value)
        for clone in (other, who):
            self.agree()
            self.apply(clone, frozenset([name]), frozenset(), offline=False, by_tag=False)

    # --- helpers

    def saw(self, what: str) -> None:
        self.ends[what] = self.ends.get(what, 0) + 1

    def began(self, what: str, who: str) -> Tuple[Repo, Clone]:
        self.steps[what] = self.steps.get(what, 0) + 1
        return self.world.repos[who], self.team.clones[who]

    def catch_up(self, who: str, *, drop: bool = False) -> bool:
        """Have what others staged, and no edits if they are to be dropped; return whether this clone can stage."""
        clone = self.team.clones[who]
        if clone.head != len(self.team.main) - 1 or (drop and clone.edits != self.staged(clone)):
            self.pull(who)
        return not clone.diverged

    def staged(self, clone: Clone) -> model.Files:
        return self.team.main[clone.head]

    def expect(self, done: Ran, fits: bool) -> None:
        assert (0 if fits else 1) == done.code, done.out + done.err

    def became(self, repo: Repo, clone: Clone, wanted: Optional[model.Files], done: Ran) -> bool:
        """Compare the end of a command that stages, None for a refusal, and share what it committed."""
        possible = wanted is not None and model.is_possible(wanted)
        self.expect(done, possible)
        head = repo.refs()[MAIN]
        if not possible:
            self.saw("nothing staged: a conflict" if wanted is None else "nothing staged: no possible plan")
            assert self.oids[-1] == head
            return False
        assert wanted is not None
        if head != self.oids[-1]:
            repo.git("push", "-q", "origin", "main")
            self.oids.append(head)
            self.team.main.append(wanted)
            clone.head += 1
        assert wanted == self.staged(clone)
        return True

    # --- the working tree and the staging area

    def edit(self, who: str, name: str, one: int, other: int, is_there: bool) -> None:
        self.catch_up(who)
        repo, clone = self.began("edit", who)
        if is_there:
            clone.edits[name] = definition(name, one, other)
            define(repo, name, clone.edits[name])
        elif clone.edits.pop(name, None) is not None:
            repo.delete(name)

    def pull(self, who: str) -> None:
        """Take what others staged; edits that are not staged go."""
        repo, clone = self.began("pull", who)
        if clone.head != len(self.team.main) - 1:
            repo.git("fetch", "-q", "origin", "main")
        elif clone.edits == self.staged(clone):
            return
        repo.git("reset", "-q", "--hard", self.oids[-1])
        repo.git("clean", "-fdq")
        clone.head = len(self.team.main) - 1
        clone.edits = dict(self.staged(clone))

    def stage(self, who: str, some: FrozenSet[str]) -> None:
        if not self.catch_up(who):
            return
        repo, clone = self.began("stage", who)
        known = {*clone.edits, *self.staged(clone), *clone.tip.state}
        names = sorted(some & known) or sorted(known)
        wanted = {name: file for name, file in self.staged(clone).items() if name not in names}
        wanted.update({name: clone.edits[name] for name in names if name in clone.edits})
        self.became(repo, clone, wanted, repo.run("stage", *(names if some & known else ())))

    def discard(self, who: str, name: str) -> None:
        if not self.catch_up(who):
            return
        repo, clone = self.began("discard", who)
        if clone.tip.state.get(name, Live()).seen:
            return  # it would drop what was seen, by an applied commit of its own: tests/scenarios/checking has it
        wanted = {key: file for key, file in self.staged(clone).items() if key != name}
        live = clone.tip.state.get(name, Live()).file
        wanted.update({name: live} if live is not None else {})
        known = {*clone.edits, *self.staged(clone), *clone.tip.state}
        done = repo.run("discard", name, "--force")
        if self.became(repo, clone, wanted if name in known else None, done):
            clone.edits.pop(name, None)
            clone.edits.update({name: live} if live is not None else {})
            self.planned(repo, clone)

    def revert(self, who: str, pick: int, length: int, of_applies: bool) -> None:
        commits, sides = self.past(self.team.clones[who], of_applies)
        if not self.catch_up(who, drop=True) or not commits:
            return
        repo, clone = self.began("revert of applies" if of_applies else "revert", who)
        first = pick % len(commits)
        last = min(first + length, len(commits))
        older = sides[last - 1][2]
        revisions = [commits[first]] if last == first + 1 else [f"{older}..{commits[first]}"]
        wanted = model.taken_back(self.staged(clone), [side[:2] for side in sides[first:last]])
        if self.became(repo, clone, wanted, repo.run("revert", *revisions)):
            clone.edits = dict(self.staged(clone))
            self.planned(repo, clone)

    def past(self, clone: Clone, of_applies: bool) -> Tuple[List[str], List[Tuple[model.Files, model.Files, str]]]:
        """Commits, the newest first, with the files before and after each, and the commit before it."""
        if of_applies:
            chain = [one for one in clone.tip.chain() if one.parent is not None and one.parent.oid]
            files = [{name: live.file for name, live in one.state.items() if live.file} for one in clone.tip.chain()]
            return [one.oid for one in chain], [
                (files[at + 1], files[at], one.parent.oid) for at, one in enumerate(chain) if one.parent
            ]
        numbers = range(clone.head, 0, -1)
        main = self.team.main
        return [self.oids[at] for at in numbers], [(main[at - 1], main[at], self.oids[at - 1]) for at in numbers]

    def promote(self, who: str) -> None:
        if not self.catch_up(who, drop=True):
            return
        repo, clone = self.began("promote", who)
        live = {name: one.file for name, one in clone.tip.state.items() if one.file and name.startswith("staging/")}
        promoted = {name.replace("staging", "prod"): file for name, file in live.items()}
        wanted = {**self.staged(clone), **promoted} if live else None
        if self.became(repo, clone, wanted, repo.run("promote", "staging", "prod", "--create", "--unverified")):
            clone.edits = dict(self.staged(clone))
            self.planned(repo, clone)

    # --- the applied branch

    def apply(self, who: str, some: FrozenSet[str], failing: FrozenSet[str], offline: bool, by_tag: bool) -> None:
        """Apply what is selected; some actions fail, and more than asked for may have to be refused."""
        repo, clone = self.began("failing apply" if failing else "partial apply" if some else "apply", who)
        if not offline and not clone.diverged:
            clone.tracking = self.team.remote
        words: Sequence[str] = ()
        selected = None
        world = {*self.staged(clone), *(clone.tip.state if not clone.diverged else ())}
        if some and by_tag:
            folder = sorted(some)[0].partition("/")[0]
            selected, words = frozenset(name for name in world if name.startswith(folder)), ("-t", folder)
        elif some & world:
            selected, words = frozenset(some & world), sorted(some & world)
        repo.fail(*(f"{name}.{action}" for name in failing for action in ("run", "update", "remove")))
        done = repo.apply(*words, *(["--offline"] if offline else []))
        changes = [] if clone.diverged else model.plan(clone.tip.state, self.staged(clone), selected)
        back = () if clone.diverged else model.taken_from_others(clone, changes)
        if clone.diverged or back or selected == frozenset():
            assert 1 == done.code, done.out + done.err
            assert "have diverged" in done.err or words or all(f"{name} (applied from" in done.err for name in back)
            self.saw("apply would take back" if back else "apply refused")
            return
        state, ends = model.run(clone.tip.state, changes, failing)
        self.expect(done, set(ends.values()) <= {"SUCCESS"})
        for change in changes:
            if change.action == model.RECORDED and change.file is not None:
                self.hand.pop(change.name, None)
        for change, end in ends.items():
            self.saw(end)
            name = change.rpartition(".")[0]
            if end == "SUCCESS" and self.hand.pop(name, None) is not None:
                self.saw("drift mended")
        self.keep_hand()
        failed = frozenset(change.name for change in changes if ends.get(change.id) == "ERROR")
        if failed or state != clone.tip.state:
            clone.local = Applied(clone.tip, state, clone.head, failed=failed)
            self.named(repo, [clone.local])
        if not offline:
            self.shared(clone)
        self.planned(repo, clone)

    def check(self, who: str, name: str, is_one: bool, offline: bool) -> None:
        """Look at one resource or all that is live, and record what is seen of what is still applied so."""
        repo, clone = self.began("check", who)
        live = [] if clone.diverged else [name for name, one in clone.tip.state.items() if one.file is not None]
        words = [name] if is_one and name in live else []
        looks = {name: model.looked_at(clone.tip.state[name], self.hand.get(name)) for name in words or live}
        before = clone.tip.state
        if not offline and not clone.diverged:
            clone.tracking = self.team.remote
        done = repo.run("check", "--record", *words, *(["--offline"] if offline else []))
        self.expect(done, not clone.diverged)
        if clone.diverged:
            return
        now = clone.tip.state
        kept = [n for n in looks if model.as_applied(now.get(n)) == model.as_applied(before[n])]
        state = {**now, **{n: replace(now[n], seen=looks[n].seen) for n in kept}}
        if state != now:
            self.saw("gone" if GONE in [state[n].seen for n in kept] else "drift recorded")
            clone.local = Applied(clone.tip, state, clone.tip.source, is_look=True)
            self.named(repo, [clone.local])
        if not offline:
            self.shared(clone)
        self.planned(repo, clone)

    def shared(self, clone: Clone) -> None:
        if not model.contains(clone.tracking, clone.local):
            clone.tracking = self.team.remote = clone.local

    def named(self, repo: Repo, commits: Sequence[Applied]) -> None:
        """Learn what git calls new applied commits, and compare what they hold."""
        oids = [repo.refs()[TIP]]
        if len(commits) > 1:
            oids = repo.git("rev-list", "--first-parent", f"-{len(commits)}", TIP).split()
        for one, oid in zip(reversed(commits), oids):
            one.oid = oid
            assert one.state == applied(repo, oid)

    def sync(self, who: str) -> None:
        repo, clone = self.began("sync", who)
        clone.tracking = self.team.remote
        done = repo.run("sync")
        if not clone.diverged:
            self.expect(done, True)
            clone.local = clone.tip
        else:
            on_top = model.put_together(clone.local, clone.tracking)
            self.expect(done, on_top is not None)
            self.saw("both changed the same" if on_top is None else "put together")
            if on_top is None:
                return
            clone.local = on_top[-1]
            self.named(repo, on_top)
        self.shared(clone)

    def take_theirs(self, who: str) -> None:
        """The way out that a sync names where both changed the same."""
        self.sync(who)
        if not self.team.clones[who].diverged:
            return
        repo, clone = self.began("take theirs", who)
        repo.git("branch", "-f", APPLIED, f"origin/{APPLIED}")
        clone.local = clone.tracking

    # --- everything

    def planned(self, repo: Repo, clone: Clone) -> None:
        """Compare the plan of everything."""
        expected = model.plan(clone.tip.state, self.staged(clone), None)
        ids = [change.id for change in expected if change.action != RECORDED]
        assert sorted(ids) == sorted(repo.plan().ids)

    @invariant()
    def agree(self) -> None:
        remote = self.world.bare.refs()
        assert (self.team.remote.oid, self.oids[-1]) == (remote[TIP], remote[MAIN])
        assert not any("lock" in ref for ref in remote)
        for who, clone in self.team.clones.items():
            repo = self.world.repos[who]
            here = repo.refs()
            assert self.oids[clone.head] == here[MAIN]
            assert clone.local.oid == here[TIP]
            assert clone.tracking.oid == here[SHARED]
            assert clone.edits == written(repo, "resources")
            assert self.staged(clone) == written(repo, ".staged")


def work(folder: Path, runs: int, length: int, *, random: bool = False) -> Tuple[Dict[str, int], Dict[str, int]]:
    """Let the team work; return how many steps of which sort it did, and what came about."""
    Teamwork.template = World.make(folder / "template")
    Teamwork.steps, Teamwork.ends = {}, {}
    let_work(Teamwork, runs, length, random=random)
    return Teamwork.steps, Teamwork.ends


def test_a_team_at_work_for_a_moment(tmp_path: Path) -> None:
    """
    Some steps of the same, each compared with the model.
    """
    steps, _ = work(tmp_path, 1, 40)

    assert sum(steps.values()) >= 20


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_a_team_at_work_agrees_with_plain_dicts(tmp_path: Path) -> None:
    """
    At least 1,000 steps, each compared with the model, and every history verified at the end.
    """
    steps, ends = work(tmp_path, 13, 40)

    print(f"\n{sum(steps.values())} steps: {sorted(steps.items())}\n{sorted(ends.items())}")
    assert sum(steps.values()) >= 1000
    assert SORTS <= steps.keys()
    assert ENDS <= ends.keys()


@pytest.mark.slow
def test_a_team_at_work_for_long(tmp_path: Path) -> None:
    """
    At least 10,000 steps, others each time.
    """
    steps, ends = work(tmp_path, 120, 40, random=True)

    record("model: a team", f"{sum(steps.values()):,} steps")
    assert sum(steps.values()) >= 10_000
    assert SORTS <= steps.keys() and ENDS <= ends.keys()
