"""One story: the shop of `init --example` on a bad day."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from pathlib import Path
from typing import Any, Dict

import pytest

from stagectl.adapters.running.processes import living
from tests.build import PATIENCE, Repo, ended
from tests.scenarios.runs.world import until

pytestmark = pytest.mark.once


class Shop(Repo):
    """The example, set up as the tutorial says. Its actions write what exists into files below world/."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, init=False)
        self.begin_with_git()
        self.ok("init", "--example")
        self.commit("The shop")

    def world(self, name: str) -> Dict[str, Any]:
        """What really exists of a resource."""
        found: Dict[str, Any] = json.loads(self.read(f"world/{name}.json"))
        return found

    def make_slow(self, name: str) -> None:
        """Let the next action on a resource hang where it reads what exists, until `let_go`."""
        path = self.root / f"world/{name}.json"
        path.rename(path.with_suffix(".kept"))
        os.mkfifo(path)

    def let_go(self, name: str) -> None:
        """Let a hanging action read on."""
        path = self.root / f"world/{name}.json"
        path.unlink()
        with os.fdopen(self._pipe, "w") as pipe:
            pipe.write(path.with_suffix(".kept").read_text())

    def wait_until_hanging(self, name: str, change: str) -> str:
        """Wait until a change runs, and its action hangs; return its run."""
        path = self.root / f"world/{name}.json"
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError):  # it is not read yet
                self._pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
                break
            assert time.monotonic() < end, f"{change} did not start"
            time.sleep(0.05)
        report = self.run("report", "--json").json()
        until(lambda: living(self.place / "runs" / report["run"]))  # it is noted just after it started
        assert {"id": change, "state": "INPROGRESS"}.items() <= _change(report, change).items()
        return str(report["run"])

    def states(self) -> Dict[str, str]:
        """What the report says of the newest run."""
        return {change["id"]: change["state"] for change in self.ok("report", "--json").json()["changes"]}


def _change(report: Dict[str, Any], identity: str) -> Dict[str, Any]:
    return next((change for change in report["changes"] if change["id"] == identity), {})


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def test_a_bad_day_in_the_shop(shop: Shop) -> None:
    """
    An update whose restart fails, a retry, a stop, a kill, a resume: everything is done once, and all of it is known.
    """
    # In the morning all is well.
    shop.stage().ok("apply", "--yes")
    assert shop.ok("status").out.endswith("\nNothing to do. What is defined is staged, committed and applied.\n")

    # The staging database moves to another port. The app follows, but the web server does not come up again.
    web = shop.read("world/staging/web.json")
    shop.write("world/staging/web.json", "{ half a file")
    shop.ok("update", "staging/db", "--set", "port=5433")
    failed = shop.apply()
    assert failed.code == 1
    assert "staging/web.restart: ERROR (exit code 1)\n" in failed.err
    assert shop.states() == {
        "staging/db.update": "SUCCESS",
        "staging/app.update": "SUCCESS",
        "staging/web.restart": "ERROR",
        "staging/smoke.test": "SKIPPED",
    }
    assert shop.world("staging/app")["inputs"]["database"].endswith(":5433/shop")

    # Nothing is left to stage, and yet the restart is not forgotten: not by status, not by the next plan.
    assert shop.git("status", "--porcelain") == ""
    assert "\nOwed, comes back with the next plan:\n  staging/web.restart\n" in shop.ok("status").out
    assert "! staging/web.restart  (owed since staging/app.update; in run " in shop.ok("plan").out
    assert "JSONDecodeError" in shop.ok("report").out

    # Ada mends the file and tries what failed again. The database and the app are left in peace.
    shop.write("world/staging/web.json", web).ok("retry")
    assert shop.states() == {"staging/web.restart": "SUCCESS", "staging/smoke.test": "SUCCESS"}
    assert shop.world("staging/web")["restarts"] == 1
    assert shop.ok("plan").out == "No changes. The applied state matches what is staged.\n"

    # At noon the cache of staging gets a new port, and takes for ever. A colleague would like to apply meanwhile.
    shop.make_slow("staging/cache")
    shop.ok("update", "staging/cache", "--set", "port=6380")
    apply = shop.begin("apply", "--yes")
    run = shop.wait_until_hanging("staging/cache", "staging/cache.update")
    busy = shop.run("apply", "--yes")
    assert busy.code == 75
    common = "; in common: staging/app, staging/cache, staging/smoke and 1 more"
    running = f"error: another apply is running: process {apply.pid}, apply, since "
    assert re.match(rf"{running}.*, run {run}{common}\n", busy.err), busy.err

    # So Ada stops her run. What hangs may end, nothing else starts; later she goes on where it stopped.
    shop.ok("stop", run)
    shop.let_go("staging/cache")
    stopped = ended(apply)
    assert stopped.code == 1
    assert "staging/app.update: SKIPPED (the run was stopped)\n" in stopped.err
    shop.ok("retry", run)
    assert "staging/cache.update" not in shop.states()
    assert shop.world("staging/app")["inputs"]["cache"] == "redis://cache:6380"
    assert shop.world("staging/web")["restarts"] == 2

    # In the evening production follows. In the middle of the app's update the machine goes down.
    shop.make_slow("prod/app")
    shop.ok("update", "prod/db", "--set", "port=5433")
    apply = shop.begin("apply", "--yes")
    run = shop.wait_until_hanging("prod/app", "prod/app.update")
    apply.kill()
    assert ended(apply).code == -9
    assert "\n  prod/app.update still runs, process " in shop.ok("status").out
    shop.let_go("prod/app")  # the action itself lives on, and it is not seen how it ends
    until(lambda: (shop.root / "world/prod/app.json").exists() and not living(shop.place / "runs" / run))

    # Every command says so, and what had ended is known.
    assert f"Run interrupted (stagectl resume):\n  {run}\n" in shop.ok("status").out
    assert shop.ok("plan").err.startswith(f"warning: run {run} was interrupted; finish it: stagectl resume")
    assert shop.states() == {
        "prod/db.update": "SUCCESS",
        "prod/app.update": "UNKNOWN",
        "prod/web.restart": "PENDING",
        "prod/smoke.test": "PENDING",
    }

    # Ada looks: the app has its new database. She says so, and the rest is done.
    assert shop.world("prod/app")["inputs"]["database"].endswith(":5433/shop")
    assert shop.run("resume").code == 64, "there is no terminal to ask on"
    shop.ok("resume", "--unknown", "done")
    assert set(shop.states().values()) == {"SUCCESS"}
    assert shop.world("prod/web")["restarts"] == 1

    # Before she goes home she reads the report and the audit trail: all is done, once, and known.
    assert shop.ok("report").out.startswith(f"Run {run}: done, by Ada <ada@example.com>, of commit ")
    applies = [entry for entry in shop.ok("log", "--json").json() if entry["type"] == "apply"]
    assert [list(entry["results"].values()) for entry in applies[:-1]] == [
        ["SUCCESS"] * 4,
        ["SUCCESS"] * 3,
        ["SUCCESS", "SKIPPED", "SKIPPED", "SKIPPED"],
        ["SUCCESS"] * 2,
        ["SUCCESS", "SUCCESS", "ERROR", "SKIPPED"],
    ]
    assert shop.ok("status").out.endswith("\nNothing to do. What is defined is staged, committed and applied.\n")
