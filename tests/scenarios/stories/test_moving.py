"""People who rename all day: random moves, swaps and moves back among edits, debts, merges and rollbacks.

Every thing has an identity that no edit changes, and leaves a trace in a small real world. So the laws are short: what
keeps its identity is never run again nor removed, whatever it is called, and what is applied is what there is.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

import pytest

from stagectl.adapters.yamlfile import load
from tests.build import APPLIED, Repo
from tests.proofs import record

pytestmark = pytest.mark.once

NAMES = ["a", "b", "c", "d", "p/a", "p/b", "p/c", "q/a", "q/b"]
STEPS = {
    "edit": 5, "create": 3, "remove": 1, "move": 5, "move_by_hand": 4, "swap": 3, "move_back": 3, "connect": 1,
    "relate": 9, "put_back": 3, "revert": 2, "ask": 1, "apply": 3, "apply_some": 5, "break_down": 3, "look": 3,
    "squash": 2, "roll_back": 2, "pull": 2, "settle": 2,
}  # fmt: skip
# A thing is where its identity says, and an action that finds another state than it should be reports it.
SCRIPT = """
read -r line < "$STAGECTL_INPUTS"
id=${line#*\\"id\\": \\"}; id=${id%%\\"*}; n=${line#*\\"n\\": }; n=${n%%[,\\}]*}
half="WORLD/.half-$id-${STAGECTL_RESOURCE%%/*}-${STAGECTL_RESOURCE##*/}"
if [ -e WORLD/fail ] && grep -qxF "$id.$STAGECTL_ACTION" WORLD/fail; then
   [ "$STAGECTL_ACTION" != run ] || echo > "$half"
   exit 3
fi
case $STAGECTL_ACTION in
run) [ ! -e "WORLD/$id" ] || echo "$id is there, and run" >> WORLD/faults
   [ ! -e "$half" ] || rm -f "$half"; echo "$n" > "WORLD/$id" ;;
remove) if [ -e "$half" ]; then rm -f "$half"; exit 0; fi
   [ -e "WORLD/$id" ] || echo "$id is gone, and removed" >> WORLD/faults
   rm -f "WORLD/$id" ;;
*) [ -e "WORLD/$id" ] || echo "$id is gone, and $STAGECTL_ACTION" >> WORLD/faults
   [ "$STAGECTL_ACTION" != update ] || echo "$n" > "WORLD/$id" ;;
esac
echo "$id.$STAGECTL_ACTION" >> WORLD/.ran
"""
RELATIONS: Sequence[Dict[str, Any]] = (
    {"react_on": {"restart": ["OTHER.update"]}},
    {"react_on": {"restart": ["OTHER.update"]}},
    {"react_on": {"update": ["OTHER.update"]}},
    {"react_on": {"restart": ["OTHER.restart"]}},
    {"react_on": {"restart": ["OTHER.update"]}, "depends_on": ["OTHER"]},
    {"depends_on": {"update": ["OTHER.restart"]}},
    {},
)
MAIN, TIP, SHARED = "refs/heads/main", f"refs/heads/{APPLIED}", f"refs/remotes/origin/{APPLIED}"
MOST = 6  # things at once, so that names are free

read = lru_cache(maxsize=None)(load)  # most files are the same after a step


class Moving:
    """One or two people, each with a clone, of one remote if they are two."""

    def __init__(self, folder: Path, seed: int, people: Sequence[str]) -> None:
        self.chance, self.people, self.world = Random(seed), people, folder / "world"
        self.world.mkdir(parents=True)
        self.steps: Dict[str, int] = {}
        self.came: Dict[str, int] = {}
        self.made = 3
        self.states: Dict[str, Dict[str, Dict[str, Any]]] = {}  # the applied state, by commit
        self.planned: Set[Tuple[object, ...]] = set()  # what plans were looked at of
        self.known = Debts({}, 0)
        self.is_discarding = False
        first, self.bare = Repo(folder / people[0]), Repo(folder / "bare.git", init=False)
        script = ["sh", "-c", SCRIPT.replace("WORLD", str(self.world))]
        for kind, more in (("thing", ()), ("named", ("rename",))):
            actions = dict.fromkeys(("run", "update", "remove", "restart", *more), script)
            first.write(f"kinds/{kind}.yaml", json.dumps({"actions": actions}))
        first.write(".gitignore", ".stagectl/\n").commit()
        self.repos = {people[0]: first}
        self.repo, self.who = first, people[0]
        for number, name in enumerate(self.chance.sample(NAMES, 3), 1):
            first.define(name, self.chance.choice(["thing", "named"]), inputs={"id": f"u{number}", "n": 1})
        first.apply_all()
        if len(people) > 1:
            first.git("init", "-q", "--bare", "-b", "main", str(folder / "bare.git"))
            first.git("remote", "add", "origin", str(folder / "bare.git"))
            first.git("push", "-q", "-u", "origin", "main", "stagectl/applied")
        for other in people[1:]:
            first.git("clone", "-q", str(folder / "bare.git"), str(folder / other))
            self.repos[other] = Repo(folder / other, init=False)
            self.repos[other].git("config", "user.name", other)
            self.repos[other].git("config", "user.email", f"{other}@example.com")

    def walk(self, length: int) -> None:
        """Take steps, and look at everything after each."""
        words = [step for step, weight in STEPS.items() for _ in range(weight)]
        while sum(self.steps.values()) < length:
            self.who = self.chance.choice(self.people)
            self.repo = self.repos[self.who]
            self.pull()  # who stages on top of an old state names other things than are there
            self.take(self.chance.choice(words))
            self.pull()
            self.look_at_world()
        for repo in self.repos.values():
            self.repo = repo
            self.settle()
        self.repo.ok("verify")

    def take(self, step: str) -> None:
        self.steps[step] = self.steps.get(step, 0) + 1
        getattr(self, step)()
        self.look_at_debts()

    # --- what there is

    def saw(self, what: str) -> None:
        self.came[what] = self.came.get(what, 0) + 1

    def defined(self) -> List[str]:
        root = self.repo.root / "resources"
        return sorted(str(path.relative_to(root))[: -len(".yaml")] for path in root.glob("**/*.yaml"))

    def file(self, name: str) -> Dict[str, Any]:
        return parsed(self.repo.read(f"resources/{name}.yaml").encode())

    def staged_files(self) -> Dict[str, bytes]:
        root = self.repo.root / ".staged"
        return {str(path.relative_to(root))[: -len(".yaml")]: path.read_bytes() for path in root.glob("**/*.yaml")}

    def staged(self) -> Dict[str, str]:
        """The identity of everything that is staged, by name."""
        return {name: read(content)[1]["inputs"]["id"] for name, content in self.staged_files().items()}

    def tip(self) -> str:
        """The applied commit that this clone knows: of its own and the remote's the one that contains the other."""
        refs = self.repo.refs()
        here, there = refs.get(TIP), refs.get(SHARED)
        if here and there and here != there and self.repo.git("merge-base", here, there).strip() == here:
            return there
        return here or refs[SHARED]

    def applied(self) -> Dict[str, Dict[str, Any]]:
        """The applied state, read with plain git."""
        tip = self.tip()
        if tip not in self.states:
            files, found = self.repo.texts(tip), {}
            for path in sorted(path for path in files if path.startswith(".applied/")):
                name = path[len(".applied/") : -len(".json")]
                file = files.get(f".staged/{name}.yaml")
                raw = parsed(file.encode()) if file else {"moved_from": []}
                more = {"live": file is not None, "names": raw["moved_from"], "reacts": raw.get("react_on", {})}
                found[name] = {**json.loads(files[path]), **more}
            self.states[tip] = found
        return self.states[tip]

    def live(self) -> Dict[str, str]:
        """The name of everything that is live, by its identity."""
        return {state["inputs"]["id"]: name for name, state in self.applied().items() if state["live"]}

    def look_at_world(self, *, is_newest: bool = True) -> None:
        """What is applied is what there is; what keeps its identity is neither run nor removed.

        is_newest: whether no older commit is checked out, which may lack claims.
        """
        faults = self.world / "faults"
        assert not faults.exists(), faults.read_text()
        if len(self.people) > 1 and len({*(refs.get(ref) for refs, ref in self.ends())}) > 1:
            self.repo.run("sync")
        applied = self.applied()
        live = {state["inputs"]["id"]: state for state in applied.values() if state["live"]}
        assert len(live) == sum(state["live"] for state in applied.values()), "an identity is live twice"
        if len(self.people) == 1 or not self.is_behind():
            there = {path.name for path in self.world.iterdir() if not path.name.startswith((".", "fail"))}
            assert there == set(live)
        known = (self.who, is_newest, self.tip(), *sorted(self.staged_files().items()))
        if known in self.planned or self.chance.random() < 0.5:  # what acts reports faults, too
            return
        self.planned.add(known)
        done = self.repo.run("plan", "--format", "json")
        if done.code or not is_newest:
            self.saw("no plan" if done.code else "an older plan")
            return
        staged, known = self.staged(), {name: state["inputs"]["id"] for name, state in applied.items() if state["live"]}
        for change in done.json()["changes"]:
            self.saw(change["cause"]["type"])
            if change["action"] == "run":
                assert staged[change["resource"]] not in live, change
            if change["action"] == "remove":
                assert known.get(change["resource"]) not in staged.values(), change
        for move in done.json()["moved"]:
            self.saw("moved")
            if f"{move['to']} claims {move['from']} again" in done.err:  # which no apply follows
                self.saw("claimed again")
                continue
            assert known[move["from"]] == staged[move["to"]], move

    def look_at_debts(self) -> None:
        """What reacts did so after what it reacts on, or owes it; a debt goes where it is paid or dropped.

        Of one person alone: what another one has applied meanwhile is not known here.
        """
        if len(self.people) > 1:
            return
        log = self.world / ".ran"
        ran = log.read_text().split() if log.exists() else []
        before, self.known = self.known, Debts(self.applied(), len(ran))
        ran = ran[before.ran :]
        is_dropped, self.is_discarding = self.is_discarding, False
        there = [{state["inputs"]["id"]: name for name, state in states.items() if state["live"]}
                 for states in (before.states, self.known.states)]  # fmt: skip
        for identity in there[0].keys() & there[1].keys():
            old, new = before.states[there[0][identity]], self.known.states[there[1][identity]]
            for action in old.get("owed", {}).keys() - new.get("owed", {}).keys():
                assert is_dropped or f"{identity}.{action}" in ran, f"{identity} owes {action} no more"
                self.saw("paid")
            both = (dict(triggers(states[names[identity]], states))
                    for states, names in zip((before.states, self.known.states), there))  # fmt: skip
            for own, done in sorted({*next(both).items()} & {*next(both).items()}):
                if done in ran and not new.get("owed", {}).get(own):
                    assert f"{identity}.{own}" in ran[last(ran, done) :], f"{identity} did not {own} after {done}"
                    self.saw("reacted")

    def ends(self) -> List[Tuple[Dict[str, str], str]]:
        """Where the applied branch is: here, as the remote had it, and as it has it."""
        refs = self.repo.refs()
        return [(refs, TIP), (refs, SHARED), (self.bare.refs(), TIP)]

    def is_behind(self) -> bool:
        """Whether others have applied what this clone could not put together with its own."""
        return self.tip() != self.repo.refs()[SHARED]

    # --- helpers

    def do(self, *words: str) -> bool:
        """Run a command that may be refused; then nothing has changed, and the reason is given."""
        before = self.refs()
        done = self.repo.run(*words)
        assert done.code in (0, 1), done.err
        assert "bug" not in done.err, done.err
        if done.code:
            self.saw("refused")
            assert before == self.refs(), f"{words}: {done.err}"
            self.clean()
        return not done.code

    def refs(self) -> Dict[str, str]:
        return {ref: oid for ref, oid in self.repo.refs().items() if ref.startswith("refs/heads/")}

    def clean(self) -> None:
        """Drop edits that were not staged."""
        self.repo.git("reset", "-q", "--hard")
        self.repo.git("clean", "-fdq")

    def some(self, names: Sequence[str], most: int = 1) -> List[str]:
        return self.chance.sample(names, min(len(names), self.chance.randint(1, most)))

    def free(self) -> List[str]:
        """The names that nothing has; what is live under one and staged as removed goes on there."""
        staged = self.staged().values()
        going = {name for name, state in self.applied().items() if state.get("inputs", {}).get("id") not in staged}
        return [name for name in NAMES if name not in self.defined() and name not in going]

    # --- definitions

    def edit(self) -> None:
        """Edit one or two, mostly what others react on."""
        behind = {name for one in self.defined() for others in self.file(one).get("react_on", {}).values()
                  for name in (other.rpartition(".")[0] for other in others)}  # fmt: skip
        names = sorted(behind & {*self.defined()}) if self.chance.random() < 0.6 else []
        for name in self.some(names or self.defined(), 2):
            self.do("update", name, "--set", f"n={self.chance.randint(1, 99)}")

    def create(self) -> None:
        for name in self.some(self.free()) if len(self.defined()) < MOST else ():
            self.made += 1
            kind = self.chance.choice(["thing", "thing", "named"])
            self.do("create", name, "--kind", kind, "--set", f"id=u{self.made}", "--set", "n=1")

    def connect(self) -> None:
        """Have one read another."""
        names = self.some(self.defined(), 2)
        if len(names) == 2:
            self.do("update", names[0], "--set", f"r=${{{names[1]}.n}}")

    def relate(self) -> None:
        """Have one react on another, or depend on it, or on nothing any more."""
        names = self.some(self.defined(), 2)
        if len(names) == 2:
            one, other = names
            relation = self.chance.choice(RELATIONS)
            body = json.loads(json.dumps(relation).replace("OTHER", other))
            raw = {key: value for key, value in self.file(one).items() if key not in ("react_on", "depends_on")}
            self.repo.write(f"resources/{one}.yaml", text({**raw, **body}))
            self.do("stage")

    def remove(self) -> None:
        for name in self.some(self.defined()):
            self.do("remove", name, *self.chance.choice([(), ("--recursive",), ("--detach",)]))

    def ask(self) -> None:
        for name in self.some(self.defined()):
            self.do("stage", name, "-a", "restart")

    # --- moves

    def move(self) -> None:
        for old, new in zip(self.some(self.defined()), self.some(self.free())):
            self.do("move", old, new)

    def move_by_hand(self) -> None:
        """Rename a file, mostly in what names it, too, and claim the old name, or names; stage one of them, or all."""
        for old, new in zip(self.some(self.defined()), self.some(self.free())):
            content = self.moved(old)
            self.repo.write(f"resources/{new}.yaml", content)
            self.repo.delete(old)
            for name in self.defined() if self.chance.random() < 0.8 else ():
                self.repo.write(f"resources/{name}.yaml", renamed(self.repo.read(f"resources/{name}.yaml"), old, new))
            self.do("stage", *self.chance.choice([(old,), (new,), ()] if "moved_from" in content else [()]))

    def swap(self) -> None:
        """Each takes the other's name, also again and back."""
        names = self.chance.sample(self.defined(), min(2, len(self.defined())))
        if len(names) == 2:
            can_be_parted = all(self.file(name)["inputs"]["id"] in self.live() for name in names)
            texts = [self.moved(name) for name in names]
            for name, content in zip(reversed(names), texts):
                self.repo.write(f"resources/{name}.yaml", content)
            if self.do("stage", *self.chance.choice([names[:1], []] if can_be_parted else [[]])):
                self.saw("swapped")

    def move_back(self) -> None:
        """Give what was moved one of the names that it had."""
        moved = {name: self.file(name)["moved_from"] for name in self.defined()}
        ways = [(name, old) for name, olds in moved.items() for old in olds if old in self.free()]
        if ways and self.do("move", *self.chance.choice(ways)):
            self.saw("moved back")

    def moved(self, old: str) -> str:
        """The file of a thing under another name: it claims all names that it had, sometimes those in between, too."""
        raw, live = self.file(old), self.live()
        here = live.get(raw["inputs"]["id"])
        claims = [] if here is None else [here, *self.applied()[here]["names"]]
        if old not in live.values() and self.chance.random() < 0.5:
            claims = [old, *claims][: self.chance.choice([1, None])]  # without the rest it is refused
        return text({**raw, "moved_from": claims})

    def put_back(self) -> None:
        """Take back what is staged of a name, an old one will do."""
        known = sorted({*self.defined(), *self.applied(), *NAMES[:2]})
        verb = self.chance.choice(["unstage", "discard"])
        self.is_discarding = self.do(verb, *self.some(known)) and verb == "discard"
        if self.repo.run("stage", "--check").code and not self.do("stage"):  # what `unstage` left
            self.is_discarding |= self.do("discard", "--all", "--force")

    def revert(self) -> None:
        commit = f"HEAD~{self.chance.choice([0, 0, 1, 2])}"
        if not self.renames_without_claim(commit):
            self.do("revert", commit)

    def renames_without_claim(self, commit: str) -> bool:
        """Whether a commit gave what was not applied yet another name: nothing says so, and it may be live by now."""
        before, after = ({file["inputs"]["id"]: (name, file["moved_from"]) for name, file in self.files_of(one)}
                         for one in (f"{commit}~1", commit))  # fmt: skip
        return any(before.get(one, (name,))[0] != name and not claims for one, (name, claims) in after.items())

    def files_of(self, commit: str) -> List[Tuple[str, Dict[str, Any]]]:
        """The staged files of a commit, by path."""
        files = self.repo.texts(commit).items()
        return [(path, parsed(text.encode())) for path, text in sorted(files) if path.startswith(".staged/")]

    # --- applies

    def apply(self) -> None:
        self.do("apply", "--yes")

    def apply_some(self) -> None:
        names = sorted({*self.defined(), *self.applied()})
        if names:
            self.do("apply", "--yes", *self.some(names, 3), *self.chance.choice([(), ("--with-parents",)]))

    def break_down(self) -> None:
        """Edit, rename or ask for something, and apply: what fails is unfinished, or owed, or its move waits."""
        self.take(self.chance.choice(["edit", "edit", "edit", "move", "create"]))
        ids = sorted({*self.staged().values()})
        failing = [f"{i}.{action}" for i in self.some(ids, 4) for action in ("update", "run", "rename", "restart")]
        if self.chance.random() < 0.5:  # what reacts owes it then
            failing = [f"{i}.restart" for i in ids]
        (self.world / "fail").write_text("".join(f"{line}\n" for line in failing))
        done = self.repo.run("apply", "--yes")
        (self.world / "fail").unlink()
        assert done.code in (0, 1) and "bug" not in done.err, done.err
        self.saw("broke down" if "ERROR" in done.err else "nothing broke")

    def settle(self) -> None:
        """Apply everything: then nothing is left to do, and every thing is as it is staged."""
        self.pull()
        done = self.repo.run("apply", "--yes")
        for name in re.findall("drop the claim from ([a-z/]+), and stage", done.err):
            self.repo.write(f"resources/{name}.yaml", text({**self.file(name), "moved_from": []}))
            self.repo.ok("stage", name)
            self.saw("dropped a claim")
            done = self.repo.run("apply", "--yes")
        if done.code:
            self.saw("not settled")
            assert "ERROR" not in done.err, done.err
            return
        self.saw("settled")
        if len(self.people) == 1 or not self.is_behind():  # what another one paid is not fetched into the own branch
            assert not any(state.get("owed") for state in self.applied().values())
        left = self.repo.plan()
        assert ([], []) == (left.ids, list(left.held))
        root = self.repo.root / ".staged"
        inputs = [load(path.read_bytes())[1]["inputs"] for path in root.glob("**/*.yaml")]
        things = {one["id"]: one["n"] for one in inputs}
        there = {path.name: int(path.read_text()) for path in self.world.iterdir() if path.name[0] != "."}
        assert things == there, (things, there)

    def look(self) -> None:
        words = self.chance.choice([("plan",), ("show",), ("diff",), ("log",), ("plan", "--explain")])
        done = self.repo.run(*words, self.chance.choice(NAMES))
        assert done.code in (0, 1) and "bug" not in done.err, done.err

    # --- branches

    def squash(self) -> None:
        """Work on a branch, apply a part of it there, and merge it as one commit."""
        self.repo.git("checkout", "-q", "-B", "topic")
        for _ in range(self.chance.randint(1, 3)):
            self.take(self.chance.choice(["edit", "move", "swap", "move_by_hand", "create"]))
        self.take("apply_some")
        self.repo.git("checkout", "-q", "main")
        self.repo.git("merge", "-q", "--squash", "topic", check=False)
        self.clean() if self.repo.git("ls-files", "-u") else self.repo.commit("squashed")
        self.saw("squashed")

    def roll_back(self) -> None:
        """Go back to an older commit and apply that: refused, or nothing of what others applied is undone."""
        now = {identity: name for name, identity in self.staged().items()}
        old = self.chance.choice(self.repo.git("rev-list", "--first-parent", "-5", "HEAD").split())
        self.repo.git("checkout", "-q", "-B", "older", old)
        words = self.chance.choice([(), ("--allow-rollback",)])
        live = self.live()  # or was, where another one has moved it since and this clone has not seen that
        if any(map(self.has_other_names, [{**now, **live}, {**live, **now}][: len(self.people)])):
            self.repo.git("checkout", "-q", "main")
            return
        done = self.repo.run("apply", "--yes", *words)
        assert done.code in (0, 1) and "bug" not in done.err, done.err
        self.saw("rolled back" if not done.code else "roll back refused")
        self.look_at_world(is_newest=False)
        self.repo.git("checkout", "-q", "main")

    def has_other_names(self, names: Dict[str, str]) -> bool:
        """Whether what is checked out gives names to others than have them, or brings back claims after a removal."""
        things = {name: identity for identity, name in names.items()}
        for name, content in self.staged_files().items():
            file = parsed(content)
            identity = file["inputs"]["id"]
            if names.get(identity, name) != name or things.get(name, identity) != identity:
                return True
            if identity not in names and file["moved_from"]:
                return True
        return False

    def pull(self) -> None:
        """Put together what two people staged; who gets a conflict takes theirs."""
        if len(self.people) == 1:
            return
        there, here = self.bare.refs(), self.repo.refs()
        if (here["refs/remotes/origin/main"], here[SHARED]) != (there[MAIN], there[TIP]):
            self.repo.git("fetch", "-q")
        if here[MAIN] == there[MAIN]:
            return
        self.clean()  # of a definition that is only written otherwise nothing is staged, and git merges into no edits
        self.repo.git("merge", "-q", "--no-edit", "origin/main", check=False)
        if (self.repo.top / ".git/MERGE_HEAD").exists():
            self.repo.git("merge", "--abort")
            self.repo.git("reset", "-q", "--hard", "origin/main")
            self.saw("took theirs")
        if self.repo.refs()[MAIN] != there[MAIN]:
            self.repo.git("push", "-q", "origin", "main")


class Debts(NamedTuple):
    """What was applied, and how many actions had ended, at the last look."""

    states: Dict[str, Dict[str, Any]]
    ran: int


def triggers(state: Dict[str, Any], states: Dict[str, Dict[str, Any]]) -> Iterator[Tuple[str, str]]:
    """The reactions of something applied: its own action, and the action of another identity."""
    for own, others in sorted(state["reacts"].items()):
        for name, _, action in (other.rpartition(".") for other in others):
            if name in states and states[name]["live"]:
                yield own, f"{states[name]['inputs']['id']}.{action}"


def last(ran: Sequence[str], done: str) -> int:
    return len(ran) - 1 - list(reversed(ran)).index(done)


def text(raw: Dict[str, Any]) -> str:
    """A file of these values."""
    front = {key: raw[key] for key in ("kind", "tags", "moved_from") if raw.get(key)}
    body = {key: raw[key] for key in ("inputs", "depends_on", "react_on") if key in raw}
    return f"---\n{json.dumps(front)}\n---\n{json.dumps(body)}\n"


def renamed(content: str, old: str, new: str) -> str:
    """A file that names another by another name, as it is written here: `${a.n}`, `"a.update"`, `depends_on: ["a"]`."""
    front, body = content[4:].split("---\n")
    body = re.sub(rf'(\$\{{|"){re.escape(old)}(?=[.]|"[],])', rf"\g<1>{new}", body)
    return f"---\n{front}---\n{body}"


def parsed(content: bytes) -> Dict[str, Any]:
    """A file as one mapping, what it claims as a list."""
    front, body = read(content)
    claims = front.get("moved_from", [])
    return {**front, **body, "moved_from": [claims] if isinstance(claims, str) else list(claims)}


def work(folder: Path, seeds: Sequence[int], length: int, people: Sequence[str]) -> Tuple[Dict[str, int], Set[str]]:
    """Let people work; return how many steps of which sort there were, and what came about."""
    steps: Dict[str, int] = {}
    came: Set[str] = set()
    for seed in seeds:
        moving = Moving(folder / str(seed), seed, people)
        try:
            moving.walk(length)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {len(people)} people: {error}") from error
        for step, number in moving.steps.items():
            steps[step] = steps.get(step, 0) + number
        came |= moving.came.keys()
        print(seed, sum(moving.steps.values()), sorted(moving.came.items()))
    return steps, came


ONE, TWO = ("ada",), ("ada", "bob")
CAME = {"broke down", "moved", "moved back", "refused", "rolled back", "settled", "squashed", "staged", "swapped"}
DEBTS = {"reaction", "owed", "reacted", "paid"}
RARE = {"child", "explicit", "unfinished", *DEBTS}


def test_people_who_rename_for_a_moment(tmp_path: Path) -> None:
    """
    Some steps of one, after each of which the laws hold.
    """
    steps, _ = work(tmp_path, [3], 25, ONE)

    assert 25 <= sum(steps.values())


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("people", "seeds", "awaited"),
    [(ONE, [0, 1, 2, 300], CAME), (ONE, [3, 5, 301], CAME | DEBTS), (TWO, [0, 1], CAME)],
    ids=["one", "another", "two"],
)
def test_people_who_rename_lose_nothing(
    tmp_path: Path, people: Sequence[str], seeds: Sequence[int], awaited: Set[str]
) -> None:
    """
    875 steps of one, and 250 of two who share what they stage and apply; all sorts of changes came about.
    """
    steps, came = work(tmp_path, seeds, 125, people)

    assert sum(steps.values()) >= len(seeds) * 125
    assert awaited <= came


@pytest.mark.slow
def test_people_who_rename_for_long(tmp_path: Path) -> None:
    """
    10,000 steps, others than those.
    """
    alone, came = work(tmp_path / "one", range(100, 160), 125, ONE)
    both, more = work(tmp_path / "two", range(100, 120), 125, TWO)

    record("model: renames", f"{sum(alone.values()) + sum(both.values()):,} steps")
    assert sum(alone.values()) + sum(both.values()) >= 10_000
    assert CAME | RARE <= came | more
