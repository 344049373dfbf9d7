"""docs/faults.md names tests that exist; its figures and those of docs/security.md are reported by proofs."""

from __future__ import annotations

import re

from tests.build import ROOT
from tests.fuzz.targets import TARGETS
from tests.kill_calls import CASES
from tests.proofs import PAGES, PROOFS, keys_of, with_figures

SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py"))}


def test_every_test_that_is_named_exists() -> None:
    """
    A row without a proof is a promise without one.
    """
    page = PAGES[0].read_text(encoding="utf-8")
    known = {name for text in SOURCES.values() for name in re.findall(r"^def (test_\w+)\(", text, re.MULTILINE)}

    assert [] == sorted(set(re.findall(r"`(test_\w+)`", page)) - known)
    rows = [line for line in page.splitlines() if line.startswith("| ") and line.count(" | ") == 3]
    assert [] == [row for row in rows if "`test_" not in row and "figure:" not in row and "---" not in row
                  and not row.endswith(("proved by |", "failing calls |"))]  # fmt: skip


def test_every_figure_comes_from_a_proof() -> None:
    """
    Else it would stay as it is for ever, however the code changes.
    """
    text = "".join((ROOT / path).read_text(encoding="utf-8") for path in PROOFS)
    reported = {re.sub(r"\{[^}]*\}", "*", key) for key in re.findall(r'record\(\s*f?"([^"]*)"', text)}
    patterns = [re.compile(re.escape(key).replace(r"\*", ".*")) for key in reported]

    keys = [key for page in PAGES for key in keys_of(page.read_text(encoding="utf-8"))]

    assert [] == [key for key in keys if not any(pattern.fullmatch(key) for pattern in patterns)]
    assert [] == [pattern for pattern in patterns if not any(pattern.fullmatch(key) for key in keys)]
    assert {f"kills: {case}" for case in CASES} <= set(keys) and len(keys) == len(set(keys))
    assert {f"fuzzing: {target}" for target in TARGETS} <= set(keys)
    assert [] == [path for path in PROOFS if not (ROOT / path).exists()]


def test_a_figure_takes_the_place_of_the_last_one() -> None:
    """
    The rest of the page stays, and so do figures of proofs that were not run.
    """
    page = "a <!-- figure: x -->1<!-- end --> b <!-- figure: y -->2<!-- end -->\n"

    assert page.replace("1", "3") == with_figures(page, {"x": "3", "z": "4"})
