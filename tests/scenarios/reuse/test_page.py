"""The page about many that are alike does what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.build import ROOT, Repo


def test_the_files_and_commands_of_the_page_work(tmp_path: Path) -> None:
    """
    In the example shop, one after the other, as a reader would write and type them.
    """
    repo = Repo(tmp_path, init=False, folder="").begin_with_git()
    repo.ok("init", "--example")
    repo.commit()
    page = (ROOT / "docs/tasks/many-alike.md").read_text()

    for language, block in re.findall(r"^```(yaml|sh)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        if language == "yaml":
            repo.write(block.partition("\n")[0][2:], block)
            assert "All is well" in repo.ok("validate").out
        for line in block.splitlines() if language == "sh" else ():
            out = repo.ok(*shlex.split(line, comments=True)[1:]).out
            assert "    port: 8443   (resources/staging/site.yaml:6)\n" in out or "show" not in line

    assert "  azure: {port: 9002}\n" in repo.read("resources/shop.yaml")
    assert 'image: "nginx:1.28"' in repo.read("resources/prod/site.yaml")
    assert not (repo.root / ".staged/shop/blue.yaml").exists()
