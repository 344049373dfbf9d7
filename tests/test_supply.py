"""What is installed, and from where code comes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import List

import pytest

from tests.build import PATIENCE, ROOT, Repo
from tests.lowest import lowest

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
    A repository may be any user's. The installed command, and `-m` as far as Python lets us: from 3.11 on with -P.
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


def built(source: Path, folder: Path, umask: int) -> Path:
    """The wheel of a source tree, built under other circumstances."""
    env = {**os.environ, "TZ": "Asia/Tokyo" if umask == 0o077 else "UTC"}
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(["sh", "-c", f'umask {umask:o}; exec "$@"', "sh", *command], env=env, check=True, timeout=PATIENCE)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    """
    From two copies with other times, in folders of other names, with another umask and clock; and nothing but the
    package is in it.
    """
    wheels = []
    for number, umask in enumerate((0o022, 0o077)):
        source = tmp_path / f"source{'x' * number}"
        source.mkdir()
        for name in ("hatch_build.py", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source)
        for name in ("stagectl", "fixtures"):
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in source.rglob("*"):
            os.utime(path, (number * 1e9 + 1e8,) * 2)
        wheels.append(built(source, tmp_path / f"wheel{number}", umask))

    assert wheels[0].name == wheels[1].name and wheels[0].read_bytes() == wheels[1].read_bytes()
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheels[0]).namelist()}
    assert all(top == "stagectl" or top.endswith(".dist-info") for top in tops), tops


def test_the_lowest_versions_are_those_of_the_project() -> None:
    """
    What CI installs as the lowest (`tests/lowest.py`) names each library that is needed, with its lowest version.
    """
    found = lowest()

    assert len(found) == (ROOT / "pyproject.toml").read_text().split("\ndependencies = [")[1].split("]")[0].count(">=")
    assert {"GitPython", "jsonschema", "lark", "ruamel.yaml", "ruamel.yaml.clib", "typer", "graphlib-backport"} == {
        line.split("==")[0] for line in found
    }


@pytest.mark.parametrize("page", ["security.md", "testing.md"])
def test_each_proof_that_is_named_exists(page: str) -> None:
    """
    `tests/...py::test_...` and folders in the page are tests that there are.
    """
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[a-z_/]+(?:\.py)?)(?:::(test_\w+))?`", text)

    assert len(named) > 20
    for path, test in named:
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{test}"
