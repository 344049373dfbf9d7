"""Commands for editors and for git: schemas, merges by value, differences of values."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Optional

import typer

from stagectl.cli import completion
from stagectl.cli.common import out, workspace
from stagectl.core.errors import UsageError
from stagectl.core.printable import json_text
from stagectl.core.standing import from_here


def schema(
    which: Optional[str] = typer.Argument(None, metavar="[WHICH]", help="definition, staged, kind or config."),
    kind: Optional[str] = typer.Option(
        None, "--kind", metavar="KIND", help="With the inputs of this kind.", autocompletion=completion.kind_names
    ),
    write: bool = typer.Option(False, "--write", help="Write all of them to .stagectl/schema/, for editors."),
) -> None:
    """Print the JSON Schemas of the files; editors check and complete with them."""
    from stagectl.usecases.setup import schemas as use_case

    if write and (which or kind):
        raise UsageError("--write writes all schemas", "leave the rest out")
    if write:
        done = use_case.write_schemas(workspace())
        out("".join(f"{from_here(path)}\n" for path in done) or "Everything is up to date.\n")
        return
    found = use_case.schema_of_kind(workspace(), which, kind) if kind else use_case.schemas(which)
    out(json_text(found, indent=2) + "\n")


CONFLICT = 3  # not 1: git is to merge by lines itself whenever anything else happens


def merge_file(
    base: Path = typer.Argument(..., metavar="BASE", help="The common ancestor; empty if there is none."),
    ours: Path = typer.Argument(..., metavar="OURS", help="Our side; the merge is written here."),
    theirs: Path = typer.Argument(..., metavar="THEIRS", help="Their side."),
    path: str = typer.Argument(..., metavar="PATH", help="The path of the file in the repository."),
    marker_size: int = typer.Option(7, "--marker-size", min=1, metavar="N", help="How long conflict markers are."),
) -> None:
    """Merge a definition or staged file value by value, for git; exit code 3: conflicts are left in it."""
    from stagectl.usecases.staging.merge_files import merge_files

    if not merge_files(base, ours, theirs, path, marker_size):
        raise typer.Exit(CONFLICT)


def textconv(path: Path = typer.Argument(..., metavar="FILE", help="A definition or staged file.")) -> None:
    """Print a definition or staged file as lines of values, for git diff."""
    from stagectl.usecases.staging.merge_files import values_of
    from stagectl.views.textconv import values_text

    found = values_of(path)
    if found is None:
        sys.stdout.write(path.read_text(encoding="utf-8", errors="surrogateescape"))
    else:
        out(values_text(found[0], found[1]))
