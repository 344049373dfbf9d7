"""The file with the known outputs of resources that exist already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Mapping

from stagectl.adapters.files import read_file
from stagectl.core import forms
from stagectl.core.errors import StagectlError
from stagectl.core.model import LARGEST_STATE, Name
from stagectl.core.running.adopting import FORM, given_outputs
from stagectl.core.values import Outputs


def read_outputs(path: Path) -> Mapping[Name, Outputs]:
    """Return the outputs per resource that a JSON file gives; raises StagectlError."""
    try:
        raw = json.loads(read_file(path, LARGEST_STATE).decode("utf-8"), parse_constant=forms.no_number)
    except OSError as error:
        raise StagectlError(f"{path} cannot be read: {error.strerror}", f"write what is known: {FORM}") from None
    except (ValueError, RecursionError) as error:
        raise StagectlError(f"{path} is no JSON: {error}", f"write what is known: {FORM}") from None
    return given_outputs(raw, str(path))
