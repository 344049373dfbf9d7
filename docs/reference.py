"""What the commands take, read from the code: the page of options, and manual pages (docs/reference.py FOLDER)."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import typer

from stagectl.cli import GROUPS, app_for
from stagectl.cli.examples import EXAMPLES
from stagectl.version import __version__


class Command(NamedTuple):
    """One command: its line in the list, its usage, what it does, its arguments and options with their words."""

    name: str
    group: str
    summary: str
    usage: str
    text: str
    parameters: Tuple[Tuple[str, str], ...]


def commands() -> List[Command]:
    """Return the commands in the order in which the list has them."""
    known: Dict[str, Any] = typer.main.get_command(app_for([])).commands  # type: ignore[attr-defined]
    found = []
    for group, lines in GROUPS.items():
        for name, (_, summary) in lines.items():
            context = known[name].make_context(name, [], resilient_parsing=True)
            records = [parameter.get_help_record(context) for parameter in known[name].params]
            usage = " ".join(["stagectl", name, *known[name].collect_usage_pieces(context)]).translate(
                {123: "", 125: ""}
            )
            shown = tuple((words, " ".join(text.split())) for words, text in filter(None, records))
            found.append(
                Command(
                    name, group, summary, re.sub("[{}]", "", usage), " ".join((known[name].help or "").split()), shown
                )
            )
    return found


def options_page() -> str:
    """Return a table of options for every command, as Markdown."""
    parts = []
    for command in commands():
        parts += [f"## {command.name}", "", f"{command.text}", "", f"`{command.usage}`", ""]
        parts += ["| option | what |", "| --- | --- |"]
        parts += [f"| `{_cell(words)}` | {_cell(text.replace('<', '&lt;'))} |" for words, text in command.parameters]
        parts += ["", *(f"- `{_cell(line)}`: {what}" for line, what in EXAMPLES[command.name]), ""]
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def manual_page(command: Command) -> str:
    """Return the manual page of a command, for man."""
    name = f"stagectl-{command.name}"
    lines = [f'.TH "{name.upper()}" "1" "" "stagectl {__version__}" "User Commands"']
    lines += [".SH NAME", _plain(f"{name} - {command.summary}"), ".SH SYNOPSIS", _plain(command.usage)]
    lines += [".SH DESCRIPTION", _plain(command.text), ".SH OPTIONS"]
    for words, text in command.parameters:
        lines += [".TP", f".B {_plain(words)}", _plain(text)]
    lines.append(".SH EXAMPLES")
    for line, what in EXAMPLES[command.name]:
        lines += [".TP", f".B {_plain(line)}", _plain(what)]
    return "\n".join([*lines, ".SH SEE ALSO", ".BR stagectl (1)"]) + "\n"


def overview_page() -> str:
    """Return the manual page of stagectl itself: the commands by group."""
    lines = [f'.TH "STAGECTL" "1" "" "stagectl {__version__}" "User Commands"', ".SH NAME"]
    lines += [_plain("stagectl - stage, review and roll out changes to resources, with git as the only store")]
    lines += [".SH SYNOPSIS", _plain("stagectl [OPTIONS] COMMAND [ARGUMENTS]..."), ".SH COMMANDS"]
    for group, entries in GROUPS.items():
        lines.append(f".SS {group}")
        for name, (_, summary) in entries.items():
            lines += [".TP", f".BR stagectl\\-{name} (1)", _plain(summary)]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Return text in which nothing is a request to the formatter."""
    shown = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{shown}" if shown[:1] in (".", "'") else shown


def manual() -> Iterator[Tuple[str, str]]:
    """Yield every manual page: its file name and its text."""
    yield "stagectl.1", overview_page()
    for command in commands():
        yield f"stagectl-{command.name}.1", manual_page(command)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file, page in manual():
        (folder / file).write_text(page, encoding="utf-8")
