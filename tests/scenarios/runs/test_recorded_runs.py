"""The report of a run that only recorded: it names what, and draws nothing where nothing ran."""

from __future__ import annotations

import pytest

from tests.build import Repo


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_run_that_only_records_names_what_it_recorded(repo: Repo, form: str) -> None:
    """
    No empty table, and no picture without a bar.
    """
    repo.define("db", tags=["a"]).define("app", tags=["a"]).apply_all()
    repo.define("db", tags=["b"]).define("app", tags=["b"]).stage().ok("apply", "--yes")

    text = repo.ok("report", "--format", form).out.replace("`", "")

    assert "ecorded, nothing ran: app, db" in text
    assert "0 changes" not in text and "<svg" not in text and "<table" not in text
