"""What commands about one resource, or a few, cost among many, beside the same among few."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import generate
from common import Took, compare, row, run

Words = Sequence[str]


class Repository(NamedTuple):
    """A repository with definitions. edited: the resource that is edited; removed: one with ten descendants or so."""

    root: Path
    stagectl: str
    edited: str
    removed: str

    def stagectl_took(self, *words: str) -> Took:
        """Measure a stagectl command."""
        return run([self.stagectl, *words], self.root)

    def git(self, *words: str) -> None:
        """Run git."""
        run(["git", *words], self.root)

    def back(self) -> None:
        """Put everything back to what is applied."""
        self.git("reset", "-q", "--hard", "stagectl/applied^2")


def repositories(folder: Path, counts: Sequence[int], stagectl: str) -> List[Repository]:
    """Return the repositories of these sizes, made where they are not there yet, in which everything is applied."""
    found = []
    for count in counts:
        root = folder / f"d{count}"
        if not root.exists():
            generate.generate(root, count, definitions=True)
        names, read = generate.names(count), generate.parents(count, 7)
        one = Repository(root, stagectl, names[count // 2], names[generate.with_descendants(read, 10)])
        one.back()
        one.git("status", "--porcelain")
        one.stagectl_took("status")
        found.append(one)
    time.sleep(3)
    return found


def of_one(folder: Path, counts: Sequence[int], stagectl: str, rounds: int) -> Iterator[str]:
    """Yield the lines about commands that are about one resource: among many, against among few."""
    ports = iter(range(9000, 20000))
    commands: Dict[str, Callable[[str], Words]] = {
        "show": lambda name: ("show", name),
        "diff": lambda name: ("diff", name),
        "log NAME": lambda name: ("log", name),
        "log --blame": lambda name: ("log", "--blame", name),
        "graph": lambda name: ("graph", name),
        "plan --explain": lambda name: ("plan", "--explain", name),
        "show --at": lambda name: ("show", name, "--at", "stagectl/applied"),
        "update": lambda name: ("update", name, "--set", f"port={next(ports)}"),
        "move": lambda name: ("move", name, f"{name}-moved"),
    }

    def side(one: Repository, words: Callable[[str], Words]) -> Took:
        given = words(one.edited)
        took = one.stagectl_took(*given)
        if given[0] == "move":
            one.back()
        return took

    both = repositories(folder, counts, stagectl)
    for what, words in commands.items():
        yield _line(f"`{what}` of one", counts, both, lambda one, words=words: side(one, words), rounds)  # type: ignore[misc]
    for one in both:
        one.back()


def of_few(folder: Path, counts: Sequence[int], stagectl: str, rounds: int) -> Iterator[str]:
    """Yield the lines about commands that stage or take back one edit, or a few resources; each begins anew."""

    def staged(one: Repository) -> None:
        one.stagectl_took("update", one.edited, "--set", "port=4711")

    def edited(one: Repository) -> None:
        path = one.root / f"resources/{one.edited}.yaml"
        path.write_text(path.read_text().replace("  replicas: ", "  replicas: 1"))

    def nothing(one: Repository) -> None:
        pass

    kind = ("--kind", "kind0", "--tag", "prod", "--set", "image=x", "--set", "port=80")
    team = "team=3"  # a seventh of all
    commands: Dict[str, Tuple[Callable[[Repository], None], Callable[[Repository], Words]]] = {
        "`create`": (nothing, lambda one: ("create", f"{one.edited}-new", *kind)),
        "`remove --detach`": (nothing, lambda one: ("remove", "--detach", one.removed)),
        "`remove --recursive`, ten descendants": (nothing, lambda one: ("remove", "--recursive", one.removed)),
        "`unstage` of one": (staged, lambda one: ("unstage", one.edited)),
        "`unstage -t`, one edit": (staged, lambda one: ("unstage", "-t", "prod or staging")),
        "`discard --all`, one edit": (staged, lambda one: ("discard", "--all")),
        "`revert HEAD`": (staged, lambda one: ("revert", "HEAD")),
        "`stage -t`, one edit": (edited, lambda one: ("stage", "-t", "prod or staging")),
        "`stage -t -a` of a seventh": (nothing, lambda one: ("stage", "-t", team, "-a", "update")),
    }

    def side(one: Repository, prepare: Callable[[Repository], None], words: Callable[[Repository], Words]) -> Took:
        prepare(one)
        took = one.stagectl_took(*words(one))
        one.back()
        return took

    both = repositories(folder, counts, stagectl)
    for what, (prepare, words) in commands.items():
        measure = lambda one, prepare=prepare, words=words: side(one, prepare, words)  # noqa: E731
        yield _line(what, counts, both, measure, rounds)


def _line(
    what: str, counts: Sequence[int], both: Sequence[Repository], side: Callable[[Repository], Took], rounds: int
) -> str:
    """Return the line of a command: among the most, against among the fewest."""
    few, many = both[0], both[-1]
    medians = compare(lambda: side(many), lambda: side(few), rounds)
    return row(f"{counts[-1]:,}: {what}", *medians, f"the same among {counts[0]:,}")
