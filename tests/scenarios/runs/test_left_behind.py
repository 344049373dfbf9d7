"""What an action leaves behind does not hold the run up."""

from __future__ import annotations

import contextlib
import os

import pytest

from tests.build import Repo, ended
from tests.scenarios.runs.world import failed, script, staged, states

pytestmark = pytest.mark.once


@pytest.mark.parametrize("daemon", ["sleep 1000", "yes"])
def test_a_daemon_that_an_action_leaves_does_not_hold_the_run_up(repo: Repo, daemon: str) -> None:
    """
    It keeps the output open, silently or not, and the run ends with the action; no other is locked out.
    """
    script(repo, "daemon", f"echo started; setsid {daemon} & echo $! > pid.log")
    staged(repo.define("a", "daemon"))
    try:
        assert ended(repo.begin("apply", "--yes")).code == 0  # it does not go on until the daemon ends
        assert states(repo) == {"a.run": "SUCCESS"}
        assert repo.ok("apply", "--yes").out == "No changes. The applied state matches what is staged.\n"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(repo.read("pid.log")), 9)


def test_an_action_that_closes_its_output_is_waited_for(repo: Repo) -> None:
    """
    The end of the process counts, and its exit code.
    """
    script(repo, "mute", "exec >&- 2>&-; sleep 0.4; exit 5")
    staged(repo.define("a", "mute"))

    assert "a.run: ERROR (exit code 5)\n" in failed(repo.apply()).err
