"""`stage` commits what it wrote and nothing else."""

from __future__ import annotations

from tests.scenarios.staging.world import committed, trailers


def test_the_users_index_and_other_changes_are_left_alone(repo):
    """
    What is added, changed or new elsewhere is as it was; the commit has the staged file and its definition only.
    """
    repo.define("db", inputs={"a": 1}).define("other").write("notes", "one\n").apply_all()
    repo.define("db", inputs={"a": 2}).define("other", inputs={"b": 1}).define("new")
    repo.write("added", "x\n").git("add", "added")
    repo.write("notes", "two\n").git("add", "notes")
    repo.write("notes", "three\n")

    repo.stage("db")

    assert [".staged/db.yaml", "resources/db.yaml"] == committed(repo)
    assert "A  added\nMM notes\n M resources/other.yaml\n?? resources/new.yaml\n" == repo.git("status", "--porcelain")
    assert "two\n" == repo.git("show", ":notes")


def test_a_definition_added_half_way_is_committed_as_staged(repo):
    """
    The index has an older edit than the file: the commit has what was copied, and nothing is left over.
    """
    repo.define("db", inputs={"a": 1}).apply_all()
    repo.define("db", inputs={"a": 2}).git("add", "resources/db.yaml")
    repo.define("db", inputs={"a": 3}).stage()

    assert "" == repo.git("status", "--porcelain")
    assert repo.git("show", "HEAD:.staged/db.yaml").endswith(
        repo.git("show", "HEAD:resources/db.yaml").split("---\n")[2]
    )


def test_the_removal_of_a_definition_is_committed_with_it(repo):
    """
    Both files go in one commit, and the folders they leave empty are no trouble.
    """
    repo.define("prod/db").define("prod/app").apply_all()
    repo.delete("prod/db").stage()

    assert [".staged/prod/db.yaml", "resources/prod/db.yaml"] == committed(repo)
    assert ["prod/db.remove"] == trailers(repo)
    assert "" == repo.git("status", "--porcelain")


def test_only_the_selection_is_staged(repo):
    """
    An edit that was not asked for stays an edit: neither staged nor committed.
    """
    repo.define("db", inputs={"a": 1}).define("app", inputs={"a": 1}).apply_all()
    repo.define("db", inputs={"a": 2}).define("app", inputs={"a": 2}).stage("app")

    assert ["app.update"] == repo.plan().ids
    assert " M resources/db.yaml\n" == repo.git("status", "--porcelain")
