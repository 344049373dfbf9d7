"""Random walks through one repository: whatever happened before, reading a part gives what reading everything gives."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import secrets
import shlex
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional
from unittest import mock

import pytest

from stagectl.adapters.worktree import folders, untracked
from stagectl.usecases.looking import status
from stagectl.usecases.planning import plan
from stagectl.usecases.staging import ground
from tests.build import Ran, Repo

pytestmark = pytest.mark.once

NAMES = ("a", "b", "c", "p/d", "p/e", "q/f", "q/g", "h")
TAGS = ("prod", "dev", "tier=web")
KIND = ("run", "update", "remove", "restart", "test")
# Reports an address made of its inputs, also where it fails after that.
REPORTING = (
    'printf \'{"outputs": {"addr": "a%s"}}\' "$(cksum < "$STAGECTL_INPUTS" | cut -c 1)" > "$STAGECTL_RESULT"; '
    'id="$STAGECTL_RESOURCE.$STAGECTL_ACTION"; if [ -f fail ] && grep -qxF "$id" fail; then exit 3; fi'
)
REPORTS = {action: ["addr"] for action in ("run", "update", "restart")}

# Command lines; NAME, FILE, BRANCH and SELECTION are any, and of several lines in brackets one comes as often as one.
SELECTIONS = ("", "-t prod", "-t 'prod or tier=web'", "a", "p/*", "b+", "own", "+b c", "-t 'not dev' --with-children",
              "a --with-children", "p/d --with-parents")  # fmt: skip
LOOKS = ("plan --format json SELECTION", "status", "diff SELECTION", "diff --unstaged SELECTION")
BY_GIT = (
    ("add -A", "add -N .", "add -u", "add .staged", "add resources"),
    ("commit -qa --amend --no-edit --allow-empty",),
    ("reset -q --hard HEAD", "reset -q --hard HEAD~1", "reset -q HEAD~1", "reset -q --soft HEAD~1"),
    ("checkout -qf BRANCH; checkout -qfB BRANCH",),
    ("checkout -qf --detach HEAD", "checkout -qf --detach HEAD~1", "checkout -qf --detach main"),
    ("stash -u; stash pop",),
    ("checkout -qf HEAD -- .; clean -fdq",),
    ("rm -q --cached FILE",),
    ("mv FILE resources/NAME.yaml",),
)  # fmt: skip
CHANGES = (
    *[("apply --yes SELECTION",)] * 2,
    *[("stage", "stage NAME", "stage NAME -a restart", "stage -t prod", "stage NAME --force")] * 3,
    ("discard NAME", "unstage NAME"),
    ("move NAME moved", "move NAME p/moved", "move NAME h"),
)
VERBS = (
    "remove NAME", "remove --detach NAME", "remove --recursive NAME NAME", "update NAME --set port=4",
    "create NAME --kind service --set port=3", "unstage --all", "unstage -t prod", "discard --all --force",
    "discard --all", "discard -t 'dev or tier=web'", "discard p/* NAME", "revert HEAD", "revert HEAD~1",
    "revert HEAD~2..HEAD", "promote p q --create", "promote q r --create", "promote p q d", "stage p/*", "stage b+",
    "stage -t dev -a restart", "stage -a test", "stage NAME -t prod", "show NAME", "show NAME --at HEAD~1",
    "show NAME --at stagectl/applied", "show NAME --at stagectl/applied~1", "diff --unstaged", "diff --unstaged NAME",
    "diff NAME --from stagectl/applied~1 --to stagectl/applied", "diff --from stagectl/applied~2 --to stagectl/applied",
    "plan --explain NAME", "plan --format github", "log NAME",
)  # fmt: skip
SETTINGS = ("core.ignoreCase true", "core.fileMode false", "core.autocrlf input", "core.trustctime false",
            "core.checkStat minimal", "core.ignoreStat true")  # fmt: skip
CONFIGS = ("tags:\n  p/**: [dev]\n", "roots: [resources, more]\n", "roots: [more]\n", "parallelism: 2\n")
OTHER_FILES = ("x.tmp", "ignored.yaml", "notes.txt", "x.yml", "X.YAML", "a b.yaml", ".hidden.yaml", "A.yaml",
               "deep/er/notes", "z.yaml/z.yaml")  # fmt: skip


def another_port(text: str) -> str:
    return re.sub(r'"port": (\d)', lambda found: f'"port": {(int(found.group(1)) + 3) % 10}', text)


class Walk:
    """A repository, and everything that may happen in it."""

    def __init__(self, repo: Repo, seed: int, spare: Path) -> None:
        self.repo, self.chance, self.spare = repo, random.Random(seed), spare
        self.root, self.reported = repo.root, [f"seed {seed}"]
        self.before: Dict[str, Optional[str]] = {}  # files that a step changed, as they were; None: there was none
        self.after: List[str] = []  # what git has to do once they are back
        repo.write(".gitignore", "actions.log\nfail\n*.tmp\nignored*\n")
        actions = {action: ["sh", "-c", REPORTING] for action in ("run", "update", "restart")}
        outputs = {"properties": {"addr": {"type": "string"}}, "required": ["addr"]}
        repo.write("kinds/db.yaml", json.dumps({"outputs": outputs, "actions": actions, "reports": REPORTS}))
        for name in NAMES[:6]:
            self.define(name)
        repo.apply_all().run("status")
        self.edit()
        self.both("stage")

    # --- things that happen

    def define(self, name: str = "") -> None:
        """A definition comes, or becomes another one."""
        name = name or self.chance.choice(NAMES)
        earlier = [other for other in NAMES[: NAMES.index(name)] if (self.root / f"resources/{other}.yaml").exists()]
        body: Any = {"inputs": {"port": self.chance.randrange(3), "text": "x"}}
        if earlier and self.chance.random() < 0.7:
            parent = self.chance.choice(earlier)
            reports = "kind: db\n" in self.repo.read(f"resources/{parent}.yaml")
            values = ("port", "addr", "addr") if reports else ("port", "text")
            body["inputs"]["up"] = f"${{{parent}.{self.chance.choice(values)}}}"
        if earlier and self.chance.random() < 0.3:
            body["depends_on"] = [self.chance.choice(earlier)]
        if earlier and self.chance.random() < 0.3:
            body["react_on"] = {"restart": [f"{self.chance.choice(earlier)}.update"]}
        tags = self.chance.sample(TAGS, self.chance.randrange(3))
        kind = self.chance.choice(("service", "plain", "db", "db")) if "react_on" not in body else "service"
        self.repo.define(name, kind, tags, **body)

    def edit(self) -> None:
        """A definition, or a staged file by hand, has another value, or only a remark."""
        path = self.some("resources", ".staged")
        text = self.repo.read(path)
        self.put(path, self.chance.choice((another_port(text), another_port(text), text + "# a remark\n")))

    def edit_in_place(self) -> None:
        """A staged file without a definition."""
        text = f'---\nkind: service\n---\ninputs:\n  port: {self.chance.randrange(9)}\n  up: "${{a.port}}"\n'
        self.put(f".staged/{self.chance.choice(('own', 'p/own'))}.yaml", text)

    def delete(self) -> None:
        self.put(self.some("resources", ".staged"), None)

    def no_kind(self) -> None:
        self.put(self.some("kinds"), None)

    def by_git(self) -> None:
        for line in self.filled(self.chance.choice(self.chance.choice(BY_GIT))).split("; "):
            self.repo.git(*shlex.split(line), check=False)

    def commit(self) -> None:
        self.repo.commit()

    def touch(self) -> None:
        """A file has another time or mode, and says what it said."""
        path = self.root / self.some("resources", ".staged", "kinds")
        path.chmod(self.chance.choice((0o644, 0o755)))
        os.utime(path, (1, self.chance.randrange(1, 99)))

    def other_file(self) -> None:
        """One comes that git ignores, or whose name is none of a resource."""
        folder = self.chance.choice((".staged", "resources", "resources/p", "kinds"))
        path = f"{folder}/{self.chance.choice(OTHER_FILES)}"
        if not (self.root / path).exists():
            self.put(path, self.chance.choice(("x", self.repo.read(self.some("resources")))))

    def broken(self) -> None:
        path = self.some("resources", ".staged", "kinds")
        text = self.repo.read(path)
        self.put(path, self.chance.choice(("", "---\n", "a: [", text + "inputs: 3\n", text + "\t")))

    def other_than_a_file(self) -> None:
        """A link, a pipe, a folder in a file's place, a file in a folder's; another repository."""
        where = self.chance.choice((".staged/odd", "resources/odd.yaml", "resources/p/odd", ".staged/q"))
        path, how = self.root / where, self.chance.randrange(4)
        if os.path.lexists(path) or not path.parent.is_dir():
            return
        self.before[where] = None
        if how == 0:
            os.symlink(self.chance.choice(("a.yaml", "nowhere", "p", "../resources")), path)
        elif how == 1:
            os.mkfifo(path)
        else:
            self.repo.write(f"{where}/in.yaml", self.repo.read(self.some("resources")))
        if how == 2:
            self.repo.git("init", "-q", str(path))

    def left_alone(self) -> None:
        """Git is asked not to look at a file, which then changes."""
        path, flag = self.some("resources", ".staged"), self.chance.choice(("assume-unchanged", "skip-worktree"))
        self.repo.git("update-index", f"--{flag}", path, check=False)
        self.put(path, another_port(self.repo.read(path)))
        self.after.append(f"update-index --no-{flag} '{path}'")

    def kind(self) -> None:
        more = self.chance.choice(({}, {}, {"sensitive": ["text"]}, {"replace_on": ["port"]}, {"limit": 1}))
        actions = self.chance.choice((KIND, KIND, KIND[:3], KIND[:4]))
        self.repo.kind(self.chance.choice(("service", "service", "plain", "new")), actions=actions, **more)

    def config(self) -> None:
        self.put("stagectl.yaml", self.chance.choice((*CONFIGS, None, None, None, None)))
        if self.chance.random() < 0.3:
            self.put("more/m.yaml", self.repo.read(self.some("resources")))

    def settings(self) -> None:
        setting = self.chance.choice(SETTINGS).split()
        self.repo.git("config", *setting)
        self.after.append(f"config --unset {setting[0]}")

    def attributes(self) -> None:
        """Git writes a file with other line ends, and takes it for the same as long as it is not touched."""
        folder = self.chance.choice(("", ".staged/p/", "resources/"))
        self.put(
            f"{folder}.gitattributes", self.chance.choice(("* text=auto\n", "*.yaml eol=crlf\n", "*.png binary\n"))
        )
        again = self.some("resources", ".staged")
        if not self.repo.git("status", "--porcelain", "--", again):
            self.put(again, None)
            self.repo.git("checkout", "--", again, check=False)
            self.after.append(f"checkout -- '{again}'")  # git has noted its size with these line ends

    def change(self) -> None:
        """Something is staged, moved, or applied with some failures, all or a part of it."""
        line = self.chance.choice(self.chance.choice(CHANGES))
        if line.startswith("apply"):
            self.repo.commit()
            self.repo.fail(*(f"{name}.{self.chance.choice(KIND)}" for name in self.chance.sample(NAMES, 2)))
        self.both(line)
        self.repo.fail()

    def verb(self) -> None:
        """Any other verb that edits, or that shows of the definitions."""
        self.both(self.chance.choice(VERBS))

    def in_a_linked_worktree(self) -> None:
        """Another working tree of the repository, with edits of its own; they share what is kept."""
        linked = Repo(self.spare / "linked", init=False)
        self.repo.git("worktree", "add", "-qf", "--detach", str(linked.top), "HEAD", check=False)
        if (linked.root / "resources/a.yaml").exists():
            linked.write("resources/a.yaml", another_port(linked.read("resources/a.yaml")))
            self.ask(linked, *self.chance.choice((["plan", "status"], ["plan", "status", "stage a", "plan"])))
        self.repo.git("worktree", "remove", "--force", str(linked.top), check=False)

    def harm(self) -> None:
        """An author, or the disk, takes away or cuts what is kept."""
        for path in sorted((self.repo.top / ".git/stagectl/cache").glob("*")):
            if self.chance.random() < 0.4:
                path.write_bytes(path.read_bytes()[: self.chance.randrange(path.stat().st_size + 1)])
            elif self.chance.random() < 0.3:
                path.unlink()

    # --- how they are reported, taken back and compared

    def some(self, *tops: str) -> str:
        """A file that is there."""
        found = [path for top in tops for path in sorted((self.root / top).rglob("*.yaml")) if path.is_file()]
        found = [path for path in found if not path.is_symlink() and path.name not in ("X.YAML", "in.yaml")]
        if not found:
            self.define("a")
            return "resources/a.yaml"
        return str(self.chance.choice(found).relative_to(self.root))

    def filled(self, line: str) -> str:
        for word, choices in (("BRANCH", ("main", "one", "two")), ("SELECTION", SELECTIONS)):
            line = line.replace(word, self.chance.choice(choices))
        line = re.sub("NAME", lambda _: self.chance.choice(NAMES), line)
        return re.sub("FILE", lambda _: shlex.quote(self.some("resources", ".staged")), line)

    def put(self, path: str, text: Optional[str]) -> None:
        """Have a file say something, None: have none, and keep what it said."""
        is_there = (self.root / path).is_file()
        self.before.setdefault(path, (self.root / path).read_bytes().decode() if is_there else None)
        self.gone(path)
        if text is not None:
            self.repo.write(path, text)

    def gone(self, path: str) -> None:
        place = self.root / path
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            with contextlib.suppress(OSError):
                place.unlink()

    def take_back(self) -> None:
        self.reported.append("taken back")
        for path, text in [*self.before.items()]:
            self.put(path, text)
        for line in self.after:
            self.repo.git(*shlex.split(line), check=False)

    def step(self) -> None:
        """Something happens, and both ways show the same; what would stop all others is taken back."""
        stay = [self.define, self.edit_in_place, self.delete, self.commit, self.touch, self.kind, self.config,
                self.other_file, self.in_a_linked_worktree, self.harm, *[self.edit] * 5, *[self.verb] * 3,
                *[self.change] * 7, *[self.by_git] * 9]  # fmt: skip
        pass_by = [self.edit, self.other_file, self.broken, self.other_than_a_file, self.left_alone, self.no_kind,
                   self.settings, self.attributes]  # fmt: skip
        acts = [*((act, False) for act in stay), *((act, True) for act in pass_by)]
        act, is_taken_back = self.chance.choice(acts)
        self.before, self.after = {}, []
        self.reported.append(act.__name__)
        act()
        self.look()
        if is_taken_back:
            self.take_back()
        if self.repo.run("plan").code and self.chance.random() < 0.5:  # no author stays in such a state
            self.reported.append("clean")
            self.repo.git("reset", "-q", "--hard", "main", check=False)
            self.repo.git("clean", "-fdq", check=False)

    def verb_among_edits(self) -> None:
        self.verb()
        acts = (self.edit, self.edit, self.define, self.commit, self.change, self.look, self.harm)
        self.chance.choice(acts)()

    def look(self) -> None:
        self.ask(self.repo, "plan --format json", *self.chance.sample(LOOKS, 2))

    def ask(self, repo: Repo, *lines: str) -> None:
        """What shows something says the same without the cache: `Repo.run` compares where everything is tried."""
        with mock.patch("tests.build.FULL", True):
            for line in lines:
                repo.run(*shlex.split(self.filled(line)))

    def both(self, line: str) -> None:
        """Run a command that writes here, and with the cache off in a copy: they say and leave the same."""
        words = shlex.split(self.filled(line))
        self.reported.append(" ".join(words))
        copy = self.spare / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.repo.top, copy, symlinks=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(secrets, "token_hex", lambda size=None: "beef" * 2 if size is None else "be" * size)
            patch.setattr(os, "urandom", lambda size: b"\xbe" * size)
            here = self.repo.run(*words)
            patch.setenv("STAGECTL_CACHE", "off")
            there = Repo(copy, init=False)
            done = there.run(*words)
        is_elsewhere = words[0] == "show" and not here.code and ".yaml:" in done.err  # wrong: it reads its own files
        assert is_elsewhere or self.plain(here, words[0]) == self.plain(done, words[0])
        for question in ("rev-parse HEAD^{tree}", "rev-parse stagectl/applied^{tree}", "status --porcelain -uall"):
            assert self.repo.git(*question.split(), check=False) == there.git(*question.split(), check=False)

    def plain(self, done: Ran, verb: str) -> Ran:
        """An answer without what has a time in it: of an apply, how it ended."""
        text = [text.replace(str(self.spare / "copy"), str(self.repo.top)) for text in (done.out, done.err)]
        return Ran(done.code, "", "") if verb == "apply" else Ran(done.code, *text)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """How often the incremental way gave an answer; folders are old enough to be believed after a moment."""
    monkeypatch.setattr(folders, "RACY", 50_000_000)
    found: Counter = Counter()
    for owner, name in ((plan, "_incremental_plan"), (status, "_incremental_status"), (ground, "_part")):
        monkeypatch.setattr(owner, name, counted(found, name, getattr(owner, name)))
    monkeypatch.setattr(untracked, "are_as_before", counted(found, "as before", folders.are_as_before))
    return found


def counted(found: Counter, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any, **more: Any) -> Any:
        result = function(*arguments, **more)
        found[name] += bool(result)
        return result

    return called


def walked(tmp_path: Path, seed: int, steps: int, step: Callable[[Walk], None] = Walk.step) -> None:
    walk = Walk(Repo(tmp_path / f"r{seed}"), seed, tmp_path)
    try:
        for _ in range(steps):
            step(walk)
    except BaseException:
        print("; ".join(walk.reported))
        raise
    shutil.rmtree(walk.root)


@pytest.mark.parametrize("seed", range(3))
def test_the_incremental_way_gives_what_everything_gives(tmp_path: Path, ways: Counter, seed: int) -> None:
    """
    Plans, statuses and what a stage or an apply leaves, after each of some random steps; and it is taken, too.
    """
    walked(tmp_path, seed, 18)

    assert min(ways["_incremental_plan"], ways["_incremental_status"], ways["_part"], ways["as before"]) > 0, ways


def test_every_verb_that_edits_does_what_reading_everything_does(tmp_path: Path, ways: Counter) -> None:
    """
    One after the other, on definitions that are edited by hand meanwhile: what is said, and what is committed.
    """
    walked(tmp_path, 100, 25, Walk.verb_among_edits)

    assert ways["_part"] > 5, ways


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1040))
def test_long_walks(tmp_path: Path, ways: Counter, seed: int) -> None:
    """
    The same, for longer.
    """
    walked(tmp_path, seed, 40)

    assert ways["_incremental_plan"] > 0, ways
