"""The progress display, on a terminal and without one."""

from __future__ import annotations

import re
import time
from functools import partial
from typing import List

import pytest

from tests.build import PATIENCE, Repo
from tests.scenarios.runs.world import AGENT, IN_A_PROCESS, chain, on_terminal, plain, recorded, script, staged

pytestmark = pytest.mark.once


def colours(screen: str) -> List[str]:
    return re.findall(r"\x1b\[[0-9;]*(?:3[0-7]|9[0-7]|38;[25])[0-9;]*m", screen)


@pytest.mark.parametrize("no_colour", ["1", ""])
def test_a_terminal_shows_what_runs_and_how_far_it_is(repo: Repo, no_colour: str) -> None:
    """
    What runs, n of m, a line for every end that stays, the result; colours only without NO_COLOR.
    """
    waits = f"n=0; until [ -e shown-$STAGECTL_RESOURCE ] || [ $n = {PATIENCE * 20} ]; do sleep 0.05; n=$((n + 1)); done"
    script(repo, "service", f"{waits}; {AGENT}").write(".gitignore", "*.log\nfail\nkill\nshown-*\n")
    chain(repo)
    shown = [
        (rf"{done}/3[^\n]*\b{name}\.run", partial(repo.write, f"shown-{name}", "")) for done, name in enumerate("abc")
    ]

    code, screen = on_terminal(repo, "apply", "--yes", answers=shown, NO_COLOR=no_colour)

    assert code == 0, screen
    seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", re.sub(r"\r(?!\n)|\x1b\[2K", "\n", screen))
    for done, running in enumerate(("a.run", "b.run", "c.run")):
        assert (repo.root / f"shown-{running[0]}").exists(), seen
        assert re.search(rf"{done}/3 .*\b{re.escape(running)}", seen), seen
        assert re.search(rf"(?m)^{re.escape(running)}: SUCCESS\b", seen), seen
    assert "Applied: 3 SUCCESS. Run " in seen
    assert bool(colours(screen)) == (not no_colour)


def test_a_terminal_shows_the_time_left_where_earlier_runs_show_it(repo: Repo) -> None:
    """
    By the longest chain of what is left; not before every change has run here once.
    """
    script(repo, "service", f"sleep 0.6; {AGENT}")
    recorded(repo.define("a", inputs={"x": 0}).define("b", depends_on=["a"], inputs={"x": 0}))
    screens, took = [], []
    for x in (1, 2):
        repo.define("a", inputs={"x": x}).define("b", depends_on=["a"], inputs={"x": x})
        staged(repo)
        screens.append(on_terminal(repo, "apply", "--yes")[1])
        took.append(repo.ok("report", "--json").json()["critical_path_seconds"])

    assert "left" not in screens[0]
    about = {time.strftime("%M:%S", time.gmtime(took[0] + rounded)) for rounded in (0, 0.001, -0.001)}
    assert took[0] > 1 and any(f"about {left} left" in screens[1] for left in about), (took, screens)
    assert repo.log() == ["a.update", "b.update"] * 2


def test_without_a_terminal_there_are_plain_lines(repo: Repo) -> None:
    """
    One for every end, and not one escape.
    """
    chain(repo)

    ran = repo.ok("apply", "--yes", env=IN_A_PROCESS)

    assert ran.err == "a.run: SUCCESS\nb.run: SUCCESS\nc.run: SUCCESS\n"
    assert plain(ran.out).endswith("Applied: 3 SUCCESS. Run RUN\nThe applied state is in commit COMMIT.\n")
    assert "\x1b" not in ran.out
