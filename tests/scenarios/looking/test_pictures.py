"""Pictures through the real command line."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.build import ROOT, Repo
from tests.make_pictures import readme_plan


def shop(repo: Repo) -> Repo:
    """db changed and app reads it; web is not live yet."""
    repo.define("p/db", inputs={"port": 1}).define("p/app", inputs={"port": "${./db.port}"}).apply_all()
    repo.define("p/db", inputs={"port": 2}).define("p/web", inputs={"up": "${./app.port}"}).define("alone").stage()
    return repo


def test_a_plan_and_the_resources_as_svg(repo: Repo) -> None:
    """
    With full change ids in the one and planned actions in the other; of a named resource only what it has to do with.
    """
    shop(repo)

    plan = repo.ok("plan", "--format", "svg").out
    graph = repo.ok("graph", "p/db", "--format", "svg").out

    assert all(f"{change}<" in plan for change in ("~ p/db.update", "~ p/app.update", "+ p/web.run", "+ alone.run"))
    assert all(f">{words}<" in graph for words in ("~ p/db", "~ p/app", "+ p/web"))
    assert "alone" not in graph
    assert [ElementTree.fromstring(text).tag for text in (plan, graph)] == ["{http://www.w3.org/2000/svg}svg"] * 2


def test_the_graph_is_drawn_where_there_can_be_no_plan(repo: Repo) -> None:
    """
    A ring of inputs makes a plan impossible; the resources are shown without actions.
    """
    repo.write(".staged/a.yaml", "---\nkind: service\n---\ninputs: {x: '${b.x}'}\n")
    repo.write(".staged/b.yaml", "---\nkind: service\n---\ninputs: {x: '${a.x}'}\n").commit()

    assert 1 == repo.run("plan").code
    drawn = repo.ok("graph", "--format", "svg").out
    assert ">a<" in drawn and ">b<" in drawn and "service, staged" in drawn


def test_the_readme_shows_what_its_command_makes(tmp_path: Path) -> None:
    """
    Byte for byte; to make it anew: python -m tests.make_pictures.
    """
    assert readme_plan(tmp_path / "shop") == (ROOT / "docs/images/plan.svg").read_text(encoding="utf-8")


def test_the_screenshots_of_the_docs_are_small() -> None:
    """
    A clone stays quick.
    """
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs/images").glob("*.png")}

    assert {"comment.png", "plan-60.png", "plan-500.png"} == sizes.keys()
    assert all(size < 200_000 for size in sizes.values())
