"""The same job run again, after what it was about is gone; tags that nothing has any more."""

from __future__ import annotations

from typing import Sequence

import pytest

from tests.build import Repo
from tests.scenarios.applying.world import failed


@pytest.mark.parametrize(
    "words",
    [
        ("staging/web",),
        ("staging/*",),
        ("**/web",),
        ("staging/web", "prod/web"),
        ("staging/web", "--allow-remove", "staging/web"),
        ("prod/web", "--allow-remove", "staging/web"),
        ("staging/web", "-t", "prod"),
    ],
    ids=" ".join,
)
def test_a_job_that_removed_something_can_run_again(repo: Repo, words: Sequence[str]) -> None:
    """
    Whatever of it is gone is named with the run that removed it; the rest is planned and applied, and never everything.
    """
    repo.define("staging/web", tags=["staging"]).define("prod/web", tags=["prod"]).define("other").apply_all()
    repo.delete("staging/web").define("other", inputs={"x": 1}).stage().ok("apply", "staging/web", "--yes")
    run = repo.ok("report", "--json").json()["run"]

    done = repo.ok("apply", "--yes", *words)

    assert repo.log() == ["staging/web.remove"]
    assert ("was removed by run " + run in done.err) == (words[0] not in ("prod/web", "**/web"))


def test_what_never_was_is_a_mistake(repo: Repo) -> None:
    """
    A name that was never applied is refused as before, with what was probably meant.
    """
    repo.define("staging/web").apply_all()

    for words in (("staging/wep",), ("prod/*",), ("staging/web", "--allow-remove", "staging/wep")):
        assert "error: " in failed(repo.apply(*words)).err


WITH_TAGS = [
    "plan", "apply --yes", "apply --yes --record-only", "stage", "stage -a restart", "unstage", "discard", "diff",
    "diff --unstaged", "diff --from HEAD", "graph", "log", "check", "adopt",
]  # fmt: skip


def test_a_tag_of_the_vocabulary_may_match_nothing(repo: Repo) -> None:
    """
    Alone, in an expression, and after the last carrier is gone; other tags are mistakes, whatever the command.
    """
    repo.write("stagectl.yaml", "vocabulary: [prod, canary]\n").define("a", tags=["prod"]).apply_all()
    repo.define("a", tags=["prod"], inputs={"x": 1}).stage()

    assert repo.plan("-t", "canary").ids == []
    assert repo.plan("-t", "prod and not canary").ids == ["a.update"]
    repo.ok("apply", "--yes", "-t", "canary")
    for words in WITH_TAGS:
        assert "has the tag" not in repo.run(*words.split(), "-t", "canary").err, words
        error = failed(repo.run(*words.split(), "-t", "canari")).err
        assert "no resource has the tag 'canari'; did you mean 'canary'?\nhint: the tags there are: " in error, words
        assert "; one that may match nothing: 'vocabulary' in stagectl.yaml\n" in error, words
    assert "no resource matches" in failed(repo.run("plan", "a", "-t", "canary")).err


def test_with_a_vocabulary_other_tags_are_errors(repo: Repo) -> None:
    """
    At their place in the definition, with what was probably meant, and nothing is staged.
    """
    repo.write("stagectl.yaml", "vocabulary: [prod, tier=web]\n").define("a", tags=["prod", "tier=wep"]).commit()

    for command in (["stage"], ["validate"]):
        done = failed(repo.run(*command))
        reported = "the tag 'tier=wep' is not in the vocabulary of stagectl.yaml; did you mean 'tier=web'?"
        assert f"resources/a.yaml:3:16: {reported}" in done.err + done.out
    repo.define("a", tags=["prod", "tier=web"]).ok("stage")
