"""What the program decided by itself, for those who want to know: `STAGECTL_TRACE=1` prints it to stderr."""

from __future__ import annotations

import os
import sys


def trace(text: str) -> None:
    """Print a line to stderr if the trace was asked for."""
    if os.environ.get("STAGECTL_TRACE") == "1":
        from stagectl.core.printable import safe

        print(f"trace: {safe(text)}", file=sys.stderr)
