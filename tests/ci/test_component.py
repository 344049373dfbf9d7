"""The GitLab component is the GitLab file with inputs, and both say what is wrong with a plan that cannot be made."""

from __future__ import annotations

import re

import pytest
from ruamel.yaml import YAML

from tests.build import ROOT
from tests.ci.test_gitlab import Pipeline
from tests.ci.world import GITLAB, World
from tests.hosting import parsed

pytestmark = pytest.mark.once


def test_the_component_is_the_file_with_inputs() -> None:
    """
    Every input that it declares is used and no other, and with their defaults the jobs are those of the file.
    """
    text = (ROOT / "templates/stagectl.yml").read_text("utf-8")
    spec, _jobs = YAML(typ="safe", pure=True).load_all(text)

    inputs = spec["spec"]["inputs"]
    used = set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text))
    assert used == set(inputs)
    filled = re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda found: inputs[found.group(1)].get("default", ""), text)
    assert parsed(GITLAB) == list(YAML(typ="safe", pure=True).load_all(filled))[1]
    assert all(each.get("description") for each in inputs.values())


def test_a_plan_that_cannot_be_made_replaces_the_note(shop: World) -> None:
    """
    As on GitHub: what is wrong, with a link to file and line.
    """
    pipeline = Pipeline(shop)
    commit = shop.propose(
        "update", "db", "--set", "port=5433",
        more=lambda repo: repo.write(".staged/db.yaml", "---\nkind: service\n---\ninputs: 7\n").commit(),
    )  # fmt: skip
    variables = {
        "STAGECTL_NOTE_TOKEN": "the-token",
        "CI_MERGE_REQUEST_IID": "1",
        "CI_MERGE_REQUEST_PROJECT_ID": "7",
        "CI_PROJECT_URL": "https://site.example/shop/infra",
        "CI_COMMIT_SHA": commit,
    }

    job = pipeline.start("stagectl:plan", commit, {}, **variables)

    [note] = shop.site.bodies(1)
    assert job.code == 1, job.log
    assert "### There is no plan\n" in note
    assert f"[`.staged/db.yaml:4`](https://site.example/shop/infra/-/blob/{commit}/.staged/db.yaml#L4)" in note
