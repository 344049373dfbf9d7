"""Makes the pictures of the README and the docs: `.venv/bin/python -m tests.make_pictures`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from stagectl.views.pages.page import plan_page
from tests.build import ROOT, Repo
from tests.fleet import fleet_plan

IMAGES = ROOT / "docs" / "images"
SIZE = (1240, 720)


def readme_plan(folder: Path) -> str:
    """The plan of the README as SVG: the shop's staging environment, with a change that prod does not get yet."""
    repo = Repo(folder, init=False)
    folder.mkdir()
    repo.git("init", "-q", "-b", "main")
    repo.git("config", "user.name", "Ada")
    repo.git("config", "user.email", "ada@example.com")
    repo.ok("init", "--example")
    repo.apply_all()
    repo.ok("update", "staging/db", "--set", "port=5433")
    repo.ok("update", "shared/registry", "--set", "url=registry.shop.example:5443")
    repo.ok("create", "staging/search", "--kind", "service", "--set", "port=9200", "--set", "image=search:1")
    return repo.ok("plan", "-t", "not prod", "--format", "svg").out


def main() -> None:
    from tests.browser import browser

    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.update(HOME=scratch, NO_COLOR="1")
        (IMAGES / "plan.svg").write_text(readme_plan(Path(scratch) / "shop"), encoding="utf-8")
        with browser(Path(scratch) / "profile") as window:
            for number, cells in (("60", 6), ("500", 50)):
                page = Path(scratch) / "page.html"
                page.write_text(plan_page(fleet_plan(cells)), encoding="utf-8")
                window.driver.set_window_size(*SIZE)
                window.open(page).screenshot(IMAGES / f"plan-{number}.png", *SIZE)


if __name__ == "__main__":
    main()
