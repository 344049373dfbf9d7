"""Random walks through one repository: whatever happened before, reading a part gives what reading everything gives."""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, Callable, List, Optional

import pytest

from stagectl.adapters.worktree import folders
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
Undo = Optional[Callable[[], object]]


class Walk:
    """A repository, and everything that may happen in it."""

    def __init__(self, repo: Repo, seed: int, spare: Path) -> None:
        self.repo, self.chance, self.spare = repo, random.Random(seed), spare
        self.root, self.reported = repo.root, [f"seed {seed}"]
        repo.write(".gitignore", "actions.log\nfail\n*.tmp\nignored*\n")
        actions = {action: ["sh", "-c", REPORTING] for action in ("run", "update", "restart")}
        outputs = {"properties": {"addr": {"type": "string"}}, "required": ["addr"]}
        repo.write("kinds/db.yaml", json.dumps({"outputs": outputs, "actions": actions, "reports": REPORTS}))
        for name in NAMES[:6]:
            self.define(name)
        repo.apply_all().run("status")
        self.edit()
        self.both("stage")

    # --- things that happen; what returns something is taken back after one look

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
        path = self.some("resources")
        self.repo.write(path, self.repo.read(path).replace('"port": 1', '"port": 7').replace('"port": 0', '"port": 1'))

    def remark(self) -> None:
        path = self.some("resources")
        self.repo.write(path, self.repo.read(path) + "# a remark\n")

    def edit_by_hand(self) -> Undo:
        path = self.some(".staged")
        before = self.repo.read(path)
        self.repo.write(path, before.replace('"port": 1', '"port": 8').replace('"port": 0', '"port": 1'))
        return self.perhaps(lambda: self.repo.write(path, before))

    def edit_in_place(self) -> None:
        """A staged file without a definition."""
        text = f'---\nkind: service\n---\ninputs:\n  port: {self.chance.randrange(9)}\n  up: "${{a.port}}"\n'
        self.repo.write(f".staged/{self.chance.choice(('own', 'p/own'))}.yaml", text)

    def delete(self) -> None:
        (self.root / self.some("resources", ".staged")).unlink()

    def rename(self) -> None:
        old = self.some("resources")
        self.repo.git("mv", old, f"resources/{self.chance.choice(NAMES)}.yaml", check=False)

    def forget(self) -> None:
        self.repo.git("rm", "-q", "--cached", self.some("resources", ".staged"), check=False)

    def add(self) -> None:
        self.repo.git(
            "add", *self.chance.choice((["-A"], ["-N", "."], ["-u"], [".staged"], ["resources"])), check=False
        )

    def commit(self) -> None:
        self.repo.commit()

    def amend(self) -> None:
        self.repo.git("commit", "-qa", "--amend", "--no-edit", "--allow-empty", check=False)

    def reset(self) -> None:
        how = self.chance.choice(("--hard", "--hard", "--mixed", "--soft"))
        self.repo.git("reset", "-q", how, self.chance.choice(("HEAD", "HEAD~1", "HEAD~2")), check=False)

    def switch(self) -> None:
        branch = self.chance.choice(("main", "one", "two"))
        self.repo.git("checkout", "-qf", branch, check=False)
        self.repo.git("checkout", "-qfB", branch, check=False)

    def detach(self) -> None:
        self.repo.git("checkout", "-qf", "--detach", self.chance.choice(("HEAD", "HEAD~1", "main")), check=False)

    def stash(self) -> None:
        self.repo.git("stash", "-u", check=False)
        self.repo.git("stash", "pop", check=self.chance.random() < 0)

    def clean(self) -> None:
        self.repo.git("checkout", "-qf", "HEAD", "--", ".", check=False)
        self.repo.git("clean", "-fdq", check=False)

    def chmod(self) -> None:
        path = self.root / self.some("resources", ".staged")
        path.chmod(self.chance.choice((0o644, 0o755)))

    def touch(self) -> None:
        os.utime(self.root / self.some("resources", ".staged", "kinds"), (1, self.chance.randrange(1, 99)))

    def ignored(self) -> None:
        folder = self.chance.choice((".staged", "resources", "resources/p", "kinds"))
        self.repo.write(
            f"{folder}/{self.chance.choice(('x.tmp', 'ignored.yaml'))}", self.repo.read(self.some("resources"))
        )

    def no_yaml(self) -> Undo:
        names = ("notes.txt", "x.yml", "X.YAML", "a b.yaml", ".hidden.yaml", "A.yaml", "deep/er/notes", "z.yaml/z.yaml")
        path = f"{self.chance.choice(('.staged', 'resources', 'resources/p', 'kinds'))}/{self.chance.choice(names)}"
        is_new = not (self.root / path).exists()
        self.repo.write(path, self.repo.read(self.some("resources")) if self.chance.random() < 0.5 else "x")
        return self.perhaps(lambda: self.gone(path)) if is_new else None

    def broken(self) -> Undo:
        path = self.some("resources", ".staged", "kinds")
        before = self.repo.read(path)
        self.repo.write(path, self.chance.choice(("", "---\n", "a: [", before + "inputs: 3\n", before + "\t")))
        return lambda: self.repo.write(path, before)

    def other_than_a_file(self) -> Undo:
        """A link, a pipe, a folder in a file's place, a file in a folder's; another repository."""
        path = self.root / self.chance.choice((".staged/odd", "resources/odd.yaml", "resources/p/odd", ".staged/q"))
        if os.path.lexists(path) or not path.parent.is_dir():
            return None
        how = self.chance.randrange(4)
        if how == 0:
            os.symlink(self.chance.choice(("a.yaml", "nowhere", "p", "../resources")), path)
        elif how == 1:
            os.mkfifo(path)
        elif how == 2:
            path.mkdir()
            self.repo.git("init", "-q", str(path))
            (path / "in.yaml").write_text(self.repo.read(self.some("resources")))
        else:
            path.mkdir()
            self.repo.write(f"{path.relative_to(self.root)}/n.yaml", self.repo.read(self.some("resources")))
        return lambda: self.gone(str(path.relative_to(self.root)))

    def left_alone(self) -> Undo:
        """Git is asked not to look at a file, which then changes."""
        path = self.some("resources", ".staged")
        flag = self.chance.choice(("assume-unchanged", "skip-worktree"))
        self.repo.git("update-index", f"--{flag}", path, check=False)
        before = self.repo.read(path)
        self.repo.write(path, before.replace('"port": 1', '"port": 9').replace('"port": 0', '"port": 1'))

        def undo() -> None:  # the file, too: git may have taken note of its times
            self.repo.write(path, before)
            self.repo.git("update-index", f"--no-{flag}", path, check=False)

        return undo

    def kind(self) -> None:
        more = self.chance.choice(({}, {}, {"sensitive": ["text"]}, {"replace_on": ["port"]}, {"limit": 1}))
        actions = self.chance.choice((KIND, KIND, KIND[:3], KIND[:4]))
        self.repo.kind(self.chance.choice(("service", "service", "plain", "new")), actions=actions, **more)

    def no_kind(self) -> Undo:
        path = self.root / "kinds/plain.yaml"
        before = path.read_text() if path.exists() else None
        path.unlink(missing_ok=True)
        return lambda: self.repo.write("kinds/plain.yaml", before) if before is not None else None

    def config(self) -> None:
        texts = ("tags:\n  p/**: [dev]\n", "roots: [resources, more]\n", "roots: [more]\n", "parallelism: 2\n")
        self.repo.write("stagectl.yaml", self.chance.choice(texts))
        if self.chance.random() < 0.5:
            (self.root / "stagectl.yaml").unlink()
        if self.chance.random() < 0.3:
            self.repo.write("more/m.yaml", self.repo.read(self.some("resources")))

    def settings(self) -> Undo:
        key, value = self.chance.choice(
            (("core.ignoreCase", "true"), ("core.fileMode", "false"), ("core.autocrlf", "input"),
             ("core.trustctime", "false"), ("core.checkStat", "minimal"), ("core.ignoreStat", "true"))
        )  # fmt: skip
        self.repo.git("config", key, value)
        return lambda: self.repo.git("config", "--unset", key)

    def attributes(self) -> Undo:
        path = self.chance.choice((".gitattributes", ".staged/p/.gitattributes", "resources/.gitattributes"))
        self.repo.write(path, self.chance.choice(("* text=auto\n", "*.yaml eol=crlf\n", "*.png binary\n")))
        again = self.some("resources", ".staged")
        if not self.repo.git("status", "--porcelain", "--", again):
            (self.root / again).unlink()
            self.repo.git("checkout", "--", again, check=False)
        return lambda: self.as_git_has_it(path, again)

    def as_git_has_it(self, attributes: str, path: str) -> None:
        """Git takes a file with other line ends for the same as long as it is not touched."""
        self.gone(attributes)
        if (self.root / path).exists() and b"\r" in (self.root / path).read_bytes():
            self.gone(path)
            self.repo.git("checkout", "--", path, check=False)

    def apply(self) -> None:
        """All or a part of it, and something fails."""
        self.repo.commit()
        self.repo.fail(*(f"{name}.{self.chance.choice(KIND)}" for name in self.chance.sample(NAMES, 2)))
        self.both("apply", "--yes", *self.selection())
        self.repo.fail()

    def discard(self) -> None:
        self.both(self.chance.choice(("discard", "unstage")), self.chance.choice(NAMES))

    def move(self) -> None:
        self.both("move", self.chance.choice(NAMES), self.chance.choice(("moved", "p/moved", "h")))

    def stage(self) -> None:
        words = self.chance.choice(([], [], ["NAME"], ["NAME", "-a", "restart"], ["-t", "prod"], ["NAME", "--force"]))
        self.both("stage", *(self.chance.choice(NAMES) if word == "NAME" else word for word in words))

    def verb(self) -> None:
        """Any other verb that edits, or that shows of the definitions."""
        words = self.chance.choice(
            (["remove", "NAME"], ["remove", "--detach", "NAME"], ["remove", "--recursive", "NAME", "NAME"],
             ["update", "NAME", "--set", "port=4"], ["create", "NAME", "--kind", "service", "--set", "port=3"],
             ["unstage", "--all"], ["discard", "--all", "--force"], ["discard", "--all"], ["unstage", "-t", "prod"],
             ["discard", "-t", "dev or tier=web"], ["revert", "HEAD"], ["revert", "HEAD~1"], ["revert", "HEAD~2..HEAD"],
             ["promote", "p", "q", "--create"], ["promote", "q", "r", "--create"], ["promote", "p", "q", "d"],
             ["stage", "p/*"], ["stage", "b+"], ["stage", "-t", "dev", "-a", "restart"], ["stage", "-a", "test"],
             ["stage", "NAME", "-t", "prod"], ["discard", "p/*", "NAME"], ["show", "NAME"], ["diff", "--unstaged"],
             ["diff", "--unstaged", "NAME"], ["plan", "--explain", "NAME"], ["show", "NAME", "--at", "HEAD~1"],
             ["show", "NAME", "--at", "stagectl/applied"], ["show", "NAME", "--at", "stagectl/applied~1"],
             ["diff", "NAME", "--from", "stagectl/applied~1", "--to", "stagectl/applied"],
             ["diff", "--from", "stagectl/applied~2", "--to", "stagectl/applied"], ["log", "NAME"],
             ["plan", "--format", "github"])
        )  # fmt: skip
        self.both(*(self.chance.choice(NAMES) if word == "NAME" else word for word in words))

    def verb_among_edits(self) -> None:
        self.verb()
        self.chance.choice((self.edit, self.edit, self.define, self.commit, self.apply, self.look, self.harm))()

    def in_a_linked_worktree(self) -> None:
        """Another working tree of the repository, with edits of its own; they share what is kept."""
        place = self.spare / "linked"
        self.repo.git("worktree", "add", "-qf", "--detach", str(place), "HEAD", check=False)
        if (place / "resources/a.yaml").exists():
            linked = Repo(place, init=False)
            path = place / "resources/a.yaml"
            path.write_text(path.read_text().replace('"port": 1', '"port": 5').replace('"port": 0', '"port": 1'))
            linked.run("plan", "--format", "json")
            linked.run("status")
            if self.chance.random() < 0.5:
                linked.run("stage", "a")
                linked.run("plan")
        self.repo.git("worktree", "remove", "--force", str(place), check=False)

    def harm(self) -> None:
        """An author, or the disk, takes away or cuts what is kept."""
        for path in sorted((self.repo.top / ".git/stagectl/cache").glob("*")):
            if self.chance.random() < 0.4:
                path.write_bytes(path.read_bytes()[: self.chance.randrange(path.stat().st_size + 1)])
            elif self.chance.random() < 0.3:
                path.unlink()

    # --- how they are reported, and compared

    def some(self, *tops: str) -> str:
        """A file that is there."""
        found = [path for top in tops for path in sorted((self.root / top).rglob("*.yaml")) if path.is_file()]
        found = [path for path in found if not path.is_symlink() and path.name not in ("X.YAML", "in.yaml")]
        if not found:
            self.define("a")
            return "resources/a.yaml"
        return str(self.chance.choice(found).relative_to(self.root))

    def gone(self, path: str) -> None:
        place = self.root / path
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            with contextlib.suppress(OSError):
                place.unlink()

    def perhaps(self, undo: Callable[[], object]) -> Undo:
        return undo if self.chance.random() < 0.7 else None

    def selection(self) -> List[str]:
        choices = ([], ["-t", "prod"], ["-t", "prod or tier=web"], ["a"], ["p/*"], ["b+"], ["own"],
                   ["+b", "c"], ["-t", "not dev", "--with-children"], ["a", "--with-children"],
                   ["p/d", "--with-parents"])  # fmt: skip
        return list(self.chance.choice(choices))

    def step(self) -> None:
        """Something happens, and both ways show the same; what would stop all others is taken back."""
        acts = [self.define, self.edit, self.edit, self.remark, self.edit_by_hand, self.edit_in_place, self.delete,
                self.rename, self.forget, self.add, self.commit, self.amend, self.reset, self.switch, self.detach,
                self.stash, self.clean, self.chmod, self.touch, self.ignored, self.no_yaml, self.broken,
                self.other_than_a_file, self.left_alone, self.kind, self.no_kind, self.config, self.settings,
                self.attributes, self.apply, self.apply, self.discard, self.move, self.stage, self.stage, self.stage,
                self.verb, self.verb, self.verb, self.in_a_linked_worktree, self.harm]  # fmt: skip
        act = self.chance.choice(acts)
        self.reported.append(act.__name__)
        undo = act()
        self.look()
        if undo is not None:
            undo()
            self.reported.append("taken back")
        if self.repo.run("plan").code and self.chance.random() < 0.5:  # no author stays in such a state
            self.reported.append("clean")
            self.repo.git("reset", "-q", "--hard", "main", check=False)
            self.clean()

    def look(self) -> None:
        """`Repo.run` compares what these say with what they say without the cache."""
        self.repo.run("plan", "--format", "json")
        self.repo.run("plan", "--format", "json", *self.selection())
        self.repo.run("status")
        self.repo.run("diff")
        self.repo.run("diff", "--unstaged")

    def both(self, *words: str) -> None:
        """Run a command that writes here, and with the cache off in a copy: they say and leave the same."""
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
        assert self.plain(here, words[0]) == self.plain(done, words[0])
        for question in (
            ["rev-parse", "HEAD^{tree}"],
            ["rev-parse", "stagectl/applied^{tree}"],
            ["status", "--porcelain", "-uall"],
        ):
            assert self.repo.git(*question, check=False) == there.git(*question, check=False)

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
    monkeypatch.setattr(folders.Folders, "are_as_before", counted(found, "as before", folders.Folders.are_as_before))
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
