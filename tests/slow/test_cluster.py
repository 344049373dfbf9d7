"""The long proofs of a cluster: 1,000 actions and ten killed workers, then the scheduler, then what runs them; and
two hosts with TLS between them. Figures are printed: run with -s.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Set

import pytest

from tests.build import ROOT, Repo
from tests.cluster import Cluster, cluster_for, eventually
from tests.scenarios.cluster.test_cluster import certificates, ended, layers, lines, on, staged, states

pytestmark = pytest.mark.slow

LAYERS, WIDTH = 25, 40
OPTIONS = ("--parallel", "4")
LONG = 900.0  # seconds: 1,000 actions on a machine that others keep busy


@pytest.fixture
def notes(repo: Repo) -> Path:
    """The folder where the actions note their start and their end; between them they take a few milliseconds."""
    folder = repo.root.parent / "notes"
    folder.mkdir()
    script = (
        f'exec 3>> "{folder}/notes"; echo "b $STAGECTL_RESOURCE $$" >&3; sleep 0.02; echo "e $STAGECTL_RESOURCE" >&3'
    )
    repo.write("kinds/act.yaml", json.dumps({"actions": {"run": ["sh", "-c", script]}}))
    return folder


def fresh(repo: Repo, notes: Path) -> None:
    """Let nothing have been applied."""
    repo.git("update-ref", "-d", "refs/heads/stagectl/applied")
    (notes / "notes").write_text("")


def begun_twice(notes: Path) -> List[str]:
    names = [line[0] for line in lines(notes, "b")]
    return sorted({name for name in names if names.count(name) > 1})


def test_ten_workers_are_killed_in_runs_of_1000_actions(repo: Repo, notes: Path) -> None:
    """
    None starts twice; what is UNKNOWN had been claimed by the one that was killed; what waits for it is skipped, all
    others succeed; the run ends by itself; resume does the rest.
    """
    staged(layers(repo, LAYERS, WIDTH))
    chance = random.Random(4711)
    for number in range(10):
        killed = one_is_killed(
            repo, notes, f"kill {number + 1}", chance.randrange(100, 700), chance.choice(["w1", "w2"])
        )

        assert {"SUCCESS"} == killed


def one_is_killed(repo: Repo, notes: Path, say: str, at: int, victim: str) -> Set[str]:
    """Kill a worker when some number of actions have ended, and return the states that all have once it is resumed."""
    fresh(repo, notes)
    with cluster_for(repo, 2, *OPTIONS) as cluster:
        began = time.monotonic()
        apply = repo.begin("apply", "--yes", *on(cluster))
        eventually(lambda: len(lines(notes, "e")) >= at, f"{at} have ended")
        cluster.kill(victim)
        done = ended(apply, LONG)
        seconds = time.monotonic() - began
        found = states(repo)
        unknown = {name for name, state in found.items() if state == "UNKNOWN"}
        skipped = {name for name, state in found.items() if state == "SKIPPED"}
        succeeded = found.keys() - unknown - skipped
        twice = begun_twice(notes)
        print(
            f"{say}: at {at} ended, {seconds:.1f} s, SUCCESS {len(succeeded)}, UNKNOWN {len(unknown)}, "
            f"SKIPPED {len(skipped)}, started twice {len(twice)}"
        )
        assert not twice and len(found) == LAYERS * WIDTH and len(unknown) <= 4
        assert {"SUCCESS"} == {found[name] for name in succeeded}
        assert skipped == after(repo, unknown), "only what waits for what is unknown is skipped"
        assert done.code == (1 if unknown else 0) and ("was not seen" in done.err) == bool(unknown)
        assert {name[: -len(".run")] for name in succeeded} <= {line[0] for line in lines(notes, "e")}
        if unknown:
            repo.ok("resume", "--unknown", "done", *on(cluster))
        assert not begun_twice(notes)
        ends = set(states(repo).values())
    shutil.rmtree(cluster.folder)
    return ends


def after(repo: Repo, names: Set[str]) -> Set[str]:
    """Every change that waits for one of these, directly or not."""
    run = sorted((repo.root / ".git/stagectl/runs").iterdir())[-1]
    changes = json.loads((run / "run.json").read_text())["plan"]["changes"]
    found: Set[str] = set()
    for change in changes:
        if (names | found) & set(change["after"]):
            found.add(change["id"])
    return found


@pytest.mark.parametrize("victim", ["scheduler", "coordinator"])
@pytest.mark.parametrize("there", ["threads", "dask"])
def test_the_scheduler_or_what_runs_changes_is_killed(repo: Repo, notes: Path, victim: str, there: str) -> None:
    """
    The run is interrupted, and resume finishes it, here or on a cluster; twice starts only what was UNKNOWN.
    """
    staged(layers(repo, LAYERS, WIDTH))
    fresh(repo, notes)
    with cluster_for(repo, 2, *OPTIONS) as cluster:
        apply = repo.begin("apply", "--yes", *on(cluster))
        eventually(lambda: len(lines(notes, "e")) >= 300, "300 have ended")
        if victim == "scheduler":
            cluster.kill("scheduler")
            assert ended(apply, LONG).code == 1
        else:
            apply.kill()
            apply.communicate()
        known = states(repo)
        unknown = {name[: -len(".run")] for name, state in known.items() if state == "UNKNOWN"}
        assert "interrupted" in repo.run("status").err and len(unknown) <= 8
        if victim == "scheduler":
            for name in ("w1", "w2"):
                cluster.processes[name].wait(LONG)
        if there == "threads":
            done = repo.ok("resume", "--unknown", "rerun")
        elif victim == "scheduler":
            with cluster_again(repo) as other:
                done = repo.ok("resume", "--unknown", "rerun", *on(other))
        else:
            done = repo.ok("resume", "--unknown", "rerun", *on(cluster))
    twice = begun_twice(notes)
    ends = sum(state == "SUCCESS" for state in known.values())
    print(f"{victim} killed, resumed on {there}: {ends} known, UNKNOWN {len(unknown)}, started twice {len(twice)}")
    assert "Applied: 1000 SUCCESS" in done.out and set(twice) <= unknown and {"SUCCESS"} == set(states(repo).values())


@contextmanager
def cluster_again(repo: Repo) -> Iterator[Cluster]:
    shutil.move(str(repo.root.parent / "cluster"), str(repo.root.parent / "cluster-before"))
    with cluster_for(repo, 2, *OPTIONS) as cluster:
        yield cluster


# --- two hosts


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def two_hosts() -> Iterator[Dict[str, str]]:
    """Make two network namespaces with a cable between them; yields their names and addresses."""
    hosts = {f"stagectl-a-{os.getpid()}": "10.231.7.1", f"stagectl-b-{os.getpid()}": "10.231.7.2"}
    (one, other), made = hosts, []
    try:
        for name in hosts:
            ip("netns", "add", name)
            made.append(name)
        ip("link", "add", "cable", "netns", one, "type", "veth", "peer", "name", "cable", "netns", other)
        for name, address in hosts.items():
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "cable")
            ip("-n", name, "link", "set", "cable", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield hosts
    finally:
        for name in made:
            ip("netns", "del", name)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("ip") is None, reason="needs root and iproute2")
def test_two_hosts_with_tls_between_them_run_the_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Scheduler, one worker and apply on one host, another worker on the other: both carry out actions, only TLS goes
    over the cable, and the applied tree is that of threads.
    """
    world, clone = tmp_path / "world", tmp_path / "clone"
    monkeypatch.setenv("SHOP_WORLD", str(world))
    for key, value in certificates(tmp_path / "certificates").items():
        monkeypatch.setenv(key, value)
    repo = Repo(tmp_path / "repo", init=False)
    shutil.copytree(ROOT / "fixtures/shop", repo.root)
    repo.begin_with_git()
    repo.commit()
    repo.git("clone", "-q", str(repo.root), str(clone))  # before: the commit that is applied has to be fetched
    repo.stage()
    with two_hosts() as hosts:
        (one, here), (other, _) = hosts.items()
        cluster = Cluster(tmp_path / "cluster", "tls", here, inside=("ip", "netns", "exec", one))
        capture = tmp_path / "cable"
        try:
            sniffer = subprocess.Popen(
                ["ip", "netns", "exec", one, sys.executable, "-c", SNIFFER, str(capture)], stdout=subprocess.PIPE
            )
            assert sniffer.stdout is not None and sniffer.stdout.readline(), "it listens"
            refused = subprocess.run(
                ["ip", "netns", "exec", one, sys.executable, "-m", "stagectl", "apply", "--yes", "--executor", "dask"]
                + ["--scheduler", cluster.address.replace("tls://", "tcp://")],
                cwd=repo.root, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            )  # fmt: skip
            assert refused.returncode == 64 and "is plain TCP to another host" in refused.stderr
            cluster.worker("w1", repo.root, "--parallel", "1", env=noting(tmp_path, "w1"))
            cluster.inside = ("ip", "netns", "exec", other)
            cluster.worker("w2", clone, "--parallel", "1", env=noting(tmp_path, "w2"))
            began = time.monotonic()
            done = subprocess.run(
                ["ip", "netns", "exec", one, sys.executable, "-m", "stagectl", "apply", "--yes", "--executor", "dask"]
                + ["--scheduler", cluster.address],
                cwd=repo.root, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            )  # fmt: skip
            seconds = time.monotonic() - began
            assert done.returncode == 0, done.stdout + done.stderr
        finally:
            cluster.close()
            sniffer.send_signal(signal.SIGTERM)
            sniffer.wait()
    actions = {name: len((tmp_path / name / "ran").read_text().split()) for name in ("w1", "w2")}
    assert all(actions.values())
    seen = capture.read_bytes()
    assert len(seen) > 10_000 and b"STAGECTL" not in seen and b"postgres" not in seen and b"prod/db" not in seen
    tree = repo.git("rev-parse", "stagectl/applied^{tree}")
    alone = Repo(tmp_path / "alone", init=False)
    repo.git("clone", "-q", str(repo.root), str(alone.root))
    for words in (["config", "user.name", "Ada"], ["config", "user.email", "a@b.c"]):
        alone.git(*words)
    alone.git("remote", "remove", "origin")
    alone.ok("apply", "--yes", env={"SHOP_WORLD": str(tmp_path / "world-alone")})
    assert tree == alone.git("rev-parse", "stagectl/applied^{tree}")
    ran = done.stdout.splitlines()[-2]
    print(
        f"two hosts: {ran.partition('. Run')[0]}, {actions['w1']} on one and {actions['w2']} on the other, "
        f"{seconds:.1f} s, {len(seen)} bytes over the cable, nothing of the plan to be read in them"
    )


def noting(folder: Path, name: str) -> Dict[str, str]:
    """Return an environment in which python3, which carries out the shop's actions, notes that it ran."""
    (folder / name).mkdir()
    program, real = folder / name / "python3", shutil.which("python3")
    program.write_text(f'#!/bin/sh\necho ran >> "{folder / name / "ran"}"\nexec "{real}" "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{folder / name}{os.pathsep}{os.environ['PATH']}"}


# Writes what goes over the cable into a file.
SNIFFER = """
import signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
cable.bind(("cable", 0))
print("listening", flush=True)
with open(sys.argv[1], "wb", buffering=0) as file:
    while True:
        file.write(cable.recv(1 << 16))
"""
