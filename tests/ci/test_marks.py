"""What a site shows beside the plan: the label of a plan that removes, and GitLab's note of what an apply did."""

from __future__ import annotations

import pytest

from tests.ci.test_gitlab import ON_MERGE_REQUEST, Pipeline
from tests.ci.world import ONE_FILE, World, edited

pytestmark = pytest.mark.once

LABEL = "destroys: look/twice"


def test_a_label_stays_while_the_plan_removes_something(shop: World) -> None:
    """
    It is put once, kept by the next push, taken off when nothing is removed; without the input there is none.
    """
    file = edited(ONE_FILE, shop.folder, "plan", label=LABEL)
    seen = []
    for line in (["remove", "app"], ["update", "db", "--set", "port=5433"], ["discard", "app"]):
        job = shop.plan(shop.propose(*line), file)
        assert job.code == 0, job.log
        seen.append(list(shop.site.labels.get(1, [])))

    assert [[LABEL], [LABEL], []] == seen
    assert shop.plan(shop.propose("remove", "app")).code == 0
    assert [] == shop.site.labels[1]


@pytest.mark.full
def test_a_label_that_cannot_be_put_is_a_warning(shop: World) -> None:
    """
    The plan is there, and so is its comment as far as the token may write.
    """
    file = edited(ONE_FILE, shop.folder, "plan", label=LABEL, comment="false")
    shop.site.refuse = {"POST": 403}

    job = shop.plan(shop.propose("remove", "app"), file)

    assert (0, True) == (job.code, "warning: #1 has not the right label: POST " in job.log), job.log


def merged(shop: World, pipeline: Pipeline) -> tuple[str, dict[str, bytes], dict[str, str]]:
    """A merge request with a note, merged and planned: its commit, the files of the plan job, the variables."""
    commit = shop.propose("update", "db", "--set", "port=5433")
    pipeline.start("stagectl:plan", commit, {}, **ON_MERGE_REQUEST)
    commit = shop.merge()
    files = pipeline.files(pipeline.start("stagectl:plan", commit, {}), "stagectl:plan")
    return commit, files, {"STAGECTL_NOTE_TOKEN": "the-token", "CI_PROJECT_ID": "7", "CI_COMMIT_SHA": commit}


def test_gitlabs_note_says_what_became_of_the_plan(shop: World) -> None:
    """
    In the note of the merge request that was merged, with the plan below; a second try says that nothing ran.
    """
    pipeline = Pipeline(shop)
    commit, files, variables = merged(shop, pipeline)

    job = pipeline.start("stagectl:apply", commit, files, **variables)

    [note] = shop.site.bodies(1)
    assert job.code == 0, job.log
    assert note.startswith("<!-- stagectl:plan ") and "`db.update`" in note and "SUCCESS" in note
    assert "<details><summary>The plan that was reviewed</summary>" in note
    assert (job.folder / "project/applied.md").read_text() in note + "\n"
    again = pipeline.start("stagectl:apply", commit, files, **variables)
    assert again.code == 1 and "### Nothing was applied" in shop.site.bodies(1)[0]


@pytest.mark.full
def test_without_a_token_or_an_answer_the_apply_is_what_counts(shop: World) -> None:
    """
    The file says it; a site that refuses is a warning.
    """
    pipeline = Pipeline(shop)
    commit, files, variables = merged(shop, pipeline)
    shop.site.refuse = {"GET": 403}

    job = pipeline.start("stagectl:apply", commit, files, **variables)

    assert job.code == 0 and "warning: no note says what became of it: GET " in job.log, job.log
    assert "SUCCESS" in (job.folder / "project/applied.md").read_text()
    assert shop.applied("db") == {"port": 5433}
