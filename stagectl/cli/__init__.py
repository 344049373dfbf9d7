"""The command line: one small module per group of commands; each parses, calls one use case and shows the result."""

from __future__ import annotations

import typer

from stagectl.cli import applying, editing, looking, planning, runs, staging, teams

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

app.command("init")(staging.init)
app.command("create")(editing.create)
app.command("update")(editing.update)
app.command("remove")(editing.remove)
app.command("move")(editing.move)
app.command("stage")(staging.stage)
app.command("unstage")(editing.unstage)
app.command("discard")(editing.discard)
app.command("promote")(editing.promote)
app.command("revert")(editing.revert)
app.command("status")(looking.status)
app.command("diff")(looking.diff)
app.command("plan")(planning.plan)
app.command("apply")(applying.apply)
app.command("report")(runs.report)
app.command("retry")(runs.retry)
app.command("resume")(runs.resume)
app.command("stop")(runs.stop)
app.command("sync")(teams.sync)
app.command("locks")(teams.locks)
app.command("lock")(teams.lock)
app.command("unlock")(teams.unlock)
app.command("validate")(looking.validate)
app.command("verify")(looking.verify)
app.command("show")(looking.show)
app.command("graph")(looking.graph)
app.command("log")(looking.log)
app.command("kinds")(looking.kinds)


@app.callback(invoke_without_command=True)
def _options(version: bool = typer.Option(False, "--version", help="Show the version.")) -> None:
    if version:
        from stagectl import __version__

        typer.echo(f"stagectl {__version__}")
        raise typer.Exit(0)
