"""What an apply did, on the page of the run and in the comment of the merged pull request."""

from __future__ import annotations

import sys
from typing import Optional

import comment
import runner
from common import Failure
from ended import commented


def publish(number: Optional[int], plan: str, text: str) -> None:
    """Write what became of a plan; number: the merged pull request whose comment it goes into, None for none.

    plan: its Markdown, with the marker. A comment that cannot be written is a warning: what was applied is applied.
    """
    links = runner.links()
    runner.summary(text + links)
    if number is None:
        return
    try:
        body = commented(text, plan, links, comment.LARGEST)
        runner.output("comment-url", comment.post(runner.api(), number, body))
    except Failure as error:
        with runner.as_data():
            print(f"warning: the comment on #{number} does not say what became of it: {error}", file=sys.stderr)
