"""Tag expressions: `prod and (tier=web or tier=*) and not canary` (docs/design.md, section 6, rule 3)."""

from __future__ import annotations

import functools
from typing import AbstractSet, Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

from stagectl.core.errors import UsageError
from stagectl.core.model import TAG

LONGEST = 4096  # characters of one tag expression

GRAMMAR = r"""
?start: either
?either: both (_OR both)*
?both: one (_AND one)*
?one: _NOT one -> negation
    | "(" either ")"
    | TAG -> tag
_OR.2: /or(?![A-Za-z0-9_.\/:=-])/ | "|"
_AND.2: /and(?![A-Za-z0-9_.\/:=-])/ | "&" | ","
_NOT.2: /not(?![A-Za-z0-9_.\/:=-])/ | "!"
TAG: /[A-Za-z0-9_][A-Za-z0-9_.\/:-]*(=(\*|[A-Za-z0-9_][A-Za-z0-9_.\/:-]*))?/
%ignore /[ \t\n]+/
"""


class Expression(NamedTuple):
    """A parsed tag expression: op is `tag`, `not`, `and` or `or`; a tag's word may end in `=*`."""

    op: str
    word: str = ""
    inner: Tuple[Expression, ...] = ()

    def holds(self, tags: AbstractSet[str]) -> bool:
        """Return whether the expression is true for a resource with these tags."""
        if self.op == "tag":
            return _matches(self.word, tags)
        if self.op == "not":
            return not self.inner[0].holds(tags)
        return (all if self.op == "and" else any)(inner.holds(tags) for inner in self.inner)

    def words(self) -> List[str]:
        """Return the tags it names, left to right."""
        return [self.word] if self.op == "tag" else [word for inner in self.inner for word in inner.words()]


def _matches(word: str, tags: AbstractSet[str]) -> bool:
    if word.endswith("=*"):
        return any(tag.startswith(word[:-1]) for tag in tags)
    return word in tags


@functools.lru_cache(maxsize=None)
def _parser() -> Any:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", lexer="basic")


def parse_expression(text: str) -> Expression:
    """Return a tag expression; `not` binds before `and`, `and` before `or`. Raises UsageError."""
    if len(text) <= LONGEST and TAG.fullmatch(text) and text not in ("not", "and", "or"):
        return Expression("tag", text)  # without the 40 ms that loading a parser takes
    from lark.exceptions import UnexpectedInput

    if len(text) > LONGEST:
        raise UsageError(f"a tag expression of {len(text)} characters: at most {LONGEST} are read")
    try:
        return _build(_parser().parse(text))
    except UnexpectedInput as error:
        at_end = getattr(getattr(error, "token", None), "type", "") == "$END" or not isinstance(error.column, int)
        place = len(text) + 1 if at_end or error.column < 1 else error.column
        message = f"the tag expression '{text}' cannot be read at character {place}"
        raise UsageError(message, "write for example -t 'prod and (tier=web or tier=*) and not canary'") from None
    except RecursionError:
        raise UsageError("the tag expression is nested too deeply") from None


def _build(tree: Any) -> Expression:
    negations = 0
    while tree.data == "negation":  # a loop: many of them may be written, and a recursion would not end well
        tree = tree.children[0]
        negations += 1
    op = {"both": "and", "either": "or"}.get(tree.data, "tag")
    if op == "tag":
        expression = Expression("tag", str(tree.children[0]))
    else:
        expression = Expression(op, inner=tuple(_build(child) for child in tree.children))
    return Expression("not", inner=(expression,)) if negations % 2 else expression


def tag_test(expressions: Sequence[str]) -> Optional[Callable[[AbstractSet[str]], bool]]:
    """Return the predicate on tags that `-t` expressions mean (any of them), None without any."""
    parsed = [parse_expression(text) for text in expressions]
    return (lambda tags: any(expression.holds(tags) for expression in parsed)) if parsed else None
