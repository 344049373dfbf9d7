"""What the hostile repositories cost, all of them."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.build import ROOT
from tests.proofs import record

pytestmark = pytest.mark.slow


def test_every_hostile_repository_is_bounded(tmp_path: Path) -> None:
    """
    Each test measures its commands and fails above the bound; here is what the worst of them took.
    """
    report = tmp_path / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "1",
        "-m",
        "not slow",
        f"--junitxml={report}",
        "tests/hostile",
    ]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    assert 0 == done.returncode, done.stdout[-5000:]
    cases = list(ElementTree.parse(report).iter("testcase"))
    used = [{p.get("name"): float(p.get("value", "0")) for p in case.iter("property")} for case in cases]
    measured = sorted((row["seconds"], row["megabytes"]) for row in used if row)
    record(
        "corpus",
        f"{len(cases)} tests; of {len(measured)} measured commands the slowest took {measured[-1][0]:.1f} s of the "
        f"processor, the one in the middle {measured[len(measured) // 2][0]:.2f} s; the largest had "
        f"{max(megabytes for _, megabytes in measured):.0f} MB (Python {platform.python_version()})",
    )
