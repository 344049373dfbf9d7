"""What the command line parser is given beside the commands: options before a command, and examples in its help."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand


class Command(TyperCommand):
    """A command whose help ends with examples."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples, each command line whole and in a line of its own, so that it can be pasted."""
        from stagectl.cli.examples import EXAMPLES

        found = EXAMPLES.get(self.name or "", ())
        if found:
            formatter.write("\nExamples:\n")
        for line, what in found:
            formatter.write(f"  {line}\n      {what}\n")


def options(
    version: bool = typer.Option(False, "-V", "--version", help="Show the version."),
) -> None:
    """Take the options that stand before a command."""
    if version:
        from stagectl.version import __version__

        typer.echo(f"stagectl {__version__}")
        raise typer.Exit(0)
