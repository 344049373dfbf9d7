"""Makes the pictures of the README and the docs: `.venv/bin/python -m tests.make_pictures`."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from stagectl.views.pages.page import plan_page
from tests.build import ROOT, Repo
from tests.fleet import fleet_plan

IMAGES = ROOT / "docs" / "images"
SIZE = (1240, 720)
COMMENT_SIZE = (860, 1115)


# A comment as hosting sites show one: their widths, sizes and colours, without their names.
COMMENT_STYLE = """
body { margin: 0; padding: 20px 24px; width: 812px; font: 14px/1.5 sans-serif; color: #1f2328; background: #fff }
h3 { font-size: 17.5px; margin: 0 0 16px } p, table, pre, details, blockquote { margin: 0 0 14px }
table { border-collapse: collapse } td, th { border: 1px solid #d1d9e0; padding: 6px 13px; text-align: left }
tr:nth-child(2n) { background: #f6f8fa } code { background: #eff1f3; padding: .15em .4em; border-radius: 6px }
code, pre { font: 12px/1.45 monospace } pre { background: #f6f8fa; padding: 14px; border-radius: 6px }
pre code { padding: 0 }
blockquote { border-left: 4px solid #9a6700; padding: 0 14px } summary { cursor: pointer }
.add { color: #116329; background: #dafbe1 } .gone { color: #82071e; background: #ffebe9 } .warning { color: #9a6700 }
"""


def the_shop(folder: Path) -> Repo:
    """A repository with the shop, all of it live."""
    repo = Repo(folder, init=False).begin_with_git()
    repo.ok("init", "--example")
    return repo.apply_all()


def comment(folder: Path) -> str:
    """A plan's comment as a page: two values change, a resource goes, prod is held back."""
    from markdown_it import MarkdownIt

    repo = the_shop(folder)
    repo.ok("update", "staging/db", "--set", "port=15433")
    repo.ok("update", "shared/registry", "--set", "url=registry.shop.example:5443")
    repo.ok("remove", "staging/cache", "--detach")
    text = repo.ok("plan", "-t", "not prod", "--format", "markdown").out
    body = MarkdownIt("gfm-like", {"html": True}).render(text)
    body = body.replace("[!WARNING]", "<b class=warning>&#9888; Warning</b><br>")
    body = re.sub(r"(?m)^(<pre><code[^>]*>)?(\+ .*)$", r'\1<span class="add">\2</span>', body)
    body = re.sub(r"(?m)^(<pre><code[^>]*>)?(- .*)$", r'\1<span class="gone">\2</span>', body)
    return f"<!doctype html><meta charset=utf-8><style>{COMMENT_STYLE}</style>{body}"


def readme_plan(folder: Path) -> str:
    """The plan of the README as SVG: the shop's staging environment, with a change that prod does not get yet."""
    repo = the_shop(folder)
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
            page = Path(scratch) / "comment.html"
            page.write_text(comment(Path(scratch) / "commented"), encoding="utf-8")
            window.driver.set_window_size(*COMMENT_SIZE)
            window.open(page).screenshot(IMAGES / "comment.png", *COMMENT_SIZE)
            for number, cells in (("60", 6), ("500", 50)):
                page = Path(scratch) / "page.html"
                page.write_text(plan_page(fleet_plan(cells)), encoding="utf-8")
                window.driver.set_window_size(*SIZE)
                window.open(page).screenshot(IMAGES / f"plan-{number}.png", *SIZE)


if __name__ == "__main__":
    main()
