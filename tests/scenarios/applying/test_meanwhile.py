"""What happens to the repository while an apply runs."""

from __future__ import annotations

import re

from tests.build import Repo, record
from tests.scenarios.applying.world import APPLIED, a_kind, failed, results, staged_as_applied


def test_what_happens_to_the_repository_meanwhile_is_not_applied(repo: Repo) -> None:
    """
    An action edits and commits staged files and kinds; what was planned is what runs, and what is recorded.
    """
    a_kind(
        repo, "busy", 'for f in .staged/b.yaml kinds/service.yaml; do echo "# late" >> $f; done; git commit -qam late'
    )
    repo.define("a", "busy").define("b", depends_on=["a"]).commit()
    source = repo.stage().git("rev-parse", "HEAD")

    repo.ok("apply", "--yes")

    assert source != repo.git("rev-parse", "HEAD")
    assert source == repo.git("rev-parse", f"{APPLIED}^2")
    assert ["b.run"] == repo.log()
    assert "late" not in staged_as_applied(repo, "b") + repo.git("show", f"{APPLIED}:kinds/service.yaml")


def test_an_applied_branch_that_moved_meanwhile_is_not_overwritten(repo: Repo) -> None:
    """
    Compare-and-swap: the other's commit stays below, where the two have no resource in common.
    """
    record(repo.define("x"))
    a_kind(
        repo,
        "race",
        f"git update-ref refs/heads/{APPLIED} $(git commit-tree {APPLIED}^{{tree}} -p {APPLIED} -p HEAD -m other)",
    )
    repo.define("a", "race").commit()

    repo.stage().ok("apply", "--yes")

    assert ["apply: 1 of 1 changes", "other"] == repo.git("log", "-2", "--format=%s", APPLIED).splitlines()
    assert ["a.run SUCCESS"] == results(repo, APPLIED)


def test_two_runs_that_changed_the_same_resource_are_distinguished(repo: Repo) -> None:
    """
    What others applied is not overwritten; what this run did is kept in a commit that is named, and nothing is lost.
    """
    a_kind(repo, "race", f"git update-ref refs/heads/{APPLIED} refs/heads/others")
    record(repo.define("a", "race", inputs={"x": 1}))
    earlier = repo.git("rev-parse", APPLIED).strip()
    record(repo.define("a", "race", inputs={"x": 2}))
    repo.git("branch", "others", APPLIED)
    repo.git("update-ref", f"refs/heads/{APPLIED}", earlier)
    repo.define("a", "race", inputs={"x": 3}).commit()

    ran = failed(repo.stage().apply())

    assert repo.git("rev-parse", "others") == repo.git("rev-parse", APPLIED)
    kept = re.search(
        rf"error: refs/heads/{APPLIED} moved while this run was applied, and both changed a; "
        r"what this run did is kept in the commit ([0-9a-f]{40}), which is refs/stagectl/kept/(\S+)\n",
        ran.err,
    )
    assert kept is not None
    assert ["a.update SUCCESS"] == results(repo, kept.group(1))
    assert kept.group(1) == repo.git("rev-parse", f"refs/stagectl/kept/{kept.group(2)}").strip()
    repo.git("reflog", "expire", "--all", "--expire=now", "--expire-unreachable=now")
    repo.git("gc", "-q", "--prune=now")
    assert ["a.update SUCCESS"] == results(repo, kept.group(1)), "git's tidying takes nothing away"
    assert kept.group(1) not in repo.ok("log", "--json").out, "it is no part of what is applied"
    repo.ok("verify")
