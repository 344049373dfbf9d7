"""Every form of a plan names what runs and what is held back."""

from __future__ import annotations

import json

import pytest

from tests.build import FOLDER, Repo
from tests.scenarios.review.world import held, reported

pytestmark = pytest.mark.once


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "mermaid", "dot", "svg", "html"])
def test_every_form_of_a_plan_names_what_runs_and_what_is_held_back(repo: Repo, form: str) -> None:
    """
    By full change ids; `--out` saves the same file beside each.
    """
    selection = held(repo)

    shown = repo.ok("plan", "--format", form, "--out", "plan.json", *selection).out

    ids = ["db.update", "app.update", "new.run"]
    document = json.loads(repo.read("plan.json"))
    assert ids == [change["id"] for change in document["changes"]] + [entry["id"] for entry in document["held"]]
    assert [] == [identity for identity in ids if identity not in shown]


def test_a_comment_shows_less_where_it_may_hold_less(repo: Repo) -> None:
    """
    Everything; groups; counts; the head and the command; less than that is a usage error.
    """
    for index in range(60):
        repo.define(f"{'abc'[index % 3]}/r{index}", inputs={"x": f"value {index}"})
    repo.commit()
    identity = repo.stage().plan().raw["plan_id"]

    def comment(size: int) -> str:
        shown = repo.ok("plan", "--format", "markdown", "--max-bytes", str(size)).out
        assert len(shown.encode()) <= size and shown.startswith("<!-- stagectl:plan {")
        assert shown.endswith(f"```sh\nstagectl apply --expect {identity}\n```\n")
        return shown

    full = comment(65_000)
    assert repo.ok("plan", "--format", "markdown").out == full == comment(len(full.encode()))
    assert "| `+` | `a/r0.run` | staged |\n" in full and '+ x: "value 59"\n' in full
    groups = comment(len(full.encode()) - 1)
    assert "| `+` | 20 | `a/` | `service` | staged | `a/r0.run`, `a/r12.run`" in groups
    counts = comment(len(groups.encode()) - 1)
    assert "| `a/` | `service` | `run` | 20 |\n" in counts and "| staged |" not in counts
    head = comment(len(counts.encode()) - 1)
    assert "`a/`" not in head and "Plan: 60 to run\n" in head.replace(f"Plan in `{FOLDER}`", "Plan")
    size = len(head.encode()) - 1
    assert reported(
        64, f"error: {size} bytes are too few for this plan", "hint: allow more with --max-bytes"
    ) == repo.run("plan", "--format", "markdown", "--max-bytes", str(size))
