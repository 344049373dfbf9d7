"""`diff` of some resources, after each of many edits: what little is read says what reading everything says."""

from __future__ import annotations

import shlex
from random import Random
from typing import Any, Callable, Dict, NamedTuple, Sequence, Tuple, Type

import pytest

from stagectl.core.errors import StagectlError
from stagectl.core.pictures.reports import ResourceDiff
from stagectl.core.plans.selection import Selection
from stagectl.usecases.looking import compare as module
from stagectl.usecases.repository.workspace import Workspace
from tests.build import Repo, made_once, share

pytestmark = pytest.mark.once

Edit = Callable[[Repo], object]

SELECTIONS = (
    "", "**", "-t prod", "-t 'not prod'", "-t fresh", "-t 'prod and fresh'", "-t like", "-t folder", "-t later",
    "-t was", "-t dev b+", "-t dev a c", "-t missing", "a missing", "a.update", "new", "q", "q*", "r", "p/*", "many/*",
    "a+", "+c", "1+p/d+1", "+new", "c+",
)  # fmt: skip


def like(name: str, front: str, n: int = 1) -> Edit:
    return lambda repo: repo.write(f"resources/{name}.yaml", f"---\n{front}\n---\ninputs:\n  {name}: {n}\n")


def define(name: str, **more: Any) -> Edit:
    return lambda repo: repo.define(name, **more)


def move(old: str, new: str, n: int = 1, says: str = "") -> Edit:
    """A definition that claims what another one is, which goes."""
    text = f"---\nkind: service\ntags: [was]\nmoved_from: [{says or old}]\n---\ninputs: {{n: {n}}}\n"
    return both(delete(old), lambda repo: repo.write(f"resources/{new}.yaml", text))


def delete(name: str) -> Edit:
    return lambda repo: (repo.root / f"resources/{name}.yaml").unlink(missing_ok=True)


def both(*edits: Edit) -> Edit:
    return lambda repo: [edit(repo) for edit in edits]


def staged(edit: Edit) -> Edit:
    """What becomes of an edit when it is staged, and not applied."""
    return both(edit, lambda repo: repo.stage())


def write(path: str, text: str) -> Edit:
    return lambda repo: repo.write(path, text)


BASE, MANY = "template: true\nkind: plain\ntags: [like]", "kind: plain\ntags: [several]\neach: {x: {v: 1}, y: {v: 2}}"
NEW = define("new", tags=["fresh", "prod"], inputs={"a": "${a.n}"})
VALUE = define("a", tags=["prod"], inputs={"n": 2})
OTHER_TAGS = define("a", tags=["fresh"], inputs={"n": 1})
BACK = define("q", tags=["was"], inputs={"n": 1})
NO_PARENT, PARENT = define("c", tags=["dev"]), define("c", tags=["fresh"], depends_on=["a"])
TRIED = both(lambda repo: repo.fail("new.run"), staged(NEW), lambda repo: repo.apply())
GONE = staged(delete("new"))

EDITS: Dict[str, Edit] = {
    "nothing": both(),
    "a value": VALUE,
    "other tags": OTHER_TAGS,
    "other tags, committed": both(OTHER_TAGS, lambda repo: repo.commit()),
    "other tags are staged, and more defined": both(staged(OTHER_TAGS), define("a", tags=["prod", "fresh"], inputs={})),
    "new": NEW,
    "new and staged": staged(NEW),
    "new and staged, with other tags since": both(staged(NEW), define("new", tags=["dev"])),
    "new and staged, and gone since": both(staged(NEW), delete("new")),
    "gone": delete("c"),
    "gone, and that is staged": staged(delete("c")),
    "gone, and that is staged, and back": both(staged(delete("c")), PARENT),
    "a parent is gone": delete("a"),
    "other parents": NO_PARENT,
    "other parents are staged": staged(NO_PARENT),
    "other parents are staged, and others defined": both(staged(NO_PARENT), PARENT),
    "other parents are staged, and a value defined": both(staged(NO_PARENT), VALUE),
    "a template's value": like("base", BASE, 2),
    "a template's tags": like("base", BASE.replace("like", "fresh")),
    "one more of several": like("many", MANY.replace("{x", "{z: {v: 3}, x").replace("several", "fresh")),
    "one less of several": like("many", MANY.replace("x: {v: 1}, ", "")),
    "one is like no other any more": define("alike", kind="plain", tags=["was"]),
    "tags of a folder": write("stagectl.yaml", "tags:\n  p/**: [fresh]\n"),
    "words for tags": write("stagectl.yaml", "vocabulary: [prod, web, dev, was, like, several, later, folder]\n"),
    "a staged file is edited by hand": lambda repo: repo.write(
        ".staged/c.yaml", repo.read(".staged/c.yaml").replace("dev", "fresh")
    ),
    "a staged file is gone": lambda repo: (repo.root / ".staged/c.yaml").unlink(),
    "edited in place": write(".staged/new.yaml", "---\nkind: service\ntags: [fresh]\n---\ninputs: {}\n"),
    "tried": TRIED,
    "tried, and gone": both(TRIED, GONE),
    "tried, and not defined any more": both(TRIED, delete("new")),
    "tried, gone, and new": both(TRIED, GONE, NEW),
    "moved": move("c", "z"),
    "moved, and that is staged": staged(move("c", "z")),
    "moved, and back": both(delete("r"), BACK),
    "moved, and back, and that is staged": staged(both(delete("r"), BACK)),
    "what was moved has another value": move("q", "r", 2),
    "what was moved has another value, which is staged": staged(move("q", "r", 2)),
    "what was moved claims nothing": define("r", tags=["was"], inputs={"n": 1}),
    "what was moved claims nothing, and that is staged": staged(define("r", tags=["was"], inputs={"n": 1})),
    "what was moved is gone": delete("r"),
    "what was moved is gone, and that is staged": staged(delete("r")),
    "an old name is new": define("q", tags=["fresh"]),
    "an old name is new, staged, and taken from": both(
        staged(define("q", inputs={"n": 3})), delete("q"), move("nothing", "new", says="r")
    ),
    "an old name is claimed again": move("r", "new", says="q"),
    "a claim of nothing": move("nothing", "new"),
    "a kind": lambda repo: repo.kind("service", sensitive=["n"]),
    "broken": write("resources/a.yaml", "a: ["),
    "twins": define("A"),
    "nothing is applied": lambda repo: repo.git("branch", "-D", repo.branch),
}


@pytest.fixture
@made_once
def many(repo: Repo) -> Repo:
    """Some that read each other, are like others, or had another name: applied three times, otherwise each time."""
    for edit in (like("base", BASE), like("alike", "like: base"), like("many", MANY), BACK):
        edit(repo)
    repo.write("stagectl.yaml", "tags:\n  p/**: [folder]\n").define("a", tags=["prod"], inputs={"n": 1}).define("o")
    repo.define("b", tags=["prod", "web"], inputs={"a": "${a.n}"}).define("c", tags=["dev"], depends_on=["b"])
    repo.define("p/d", inputs={"b": "${b.a}"}).define("p/e", inputs={"n": 1}).apply_all()
    both(move("q", "r"), move("o", "s"))(repo)
    repo.define("p/g", tags=["fresh"], depends_on=["p/e"]).apply_all()
    both(delete("s"), move("o", "t"), delete("p/g"))(repo)
    return repo.define("b", tags=["web"], inputs={"a": "${a.n}", "more": 1}).define("p/f").apply_all()


# What shows best what is staged, or defined, in each case; it is asked beside what chance asks.
TELLING: Dict[str, Sequence[str]] = {
    "other tags": ("-t prod", "-t fresh"),
    "gone": ("c", "+c"),
    "other parents are staged, and a value defined": ("+c",),
    "what was moved claims nothing, and that is staged": ("q",),
    "tried, and gone": ("-t fresh", "n*"),
    "words for tags": ("-t later",),
    "between": ("-t prod", "o"),
}
# What reads everything, whatever is selected, by whether that is asked of definitions. What is wrong always does.
IN_FULL = {
    False: {"moved, and that is staged", "moved, and back, and that is staged", "nothing is applied"},
    True: {
        *("moved", "moved, and that is staged", "moved, and back", "an old name is new, staged, and taken from"),
        *("an old name is claimed again", "a claim of nothing", "nothing is applied"),
    },
}


def words_for(case: str) -> Sequence[str]:
    """What to select: what tells most, and some of all the rest."""
    return (*TELLING.get(case, ()), *Random(case).sample(SELECTIONS, share(10)))


class Failed(NamedTuple):
    """An error, with its words and its hint."""

    type: Type[StagectlError]
    message: str
    hint: str


class Ways:
    """Both ways to compare."""

    def __init__(self, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repo, self.full, self.read = repo, module._full_compare, 0
        monkeypatch.setattr(module, "_full_compare", self.read_all)

    def read_all(self, *arguments: Any) -> Tuple[ResourceDiff, ...]:
        self.read += 1
        return self.full(*arguments)

    def compare(self, words: str, *, unstaged: bool = False, ends: Tuple[str, ...] = (), in_full: bool = False) -> None:
        """Compare both answers; in_full: whether the quick way has to read everything, too, though nothing is wrong."""
        tags = shlex.split(words)[1:2] if words.startswith("-t") else []
        selection = Selection(tuple(shlex.split(words)[2 * len(tags) :]), tuple(tags))
        before, after = ends or (None, None)
        self.read = 0

        quick = answer(lambda: module.compare(self.here(), selection, unstaged=unstaged, before=before, after=after))
        full = answer(lambda: self.full(self.here(), selection, unstaged, before, after))

        assert (words, unstaged, full) == (words, unstaged, quick)
        assert (in_full or isinstance(full, Failed)) == bool(self.read), words

    def here(self) -> Workspace:
        return Workspace(self.repo.root)


def answer(ask: Callable[[], Tuple[ResourceDiff, ...]]) -> object:
    """What is returned, or the error."""
    try:
        return ask()
    except StagectlError as error:
        return Failed(type(error), error.message, error.hint)


@pytest.mark.parametrize("case", EDITS)
def test_a_part_says_what_everything_says(many: Repo, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """
    The values of staged files, and of definitions, or the error with its hint; hardly anything is read in full.
    """
    EDITS[case](many)
    ways = Ways(many, monkeypatch)
    for unstaged in (True, False):
        for words in words_for(case):
            ways.compare(words, unstaged=unstaged, in_full=case in IN_FULL[unstaged])


@pytest.mark.parametrize("ends", [("~1", ""), ("", "~1"), ("~2", ""), ("", "~2"), ("", "")])
def test_so_does_what_was_applied_at_two_commits(
    many: Repo, monkeypatch: pytest.MonkeyPatch, ends: Tuple[str, str]
) -> None:
    """
    Whichever is the newer one; with a move between them, everything is read.
    """
    ways = Ways(many, monkeypatch)
    for words in words_for("between"):
        ways.compare(words, ends=tuple(f"{many.branch}{end}" for end in ends), in_full="~2" in ends)
