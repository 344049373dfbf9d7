"""The target universe (docs/design.md, section 5, rules 1 to 5): a view in which all that has to be held is held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import FrozenSet, Mapping, Optional

from stagectl.core.model import Name
from stagectl.core.once import cached_property
from stagectl.core.planning.secrets import sensitive_inputs
from stagectl.core.planning.situation import Hold, Intent
from stagectl.core.planning.view import View


@dataclass(frozen=True, repr=False, eq=False)
class Universe:
    """What a plan is made from.

    holds: those of the view with all that is missing, and affected resources that the selection's tags leave out.
    intents: what each resource does of its own accord, also what a held one would.
    everything: the same situation with everything selected; None of that one itself.
    """

    view: View
    holds: Mapping[Name, Hold]
    intents: Mapping[Name, Intent]
    everything: Optional[Universe] = None

    @property
    def full(self) -> Universe:
        """The same situation with everything selected."""
        return self.everything or self

    @cached_property
    def sensitive(self) -> Mapping[Name, FrozenSet[str]]:
        """The sensitive inputs of each resource that has any."""
        return sensitive_inputs(self.view)
