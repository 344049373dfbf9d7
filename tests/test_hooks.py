"""The hooks that users put into their repositories' pre-commit config, installed and run by pre-commit itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from tests.build import ROOT, Repo

pytestmark = pytest.mark.once


def published(folder: Path) -> Path:
    """A clone of this project as it is now, for pre-commit to install from."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for path in filter(None, listed.split("\0")):
        if (ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    clone = Repo(folder, init=False).begin_with_git()
    clone.commit("as it is")
    return folder


def pre_commit(repo: Repo, *hooks: str, every: bool = True) -> Tuple[int, str]:
    """Run hooks for every file, or for what the index would commit."""
    environment = {**os.environ, "PRE_COMMIT_HOME": str(repo.root.parent / "pre-commit"), "PRE_COMMIT_COLOR": "never"}
    codes, texts = [], []
    for hook in hooks:
        done = subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", *(["--all-files"] if every else []), hook],
            cwd=repo.root,
            env=environment,
            capture_output=True,
            text=True,
        )
        codes.append(done.returncode)
        texts.append(done.stdout + done.stderr)
    return max(codes), "\n".join(texts)


def entries() -> Dict[str, List[str]]:
    """The command line of each hook, as `.pre-commit-hooks.yaml` has it."""
    lines = [line.strip(" -").partition(": ") for line in (ROOT / ".pre-commit-hooks.yaml").read_text().splitlines()]
    found = [value for key, _, value in lines if key in ("id", "entry")]
    return {name: entry.split() for name, entry in zip(found[::2], found[1::2])}


def test_what_the_hooks_run_lets_good_commits_pass_and_stops_bad_ones(repo: Repo) -> None:
    """
    Their command lines in this process: a dangling reference, and a changed definition that was not staged.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"port": "${db.port}"}).apply_all()

    def codes() -> Dict[str, int]:
        return {name: repo.run(*words[1:]).code for name, words in entries().items()}

    assert 2 == (ROOT / ".pre-commit-hooks.yaml").read_text().count("  always_run: true")
    assert {"stagectl-validate": 0, "stagectl-staged-is-current": 0} == codes()
    repo.define("db", inputs={"port": 2})
    assert {"stagectl-validate": 0, "stagectl-staged-is-current": 1} == codes()
    repo.stage().define("app", inputs={"port": "${db.prt}"})
    assert {"stagectl-validate": 1, "stagectl-staged-is-current": 1} == codes()


@pytest.mark.full
def test_both_hooks_let_good_commits_pass_and_stop_bad_ones(repo: Repo, tmp_path: Path) -> None:
    """
    A dangling reference stops the first; a changed or deleted definition that was not staged stops the second; so do
    those of a project in a folder, set up as docs/tasks/pre-commit.md says.
    """
    source = published(tmp_path / "stagectl")
    page = (ROOT / "docs/tasks/pre-commit.md").read_text().split("```yaml\n")[1:]
    top, infra = (text.partition("```")[0].split("hooks:\n")[1] for text in page)
    rev = Repo(source, init=False).git("rev-parse", "HEAD").strip()
    repo.write(
        ".pre-commit-config.yaml", f"repos:\n  - repo: {source.as_uri()}\n    rev: {rev}\n    hooks:\n{top}{infra}"
    )
    folder = Repo(repo.top, init=False, folder="infra").write("stagectl.yaml", "").kind("service")
    folder.commit()
    repo.define("db", inputs={"port": 1}).define("app", inputs={"port": "${db.port}"}).apply_all()

    code, text = pre_commit(repo, "stagectl-validate", "stagectl-staged-is-current")
    assert 0 == code, text
    assert 4 == text.count("Passed"), text

    repo.git("rm", "-q", "resources/app.yaml")  # a commit that only deletes
    code, text = pre_commit(repo, "stagectl-staged-is-current", every=False)
    assert 1 == code and "- app.remove\n" in text, text
    repo.git("reset", "-q", "--hard")

    repo.define("db", inputs={"port": 2})
    code, text = pre_commit(repo, "stagectl-validate")
    assert 0 == code, text
    code, text = pre_commit(repo, "stagectl-staged-is-current")
    assert 1 == code, text
    assert "~ db.update\nNot staged yet. Next: stagectl stage\n" in text

    repo.stage().define("app", inputs={"port": "${db.prt}"})
    code, text = pre_commit(repo, "stagectl-validate")
    assert 1 == code, text
    assert "resources/app.yaml:7:11: ${db.prt}: 'db' has no input 'prt'; did you mean 'port'?" in text

    repo.define("app", inputs={"port": "${db.port}"}).stage()
    folder.define("db", inputs={"port": 1}).commit()
    code, text = pre_commit(repo, "infra-validate", "infra-staged-is-current")
    assert 1 == code and 1 == text.count("Passed"), text
    assert "+ db.run\nNot staged yet. Next: stagectl -C infra stage\n" in text
    folder.stage().define("app", inputs={"port": "${db.prt}"}).commit()
    code, text = pre_commit(repo, "infra-validate")
    assert 1 == code, text
    assert "infra/resources/app.yaml:7:11: ${db.prt}: 'db' has no input 'prt'; did you mean 'port'?" in text
    code, text = pre_commit(repo, "stagectl-validate")  # by its id, in both projects
    assert 1 == code and 1 == text.count("Passed") == text.count("Failed"), text
