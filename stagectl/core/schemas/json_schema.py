"""Whether what stands in a kind is a JSON Schema (draft 2020-12)."""

from __future__ import annotations

from typing import Any, Mapping

from stagectl.core.errors import Flaws, StagectlError
from stagectl.core.schemas.words import in_words

_WHAT = "not a JSON Schema (draft 2020-12)"


def check_json_schema(raw: Mapping[str, Any], key: str, flaws: Flaws) -> None:
    """Note what of the value of a key, if it is there, is no JSON Schema."""
    if raw.get(key) is None:
        return
    from stagectl.core.schemas.quick import is_plain_schema  # a plan of nothing has no schema to look at

    if is_plain_schema(raw[key]):
        return
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(raw[key])
    except SchemaError as error:
        for at, message, on_key in in_words(error):
            flaws.add(0, (key, *at), f"{_WHAT}: {message}", on_key=on_key)
    except StagectlError:  # the time is over
        raise
    except Exception as error:  # what the library does not take for wrong, and cannot use
        flaws.add(0, (key,), f"{_WHAT}: {str(error)[:200]}")
