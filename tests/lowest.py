"""The lowest versions that pyproject.toml allows, as constraints for pip: python -m tests.lowest > lowest.txt"""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

ROOT = Path(__file__).resolve().parent.parent
_NEED = re.compile(r'^    "([A-Za-z0-9_.-]+)>=([0-9.]+)[^";]*(?:;([^"]*))?",', re.MULTILINE)


def lowest() -> List[str]:
    """Return `name==version`, with the marker where there is one, for each library that stagectl itself needs."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needs = text[text.index("\ndependencies = [") : text.index("]", text.index("\ndependencies = ["))]
    return [f"{name}=={version}" + (f" ;{marker}" if marker else "") for name, version, marker in _NEED.findall(needs)]


if __name__ == "__main__":
    print("\n".join(lowest()))
