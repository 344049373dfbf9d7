"""Resolving references, input by input (docs/design.md, section 3)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Container, Dict, Iterable, Iterator, List, Mapping, Optional, Set, Tuple

from stagectl.core.graph import reachable
from stagectl.core.model import Applied, Name, Resource
from stagectl.core.values import (
    SIMPLE,
    FileDigest,
    Inputs,
    Outputs,
    Part,
    Path,
    Reference,
    Template,
    Value,
    canonical,
    leaves,
    map_leaves,
    step_into,
)

LARGEST = 1 << 20  # characters of text in one resolved input: a reference bomb ends here
LARGEST_RESOURCE = 4 * LARGEST  # and all resolved inputs of one resource together
DEEPEST = 256  # mappings and lists within each other, in one resolved input

InputId = Tuple[Name, str]  # (resource, input)

NO_RESOURCE, NO_VALUE, PASSED_ON, CYCLE, NOT_SCALAR, NO_FILE, TOO_LARGE = (
    "absent",  # the parent is not there
    "no-value",  # the parent is there, and resolved, and has no such path
    "passed-on",  # the parent's input itself failed
    "cycle",  # the input needs itself
    "not-scalar",  # a list or mapping inside a string
    "no-file",  # the tree has no such file, or no file in such a folder
    "too-large",
)
LACKING = (NO_RESOURCE, NO_VALUE, NOT_SCALAR)  # the value is not there, whatever else happens


class Failure(Exception):
    """Why an input, or a reference, has no value. part: the reference, or the digest, that has none.

    at: keys and indexes below `inputs`; ring: the inputs of a cycle.
    """

    def __init__(self, why: str, part: Optional[Part] = None, at: Path = (), ring: Tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.why, self.part, self.at, self.ring = why, part, at, ring


@dataclass(repr=False, eq=False)
class Resolver:
    """The values of a universe of resources.

    documents: resources whose inputs are resolved; fixed: resources that show given values whatever others do.
    A name in both counts as fixed. outputs: what actions reported, which is read like an input of that name; later:
    outputs that changes to come may report: they stay the references they are. digests: of the files that there are, by
    path; None where no tree was looked at, and what has them stays as it is written.
    """

    documents: Mapping[Name, Resource]
    fixed: Mapping[Name, Inputs]
    outputs: Mapping[Name, Outputs] = field(default_factory=dict)
    later: Container[InputId] = ()
    digests: Optional[Mapping[str, str]] = None
    failures: Dict[InputId, Failure] = field(default_factory=dict, init=False)
    _values: Dict[InputId, Value] = field(default_factory=dict, init=False)
    _sizes: Dict[Name, int] = field(default_factory=dict, init=False)
    _known: Dict[Name, Dict[str, Value]] = field(default_factory=dict, init=False)  # of what was settled as a whole

    def inputs(self, name: Name) -> Inputs:
        """Return the values of all inputs of a resource that have one (see `failures` for the others)."""
        if name in self.fixed:
            return self.fixed[name]
        if name not in self._known:
            document = self.documents[name]
            values = self._known[name] = dict(document.inputs)
            for key in document.computed:
                node = name, key
                self._settle(node)
                if node in self.failures:
                    del values[key]
                else:
                    values[key] = self._values[node]
        return self._known[name]

    def inputs_of(self, document: Resource) -> Dict[str, Value]:
        """Return what a document's inputs would be in this universe, whatever the universe shows for its name."""
        values = dict(document.inputs)
        for key in document.references:
            try:
                values[key] = map_leaves(values[key], self._fill)
            except Failure:
                del values[key]
        return values

    def misses(self, document: Resource) -> Iterator[Tuple[str, Reference, str]]:
        """Yield (input, reference, why) for each reference of a document that has no value in this universe."""
        for key, references in document.references.items():
            for reference in references:
                try:
                    self.look_up(reference)
                except Failure as failed:
                    yield key, reference, failed.why

    def value_of(self, reference: Reference) -> Tuple[bool, Value]:
        """Return whether a reference has a value here, and the value."""
        try:
            return True, self.look_up(reference)
        except Failure:
            return False, None

    def look_up(self, reference: Reference) -> Value:
        """Return the value a reference names; raises an error that carries why there is none."""
        node = name, key = Name(reference.name), reference.path[0]
        known = self._values.get(node)
        if known is not None and type(known) in SIMPLE and len(reference.path) == 1:  # most are
            return known
        if name in self.fixed:
            shown = self.fixed[name]
        elif name in self.documents:
            if node not in self._values:
                self._settle(node)
            if node in self.failures:
                raise Failure(PASSED_ON, reference)
            shown = {key: self._values[node]} if node in self._values else {}
        else:
            raise Failure(NO_RESOURCE, reference)
        if key not in shown and node in self.later:
            return Template((reference,))
        if key not in shown and name in self.outputs:
            shown = self.outputs[name]
        there, value = find_value(shown, reference)
        if not there:
            raise Failure(NO_VALUE if value is None else NOT_SCALAR, reference)
        return value

    def sources(self, references: Iterable[Reference]) -> Set[Name]:
        """Return the resources that the values of some references pass through, those they name included."""
        return {name for name, _ in reachable(map(input_of, references), self._needs)}

    def _needs(self, node: InputId) -> List[InputId]:
        name, key = node
        return inputs_read(None if name in self.fixed else self.documents.get(name), key)

    def _settle(self, start: InputId) -> None:
        """Give *start* and all it needs a value or a failure; a loop, since chains may be long."""
        path = {start: iter(self._needs(start))} if self._look_at(start) else {}
        while path:
            node = next(reversed(path))
            need = next(filter(self._look_at, path[node]), None)
            if need is not None and need not in path:
                path[need] = iter(self._needs(need))
                continue
            if need is not None:
                self._fail_ring([*path][[*path].index(need) :])
            elif node not in self.failures:
                self._compute(node)
            path.popitem()  # not `del`, after which looking for the last one takes as long as the path is

    def _look_at(self, node: InputId) -> bool:
        """Return whether an input has yet to be computed; one that is as it is written is noted."""
        name, key = node
        if node in self._values or node in self.failures or name in self.fixed:
            return False
        document = self.documents.get(name)
        if document is None or key not in document.inputs:
            return False
        if key not in document.computed:
            self._values[node] = document.inputs[key]
            return False
        return True

    def _fail_ring(self, nodes: List[InputId]) -> None:
        names = [f"{name}.{key}" for name, key in nodes]
        start = names.index(min(names))
        ring = (*names[start:], *names[:start], names[start])
        for name, key in nodes:
            self.failures[name, key] = Failure(CYCLE, at=(key,), ring=ring)

    def _compute(self, node: InputId) -> None:
        name, key = node
        document = self.documents[name]
        value = document.inputs[key]
        try:
            value = map_leaves(value, self._fill)
            size = self._sizes[name] = self._sizes.get(name, 0) + _size_of(value)
            if size > LARGEST_RESOURCE:
                raise Failure(TOO_LARGE)
            self._values[node] = value
        except Failure as failed:
            self.failures[node] = Failure(failed.why, failed.part, _place(value, failed.part, (key,)))

    def _fill(self, leaf: Value) -> Value:
        """Return what a value in which there is no other one stands for."""
        if not isinstance(leaf, Template):
            return leaf
        if len(leaf.parts) == 1 and isinstance(leaf.parts[0], Reference):
            return self.look_up(leaf.parts[0])
        return _join([part for piece in leaf.parts for part in self._text(piece)])

    def _text(self, part: Part) -> Tuple[Part, ...]:
        """Return what a part of a longer string stands for: text, or parts only known when an action runs."""
        if isinstance(part, str):
            return (part,)
        if isinstance(part, FileDigest) and self.digests is not None:
            if part.path not in self.digests:
                raise Failure(NO_FILE, part)
            return (self.digests[part.path],)
        if not isinstance(part, Reference):
            return (part,)
        value = self.look_up(part)
        if isinstance(value, Template):
            return tuple(replace(one, inside=True) if isinstance(one, Reference) else one for one in value.parts)
        return (value if isinstance(value, str) else canonical(value),)


def input_of(reference: Reference) -> InputId:
    """Return the input, or the output, that a reference reads."""
    return Name(reference.name), reference.path[0]


def inputs_read(resource: Optional[Resource], key: str) -> List[InputId]:
    """Return what an input of a resource reads; nothing where there is no such resource."""
    return [(Name(one.name), one.path[0]) for one in resource.references.get(key, ())] if resource else []


def reported_outputs(applied: Mapping[Name, Applied]) -> Dict[Name, Outputs]:
    """Return the outputs of every resource that has any."""
    return {name: state.outputs for name, state in applied.items() if state.outputs}


def find_value(inputs: Inputs, reference: Reference) -> Tuple[bool, Value]:
    """Return whether inputs have what a reference reads, and the value; one of the wrong form is not what it reads."""
    value: Value = inputs.get(reference.path[0]) if len(reference.path) == 1 else None
    if value is not None and type(value) in SIMPLE:  # most are
        return True, value
    value = inputs
    for at, step in enumerate(reference.path):
        if isinstance(value, Template) and len(value.parts) == 1 and isinstance(value.parts[0], Reference):
            read = value.parts[0]  # known after some change: what is read is in it
            return True, Template((replace(read, path=(*read.path, *reference.path[at:]), inside=reference.inside),))
        is_there, value = step_into(value, step)
        if not is_there:
            return False, None
    return not (reference.inside and isinstance(value, (dict, list))), value


def _join(parts: List[Part]) -> Value:
    if sum(map(len, map(str, parts))) > LARGEST:
        raise Failure(TOO_LARGE)
    text = [part for part in parts if isinstance(part, str)]
    if len(text) == len(parts):
        return "".join(text)
    runs = ((is_text, [*some]) for is_text, some in groupby(parts, lambda part: isinstance(part, str)))
    joined = (part for is_text, some in runs for part in (["".join(map(str, some))] if is_text else some))
    return Template(tuple(part for part in joined if part != ""))


def _size_of(value: Value) -> int:
    """Return about how many characters a value has as JSON; raises for one that is too large or too deep."""
    kind = type(value)
    if kind in SIMPLE and (kind is not str or len(value) <= LARGEST):
        return len(value) if kind is str else 8
    size = 0
    for path, leaf in leaves(value):
        size += len(path) + (len(leaf) if isinstance(leaf, str) else 8)
        if isinstance(leaf, Template):
            size += sum(len(str(part)) for part in leaf.parts)
        if size > LARGEST or len(path) > DEEPEST:
            raise Failure(TOO_LARGE)
    return size


def _place(value: Value, part: Optional[Part], path: Path) -> Path:
    """Return where below `inputs` a part of a string is written."""
    found = leaves(value, path) if part is not None else ()
    return next((inner for inner, leaf in found if isinstance(leaf, Template) and part in leaf.parts), path)
