"""What failed is tried again as it is staged: a mend of its definition that is not is named, with the way to it."""

from __future__ import annotations

from typing import Sequence

import pytest

from tests.build import Repo
from tests.scenarios.runs.world import AGENT, chain, killed, script

MENDED = "warning: not staged, and so not tried again: a (changed); to stage: "
PASTED = "stagectl stage a && stagectl apply a"


@pytest.mark.parametrize("is_committed", [False, True], ids=["edited", "committed"])
@pytest.mark.parametrize(
    "words",
    [("retry",), ("resume", "--unknown", "rerun"), ("apply", "--yes"), ("apply", "--yes", "a"), ("plan",)],
    ids=" ".join,
)
def test_a_mend_that_is_not_staged_is_named(repo: Repo, words: Sequence[str], is_committed: bool) -> None:
    """
    By whatever tries the old value again; what is printed stages the mend and applies it.
    """
    chain(script(repo, "service", AGENT))
    if words[0] == "resume":
        killed(repo, "a.run")
    else:
        repo.fail("a.run").apply()
    repo.define("a", inputs={"v": "good"}).define("unrelated", inputs={"v": 1})
    if is_committed:
        repo.git("commit", "-qm", "the mend", "--", "resources/a.yaml")

    done = repo.run(*words)

    assert MENDED + PASTED in done.err
    for command in PASTED.replace("apply", "apply --yes").split(" && "):
        repo.fail().ok(*command.split()[1:])
    assert {"v": "good"} == repo.applied("a")["inputs"]
    assert MENDED not in repo.run(*words).err


def test_of_what_did_not_fail_nothing_is_said(repo: Repo) -> None:
    """
    An edit that is committed and waits for its day is none of a mend.
    """
    chain(repo).fail("b.run").apply()
    repo.define("a", inputs={"v": "later"}).commit()

    for words in (("retry",), ("apply", "--yes"), ("plan",)):
        assert "not staged" not in repo.run(*words).err


def test_a_mend_of_what_it_is_like_counts(repo: Repo) -> None:
    """
    The template is mended, and what failed is made of it; a definition that went is named, too.
    """
    repo.write("resources/base.yaml", "---\nkind: service\ntemplate: true\n---\ninputs: {v: 1}\n")
    repo.write("resources/a.yaml", "---\nlike: base\n---\n").define("b").commit()
    repo.stage().fail("a.run", "b.run").apply()
    repo.write("resources/base.yaml", repo.read("resources/base.yaml").replace("1", "2")).delete("b").commit()

    assert "not tried again: a (changed), b (gone); to stage: " in repo.run("retry").err
