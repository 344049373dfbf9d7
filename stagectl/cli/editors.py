"""Commands for editors and for git: schemas."""

from __future__ import annotations

import json
from typing import Optional

import typer

from stagectl.cli import completion
from stagectl.cli.common import out, workspace
from stagectl.core.errors import UsageError


def schema(
    which: Optional[str] = typer.Argument(None, metavar="[WHICH]", help="definition, staged, kind or config."),
    kind: Optional[str] = typer.Option(
        None, "--kind", metavar="KIND", help="With the inputs of this kind.", autocompletion=completion.kinds
    ),
    write: bool = typer.Option(False, "--write", help="Write all of them to .stagectl/schema/, for editors."),
) -> None:
    """Print the JSON Schemas of the files; editors check and complete with them."""
    from stagectl.usecases import schemas as use_case

    if write and (which or kind):
        raise UsageError("--write writes all schemas", "leave the rest out")
    if write:
        done = use_case.write_schemas(workspace())
        out("".join(f"{path}\n" for path in done) or "Everything is up to date.\n")
        return
    found = use_case.schema_of_kind(workspace(), which, kind) if kind else use_case.schemas(which)
    out(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
