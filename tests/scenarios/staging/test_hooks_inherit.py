"""What hooks of the repository inherit is the user's own."""

from __future__ import annotations

from tests.build import FOLDER, Repo


def test_hooks_get_no_setting_of_ours(repo: Repo) -> None:
    """
    A hook that stages or stashes by patterns works as it does in any other commit.
    """
    repo.define("db", inputs={"n": 1}).apply_all()
    hook = repo.top / ".git/hooks/pre-commit"
    hook.write_text(
        f'#!/bin/sh\ncd ./{FOLDER}; env | grep "^GIT_.*PATHSPECS" > pathspecs; git ls-files "*.yaml" > listed\n'
    )
    hook.chmod(0o755)

    repo.define("db", inputs={"n": 2}).stage()

    assert "" == repo.read("pathspecs")
    assert ".staged/db.yaml" in repo.read("listed")
    assert ["db.update"] == repo.plan().ids
