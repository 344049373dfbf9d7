"""Every command, every option and every choice of an option is asked for in some test's command line."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import pytest
import typer

from stagectl.cli import COMMANDS, app_for
from tests.build import ROOT

pytestmark = pytest.mark.once


def strings(node: ast.AST) -> List[str]:
    """The words that stand in a piece of source, those of lists in it, too."""
    return [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def command_lines(path: Path) -> Iterator[Tuple[str, List[str]]]:
    """
    The command lines in a file of tests: the command and the words beside it, in one call, list or tuple.

    `repo.plan("-t", "x")` is one of `plan`. Where a call takes arguments from the table of its test (`*arguments`),
    the words of the table count.
    """
    tables: Dict[int, List[str]] = {}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            words = [word for decorator in node.decorator_list for word in strings(decorator)]
            tables.update((id(inner), words) for inner in ast.walk(node))
        items = (
            node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, (ast.List, ast.Tuple)) else []
        )
        words = [word for item in items for word in strings(item)]
        command = next((word for word in words if word in COMMANDS), None)
        if command is None and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            command = node.func.attr if node.func.attr in COMMANDS else None
        if command is not None:
            starred = any(isinstance(item, ast.Starred) for item in items)
            yield command, [*words, *(tables.get(id(node), []) if starred else [])]


def asked_for() -> Dict[str, Set[str]]:
    """For each command the words that tests give it."""
    found: Dict[str, Set[str]] = {command: set() for command in COMMANDS}
    for path in (ROOT / "tests").rglob("*.py"):
        for command, words in command_lines(path):
            found[command].update(words)
    return found


def test_every_option_of_every_command_is_in_a_command_line() -> None:
    """
    In one of its spellings; of an option with choices, every choice. Those that git starts are run by git.
    """
    asked, missing = asked_for(), []
    for name, command in typer.main.get_command(app_for([])).commands.items():  # type: ignore[attr-defined]
        if command.hidden:
            continue
        if not asked[name]:
            missing.append(name)
        for parameter in command.params:
            choices = getattr(parameter.type, "choices", [])
            wanted = [[str(getattr(choice, "value", choice))] for choice in choices]
            if parameter.param_type_name == "option":
                wanted.append(parameter.opts)
            missing += [f"{name} {spellings[-1]}" for spellings in wanted if not asked[name].intersection(spellings)]

    assert [] == missing
