"""What the docs say is what happens: their commands run, their outputs are seen, their commands and options exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import List, Set

import pytest

from tests.build import PATIENCE, ROOT, Repo
from tests.tutorial import PAGE, rendered


def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    """
    Every command runs, and the outputs are what they say; to write them anew: python -m tests.tutorial.
    """
    page = PAGE.read_text(encoding="utf-8")

    assert page == rendered(page, tmp_path)
    assert page.count("```text") > 4


def test_every_command_has_help_and_a_place_in_the_docs(repo: Repo) -> None:
    """
    And every option that the docs name is one the command has.
    """
    docs = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    commands = re.findall(r"^  ([a-z]+)  ", repo.ok("--help").out, re.MULTILINE)

    assert len(commands) == 34
    for command in commands:
        known = repo.ok(command, "--help").out
        assert re.search(rf"stagectl {command}\b", docs), f"docs/commands.md does not name {command}"
        usage = " ".join(re.findall(rf"`stagectl {command}( [^`]*)`", docs))
        for option in re.findall(r"(?<![\w-])--[a-z-]+", usage):
            assert option in known, f"{command} has no {option}"


EVERY_PAGE = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")])


def sections(page: Path) -> Set[str]:
    """The anchors that a site makes of a page's headings."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower() for title in titles)
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", title).strip()) for title in plain}


def leads_nowhere(page: Path, target: str) -> bool:
    """Whether a link in a page means a file or a section that is not there."""
    path, _, section = target.partition("#")
    found = (page.parent / path) if path else page
    return not found.exists() or bool(section and found.suffix == ".md" and section not in sections(found))


def test_every_link_leads_somewhere() -> None:
    """
    To pages, their sections, pictures and other files.
    """
    lost = [
        (page.relative_to(ROOT).as_posix(), target)
        for page in EVERY_PAGE
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL))
        if "://" not in target and leads_nowhere(page, target)
    ]

    assert [] == lost


def test_every_page_is_in_the_sites_list() -> None:
    """
    None is to be found by its address alone; the list names no page that is not there.
    """
    listed = re.findall(r"^ +- (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)

    assert sorted(listed) == sorted(path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md"))


def test_nothing_on_a_page_is_cut() -> None:
    """
    The site breaks lines of code that are wider than the page, and so does a phone.
    """
    assert "\nextra_css: [site.css]\n" in (ROOT / "mkdocs.yml").read_text("utf-8")
    assert "white-space: pre-wrap" in (ROOT / "docs/site.css").read_text("utf-8")


def shell_lines(page: str) -> List[str]:
    """The command lines of stagectl in a page's blocks, without what a shell would make of their output."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        for line in block.split("\n")
    ]
    return [line.partition(" > ")[0] for line in lines if line.startswith("stagectl ")]


def in_the_shop(repo: Repo) -> None:
    """Everything is live; a value was edited in each environment."""
    repo.ok("stage")
    repo.ok("apply", "--yes")
    for name in ("staging/db", "prod/app"):
        path = f"resources/{name}.yaml"
        repo.write(path, repo.read(path).replace("port: ", "port: 1"))


def in_a_new_repository(repo: Repo) -> None:
    """The kinds of the shop, and nothing defined."""
    repo.git("rm", "-q", "-r", "resources", "stagectl.yaml")
    repo.commit()


def with_prod_staged(repo: Repo) -> None:
    in_the_shop(repo)
    repo.stage()


def with_environments(repo: Repo) -> None:
    """A kind for what differs between environments, as the page has it."""
    in_a_new_repository(repo)
    page = (ROOT / "docs/tasks/promote.md").read_text(encoding="utf-8")
    kind = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0]
    repo.write("kinds/env.yaml", kind).commit()


PAGES = {
    "docs/tasks/promote.md": (with_environments, "prod/web.update: SUCCESS"),
    "docs/tasks/stage-one-environment.md": (in_the_shop, "Applied: "),
    "docs/tasks/restart-something.md": (in_the_shop, "prod/web.restart: SUCCESS"),
    "docs/tasks/adopt-what-is-live.md": (in_a_new_repository, "Applied: 1 recorded"),
    "docs/tasks/remove-safely.md": (in_the_shop, "shared/registry cannot be removed: prod/app, staging/app still read"),
    "docs/review.md": (with_prod_staged, "Applied: "),
}


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_do_what_it_says(page: str, tmp_path: Path) -> None:
    """
    In the shop, one after the other, as a reader would type them; what is asked on a terminal is answered with yes.
    """
    prepare, end = PAGES[page]
    repo = Repo(tmp_path, init=False).begin_with_git()
    repo.ok("init", "--example")
    repo.commit()
    prepare(repo)

    for line in shell_lines(page):
        words = shlex.split(line, comments=True)[1:]
        ran = repo.run(*words, *(["--yes"] if words[0] == "apply" and "plan.json" not in words else []))
        assert ran.code == ("cannot be removed" in end), f"{line}: {ran.out}{ran.err}"
    assert end in ran.out + ran.err, ran.out + ran.err


@pytest.mark.once
def test_the_landing_pages_session_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Its six lines, by a shell, in an empty repository; the editor changes a port, and staging gets it.
    """
    block = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs/index.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)[1]
    repo = Repo(tmp_path / "empty", init=False)
    repo.root.mkdir()
    repo.begin_with_git()
    (tmp_path / "bin").mkdir()
    for name, text in (
        ("stagectl", f'exec {shlex.quote(sys.executable)} -m stagectl "$@"\n'),
        ("editor", 'sed -i "s/port: 5432/port: 5433/" "$1"\n'),
    ):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("EDITOR", "editor")
    script = "set -e\n" + re.sub(r"stagectl apply\b", "stagectl apply --yes", block)

    done = subprocess.run(["sh", "-c", script], cwd=repo.root, capture_output=True, text=True, timeout=PATIENCE)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert 6 == len(block.splitlines()) and "port: 5432 -> 5433" in done.stdout


def test_the_readme_works_in_a_new_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Its block is run by a shell as it stands, with an editor that writes a definition; something is live at the end.
    """
    block = re.findall(r"^## Use it\n\n```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)[
        0
    ]
    editor = tmp_path / "editor"
    text = "---\\nkind: file\\ntags: [prod]\\n---\\ninputs:\\n  path: out/db.txt\\n  content: hello\\n"
    editor.write_text(f'#!/bin/sh\nmkdir -p "$(dirname "$1")"\nprintf "%b" \'{text}\' > "$1"\n')
    editor.chmod(0o755)
    kind = json.dumps({"actions": {"run": ["sh", "-c", "mkdir -p out && echo live > out/db.txt"], "update": ["true"]}})
    setting = (
        "git init -q -b main your-repository && git -C your-repository config user.name Ada && "
        "git -C your-repository config user.email ada@example.com && mkdir your-repository/kinds && "
        f"printf '%s' {shlex.quote(kind)} > your-repository/kinds/file.yaml\n"
    )
    (tmp_path / "bin").mkdir()
    program = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m stagectl "$@"\n'
    (tmp_path / "bin/stagectl").write_text(program)
    (tmp_path / "bin/stagectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("EDITOR", str(editor))
    script = "set -e\n" + setting + block.replace("stagectl apply ", "stagectl apply --yes ")

    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "live\n" == (tmp_path / "your-repository/out/db.txt").read_text()
    assert "db.run" in done.stdout
