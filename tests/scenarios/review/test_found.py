"""A plan is found again by its id."""

from __future__ import annotations

import pytest

from tests.build import Repo, record
from tests.scenarios.review.world import reported

pytestmark = pytest.mark.once


@pytest.mark.parametrize("length", [64, 12, 8])
def test_a_plan_is_found_by_its_id(edited: Repo, length: int) -> None:
    """
    By the whole one, or its first characters: as text, as Markdown and as JSON.
    """
    before = edited.plan().raw["plan_id"]
    edited.define("a", inputs={"x": 3}).stage()
    now = edited.plan().raw["plan_id"]

    text = edited.ok("plan", "--since", before[:length]).out
    markdown = edited.ok("plan", "--since", before[:length], "--format", "markdown").out
    found = edited.ok("plan", "--since", before[:length], "--format", "json").json()["since"]

    lead = (
        f"Since plan {before[:12]} (now {now[:12]}):\n  ~ a.update  differs: values\n    - x: 1 -> 2\n    + x: 1 -> 3\n"
    )
    assert text.startswith(lead)
    assert (
        f"**What differs since plan `{before[:12]}`:** 2 differ\n\n"
        "```diff\n~ a.update  differs: values\n-    x: 1 -> 2\n"
        "+    x: 1 -> 3\n~ b.update  differs: values\n-    y: 1 -> 2\n+    y: 1 -> 3\n```\n"
    ) in markdown
    assert [{"id": "a.update", "in": ["values"]}, {"id": "b.update", "in": ["values"]}] == found["differ"]
    assert (before, False) == (found["plan_id"], found["unchanged"])


def test_nothing_changed_since(edited: Repo) -> None:
    """
    Said in every form.
    """
    identity = edited.plan().raw["plan_id"]

    assert edited.ok("plan", "--since", identity).out.startswith(f"Unchanged since plan {identity[:12]}.\n\n~ a.update")
    assert f"\n\n**Unchanged since plan `{identity[:12]}`.**\n\n|" in (
        edited.ok("plan", "--since", identity, "--format", "markdown").out
    )
    assert edited.ok("plan", "--since", identity, "--format", "json").json()["since"]["unchanged"]


def test_an_id_that_nothing_makes_is_a_warning(edited: Repo) -> None:
    """
    The plan is shown all the same; the comment says so, too.
    """
    lost = "no recent commit makes the plan deadbeef: what differs from it is not known"

    ran = edited.ok("plan", "--since", "deadbeef")

    assert (edited.ok("plan").out, f"warning: {lost}\n") == (ran.out, ran.err)
    assert f"- **warning:** `{lost}`\n" in edited.ok("plan", "--since", "deadbeef", "--format", "markdown").out
    assert "since" not in edited.ok("plan", "--since", "deadbeef", "--format", "json").json()


def test_what_is_neither_an_id_nor_a_file_is_an_error(edited: Repo) -> None:
    """
    Too short for an id; and a file there goes before an id.
    """
    hint = "hint: make it with: stagectl plan --out FILE"

    assert reported(1, "error: abc cannot be read: No such file or directory", hint) == edited.run(
        "plan", "--since", "abc"
    )
    edited.ok("plan", "--out", "deadbeef")
    assert edited.ok("plan", "--since", "deadbeef").out.startswith("Unchanged since plan ")


def test_a_plan_is_found_again_after_a_rebase(repo: Repo) -> None:
    """
    Its commits are on no branch any more, but git remembers where the branch was.
    """
    record(repo.define("a", inputs={"x": 1}))
    repo.define("a", inputs={"x": 2}).stage()
    before = repo.plan().raw["plan_id"]

    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.define("a", inputs={"x": 3}).stage()

    assert "  ~ a.update  differs: values\n    - x: 1 -> 2\n    + x: 1 -> 3\n" in repo.ok("plan", "--since", before).out


def test_a_plan_is_found_again_after_its_apply(edited: Repo) -> None:
    """
    It was made against an older applied state.
    """
    before = edited.plan().raw["plan_id"]
    edited.ok("apply", "--expect", before)

    ran = edited.run("apply", "--expect", before)

    assert "  - a.update  went\n  - b.update  went\n" in ran.err and 1 == ran.code
