"""What is installed, and from where code comes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from tests.build import PATIENCE, Repo

pytestmark = pytest.mark.once

TRAPS = """
git yaml ruamel ruamel/yaml _ruamel_yaml typer click rich jsonschema referencing rpds lark graphlib cryptography dask
distributed sitecustomize usercustomize json subprocess typing hashlib sqlite3 signal readline dataclasses __future__
""".split()


@pytest.fixture
def trapped(repo: Repo) -> Repo:
    """A repository with modules in it that say so when they are imported, and what else Python might look at."""
    repo.define("db", inputs={"v": 1, "w": "${env:HOME}"}, tags=["x"]).define("app", inputs={"p": "${db.v}"})
    for name in TRAPS:
        for path in (f"{name}.py", f"{name}/__init__.py"):
            repo.write(path, f"print('imported {name}'); raise SystemExit(77)\n")
    for path in ("pyvenv.cfg", "python._pth", "python3._pth", "x.pth", "setup.cfg"):
        repo.write(path, "import os; os._exit(77)\n")
    repo.commit()
    return repo


def script(folder: Path) -> List[str]:
    """The command as pip installs it: a script that imports the package, in a folder of its own."""
    path = folder / "stagectl"
    path.write_text(f"#!{sys.executable}\nimport sys\nfrom stagectl.__main__ import entry\nsys.exit(entry())\n")
    path.chmod(0o755)
    return [str(path)]


@pytest.mark.parametrize("way", ["stagectl", "python -m stagectl", "python -P -m stagectl"])
def test_nothing_is_imported_from_the_current_folder(trapped: Repo, tmp_path: Path, way: str) -> None:
    """
    A repository may be anybody's. The installed command, and `-m` as far as Python lets us: from 3.11 on with -P.
    """
    if way == "python -P -m stagectl" and sys.version_info < (3, 11):
        pytest.skip("this Python has no -P")
    if way != "python -m stagectl":  # which means that one, if there is one
        for name in ("__init__", "__main__"):
            trapped.write(f"stagectl/{name}.py", "print('imported')\n")
    command = script(tmp_path) if way == "stagectl" else [sys.executable, *way.split()[1:]]
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    for words in (
        "plan --format json",
        "status",
        "stage",
        "plan -t x --format svg",
        "apply --yes",
        "plan --head HEAD",
        "verify",
    ):
        done = subprocess.run(
            [*command, *words.split()], cwd=trapped.root, env=env, capture_output=True, text=True, timeout=PATIENCE,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert "imported" not in done.stdout + done.stderr, (words, done.stdout, done.stderr)
        assert done.returncode == 0, (words, done.stderr)
