"""For a release: check that the tag is the version and the changelog has it, and list what is installed (SBOM)."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Dict, List

ROOT = Path(__file__).resolve().parent.parent


def version() -> str:
    """Return the version in the source."""
    text = (ROOT / "stagectl" / "version.py").read_text(encoding="utf-8")
    found = re.search(r'__version__ = "([^"]+)"', text)
    assert found is not None, "stagectl/version.py has a version"
    return found.group(1)


def problems(tag: str) -> List[str]:
    """Return why a tag cannot be released, nothing if it can."""
    found = [] if tag == f"v{version()}" else [f"the tag is {tag}, and stagectl/version.py says {version()}"]
    log = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[{re.escape(version())}\] - \d{{4}}-\d\d-\d\d$", log, re.MULTILINE):
        found.append(f"CHANGELOG.md has no line '## [{version()}] - YYYY-MM-DD'")
    return found


def sbom() -> Dict[str, Any]:
    """Return what CI installs for stagectl, with versions and hashes, as a CycloneDX document."""
    lock = (ROOT / "ci" / "locks" / "stagectl.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^([\w.-]+)==(\S+)[^\n]*\n((?:    --hash=\S+[^\n]*\n?)*)", lock, re.MULTILINE)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "stagectl", "version": version()}},
        "components": [_component(*entry) for entry in entries],
    }


def _component(name: str, number: str, hashes: str) -> Dict[str, Any]:
    return {
        "type": "library",
        "name": name,
        "version": number,
        "purl": f"pkg:pypi/{name.lower()}@{number}",
        "hashes": [{"alg": "SHA-256", "content": one} for one in re.findall(r"--hash=sha256:([0-9a-f]{64})", hashes)],
    }


def main(words: List[str]) -> int:
    """Run `check TAG` or `sbom`, and return the exit code."""
    if words[:1] == ["sbom"]:
        print(json.dumps(sbom(), indent=2))
        return 0
    found = problems(words[1])
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
