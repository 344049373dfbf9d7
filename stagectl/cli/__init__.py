"""The command line: one small module per group of commands; each parses, calls one use case and shows the result."""

from __future__ import annotations

from importlib import import_module
from typing import Sequence

import typer

# In the order in which help lists them: the command, which is also the function's name, and its module.
COMMANDS = {
    "init": "staging",
    "create": "editing",
    "update": "editing",
    "remove": "editing",
    "move": "editing",
    "stage": "staging",
    "unstage": "editing",
    "discard": "editing",
    "promote": "editing",
    "revert": "editing",
    "status": "looking",
    "diff": "looking",
    "plan": "planning",
    "apply": "applying",
    "report": "runs",
    "retry": "runs",
    "resume": "runs",
    "stop": "runs",
    "worker": "cluster",
    "sync": "teams",
    "locks": "teams",
    "lock": "teams",
    "unlock": "teams",
    "validate": "looking",
    "verify": "looking",
    "show": "looking",
    "graph": "looking",
    "log": "looking",
    "kinds": "looking",
    "schema": "editors",
    "merge-file": "editors",
    "textconv": "editors",
}
_FOR_GIT = ("merge-file", "textconv")  # git starts these; help does not list them


def app_for(words: Sequence[str]) -> typer.Typer:
    """Return the command line; of one command alone, where a line begins with its name: the others are not loaded."""
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
    asked = words[0] if words and words[0] in {*COMMANDS, "--version"} else None
    for name, module in COMMANDS.items():
        if asked in (None, name):
            function = getattr(import_module(f"stagectl.cli.{module}"), name.replace("-", "_"))
            app.command(name, hidden=name in _FOR_GIT)(function)
    app.callback(invoke_without_command=True)(_options)
    return app


def _options(version: bool = typer.Option(False, "--version", help="Show the version.")) -> None:
    if version:
        from stagectl.version import __version__

        typer.echo(f"stagectl {__version__}")
        raise typer.Exit(0)
