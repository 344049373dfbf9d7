"""The words of docs/concepts.md: in pages, in every command's help, in names, messages and comments of the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Dict, Iterator, List

from stagectl.cli import GROUPS
from tests import house
from tests.build import ROOT, Repo

COMMANDS = [name for group in GROUPS.values() for name in group]
LIST = ROOT / "docs/concepts.md"
# Of these the code is full by nature, or means something else by them: what a package depends on, a playbook's name.
OF_PAGES = {
    "upstream",
    "downstream",
    "dependency",
    "dependent",
    "deployed",
    "existing",
    "blocked",
    "deferred",
    "deploy",
}


def old_words() -> Dict[str, str]:
    """The words that docs/concepts.md replaces, each with what to say."""
    table = LIST.read_text("utf-8").partition("## Words we use")[2]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)[2:]
    return {old.strip(): say for say, olds in rows for old in olds.split(",") if re.fullmatch(r"[a-z]+", old.strip())}


OLD = old_words()


def found_old(text: str, words: Iterator[str]) -> List[str]:
    """The lines with one of the words, also as a part of a name."""
    wanted = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(sorted(words))})(?![a-z])", re.IGNORECASE)
    return [line.strip() for line in text.splitlines() if wanted.search(line)]


def prose(text: str) -> str:
    """A page without what is code in it."""
    return re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)


def pages() -> List[Path]:
    """Everything that people read, but for the list itself."""
    files = [
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("*.md"),
        *ROOT.glob(".github/**/*.md"),
        *ROOT.glob(".github/**/*.yml"),
    ]
    return sorted(set(files) - {LIST})


def test_the_list_says_what_to_say_for_each_word() -> None:
    """
    The table is read as it is meant.
    """
    assert {"tell", "told", "somebody", "nobody", "whoever", *OF_PAGES} <= set(OLD)


def test_pages_use_the_words_of_the_list() -> None:
    """
    None of those that they replace, outside of code.
    """
    found = {
        page.relative_to(ROOT).as_posix(): found_old(prose(page.read_text("utf-8")), iter(OLD)) for page in pages()
    }

    assert {} == {page: lines for page, lines in found.items() if lines}


def test_the_help_of_every_command_uses_the_words_of_the_list(repo: Repo) -> None:
    """
    None of those that they replace, in the list of commands and in the help of each.
    """
    found = {words: found_old(repo.ok(*words.split(), "--help").out, iter(OLD)) for words in ("", *COMMANDS)}

    assert {} == {command: lines for command, lines in found.items() if lines}


def test_names_messages_and_comments_of_the_code_use_the_words_of_the_list() -> None:
    """
    Of the package, its pages, the action and the files for CI.
    """
    kinds = {".py", ".js", ".css", ".yml", ".sh"}
    folders = ("stagectl", "ci", "templates", "docs")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    files += [ROOT / "action.yml", ROOT / "hatch_build.py", ROOT / "mkdocs.yml", ROOT / ".pre-commit-hooks.yaml"]
    words = OLD.keys() - OF_PAGES

    found = {
        path.relative_to(ROOT).as_posix(): found_old(path.read_text("utf-8"), iter(words)) for path in sorted(files)
    }

    assert {} == {path: lines for path, lines in found.items() if lines}


# What comes behind a participle in a name that has no noun: `moved_from`, `left_out`.
LITTLE_WORDS = set("after as at before by for from in into now of off on out over there to up with".split())
IRREGULAR = set(
    "begun bought bound broken brought built chosen done drawn fed felt found frozen given gone grown held hidden kept "
    "known laid left lost made meant met paid said seen sent shown spent spoken stood taken thought told torn worn "
    "woven written".split()
)
NO_PARTICIPLES = set("between children embed exceed feed listen need open proceed seed shorten".split())


def is_participle(word: str) -> bool:
    """Whether a word is one that cannot be the name of what a function does."""
    return word in IRREGULAR or (word.endswith(("ed", "en")) and word not in NO_PARTICIPLES)


def is_bare(name: str) -> bool:
    """Whether a name is a participle without a noun: `settled`, `moved_from`, but not `changed_files`."""
    first, *others = name.split("_")
    return is_participle(first) and LITTLE_WORDS >= set(others)


def is_an_answer(function: ast.FunctionDef) -> bool:
    """Whether a participle reads well: a property, a yes or no, or what holds while a `with` lasts."""
    marks = {getattr(one, "attr", getattr(one, "id", "")) for one in function.decorator_list}
    is_bool = getattr(function.returns, "id", "") == "bool"
    return is_bool or bool(marks & {"property", "cached_property", "contextmanager"})


def test_functions_are_named_by_verbs_or_nouns() -> None:
    """
    No public function of a module, and no public method, has the name of a bare participle.
    """
    public = [(place, one) for place, one in house.functions() if not one.name.startswith("_")]

    assert [] == [place for place, one in public if is_bare(one.name) and not is_an_answer(one)]


def test_a_bare_participle_is_found() -> None:
    """
    Alone or with a little word; a noun behind it, or a verb that only looks like one, is no such name.
    """
    bare = ["settled", "made", "written", "moved_from", "left_out"]

    assert bare == [name for name in (*bare, "changed_files", "feed", "children", "read_path") if is_bare(name)]


def test_names_and_sentences_of_the_tests_use_the_words_of_the_list() -> None:
    """
    The name of each test, and the sentence that says what it proves.
    """
    words = OLD.keys() - OF_PAGES
    trees = [ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    tests = [one for tree in trees for one in tree.body if isinstance(one, ast.FunctionDef)]

    said = (f"{one.name}: {ast.get_docstring(one)}" for one in tests if one.name.startswith("test_"))

    assert [] == [text for text in said if found_old(text, iter(words))]
