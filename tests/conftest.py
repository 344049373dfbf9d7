"""The world of the tests: sealed, with real git, and one builder of repositories."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Dict, List, Optional

import pytest
from hypothesis import HealthCheck, settings

from stagectl.adapters.remote import remote
from tests.build import FOLDER, PATIENCE, Repo, share
from tests.spawning import spawn_where_forks_are_slow

# A machine that is busy is no defect: no example has a time to keep, and none is too slow to make.
# The same examples each time, so that a change does not fail by what another one left; by hand: RANDOM_LAWS=1.
settings.register_profile(
    "stagectl",
    deadline=None,
    suppress_health_check=list(HealthCheck),
    max_examples=share(100),
    derandomize=os.environ.get("RANDOM_LAWS") != "1",
)
settings.load_profile("stagectl")
spawn_where_forks_are_slow()


# Every command line that a test starts would compile all that it imports: a second instead of a quarter.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def _put_folders_into_memory(place: str = "/dev/shm", room: int = 4 << 30) -> None:
    """Make the tests' folders in memory where it has room (bytes) and runs programs: a fifth less of the processor."""
    has_room = os.access(place, os.W_OK) and shutil.disk_usage(place).free > room
    if has_room and not os.statvfs(place).f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", place)


_put_folders_into_memory()


def pytest_configure() -> None:
    """Let Ctrl-C end what the tests start, also where they run in the background, and it is ignored there."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, _ignore)  # unlike SIG_IGN, no process that this one starts inherits it


def _ignore(number: int, frame: Optional[FrameType]) -> None:
    """Go on."""


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Let the search for garbage leave out the tests themselves."""
    gc.collect()
    gc.freeze()  # https://docs.python.org/3/library/gc.html#gc.freeze


@pytest.fixture(autouse=True)
def sealed_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Own home, no git config from outside, fixed dates, no operator at the keyboard."""
    for key in [key for key in os.environ if key.startswith(("GIT_", "STAGECTL_"))]:
        monkeypatch.delenv(key)
    home = tmp_path_factory.mktemp("home")
    sealed = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        # Not os.devnull: `git config --global`, run by root, would put a file in that device's place.
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_EDITOR": "false",
        "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
        "GIT_TERMINAL_PROMPT": "0",
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "GIT_TEST_FSYNC": "0",
    }
    for key, value in sealed.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: None
    )  # the disk may take its time; tests/kill_loop.py has its own
    monkeypatch.setattr(remote, "NOTED_AFTER", PATIENCE)  # a busy machine is no slow remote


@pytest.fixture
def repo(tmp_path: Path, request: pytest.FixtureRequest) -> Repo:
    """An empty repository with an identity, two kinds and nothing defined; the project may be in a folder."""
    return Repo(tmp_path / "repo", folder=getattr(request, "param", FOLDER))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run some modules for a project in a folder, too; all of them by hand: STAGECTL_TEST_FOLDER=infra."""
    if "repo" in metafunc.fixturenames and metafunc.definition.nodeid.split("::")[0] in IN_A_FOLDER_TOO:
        metafunc.parametrize("repo", [FOLDER, "teams/infra"], indirect=True, ids=["top", "folder"])


IN_A_FOLDER_TOO = ("tests/scenarios/ancestor/test_behaviours.py",)  # what stagectl is for, point by point

# What the README's command leaves to .ci/run, which runs everything (CONTRIBUTING.md has the table).
EACH = 16  # of what is long, or about tools, it runs each sixteenth test of a module
SOME = 5  # of other scenarios each fifth test of a module, and of its cases each fifth
QUICK = (
    "tests/unit/",
    "tests/scenarios/bad_input/",
    "tests/scenarios/ancestor/",
    "tests/test_words.py",
)  # all: a case is a millisecond or two


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: some tests wait for locks, sites and clocks."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Mark what only .ci/run runs; long proofs take as long as they take."""
    tests: Dict[str, Dict[str, int]] = {}  # by module: how many cases of each test came before
    for item in items:
        module, _, test = item.nodeid.split("[")[0].partition("::")
        cases = tests.setdefault(module, {})
        case = cases[test] = cases.get(test, -1) + 1
        place = list(cases).index(test)
        if item.get_closest_marker("once"):
            is_run = sum(cases.values(), len(cases) - 1) % EACH == 0
        else:
            is_run = module.startswith(QUICK) or (place % SOME == 0 and case % SOME == 0)
        if not is_run:
            item.add_marker("full")
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(0))
    items.sort(key=lambda item: "/stories/" not in item.nodeid)  # long walks begin first, and end beside others
