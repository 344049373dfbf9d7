"""The one style in which an expanded resource is written: the same bytes for the same values.

A value a line, keys sorted, text of several lines as a block: a review shows exactly the values that change.
"""

from __future__ import annotations

import json
import re
from typing import Any, Mapping, Optional

from stagectl.adapters.yamlfile.write import block, flow
from stagectl.core.schemas.schema import BODY_KEYS

# What a block of text can say as it is: lines that neither begin the text with a space nor consist of spaces, of
# characters that need no escape.
_UNPRINTABLE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff"
_LINE = rf"[^{_UNPRINTABLE}\n]*[^{_UNPRINTABLE}\s]"
_BLOCK = re.compile(rf"(?![ \t\n])(?:{_LINE}\n|\n)*{_LINE}\n?")


def canonical_body(body: Mapping[str, Any]) -> bytes:
    """Return a body as the second document of a file, from its `---` on; what says nothing is left out."""
    said = {key: body[key] for key in BODY_KEYS if body.get(key) not in (None, {}, [])}
    sorted_inside = {key: json.loads(json.dumps(value, sort_keys=True)) for key, value in said.items()}
    lines = [*block(sorted_inside, _inline)]
    return "".join(f"{line}\n" for line in ["---", *(lines or ["inputs: {}"])]).encode()


def _inline(value: Any) -> Optional[str]:
    is_text = isinstance(value, str) and "\n" in value[:-1] and _BLOCK.fullmatch(value)
    return None if is_text or (value and isinstance(value, (dict, list))) else flow(value)
