"""What a check saw, and how states are compared (docs/design.md, section 10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, FrozenSet, TypeVar

from stagectl.core.values import Inputs, differing

Same = TypeVar("Same", bound="Alike")


class Alike:
    """Equal where all fields are, values with their types: 1 that was applied is neither 1.0 nor true."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return False
        theirs = vars(other)
        return all(
            not differing(value, theirs[key]) if key in ("inputs", "outputs") else value == theirs[key]
            for key, value in vars(self).items()
        )

    def but(self: Same, **fields: Any) -> Same:
        """Return the same with other fields, in a third of the time that `replace` takes for a frozen one."""
        copy = object.__new__(type(self))
        vars(copy).update(vars(self), **fields)
        return copy


@dataclass(frozen=True, eq=False)
class Observed(Alike):
    """What a check saw of a live resource that is not as it was applied (docs/design.md, section 10).

    gone: whether it is not there any more, and then nothing else is known; inputs: of those that differ the values as
    seen; differs: inputs that differ and cannot be shown; unnamed: whether something differs that no input names.
    """

    gone: bool = False
    inputs: Inputs = field(default_factory=dict)
    differs: FrozenSet[str] = frozenset()
    unnamed: bool = False

    @property
    def keys(self) -> FrozenSet[str]:
        """The inputs that differ from what was applied."""
        return self.differs | self.inputs.keys()


NOTHING_SEEN = Observed()
