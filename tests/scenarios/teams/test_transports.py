"""The applied branch and the lock over the ways in which teams reach a remote: ssh, http and git's own protocol."""

from __future__ import annotations

import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable, Iterator, Tuple

import pytest

from tests.build import LOCK
from tests.scenarios.teams.inetd import Inetd
from tests.scenarios.teams.world import Team, applied_values, edit, run_of, tip

pytestmark = pytest.mark.once

# What ssh does at the other end: the last argument goes to a shell.
SSH = """#!/bin/sh
for command in "$@"; do :; done
echo "banner of the host" >&2
exec sh -c "$command"
"""


class Smart(BaseHTTPRequestHandler):
    """Git over HTTP, by git's own program for it."""

    folder = ""

    def answer(self) -> None:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        env = {
            "GIT_PROJECT_ROOT": self.folder,
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "somebody",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], input=self.rfile.read(length), env={**os.environ, **env}, stdout=subprocess.PIPE
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815 (the names that the base class calls)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


Reached = Tuple[str, Callable[[], object]]  # the URL of a folder, and what takes the way away


def over_ssh(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Reached:
    program = folder / "ssh"
    program.write_text(SSH)
    program.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(program))
    return f"ssh://git@host.example{folder}", lambda: program.write_text("#!/bin/sh\necho 'no route' >&2\nexit 255\n")


def over_http(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Reached:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(Smart, "folder", str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Smart)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close() -> None:
        server.shutdown()
        server.server_close()

    return f"http://127.0.0.1:{server.server_port}", close


def over_daemon(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Reached:
    server = Inetd(["git", "daemon", "--inetd", "--export-all", "--enable=receive-pack", f"--base-path={folder}"])
    return f"git://127.0.0.1:{server.port}", server.close


@pytest.fixture(params=[over_ssh, over_http, over_daemon], ids=["ssh", "http", "git"])
def far(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tuple[Team, Callable[[], object]]]:
    """Ada and Bob, who reach their remote over a network, and what takes the network away."""
    team = Team(tmp_path)
    url, close = request.param(tmp_path, monkeypatch)
    for repo in (team.ada, team.bob):
        repo.git("remote", "set-url", "origin", f"{url}/bare.git")
    yield team, close
    close()


def test_applies_are_shared_and_lost_races_mended(far: Tuple[Team, Callable[[], object]]) -> None:
    """
    Lock, fetch, push and replay: all of it over the wire.
    """
    team, _ = far
    edit(team.ada, "db", 2).ok("apply", "--yes")
    first = run_of(edit(team.bob, "web", 2).ok("apply", "--yes", "--offline"))
    assert tip(team.ada) == team.at()

    team.bob.ok("sync")

    assert ([2, 2], tip(team.bob)) == (applied_values(team.bob, "db", "web"), team.at())
    assert first == team.runs()[-1]
    assert ("", True) == (team.at(LOCK), team.is_sound())
    team.bob.ok("verify")


def test_one_at_a_time(far: Tuple[Team, Callable[[], object]]) -> None:
    """
    The lock that Bob took refuses Ada, and an equal value is no lease.
    """
    team, _ = far
    team.bob.ok("lock", "--reason", "a move")
    held = team.at(LOCK)

    refused = edit(team.ada, "db", 2).apply()

    assert (75, []) == (refused.code, team.ada.log())
    assert refused.err.startswith("error: origin is locked for maintenance by Bob <bob@example.com> on ")
    assert 75 == team.ada.run("lock", "--reason", "a move").code
    assert held == team.at(LOCK)
    team.ada.ok("unlock", team.lock()["id"])
    team.ada.ok("apply", "--yes")
    assert tip(team.ada) == team.at()


def test_what_the_site_refuses_is_reported_in_its_words(far: Tuple[Team, Callable[[], object]]) -> None:
    """
    What was applied is recorded here, and shared once the site lets it.
    """
    team, _ = far
    team.hook("update", 'case "$1" in refs/heads/*) echo "not today" >&2; exit 1;; esac; exit 0')

    done = edit(team.bob, "db", 2).apply()

    assert 1 == done.code
    assert "warning: what is applied is recorded here, and not shared: " in done.err
    assert "not today" in done.err
    (team.bare / "hooks" / "update").unlink()
    team.bob.ok("sync")
    assert tip(team.bob) == team.at()


def test_a_network_that_is_gone_stops_an_apply(far: Tuple[Team, Callable[[], object]]) -> None:
    """
    With the way out; nothing ran.
    """
    team, close = far
    edit(team.bob, "db", 2)
    close()

    refused = team.bob.apply()

    assert (1, [], "") == (refused.code, team.bob.log(), refused.out)
    assert refused.err.startswith("error: origin does not answer: git ls-remote failed: ")
    assert refused.err.endswith("hint: --offline applies without it; share that later with: stagectl sync\n")
    team.bob.ok("apply", "--yes", "--offline")
