"""What commands load: a list that grows only on purpose, since people wait for every module."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import List

import pytest

from tests.build import PATIENCE, ROOT, Repo

ALLOWED = {  # the modules of each room
    "": "__main__ version",
    "adapters": "clock files trace",
    "adapters.applied": "form index store",
    "adapters.git": "git names objects place prefetch process project",
    "adapters.running": "run_folders",
    "adapters.worktree": "changed_files folders new_files tree untracked",
    "cli": "colours common completion overview parser place planning",
    "core": "address config diff errors forms graph model observed once printable "
    "references stamps standing values word",
    "core.indexing": "impact line shards usage",
    "core.planning": "moves resolve situation",
    "core.plans": "document globs plan selection tags",
    "core.schemas": "json_schema outputs quick schema settings words",
    "usecases.applying": "interrupted",
    "usecases.planning": "incremental kind_files plan",
    "usecases.repository": "workspace",
    "views": "differences text",
    "views.plans": "plan_json",
}
FORBIDDEN = "git sqlite3 rich jsonschema lark ruamel _ruamel_yaml asyncio difflib multiprocessing".split()


def loaded(repo: Repo, *words: str) -> List[str]:
    code = (
        "import json, sys\nfrom stagectl.__main__ import main\n"
        f"main({list(words)!r})\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repo.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    return [str(name) for name in json.loads(done.stderr.splitlines()[-1])]


@pytest.mark.parametrize("repo", [""], indirect=True, ids=["top"])  # one in a folder has a config, and reads YAML
def test_what_a_plan_of_nothing_loads(repo: Repo) -> None:
    """
    Starting costs as much as git needs for 50,000 files: what is loaded is a list, and grows only on purpose.
    """
    repo.define("db", inputs={"port": 1}).apply_all().plan()

    names = loaded(repo, "plan", "--format", "json")

    rooms = {f"stagectl.{room}".rstrip("."): modules.split() for room, modules in ALLOWED.items()}
    allowed = [f"{room}.{module}." for room, modules in rooms.items() for module in modules]
    ours = [name for name in names if name.split(".")[0] == "stagectl"]
    assert [] == [name for name in ours if not any(one.startswith(f"{name}.") for one in allowed)]
    assert [] == [name for name in names if name.split(".")[0] in FORBIDDEN if not name.startswith("difflib")]


@pytest.mark.parametrize("words", ["--help", "--version", "plan --help"])
def test_what_help_and_the_version_load(repo: Repo, words: str) -> None:
    """
    Nothing of the repository, and for the list of commands no parser: it is answered as fast as Python starts.
    """
    parts = ("stagectl.usecases", "stagectl.views", "stagectl.core.")
    small = ("stagectl.core.errors", "stagectl.core.standing") if words == "plan --help" else ()
    others = () if words == "plan --help" else ("typer", "rich", "click", *FORBIDDEN)

    names = loaded(repo, *words.split())

    assert [] == [name for name in names if name.startswith(parts) and name not in small]
    assert [] == [name for name in names if name.split(".")[0] in others]
