"""The first thing a user sees: the list of commands, the help of each, and what starts fast."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from stagectl.cli import GROUPS, app_for
from stagectl.cli.examples import EXAMPLES
from tests.build import PATIENCE, ROOT, Repo

LISTED = [name for group in GROUPS.values() for name in group]


def test_the_list_has_every_command_in_one_line_that_no_terminal_cuts(repo: Repo) -> None:
    """
    `-h`, `--help`, `help`, and nothing at all (which is a usage error) print it, at most 80 columns wide.
    """
    text = repo.ok("--help").out

    assert [text] * 2 == [repo.ok("-h").out, repo.ok("help").out]
    done = subprocess.run(
        [sys.executable, "-m", "stagectl"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (64, "", text) == (done.returncode, done.stdout, done.stderr)
    assert LISTED == re.findall(r"^  ([a-z]+)  ", text, re.MULTILINE)
    assert list(GROUPS) == [line[:-1] for line in text.splitlines() if line.endswith(":") and line[:-1] in GROUPS]
    assert [] == [line for line in text.splitlines() if len(line) > 80 or "..." in line.replace("]...", "")]


@pytest.mark.parametrize("command", LISTED)
def test_help_of_a_command_ends_with_two_examples(repo: Repo, command: str) -> None:
    """
    Whole lines to paste, each of this command; `help COMMAND` is `COMMAND --help`; nothing is cut.
    """
    text = repo.ok(command, "--help").out

    assert text == repo.ok("help", command).out
    assert len(EXAMPLES[command]) == 2 and "..." not in text.replace("]...", "").replace("NAME...", "").replace(
        "COMMIT...", ""
    )
    for line, _ in EXAMPLES[command]:
        assert f"\n  {line}\n" in text
        assert any(part.split()[1:2] == [command] for part in re.split(r"&&|\$\(", line))


def test_nothing_is_an_example_of_a_command_that_there_is_not() -> None:
    """
    The table of examples has the commands of the list, and no others.
    """
    assert sorted(LISTED) == sorted(EXAMPLES)


NEEDS_MORE = {"stop", "unlock", "worker", "resume"}  # a run or a lock that there is, a scheduler that answers
LIVE = """echo '{"inputs": {"image": "x", "port": 8}}' > world/prod/old.json"""  # nothing of it is known to stagectl
BEFORE = {
    "adopt": LIVE,
    "stagectl adopt -t prod --accept": f"{LIVE}; stagectl create prod/old --kind service --set port=9 --set image=x",
    "promote": "git checkout -q -- resources",
    "revert": "git checkout -q -- resources && stagectl apply --yes",
    "stagectl init --example": "git rm -r -f -q . && git commit -q -m empty && rm -rf kinds resources",
}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shop and a remote: all is live, and each environment has an edit staged and one that is not."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "bin").mkdir()
    (folder / "bin/stagectl").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m stagectl "$@"\n')
    (folder / "bin/stagectl").chmod(0o755)
    (folder / "home/.config/fish/completions").mkdir(parents=True)
    run(
        folder,
        "mkdir ../shop && git init -q -b main ../shop && git init -q --bare ../remote && cd ../shop",
        "git config user.name Ada && git config user.email ada@example.com && git remote add origin ../remote",
        "stagectl init --example && git add -A && git commit -q -m shop && stagectl stage && stagectl apply --yes",
        "stagectl update staging/db --set port=15432 && stagectl update prod/db --set port=25432",
        "stagectl plan -t staging --out plan.json",
        "sed -i 's/port: 8080/port: 8081/' resources/*/app.yaml",
        inside="home",
    )
    return folder


def run(folder: Path, *lines: str, inside: str = "shop") -> str:
    """Have a shell run lines; return what they print where one of them fails, "" where they all succeed."""
    environment = {
        **os.environ,
        "HOME": str(folder / "home"),
        "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    script = "set -e\n" + "\n".join(lines)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder / inside, env=environment, capture_output=True, text=True, timeout=300
    )
    return f"{script}: {done.stdout}{done.stderr}" if done.returncode else ""


@pytest.mark.once
@pytest.mark.parametrize("command", [name for name in LISTED if name not in NEEDS_MORE])
def test_the_examples_run_in_the_shop(template: Path, tmp_path: Path, command: str) -> None:
    """
    By a shell, as they stand; what they ask is answered beforehand.
    """
    for number, (line, _) in enumerate(EXAMPLES[command]):
        folder = tmp_path / str(number)
        shutil.copytree(template, folder, symlinks=True)
        yes = " --yes" if command == "apply" else ""

        assert "" == run(folder, BEFORE.get(line, BEFORE.get(command, "true")), line + yes)


@pytest.mark.parametrize("command", sorted(NEEDS_MORE))
def test_the_other_examples_are_command_lines(command: str) -> None:
    """
    The parser takes them.
    """
    parser = typer.main.get_command(app_for([command])).commands[command]  # type: ignore[attr-defined]
    for line, _ in EXAMPLES[command]:
        for part in line.split(" && "):
            words = shlex.split(part)
            if words[1] == command:
                assert parser.make_context(command, words[2:]).params


def test_json_is_found_where_it_is_a_format(repo: Repo) -> None:
    """
    `--json` is a usage error there, whose hint has what works.
    """
    assert repo.run("plan", "--json").err.endswith("\nhint: for JSON: --format json\n")
    assert repo.run("graph", "--json").err.endswith("\nhint: see: stagectl graph --help\n")
