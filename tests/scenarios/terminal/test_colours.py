"""Colours where they help, and nowhere else."""

from __future__ import annotations

import pytest

from tests.build import Repo

RED, ESCAPE = "\x1b[1;31merror:\x1b[0m ", "\x1b["


@pytest.mark.parametrize(
    ("words", "env", "coloured"),
    [
        ([], {"NO_COLOR": ""}, False),  # no terminal
        ([], {"NO_COLOR": "", "FORCE_COLOR": "1"}, True),
        ([], {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (["--color=always"], {"NO_COLOR": "1"}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color=never"], {"NO_COLOR": "", "FORCE_COLOR": "1"}, False),
    ],
)
def test_who_decides_on_colours(repo: Repo, words: list, env: dict, coloured: bool) -> None:  # type: ignore[type-arg]
    """
    The option, else NO_COLOR, else FORCE_COLOR, else whether it is a terminal; before and behind the command.
    """
    repo.define("db").stage()

    for line in (["plan", *words], [*words, "plan"]):
        assert coloured == (ESCAPE in repo.ok(*line, env=env).out)
    assert coloured == repo.run("plan", "nope", *words, env=env).err.startswith(RED)


def test_a_wrong_word_for_colour_is_a_usage_error(repo: Repo) -> None:
    """
    With the words that it takes; behind `--` it is a name like any other.
    """
    done = repo.run("plan", "--color=red")

    assert (64, "error: --color does not take 'red'\nhint: it takes always, never or auto\n") == (done.code, done.err)
    assert "there is no resource '--color'" in repo.run("plan", "--", "--color").err
