"""In real shells, on a terminal: the tutorial as a reader pastes it, and what zsh and fish complete."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.build import PATIENCE, Repo
from tests.tutorial import PAGE
from tests.typed import Typed, on_path, on_screen, plain, require

pytestmark = pytest.mark.once

PROMPT = "ready to type> "


@pytest.mark.full
def test_the_tutorial_is_pasted_block_by_block(tmp_path: Path) -> None:
    """
    Into bash, in an empty folder, by a reader who has given git a name and nothing else: each block says what the page
    says, and only what the page says fails does.
    """
    Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text("[user]\n\tname = Ada\n\temail = ada@example.com\n")
    folder, rc = tmp_path / "shop", tmp_path / "rc"
    folder.mkdir()
    rc.write_text(f"PS1='{PROMPT}'\nHISTFILE=\nexport GIT_PAGER=cat\ntrap 'echo \"it failed with $?\"' ERR\n")
    blocks = re.findall(r"^```(sh|text)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)

    with Typed(["bash", "--noprofile", "--rcfile", str(rc), "-i"], folder, on_path(tmp_path / "bin")) as shell:
        shell.wait(PROMPT)
        for sort, block in blocks:
            if sort == "sh":
                shell.paste(block)
                said = shell.wait(f"\n(?:.*\r)?(?:\x1b[^\n]*)?{PROMPT}")
                shown = "\n".join(map(plain, on_screen(said)))
                assert shown.count("it failed") == shown.count("cannot be removed"), shown
            else:
                assert block in f"{shown}\n", shown

    assert "check --accept: prod/db\n" in Repo(folder, init=False, folder="").git("log", "--format=%s")


@pytest.fixture
def shop(repo: Repo) -> Repo:
    """A resource, and a kind whose inputs are known."""
    schema = {"type": "object", "properties": {"port": {}, "pool": {}}}
    repo.kind("service", inputs=schema).define("prod/db", inputs={"port": 1}).commit()
    return repo.stage()


ASKED = [
    ("stagectl pla", "stagectl plan"),
    ("stagectl plan prod/", "stagectl plan prod/db"),
    ("stagectl plan --detailed", "stagectl plan --detailed-exitcode"),
    ("stagectl update prod/db --set po", "pool= port="),
    ("stagectl update prod/db --set por", "stagectl update prod/db --set port="),
]


def test_zsh_completes_at_a_press_of_tab(shop: Repo, tmp_path: Path) -> None:
    """
    With its own completion, and the script as the page says: what is alone is filled in, of several there is a list.
    """
    zsh = require("zsh")
    (tmp_path / ".zshrc").write_text(
        f"autoload -Uz compinit && compinit -u -d {tmp_path}/dump\nPS1='{PROMPT}'\nPROMPT_EOL_MARK=\n"
        'unsetopt beep\neval "$(stagectl completion zsh)"\n'
    )
    env = {**on_path(tmp_path / "bin"), "ZDOTDIR": str(tmp_path), "TERM": "dumb"}
    with Typed([zsh, "-d", "-i"], shop.root, env) as shell:
        shell.wait(PROMPT)
        for line, expected in ASKED:
            shell.type(f"{line}\t")
            words = [f"{re.escape(word)}(?:\\s|$)" for word in expected.split()] if "= " in expected else []
            shell.wait(".*".join(words) or f"{re.escape(expected)}")
            shell.type("\x15\r")
            shell.wait(PROMPT)


def test_fish_completes_what_it_is_asked_for(shop: Repo, tmp_path: Path) -> None:
    """
    By its own command that answers as a press of Tab does; of files there are none.
    """
    fish = require("fish")
    env = {**on_path(tmp_path / "bin"), "XDG_DATA_HOME": str(tmp_path)}
    for line, expected in ASKED:
        script = f"stagectl completion fish | source; complete -C '{line}'"
        done = subprocess.run(
            [fish, "--no-config", "-c", script],
            cwd=shop.root,
            env=env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        words = expected.split() if "= " in expected else expected.split()[-1:]
        assert (sorted(words), "") == (sorted(done.stdout.split()), done.stderr), line
