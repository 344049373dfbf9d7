"""`stage` brings the staging area up to date with the definitions."""

from __future__ import annotations

from tests.scenarios.staging.world import NOTHING, head, staged, trailers


def test_a_definition_is_copied_byte_for_byte(repo):
    """
    Comments, odd spacing, the order of keys and a missing end of line survive; only the front matter is written anew.
    """
    body = '# comments live on\ninputs:\n  image:   "nginx:1.27"  # pinned\n  port: 0x50\n\n  é: |\n    two\n    lines'
    repo.write("resources/prod/web.yaml", f"---\nkind: service\ntags: [prod, tier=web]  # who\n---\n{body}").stage()

    front = "---\nkind: service\ntags: [prod, tier=web]\nsource: resources/prod/web.yaml\n---\n"

    assert front + body == repo.read(".staged/prod/web.yaml")


def test_a_word_with_a_colon_needs_no_quotes(repo):
    """
    Neither in a tag nor in a value, in a list and in a mapping: between brackets, too, nginx:1.27 is a word.
    """
    repo.write(
        "resources/web.yaml", "---\nkind: service\ntags: [role:web, a=b:c]\n---\ninputs: {image: nginx:1.27}\n"
    ).stage()

    change = repo.plan().change("web.run")

    assert ["a=b:c", "role:web"] == change["tags"]
    assert [{"path": "image", "op": "add", "before": None, "after": "nginx:1.27"}] == change["diff"]


def test_creations_updates_and_removals_are_staged_after_an_edit(repo):
    """
    One stage: a file edited, one deleted, one new; the commit's trailers name the action of each.
    """
    repo.define("old", inputs={"a": 1}).define("gone").define("same", inputs={"a": 1}).apply_all()
    repo.define("old", inputs={"a": 2}).delete("gone").define("new", inputs={"a": 1})

    done = repo.ok("stage")

    assert (
        f"- gone.remove\n+ new.run\n~ old.update\nStaged 3 files in commit {head(repo)[:12]}. Next: stagectl plan\n"
        == done.out
    )
    assert ["gone.remove", "new.run", "old.update"] == trailers(repo)
    assert ["new", "old", "same"] == staged(repo)
    assert ["gone.remove", "new.run", "old.update"] == sorted(repo.plan().ids)


def test_nothing_is_staged_twice(repo):
    """
    A second stage finds nothing to do, writes nothing and makes no commit.
    """
    repo.define("db", inputs={"port": 1}).stage()
    before = head(repo), (repo.root / ".staged/db.yaml").stat().st_mtime_ns

    assert NOTHING == repo.ok("stage").out
    assert before == (head(repo), (repo.root / ".staged/db.yaml").stat().st_mtime_ns)


def test_tags_are_copied_again_each_time(repo):
    """
    The staged tags follow the definition's, both ways; no action comes of it.
    """
    repo.define("db", tags=["prod"]).apply_all()
    repo.define("db", tags=["dev", "tier=data"])

    done = repo.ok("stage")

    assert (
        f"= db  (staged without a change)\nStaged 1 file in commit {head(repo)[:12]}. Next: stagectl plan\n" == done.out
    )
    assert "---\nkind: service\ntags: [dev, tier=data]\nsource: resources/db.yaml\n---\n" in repo.read(
        ".staged/db.yaml"
    )
    assert ([], ["db"]) == (repo.plan().ids, repo.plan().raw["recorded"])
