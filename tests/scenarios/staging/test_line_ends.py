"""Line ends alone are no edit, of a staged file or a definition, committed or checked out."""

from __future__ import annotations

import pytest

from tests.build import Repo


def with_crlf(repo: Repo, path: str) -> None:
    file = repo.root / path
    file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("where", [".staged/c.yaml", "resources/c.yaml"])
@pytest.mark.parametrize("committed", [False, True], ids=["uncommitted", "committed"])
def test_other_line_ends_are_no_edit(repo: Repo, where: str, committed: bool) -> None:
    """
    The plan is the same with and without the cache, what was saved applies, and nothing is left.
    """
    repo.define("c", inputs={"n": 1}).define("e", inputs={"n": 1}).apply_all()
    repo.define("e", inputs={"n": 2}).stage()
    with_crlf(repo, where)
    if committed:
        repo.commit()

    plans = [repo.run("plan", "--format", "json", env={"STAGECTL_CACHE": cache}).json() for cache in ("on", "off")]
    assert [(["e.update"], [])] * 2 == [([one["id"] for one in plan["changes"]], plan["recorded"]) for plan in plans]
    assert plans[0]["plan_id"] == plans[1]["plan_id"]
    assert 0 == repo.run("stage", "--check").code
