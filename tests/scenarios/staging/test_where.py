"""`stage` works from a subfolder, on a detached HEAD, before the first commit."""

from __future__ import annotations

from tests.build import Repo
from tests.scenarios.staging.world import committed, head, staged, trailers


def test_it_works_from_a_subfolder(repo):
    """
    The whole repository is meant, wherever one stands.
    """
    repo.define("prod/db").define("app")

    repo.ok("stage", cwd=repo.root / "resources/prod")

    assert ["app.run", "prod/db.run"] == trailers(repo)
    assert ["app", "prod/db"] == staged(repo)


def test_it_works_on_a_detached_head(repo):
    """
    The commit goes where HEAD is; no branch moves.
    """
    start = head(repo.define("db"))
    repo.git("checkout", "-q", "--detach")

    repo.stage()

    assert start == repo.git("rev-parse", "main").strip() == repo.git("rev-parse", "HEAD~1").strip()
    assert ["db.run"] == trailers(repo)


def test_it_works_before_the_first_commit(tmp_path):
    """
    The first commit of a repository may be a stage.
    """
    root = tmp_path / "fresh"
    root.mkdir()
    repo = Repo(root, init=False, folder="").begin_with_git()
    repo.kind("service").define("db").write("added", "x\n").git("add", "added")

    repo.stage()

    assert [".staged/db.yaml", "resources/db.yaml"] == committed(repo)
    assert "A  added\n?? kinds/\n" == repo.git("status", "--porcelain")
    assert ["db.run"] == repo.plan().ids


def test_it_works_without_definitions_at_all(repo):
    """
    Where there is no resources folder, the staging area alone is what there is.
    """
    repo.write(".staged/db.yaml", "---\nkind: service\n---\ninputs: {port: 1}\n")
    repo.write(".staged/app.yaml", "---\nkind: service\n---\ninputs: {p: '${db.port}'}\n").stage()

    assert ["app.run", "db.run"] == sorted(trailers(repo))
    assert ["db.run", "app.run"] == repo.plan().ids
