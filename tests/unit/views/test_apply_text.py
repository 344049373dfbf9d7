"""How a run that ended is reported: what failed first, what that skipped once, and what to do next."""

from __future__ import annotations

from typing import Dict, Tuple

import pytest

from stagectl.core.model import ChangeId, Name, Oid
from stagectl.core.plans.plan import Cause, CauseType, Change, Plan
from stagectl.core.running.outcome import Outcome
from stagectl.core.running.runs import Application
from stagectl.views.apply import apply_text, progress_line


def done(outcomes: Dict[str, Tuple[str, str]], **more: object) -> Application:
    """A run with changes that ended so: id -> (state, message)."""
    changes = tuple(
        Change(ChangeId(identity), Name(identity.split(".")[0]), "run", "plain", (), Cause(CauseType.STAGED))
        for identity in outcomes
    )
    plan = Plan(changes=changes)
    ended = {ChangeId(identity): Outcome(state, message=message) for identity, (state, message) in outcomes.items()}
    return Application(plan, "RUN", ended, Oid("c" * 40), **more)  # type: ignore[arg-type]


LEFT = "The applied state is in commit cccccccccccc.\n"


@pytest.mark.parametrize(
    ("outcomes", "text"),
    [
        ({"a.run": ("SUCCESS", "")}, f"Applied: 1 SUCCESS. Run RUN\n{LEFT}"),
        (
            {"a.run": ("SUCCESS", ""), "b.run": ("ERROR", "exit code 3"), "c.run": ("SKIPPED", "after b.run"),
             "d.run": ("SKIPPED", "after c.run"), "e.run": ("SKIPPED", "--skip")},
            "  b.run  ERROR  exit code 3\n  2 changes  SKIPPED  after b.run: c.run, d.run\n"
            "  1 change  SKIPPED  --skip: e.run\n"
            f"Applied: 1 SUCCESS, 1 ERROR, 3 SKIPPED. Run RUN\n{LEFT}"
            "Next: stagectl retry RUN, or mend what failed, and: stagectl stage && stagectl apply\n",
        ),
        (
            {"a.run": ("UNKNOWN", "its worker is gone"), "b.run": ("SKIPPED", "after a.run")},
            "  a.run  UNKNOWN  its worker is gone\n  1 change  SKIPPED  after a.run: b.run\n"
            f"Applied: 1 SKIPPED, 1 UNKNOWN. Run RUN\n{LEFT}Next: stagectl resume\n",
        ),
        (
            {"a.run": ("SUCCESS", ""), "b.run": ("SKIPPED", "--skip")},
            f"  1 change  SKIPPED  --skip: b.run\nApplied: 1 SUCCESS, 1 SKIPPED. Run RUN\n{LEFT}"
            "Next: stagectl plan (what was left out is pending)\n",
        ),
    ],
)  # fmt: skip
def test_the_end_of_a_run(outcomes: Dict[str, Tuple[str, str]], text: str) -> None:
    """
    Failures, then what was skipped by its first cause, then counts in the words of the states, then the next command.
    """
    assert text == apply_text(done(outcomes))


def test_colours_are_only_added() -> None:
    """
    Without them, the text is the same; a state has one colour wherever it stands.
    """
    plain = {"a.run": ("ERROR", "no"), "b.run": ("SUCCESS", "")}
    coloured = apply_text(done(plain), colour=True)

    assert coloured.count("\x1b[1;31mERROR\x1b[0m") == 2 and coloured.count("\x1b[32mSUCCESS\x1b[0m") == 1
    change = done(plain).plan.changes[0]
    assert progress_line(change, Outcome("ERROR"), colour=True) == "a.run: \x1b[1;31mERROR\x1b[0m"
