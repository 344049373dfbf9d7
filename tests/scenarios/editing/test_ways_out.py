"""The ways out that an error names work, also where the definition of what goes has gone already."""

from __future__ import annotations

from typing import List

import pytest

from tests.build import PLACE, Repo


@pytest.mark.parametrize("gone", ["definition", "both", "committed"])
@pytest.mark.parametrize(("way", "ids"), [("--detach", ["db.remove"]), ("--recursive", ["app.remove", "db.remove"])])
def test_a_removal_by_hand_can_be_finished(repo: Repo, gone: str, way: str, ids: List[str]) -> None:
    """
    The definition is deleted, its staged file too, or both with a commit: stage refuses, and each way out works.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"port": "${db.port}"}).define("keep").apply_all()
    (repo.root / "resources/db.yaml").unlink()
    if gone != "definition":
        (repo.root / ".staged/db.yaml").unlink()
    if gone == "committed":
        repo.commit()
    assert "app still reads it" in repo.run("stage").err

    repo.ok("remove", "db", way)

    assert ids == repo.plan().ids
    repo.ok("apply", "--yes")
    assert "No changes" in repo.ok("plan").out


def test_a_reader_left_behind_is_an_annotation_on_its_line(repo: Repo) -> None:
    """
    Two branches are merged: one removes what the other began to read.
    """
    repo.define("db", inputs={"port": 1}).define("keep").apply_all()
    repo.git("checkout", "-q", "-b", "remove")
    repo.delete("db").stage()
    repo.git("checkout", "-q", "-")
    repo.write("resources/app.yaml", "---\nkind: service\n---\ninputs:\n  a: 1\n  port: ${db.port}\n").stage()
    repo.git("merge", "-q", "--no-edit", "remove")

    refused = repo.run("plan", "--format", "github")

    assert f"::error file={PLACE}.staged/app.yaml,line=8,col=9," in refused.out + refused.err
    assert "db, which it names, cannot be removed" in refused.out + refused.err
