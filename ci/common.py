"""What the scripts of every hosting site share: stagectl started with a selection, and git."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

_OURS = ("INPUT_TOKEN", "STAGECTL_NOTE_TOKEN")


class Failure(Exception):
    """What went wrong, in words for the log; hint: what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}\n  hint: {hint}" if hint else message)


class Ran(NamedTuple):
    """A program that ended."""

    code: int
    out: str
    err: str


def lines(text: str) -> List[str]:
    """Return the lines of an input that holds one value a line; empty ones do not count."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def selection(names: str, tags: str) -> List[str]:
    """Return names and tag expressions as arguments: each one argument, whatever is in it, never an option."""
    return [*(f"--tag={tag}" for tag in lines(tags)), "--", *lines(names)]


def allowances(names: str) -> List[str]:
    """Return the arguments that let protected resources be removed."""
    return [f"--allow-remove={name}" for name in lines(names)]


def environment() -> Dict[str, str]:
    """Return the environment for stagectl: without the scripts' own token, for actions inherit what stagectl has."""
    return {key: value for key, value in os.environ.items() if key not in _OURS}


def acting_as(name: str, mail: str) -> Dict[str, str]:
    """Return the environment for an apply whose commit is made by this person."""
    person = {"AUTHOR_NAME": name, "AUTHOR_EMAIL": mail, "COMMITTER_NAME": name, "COMMITTER_EMAIL": mail}
    return {**{f"GIT_{key}": value for key, value in person.items()}, **environment()}


def stagectl_apply(*arguments: str, name: str, mail: str) -> None:
    """Run `stagectl apply`; raises Failure. Not captured: a reader of the log sees each change end."""
    code = subprocess.call(["stagectl", "apply", *arguments], env=acting_as(name, mail), stdin=subprocess.DEVNULL)
    if code:
        raise Failure(f"stagectl apply exited with {code}")


def run(*arguments: str, env: Optional[Dict[str, str]] = None) -> Ran:
    """Run a program and keep what it says."""
    env = environment() if env is None else env
    done = subprocess.run(arguments, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def git(*arguments: str) -> str:
    """Return what git prints; raises Failure with git's own words."""
    done = run("git", *arguments)
    if done.code:
        raise Failure(f"git {arguments[0]}: {done.err.strip()}")
    return done.out


def enter(folder: str) -> None:
    """Go to the folder of the project; raises Failure where there is none."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise Failure(f"the working directory {folder}: {error.strerror}", "name a folder of the repository") from None


def project() -> str:
    """Return the folder of the project around the current one, as plans name it: the nearest with a config."""
    folder = Path(git("rev-parse", "--show-prefix").rstrip("\n"))
    top = Path(git("rev-parse", "--show-toplevel").rstrip("\n"))
    found = [each for each in (folder, *folder.parents) if (top / each / "stagectl.yaml").exists()]
    return "" if not found or str(found[0]) == "." else str(found[0])


def check_clone() -> None:
    """Refuse a clone without history: it has neither the applied branch nor what it contains."""
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        raise Failure("this clone has no history", "check out with fetch-depth: 0 (GitLab: GIT_DEPTH: 0)")


def read_plan(path: Path) -> Dict[str, Any]:
    """Return a plan that stagectl wrote."""
    with open(path, encoding="utf-8") as file:
        raw: Dict[str, Any] = json.load(file)
    return raw
