"""Commands that fill the staging area."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional

import typer

from stagectl.cli import completion
from stagectl.cli.common import (
    NAME_WORDS,
    TAGS,
    is_terminal,
    out,
    print_note,
    selection,
    warn,
    workspace_to_set_up,
    workspace_to_stage,
)
from stagectl.core.errors import UsageError
from stagectl.core.standing import from_here

if TYPE_CHECKING:
    from stagectl.usecases.staging.stage import Choice


def init(
    example: bool = typer.Option(False, "--example", help="Add a small working example: a shop in two environments."),
    git: bool = typer.Option(False, "--git", help="Have git merge definitions and staged files value by value."),
) -> None:
    """Set up a repository: folders, a first kind, the config, the fetch rule for the applied branch."""
    from stagectl.usecases.setup.init import init as use_case

    done = use_case(workspace_to_set_up(), example=example, git=git)
    out("".join(f"{line}\n" for line in done) or "Everything is here already.\n")
    if example:
        out("Next: git add . && git commit -m shop && stagectl stage && stagectl plan\n")
    elif done:
        name, *files = map(from_here, ("resources/NAME.yaml", "kinds/", ".stagectl/", "stagectl.yaml"))
        out(f"Next: write {name}, commit {files[0]}, {files[1]} and {files[2]}, then: stagectl stage\n")


class _ChoicePrompt:
    """Asks about one choice after another, until an answer is for all that are left."""

    def __init__(self) -> None:
        self._rest: Optional[bool] = None

    def __call__(self, choice: Choice) -> bool:
        from stagectl.views.staging import choice_question, choice_text

        if self._rest is None:
            print_note(choice_text(choice.name, choice.action, choice.before, choice.after))
            answer = _answer(choice_question(choice.name, choice.action))
            self._rest = {"a": True, "q": False}.get(answer)
            return answer in ("y", "a")
        return self._rest


def _answer(question: str) -> str:
    while True:
        answer: str = typer.prompt(f"{question} [y,n,a,q,?]", prompt_suffix=" ", err=True).strip().lower()
        if answer in ("y", "n", "a", "q"):
            return answer
        print_note("y stage this; n do not; a this and all that are left; q neither this nor what is left")


def stage(
    names: Optional[List[str]] = NAME_WORDS,
    tags: Optional[List[str]] = TAGS,
    actions: Optional[List[str]] = typer.Option(
        None,
        "-a",
        "--action",
        metavar="ACTION",
        help="Stage this action on the selected resources, changed or not.",
        autocompletion=completion.staged_actions,
    ),
    patch: bool = typer.Option(False, "-p", "--patch", help="Ask for every resource and action, showing what differs."),
    force: bool = typer.Option(False, "--force", help="Overwrite staged copies that were edited by hand."),
    allow_empty: bool = typer.Option(False, "--allow-empty", help="Remove everything, if a root holds no definition."),
    check: bool = typer.Option(False, "--check", help="Stage nothing; exit with 1 if there is something to stage."),
) -> None:
    """Bring the staging area up to date with the definitions, for the selection only, and commit it."""
    from stagectl.usecases.staging.stage import StageOptions
    from stagectl.usecases.staging.stage import stage as use_case
    from stagectl.views.staging import check_text, staging_text

    if patch and not is_terminal():
        raise UsageError("there is no terminal to ask on", "say what to stage with NAMEs, -t and -a")
    choose = _ChoicePrompt() if patch else None
    options = StageOptions(force, allow_empty, check, choose)
    done = use_case(workspace_to_stage(), selection(names, tags), actions or (), options)
    if check:
        out(check_text(done.changes, done.files, done.gone))
        raise typer.Exit(1 if done.files else 0)
    warn(done.warnings)
    out(staging_text(done.commit, done.changes, done.files, done.gone))
