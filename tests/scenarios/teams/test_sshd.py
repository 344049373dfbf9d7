"""The team over a real sshd, and over smart HTTP, at a site that protects branches as hosting sites do."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from tests.build import LOCK, PATIENCE, ended
from tests.scenarios.teams.sshd import SSHD, Sshd
from tests.scenarios.teams.test_transports import over_http
from tests.scenarios.teams.world import APPLIED, Team, applied_values, edit, have_pushes_end_early, run_of, tip

pytestmark = [pytest.mark.once, pytest.mark.full]

# What a site does with `main` and the applied branch protected: no push to the one, neither force nor deletion of both.
PROTECTS = """
while read old new ref; do
    case "$ref" in refs/heads/main) echo "main is protected: open a pull request" >&2; exit 1;; esac
    case "$ref" in refs/heads/*) ;; *) continue;; esac
    case "$new" in *[!0]*) ;; *) echo "$ref is protected: it cannot be deleted" >&2; exit 1;; esac
    case "$old" in *[!0]*) ;; *) continue;; esac
    git merge-base --is-ancestor "$old" "$new" || { echo "$ref is protected: no force" >&2; exit 1; }
done
"""


@pytest.fixture(params=["sshd", "http"])
def far(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Ada and Bob, with a protected remote over a network."""
    team = Team(tmp_path)
    if request.param == "sshd":
        if SSHD is None:
            pytest.skip("needs sshd: apt-get install openssh-server")
        server = Sshd(tmp_path / "sshd")
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command)
        url, close = server.url(team.bare), server.close
    else:
        address, stop = over_http(tmp_path, monkeypatch)
        url, close = f"{address}/bare.git", stop  # type: ignore[assignment]
    team.hook("pre-receive", PROTECTS)
    for repo in (team.ada, team.bob):
        repo.git("remote", "set-url", "origin", url)
    yield team
    close()


def test_a_team_at_a_site_that_protects_branches(far: Team) -> None:
    """
    Locks, applies of both, what one did offline put on top; a push to main, by force, or that deletes is refused there.
    """
    held = far.bob.ok("lock", "dns", "--reason", "a move")
    refused = edit(far.ada, "dns", 2).apply()
    edit(far.ada, "db", 2).ok("apply", "--yes", "db")
    far.ada.ok("unlock", far.lock()["id"])
    far.ada.ok("apply", "--yes")
    first = run_of(edit(far.bob, "web", 2).ok("apply", "--yes", "--offline"))
    far.bob.ok("sync")

    assert "Locked: a move. No apply of dns starts until" in held.out
    assert (75, "") == (refused.code, far.at(LOCK)), refused
    assert ([2, 2, 2], tip(far.bob)) == (applied_values(far.bob, "db", "web", "dns"), far.at())
    assert (first, True) == (far.runs()[-1], far.is_sound())
    for words in (("HEAD:main",), ("--force", f"{APPLIED}~1:{APPLIED}"), ("--delete", APPLIED)):
        with pytest.raises(AssertionError, match="is protected"):
            far.bob.git("push", "-q", "origin", *words)
    far.bob.ok("verify")


def test_two_apply_at_once_over_the_wire(far: Team) -> None:
    """
    Disjoint parts; both results are there, whichever came first.
    """
    edit(far.ada, "db", 2)
    edit(far.bob, "web", 2)

    pairs = ((far.ada, "db"), (far.bob, "web"))
    done = [ended(process) for process in [repo.begin("apply", "--yes", name) for repo, name in pairs]]

    assert [0, 0] == [one.code for one in done], done
    assert {run_of(one) for one in done} == set(far.runs()[1:])
    far.ada.ok("sync")
    assert ([2, 2], "") == (applied_values(far.ada, "db", "web"), far.at(LOCK))


@pytest.mark.parametrize("how", ["refused", "cut off", "slow"])
def test_a_push_that_goes_wrong(far: Team, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """
    What ran is recorded here and said not to be shared, and `sync` shares it once the site lets it.
    """
    seen, go = far.folder / "seen", far.folder / "go"
    slow = f"n=0; until [ -f {go} ] || [ $n = {PATIENCE * 20} ]; do sleep 0.05; n=$((n + 1)); done"
    hook = {"refused": 'echo "not today" >&2; exit 1', "cut off": "kill -9 $PPID; exit 1", "slow": slow}[how]
    only = f'read old new ref; case "$ref" in refs/heads/*) touch {seen}; {hook};; esac; exit 0'
    far.hook("pre-receive", only)

    with monkeypatch.context() as patched:
        if how == "slow":
            have_pushes_end_early(patched, 6)
        done = edit(far.bob, "db", 2).apply()
    assert seen.exists() or how == "slow"  # on a busy machine the time may be over before it comes to the hook
    go.touch()
    far.hook("pre-receive", PROTECTS)

    assert (1, ["db.update"]) == (done.code, far.bob.log()), done
    assert "warning: what is applied is recorded here, and not shared: git push failed: " in done.err
    assert {"refused": "not today", "slow": "no answer within 6 seconds", "cut off": "git push failed"}[how] in done.err
    far.bob.ok("sync")
    assert (tip(far.bob), True) == (far.at(), far.is_sound())
