"""What an apply did, for the page of the run and in the comment of the merged pull request."""

from __future__ import annotations

import sys
from typing import Optional

import comment
import runner
from common import Failure, run
from failed import code

_PLAN = "<details><summary>The plan that was reviewed</summary>"


def publish(number: Optional[int], plan: str, failure: Optional[Failure]) -> None:
    """Write what became of a plan; number: the merged pull request whose comment it goes into, None for none.

    plan: its Markdown, with the marker. A comment that cannot be written is a warning: what was applied is applied.
    """
    done = run("stagectl", "report", "--format=markdown")
    text = done.out if done.code == 0 else _not_applied(failure)
    runner.summary(text + runner.links())
    if number is None:
        return
    try:
        runner.output("comment-url", comment.post(runner.api(), number, _commented(text, plan)))
    except Failure as error:
        with runner.as_data():
            print(f"warning: the comment on #{number} does not say what became of it: {error}", file=sys.stderr)


def _not_applied(failure: Optional[Failure]) -> str:
    why = str(failure).splitlines()[0] if failure else "nothing was there to do"
    return f"### Nothing was applied\n\n{code(why)}; the log of the run says more.\n"


def _commented(text: str, plan: str) -> str:
    """Return the comment: its marker, what became of the plan, and the plan, as far as there is room."""
    first, _, rest = plan.partition("\n")
    head = f"{first}\n\n{text.rstrip()}\n"
    whole = f"{head}\n{_PLAN}\n{rest.rstrip()}\n\n</details>\n{runner.links()}"
    return whole if len(whole.encode("utf-8")) <= comment.LARGEST else head + runner.links()
