"""What an apply did, as text: the report of its run, and the comment of the merged request with the plan below."""

from __future__ import annotations

from typing import Optional

from common import Failure, run
from failed import code

_PLAN = "<details><summary>The plan that was reviewed</summary>"


def report() -> str:
    """Return the report of the newest run as Markdown, "" where there is none."""
    done = run("stagectl", "report", "--format=markdown")
    return done.out if done.code == 0 else ""


def ended_text(before: str, failure: Optional[Failure]) -> str:
    """Return what an apply did. before: the report of before it, which a clone that is kept may have."""
    now = report()
    if now != before:
        return now
    why = str(failure).splitlines()[0] if failure else "nothing was there to do"
    return f"### Nothing was applied\n\n{code(why)}; the log of the run says more.\n"


def commented(text: str, plan: str, links: str, largest: int) -> str:
    """Return the comment: its marker, what became of the plan, and the plan, as far as there is room in bytes."""
    first, _, rest = plan.partition("\n")
    head = f"{first}\n\n{text.rstrip()}\n"
    whole = f"{head}\n{_PLAN}\n{rest.rstrip()}\n\n</details>\n{links}"
    return whole if len(whole.encode("utf-8")) <= largest else head + links
