"""The command line: one small module per group of commands; each parses, calls one use case and shows the result."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # the overview and the version are printed without loading a parser
    from typing import Dict, Optional, Sequence, Tuple

    import typer

# In the order in which help lists them: by group, each command (also its function's name) with its module and its line.
GROUPS: Dict[str, Dict[str, Tuple[str, str]]] = {
    "Define": {
        "create": ("editing", "Write a new definition, and stage it"),
        "update": ("editing", "Edit a definition with its comments kept, and stage it"),
        "remove": ("editing", "Delete definitions, and stage the removals"),
        "move": ("editing", "Rename a resource without removing it"),
        "validate": ("looking", "Check definitions, staged files, kinds and config"),
    },
    "Stage": {
        "stage": ("staging", "Stage what was edited, or an action by name, and commit it"),
        "unstage": ("editing", "Put staged files back to what is applied"),
        "discard": ("editing", "Put definitions back, too, and drop what is owed"),
        "promote": ("editing", "Stage in one environment what is applied in another"),
        "revert": ("editing", "Stage the inverse of staging commits and applies"),
    },
    "Review": {
        "status": ("looking", "Show what is not staged, not committed, not applied"),
        "diff": ("looking", "Show which values differ"),
        "plan": ("planning", "Show the graph of changes, with a cause for each"),
        "graph": ("looking", "Show the graph of resources"),
    },
    "Look": {
        "check": ("checking", "Look at what is live, and say what is not as it was applied"),
        "adopt": ("checking", "Record as applied what is there, as far as the world confirms it"),
    },
    "Apply": {
        "apply": ("applying", "Plan, confirm, run, and record what succeeded"),
    },
    "Runs": {
        "report": ("runs", "Show what a run did"),
        "retry": ("runs", "Run the failures of a run again"),
        "resume": ("runs", "Finish a run that was interrupted"),
        "stop": ("runs", "Ask a run to start nothing more"),
        "worker": ("cluster", "Carry out changes for `apply --executor dask`"),
    },
    "Teams": {
        "sync": ("teams", "Bring the applied branch here and on the remote in step"),
        "locks": ("teams", "Show who is applying, or has locked"),
        "lock": ("teams", "Lock the remote for maintenance"),
        "unlock": ("teams", "Take a lock on the remote away"),
    },
    "Inspect": {
        "show": ("looking", "Show one resource as defined, staged and applied; or a saved plan"),
        "log": ("looking", "Show who staged and applied what, newest first"),
        "verify": ("looking", "Check that the applied history is intact"),
        "projects": ("projects", "List the projects of a repository, in folders"),
        "kinds": ("looking", "List the kinds and their actions"),
    },
    "Set up": {
        "init": ("staging", "Set up a repository; --example adds a small working one"),
        "schema": ("editors", "Print the JSON Schemas of the files, for editors"),
        "completion": ("shells", "Print what completes commands in bash, zsh or fish"),
    },
}
_FOR_GIT = {"merge-file": "editors", "textconv": "editors"}  # git starts these; help does not list them
COMMANDS: Dict[str, str] = {name: module for group in GROUPS.values() for name, (module, _) in group.items()}
COMMANDS.update(_FOR_GIT)
ASKS_FOR_HELP = ("--help", "-h")


def app_for(words: Sequence[str]) -> typer.Typer:
    """Return the command line; of one command alone, where a line begins with its name: the others are not loaded."""
    from importlib import import_module

    import typer

    from stagectl.cli.parser import Command, options

    app = typer.Typer(
        name="stagectl",
        help="Stage, review and roll out changes to resources, with git as the only store.",
        no_args_is_help=True,
        add_completion=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    asked = _asked_command(words)
    for name, module in COMMANDS.items():
        if asked in (None, name):
            function = getattr(import_module(f"stagectl.cli.{module}"), name.replace("-", "_"))
            app.command(name, cls=Command, hidden=name in _FOR_GIT)(function)
    app.callback(invoke_without_command=True)(options)
    return app


def _asked_command(words: Sequence[str]) -> Optional[str]:
    """Return the command that a line begins with, also while a shell completes it; None for none."""
    import os

    line = os.environ.get("COMP_WORDS", "").split()[1:] if "_STAGECTL_COMPLETE" in os.environ else words
    is_complete = os.environ.get("COMP_CWORD", "") != "1" or line is words
    return line[0] if line and line[0] in COMMANDS and is_complete else None
