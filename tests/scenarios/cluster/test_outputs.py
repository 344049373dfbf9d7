"""Outputs on a cluster: workers report, and the process that applies fills values in and decides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.build import Repo
from tests.cluster import cluster_for

pytestmark = pytest.mark.once

# The endpoint is the last digit of the size, so another size may mean the same endpoint.
REPORTING = """
cp "$STAGECTL_OUTPUTS" "{notes}/given"
size=$(tr -dc 0-9 < "$STAGECTL_INPUTS")
printf '{"outputs": {"endpoint": "db:%s"}}' "$((size % 10))" > "$STAGECTL_RESULT"
"""


def test_what_a_worker_reports_reaches_a_reader_on_another(repo: Repo, tmp_path: Path) -> None:
    """Filled in at the start of a change, given to its own next action, and NOOP where nothing changed for it."""
    script = REPORTING.replace("{notes}", str(tmp_path))
    schema = {"properties": {"endpoint": {"type": "string"}}, "required": ["endpoint"]}
    actions = {action: ["sh", "-c", script] for action in ("run", "update")}
    repo.write("kinds/database.yaml", json.dumps({"outputs": schema, "actions": actions}))
    reading = {action: ["sh", "-c", f'cp "$STAGECTL_INPUTS" {tmp_path}/got'] for action in ("run", "update")}
    repo.write("kinds/reader.yaml", json.dumps({"actions": reading}))
    repo.define("app", "reader", inputs={"url": "http://${db.endpoint}/"})
    with cluster_for(repo) as cluster:

        def applied(size: int) -> str:
            """Apply another size; what became of the reader."""
            repo.define("db", "database", inputs={"size": size}).commit()
            repo.stage().ok("apply", "--yes", "--executor", "dask", "--scheduler", cluster.address)
            return str(repo.ok("report", "--json").json()["changes"][1]["state"])

        assert applied(1) == "SUCCESS"
        assert json.loads((tmp_path / "got").read_text()) == {"url": "http://db:1/"}
        assert applied(11) == "NOOP" and json.loads((tmp_path / "given").read_text()) == {"endpoint": "db:1"}
        assert applied(2) == "SUCCESS"
        assert json.loads((tmp_path / "got").read_text()) == {"url": "http://db:2/"}
    assert repo.plan().ids == [] and repo.ok("verify").code == 0
