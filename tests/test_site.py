"""What people read: the page of options, manual pages, what a release needs."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from stagectl.cli import GROUPS
from tests.build import PATIENCE, ROOT, Repo

COMMANDS = [name for group in GROUPS.values() for name in group]


def reference() -> Any:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_options_has_every_option_of_every_command(repo: Repo) -> None:
    """
    As its help has them, each in a row with its words.
    """
    page = reference().options_page()

    assert COMMANDS == re.findall(r"^## (.*)$", page, re.MULTILINE)
    for command in COMMANDS:
        part = page.partition(f"## {command}\n")[2].partition("\n## ")[0]
        for option in re.findall(r"^  (?:-\w, )?(--[a-z-]+)", repo.ok(command, "--help").out, re.MULTILINE):
            assert option == "--help" or f"{option}" in part, f"{command} {option}"


def test_manual_pages_are_made_for_every_command(tmp_path: Path) -> None:
    """
    With name, usage, options and examples; no line of text is taken for a request to the formatter.
    """
    done = subprocess.run(
        [sys.executable, "docs/reference.py", str(tmp_path)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip

    assert (0, "") == (done.returncode, done.stderr)
    assert sorted(["stagectl.1", *(f"stagectl-{name}.1" for name in COMMANDS)]) == sorted(
        path.name for path in tmp_path.iterdir()
    )
    for path in tmp_path.iterdir():
        requests = {line.split()[0] for line in path.read_text("utf-8").splitlines() if line.startswith((".", "'"))}
        assert requests <= {".TH", ".SH", ".SS", ".TP", ".B", ".BR"}


def release() -> Any:
    spec = importlib.util.spec_from_file_location("release", ROOT / "ci/release.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_tag_is_released_only_if_version_and_changelog_have_it(tmp_path: Path) -> None:
    """
    Both are said at once.
    """
    module = release()
    module.ROOT = tmp_path
    (tmp_path / "stagectl").mkdir()
    (tmp_path / "stagectl/version.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-31\n")

    assert [] == module.problems("v1.2.3")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n")
    assert [
        "the tag is v1.2.4, and stagectl/version.py says 1.2.3",
        "CHANGELOG.md has no line '## [1.2.3] - YYYY-MM-DD'",
    ] == module.problems("v1.2.4")


def test_the_list_of_what_is_installed_has_versions_and_hashes() -> None:
    """
    A CycloneDX document of what the lock file names.
    """
    document = json.loads(json.dumps(release().sbom()))

    assert ("CycloneDX", "1.5") == (document["bomFormat"], document["specVersion"])
    names = [component["name"] for component in document["components"]]
    lock = (ROOT / "ci/locks/stagectl.txt").read_text("utf-8")
    assert names == re.findall(r"^([\w.-]+)==", lock, re.MULTILINE) and "typer" in names
    assert all(component["hashes"] for component in document["components"])
