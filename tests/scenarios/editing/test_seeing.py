"""`diff`, `graph` and `--explain`."""

from __future__ import annotations

import pytest

from tests.build import Repo


def test_diff_compares_values_not_text(shop: Repo) -> None:
    """
    Staged against applied, the definitions against staged, and between commits; children follow.
    """
    shop.define("db", tags=["prod", "x"], inputs={"port": 1})
    assert "~ db\n    tags: prod -> prod, x\n    port: 5432 -> 1\n~ app\n" not in shop.ok("diff").out
    assert (
        '~ app\n    db: "p:5432" -> "p:1"\n~ db\n    tags: prod -> prod, x\n    port: 5432 -> 1\n'
        == shop.ok("diff", "--unstaged").out
    )
    shop.stage()
    assert "~ db\n    tags: prod -> prod, x\n    port: 5432 -> 1\n" == shop.ok("diff", "db").out
    assert "~ db\n    tags: prod -> prod, x\n    port: 5432 -> 1\n" == shop.ok("diff", "-t", "x").out
    assert [{"path": "port", "op": "replace", "before": 5432, "after": 1}] == shop.ok(
        "diff", "db", "--from", "stagectl/applied", "--to", "HEAD", "--json"
    ).json()[0]["diff"]


def test_diff_of_what_is_not_staged_leaves_out_what_is_read_alone(repo: Repo) -> None:
    """
    A new definition reads what is settled, or an edit is taken back whose reader follows: each side has them all.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"}).apply_all()
    repo.define("db", inputs={"port": 2}).stage().define("db", inputs={"port": 1})
    assert "~ app\n    db: 2 -> 1\n~ db\n    port: 2 -> 1\n" == repo.ok("diff", "--unstaged").out
    repo.stage().define("new", inputs={"app": "${app.db}"})

    assert "+ new\n    app: 1\n" == repo.ok("diff", "--unstaged").out


def test_diff_looks_at_definitions_only_where_it_compares_them(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A definition that cannot be read stops no comparison of what is staged, also where everything is read.
    """
    repo.define("db", inputs={"port": 1}).apply_all().define("db", inputs={"port": 2}).stage()
    repo.write("resources/db.yaml", "a: [")
    for cache in ("on", "off"):
        monkeypatch.setenv("STAGECTL_CACHE", cache)
        assert "~ db\n    port: 1 -> 2\n" == repo.ok("diff").out
        assert "resources/db.yaml:2:1: not YAML: " in repo.run("diff", "--unstaged").err


def test_diff_leaves_out_what_never_came_to_be(repo: Repo) -> None:
    """
    What failed to run, and is not staged any longer, has no values on either side.
    """
    repo.define("db", inputs={"port": 1}).apply_all().fail("new.run")
    repo.define("new", inputs={"port": 1}).stage().apply()
    repo.delete("new").stage()

    assert "No value differs.\n" == repo.ok("diff").out
    assert "error: there is no resource 'new'\nhint: the resources there are: db\n" == repo.run("diff", "new").err


def test_graph_shows_who_has_to_do_with_whom(shop: Repo) -> None:
    """
    As text, DOT and Mermaid; of resources by name or tag with all they have to do with.
    """
    shop.define("alone", tags=["test"]).stage()
    assert shop.ok("graph", "db").out == "app  (service)\n    reads: db\ndb  (service)\n"
    assert shop.ok("graph", "db").out == shop.ok("graph", "-t", "prod", "--format", "text").out
    assert "alone  (service, staged)\n" == shop.ok("graph", "-t", "test").out
    shop.ok("discard", "alone")
    assert '  "db" -> "app" [style=solid];' in shop.ok("graph", "--format", "dot").out
    assert shop.ok("graph", "--format", "mermaid").out == 'flowchart LR\n  n0["app"]\n  n1["db"]\n  n1 --> n0\n'


def test_explain_leads_to_file_and_line(shop: Repo) -> None:
    """
    From a child down to the line of the value that started it.
    """
    shop.ok("update", "db", "--set", "port=1")

    assert shop.ok("plan", "--explain", "app").out == (
        "~ app.update  (reads db.update)\n"
        '    db: "p:5432" -> "p:1"\n'
        "  ~ db.update  (staged)\n"
        "      port: 5432 -> 1  [resources/db.yaml:7]\n"
    )
