"""The entry of the GitHub action: runs the command that its input names."""

from __future__ import annotations

import sys

import apply
import comment
import drift
import plan
import projects
import promotion
import push
import runner
from common import Failure, enter

_COMMANDS = {
    "plan": plan.main,
    "projects": projects.main,
    "comment": comment.main,
    "apply": apply.main,
    "check": drift.main,
    "promote": promotion.main,
    "push": lambda: push.push(runner.folder(), runner.folder() / "applied.bundle"),
}


def command() -> None:
    """Run the command; raises Failure for one there is not."""
    name = runner.given("COMMAND")
    if name not in _COMMANDS:
        raise Failure(f"there is no command '{name}'", "one of: projects, plan, comment, apply, check, promote")
    if name != "comment":  # which has nothing checked out
        enter(runner.given("WORKING_DIRECTORY") or ".")
    _COMMANDS[name]()


def main() -> int:
    """Run the command and return the exit code of the step."""
    try:
        command()
    except Failure as failure:
        with runner.as_data():
            print(f"error: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
