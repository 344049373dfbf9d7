"""What the kinds' JSON Schemas have against resolved inputs (docs/design.md, section 3)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

from stagectl.core.errors import StagectlError, Step
from stagectl.core.model import Kind, Name
from stagectl.core.schemas.quick import Test, quick_test
from stagectl.core.schemas.schema import BODY
from stagectl.core.schemas.words import in_words
from stagectl.core.values import Inputs, Template, map_leaves

_DEEPEST = 128  # references that are followed inside each other; inputs are nested less deeply


class Trouble(NamedTuple):
    """One thing wrong with one resource; at, on_key and document: as in a Flaw."""

    name: Name
    at: Tuple[Step, ...]
    message: str
    on_key: bool = False
    document: int = BODY


class Schemas:
    """What the kinds' JSON Schemas have against resolved inputs; what is only known at run time is not judged."""

    def __init__(self) -> None:
        self._quick: Dict[str, Test] = {}
        self._validators: Dict[str, Any] = {}

    def troubles(self, name: Name, kind: Kind, inputs: Inputs) -> List[Trouble]:
        """Return what the schema of a resource's kind has against its inputs."""
        if kind.name not in self._quick:
            self._quick[kind.name] = quick_test(kind.schema)
        return [] if self._quick[kind.name](inputs) else self._troubles(name, kind, inputs)

    def _troubles(self, name: Name, kind: Kind, inputs: Inputs) -> List[Trouble]:
        from referencing.exceptions import Unresolvable

        found = []
        try:
            readable = map_leaves(inputs, lambda leaf: _Later(str(leaf)) if isinstance(leaf, Template) else leaf)
            for error in self._validator(kind).iter_errors(readable):
                if not isinstance(error.instance, _Later):
                    found += [
                        Trouble(name, ("inputs", *at), f"kind {kind.name}: {message}", on_key)
                        for at, message, on_key in in_words(error)
                    ]
        except StagectlError:  # the time is over
            raise
        except Exception as error:  # whatever the library makes of a schema, or of a number
            why = str(error)[:300]
            if isinstance(error, RecursionError):
                why = "it needs itself without end"
            if isinstance(error, Unresolvable):
                why = f"'{getattr(error, 'anchor', error.ref)}' is nowhere in it, and nothing else is read"
            found.append(Trouble(name, ("inputs",), f"the schema of kind {kind.name} cannot be used: {why}"))
        return found

    def _validator(self, kind: Kind) -> Any:
        from referencing import Registry

        if kind.name not in self._validators:
            # An empty registry: a schema that points elsewhere is an error, never a download.
            self._validators[kind.name] = _bounded_class()(kind.schema, registry=Registry())
        return self._validators[kind.name]


@lru_cache(maxsize=None)
def _bounded_class() -> Any:
    """Return the library's validator that follows no more than so many references inside each other.

    So nothing depends on what Python does at its own limit: a process of Python 3.8 died there.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    inside: List[str] = []

    def limit(follow: Any) -> Any:
        def follow_one(validator: Any, reference: str, instance: Any, schema: Any) -> Iterator[Any]:
            if len(inside) >= _DEEPEST:
                raise RecursionError
            inside.append(reference)
            try:
                yield from follow(validator, reference, instance, schema) or ()
            finally:
                inside.pop()

        return follow_one

    known = Draft202012Validator.VALIDATORS
    words = {word: limit(known[word]) for word in ("$ref", "$dynamicRef")}
    return extend(Draft202012Validator, words)  # type: ignore[no-untyped-call]


class _Later(str):
    """A string whose text is only known when an action runs."""
