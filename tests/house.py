"""What the house asks of its code, printed: `python -m tests.house`. Exit code 1 if there is anything to mend.

Modules of more than 300 lines, functions of more than 40 (but for those with a reason, below), functions with more
than five arguments, questions that change something, and names with two meanings: exported, or
defined as a type or a function, by two modules.
"""

from __future__ import annotations

import ast
import functools
import sys
from typing import Dict, Iterator, List, Set, Tuple

from tests.build import ROOT

LINES, LONG, ARGUMENTS = 300, 40, 5

# Methods that change what they are called on.
CHANGING = set(
    "add append clear discard insert mkdir pop remove rename unlink update write write_bytes write_text".split()
)
# Functions that have others wait, if only for the blink of an eye.
LOCKING = {"flock", "try_lock"}

# Functions that may be longer, and why.
REASONS: Dict[str, str] = {
    "api/running.py:Running.apply": "its parameters are the command's options",
    "cli/applying.py:apply": "its parameters are the command's options",
    "cli/planning.py:plan": "its parameters are the command's options",
    "cli/runs.py:resume": "its parameters are the command's options",
    "core/schemas/file_schemas.py:_config": "a table: one entry per key of the config",
    "core/schemas/file_schemas.py:_kind": "a table: one entry per key of a kind",
}

VAR = "TypeVar"  # of generic functions; it means something inside one only


@functools.lru_cache(maxsize=None)
def modules() -> Dict[str, ast.Module]:
    """Return the modules of stagectl by their path in the package."""
    package = ROOT / "stagectl"
    paths = sorted(path for path in package.rglob("*.py"))
    return {path.relative_to(package).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def long_modules() -> Iterator[str]:
    """Return the modules of more than 300 lines."""
    for path in modules():
        lines = len((ROOT / "stagectl" / path).read_text(encoding="utf-8").splitlines())
        if lines > LINES:
            yield f"{path}: {lines} lines, more than {LINES}"


def functions() -> Iterator[Tuple[str, ast.FunctionDef]]:
    """Return every function with its place, `core/graph.py:waves` or `core/graph.py:Ring.path`."""

    def inside(place: str, node: ast.AST) -> Iterator[Tuple[str, ast.FunctionDef]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef):
                yield f"{place}{child.name}", child
                yield from inside(f"{place}{child.name}.", child)
            elif isinstance(child, ast.ClassDef):
                yield from inside(f"{place}{child.name}.", child)

    for path, tree in modules().items():
        yield from inside(f"{path}:", tree)


def long_functions() -> Iterator[str]:
    """Return the functions of more than 40 lines that have no reason, and reasons that no function needs."""
    found = {}
    for place, function in functions():
        lines = (function.end_lineno or 0) - function.lineno + 1
        if lines > LONG:
            found[place] = lines
            if place not in REASONS:
                yield f"{place}: {lines} lines, more than {LONG}, and no reason"
    for place in sorted(REASONS.keys() - found.keys()):
        yield f"{place}: a reason, and no function of more than {LONG} lines"


def crowded_functions() -> Iterator[str]:
    """Return the functions with more than five arguments, by position or by name; `self` and `cls` are none.

    The options of a command are no arguments: they are given by name, and have defaults. The Python API's methods are
    the commands.
    """
    for place, function in functions():
        given = function.args
        names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        count = len(names) - (names[:1] in (["self"], ["cls"]))
        if place.startswith(("cli/", "api/")):
            count -= len(given.defaults) + len([one for one in given.kw_defaults if one is not None])
        if count > ARGUMENTS:
            yield f"{place}: {count} arguments, more than {ARGUMENTS}"


def busy_predicates() -> Iterator[str]:
    """Return the functions named like a question that change what they are given, or their object, or do more."""
    for place, function in functions():
        if function.name.lstrip("_").startswith(("is_", "has_", "are_")):
            given = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
            if any(_changes(node, given) or _locks(node) for node in ast.walk(function)):
                yield f"{place}: a question that changes something"
            if not (ast.get_docstring(function) or "Whether").startswith(("Whether", "Return whether")):
                yield f"{place}: a question that does more than answer"


def _locks(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and (_name_of(node.func) in LOCKING)


def _name_of(node: ast.AST) -> str:
    """Return the last name of a chain, the function's own one in a call."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _changes(node: ast.AST, given: Set[str]) -> bool:
    """Return whether a node assigns inside one of some names, or calls what changes one of them."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in CHANGING and _root(node.func.value) in given
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
    return any(isinstance(one, (ast.Attribute, ast.Subscript)) and _root(one) in given for one in targets)


def _root(node: ast.AST) -> str:
    """Return the name that a chain of attributes and indexes begins with."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def names_twice() -> Iterator[str]:
    """Return the names that two modules export, and the types and functions that two modules define.

    A type counts if it is private, too: who reads one module has the other one in mind. A command has the name of its
    use case, and a script begins in `main`.
    """
    homes: Dict[str, Set[str]] = {}
    for module, name in taken_names():
        homes.setdefault(name, set()).add(module)
    for path, tree in modules().items():
        for name in {*_types(tree), *(_functions(tree) if not path.startswith("cli/") else ())}:
            homes.setdefault(name, set()).add(path)
    for name, paths in sorted(homes.items()):
        if len(paths) > 1:
            yield f"{name}: defined by {', '.join(sorted(paths))}"


def _types(tree: ast.Module) -> Iterator[str]:
    """Yield the classes of a module, and the types that it gives a name, without the `_` of private ones."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name.lstrip("_")
        elif isinstance(node, ast.Assign) and not (isinstance(node.value, ast.Call) and _root(node.value.func) == VAR):
            names = [target.id.lstrip("_") for target in node.targets if isinstance(target, ast.Name)]
            yield from (name for name in names if name[:1].isupper() and not name.isupper())


def _functions(tree: ast.Module) -> Iterator[str]:
    public = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return (name for name in public if name != "main")


def taken_names() -> Set[Tuple[str, str]]:
    """Return which names of which module another module of stagectl takes: what is exported."""
    paths = {f"stagectl/{path}"[:-3].replace("/__init__", "").replace("/", "."): path for path in modules()}
    homes = {(module, name) for module, path in paths.items() for name in exported(modules()[path])}
    found = set()
    for tree in modules().values():
        known = {}  # local name: what it was imported as
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                known.update({alias.asname or alias.name: (node.module, alias.name) for alias in node.names})
        found |= set(known.values())
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
                found.add((".".join(known[node.value.id]), node.attr))
    return {(paths[module], name) for module, name in found & homes}


def exported(tree: ast.Module) -> List[str]:
    """Return the public names that a module defines; what it imports from another is that one's."""
    found = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return sorted(name for name in found if not name.startswith("_"))


def findings() -> List[str]:
    """Return everything that there is to mend."""
    return [*long_modules(), *long_functions(), *crowded_functions(), *busy_predicates(), *names_twice()]


if __name__ == "__main__":
    found = findings()
    print("\n".join(f"{place}: more than {LONG} lines: {why}" for place, why in REASONS.items()))
    print("\n".join(found) or "nothing to mend")
    sys.exit(bool(found))
