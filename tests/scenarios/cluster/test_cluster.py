"""Changes carried out by a real Dask cluster: what is killed, what is known of it, where actions run, who may talk."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Dict, List

import pytest

from tests.build import PATIENCE, ROOT, Ran, Repo, is_alive
from tests.cluster import Cluster, cluster_for, eventually

ONCE = pytest.mark.once  # what is not marked is quick, and runs on every Python, because Dask is another one on each

# Notes its start and its end outside the checkout. `stuck` in its inputs: it goes on until the file `go` is there.
AGENT = """
cd "{notes}" && echo "b $STAGECTL_RESOURCE $$" >> notes
if grep -q stuck "$STAGECTL_INPUTS"; then until [ -e go ]; do sleep 0.05; done; fi
echo "said by $STAGECTL_RESOURCE"
echo "e $STAGECTL_RESOURCE" >> notes
"""


@pytest.fixture
def notes(repo: Repo) -> Path:
    """The folder where actions of the kinds `act` and `again`, which is idempotent, note what they do."""
    folder = repo.root.parent / "notes"
    folder.mkdir()
    (folder / "notes").touch()
    actions = {action: ["sh", "-c", AGENT.replace("{notes}", str(folder))] for action in ("run", "update")}
    repo.write("kinds/act.yaml", json.dumps({"actions": actions}))
    repo.write("kinds/again.yaml", json.dumps({"actions": actions, "idempotent": True}))
    return folder


def lines(notes: Path, word: str) -> List[List[str]]:
    """The starts (b) or ends (e) that actions noted: the resource, and of a start the process."""
    found = [line.split() for line in (notes / "notes").read_text().splitlines()]
    return [line[1:] for line in found if line[0] == word]


def process_of(notes: Path, name: str) -> int:
    """The process of an action, once it has begun."""
    eventually(lambda: any(line[0] == name for line in lines(notes, "b")), f"{name} begins")
    return next(int(line[1]) for line in lines(notes, "b") if line[0] == name)


def staged(repo: Repo) -> Repo:
    repo.commit()
    return repo.stage()


def layers(repo: Repo, count: int, width: int) -> Repo:
    """Define layers of resources, each after two of the layer before."""
    for layer in range(count):
        for place in range(width):
            parents = {f"l{layer - 1}/r{place}", f"l{layer - 1}/r{(place + 1) % width}"} if layer else set()
            repo.define(f"l{layer}/r{place}", "act", depends_on=sorted(parents))
    return repo


def on(cluster: Cluster) -> List[str]:
    return ["--executor", "dask", "--scheduler", cluster.address]


def states(repo: Repo) -> Dict[str, str]:
    """The state of every change, as the newest run's report says."""
    report = repo.ok("report", "--json").json()
    return {change["id"]: change["state"] for change in report["changes"]}


def ended(process: subprocess.Popen[str], seconds: float = PATIENCE) -> Ran:
    out, err = process.communicate(timeout=seconds)
    return Ran(process.returncode, out, err)


# --- what is killed


@pytest.mark.full
def test_a_worker_that_is_killed_leaves_unknown_what_it_had_begun_and_nothing_starts_twice(
    repo: Repo, notes: Path
) -> None:
    """
    60 actions on two workers; the one with the stuck action dies: that one is UNKNOWN and no longer alive, what waits
    for it is skipped, all others end, the run ends by itself, and resume, here and in threads, does what is left.
    """
    staged(layers(repo, 6, 10).define("stuck", "act", inputs={"x": "stuck"}).define("z", "act", depends_on=["stuck"]))
    with cluster_for(repo) as cluster:
        apply = repo.begin("apply", "--yes", *on(cluster))
        process = process_of(notes, "stuck")
        eventually(lambda: len(lines(notes, "e")) > 20, "20 have ended")
        cluster.kill(cluster.of(process))
        done = ended(apply)

        found = states(repo)
        unknown = {identity for identity, state in found.items() if state == "UNKNOWN"}
        assert done.code == 1 and "was not seen" in done.err and "stuck.run" in done.err
        assert "hint: look, and say: stagectl resume" in done.err
        assert "stuck.run" in unknown and found["z.run"] == "SKIPPED" and len(unknown) <= 8
        assert {"SUCCESS", "UNKNOWN", "SKIPPED"} == set(found.values())
        eventually(lambda: not is_alive(process), "what the killed worker had started ends")
        eventually(lambda: len(repo.git("worktree", "list").splitlines()) == 1, "its checkout goes, too")
        names = [line[0] for line in lines(notes, "b")]
        assert len(names) == len(set(names)), "none has started twice"
        succeeded = {identity.partition(".")[0] for identity, state in found.items() if state == "SUCCESS"}
        assert succeeded <= {line[0] for line in lines(notes, "e")}
        report = repo.ok("report").out
        assert ": interrupted, by Ada" in report and "its end was not seen" in report
        assert repo.run("resume", *on(cluster)).code == 64, "it has to be reported what became of them"

    (notes / "go").touch()
    assert "62 SUCCESS" in repo.ok("resume", "--unknown", "rerun").out
    assert {"SUCCESS"} == set(states(repo).values())
    names = [line[0] for line in lines(notes, "b")]
    assert {name for name in names if names.count(name) > 1} <= {identity[:-4] for identity in unknown}


@pytest.mark.full
@ONCE
def test_a_scheduler_that_is_killed_interrupts_the_run_and_resume_finishes_it_in_threads(
    repo: Repo, notes: Path
) -> None:
    """
    What ended is known, what ran is UNKNOWN and does not live on, and the workers go.
    """
    staged(repo.define("a", "act").define("stuck", "again", inputs={"x": "stuck"}, depends_on=["a"]))
    with cluster_for(repo) as cluster:
        apply = repo.begin("apply", "--yes", *on(cluster))
        process = process_of(notes, "stuck")
        cluster.kill("scheduler")
        done = ended(apply)

        assert done.code == 1 and f"the scheduler at {cluster.address} is gone" in done.err
        assert {"a.run": "SUCCESS", "stuck.run": "UNKNOWN"} == states(repo)
        eventually(lambda: not is_alive(process), "the action ends with its worker")
        for name in ("w1", "w2"):
            assert cluster.processes[name].wait(PATIENCE) == 1
            assert "is gone" in (cluster.folder / f"{name}.err").read_text()
    (notes / "go").touch()
    assert "2 SUCCESS" in repo.ok("resume").out
    assert ["a", "stuck", "stuck"] == [line[0] for line in lines(notes, "b")]


@ONCE
def test_a_run_whose_coordinator_is_killed_is_finished_on_the_same_cluster(repo: Repo, notes: Path) -> None:
    """
    What waits in the cluster for a dead run does not start any more; resume is an attempt of its own there.
    """
    for name in ("a", "b", "c", "d"):
        repo.define(name, "again", inputs={"x": "stuck"})
    staged(repo)
    with cluster_for(repo, 1, "--parallel", "2") as cluster:
        apply = repo.begin("apply", "--yes", *on(cluster))
        eventually(lambda: len(lines(notes, "b")) == 2, "two begin, two wait")
        apply.kill()
        apply.communicate()
        eventually(lambda: b"Remove client" in (cluster.folder / "scheduler.err").read_bytes(), "that is noticed")
        (notes / "go").touch()
        eventually(lambda: len(lines(notes, "e")) == 2, "what had begun ends")

        assert "4 SUCCESS" in repo.ok("resume", *on(cluster)).out
    names = [line[0] for line in lines(notes, "b")]
    assert len(names) == 6 and {"a", "b", "c", "d"} == set(names[2:]), "only resume has started anything since"


@ONCE
def test_ctrl_c_twice_ends_the_processes_on_workers_and_so_do_a_timeout_and_the_end_of_a_worker(
    repo: Repo, notes: Path
) -> None:
    """
    A killed action is ERROR, as it is in threads; what had not started is skipped.
    """
    raw = json.loads(repo.read("kinds/act.yaml"))
    repo.write("kinds/short.yaml", json.dumps({**raw, "timeout": 1}))
    repo.define("short", "short", inputs={"x": "stuck"})
    repo.define("a", "act", inputs={"x": "stuck"}).define("z", "act", depends_on=["a"])
    staged(repo)
    with cluster_for(repo, 1) as cluster:
        apply = repo.begin("apply", "--yes", *on(cluster))
        process = process_of(notes, "a")
        eventually(lambda: states(repo)["short.run"] == "ERROR", "short takes too long")
        short = [int(line[1]) for line in lines(notes, "b") if line[0] == "short"]  # none where it was killed early
        assert not any(map(is_alive, short))
        apply.send_signal(signal.SIGINT)
        apply.send_signal(signal.SIGTERM)
        done = ended(apply)

        assert done.code == 130 and not is_alive(process)
        assert {"a.run": "ERROR", "short.run": "ERROR", "z.run": "SKIPPED"} == states(repo)
        assert "a.run: ERROR (ended by signal 9)" in done.err
        (notes / "notes").write_text("")
        apply = repo.begin("apply", "--yes", "a", *on(cluster))
        process = process_of(notes, "a")
        cluster.kill("w1", signal.SIGTERM)
        done = ended(apply)
        assert done.code == 1 and "a.run: ERROR (ended by signal 9)" in done.err and not is_alive(process)


@ONCE
def test_ctrl_c_on_a_terminal_does_not_reach_a_cluster_that_was_made_here(repo: Repo, notes: Path) -> None:
    """
    The terminal sends it to all of its processes: what runs is waited for; and if apply is killed, all of it goes.
    """
    staged(repo.define("a", "act", inputs={"x": "stuck"}).define("z", "act", depends_on=["a"]))
    words = [sys.executable, "-m", "stagectl", "apply", "--yes", "--executor", "dask"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def begun() -> subprocess.Popen[str]:
        return subprocess.Popen(
            words, cwd=repo.root, env=environment, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    apply = begun()
    process = process_of(notes, "a")
    os.killpg(apply.pid, signal.SIGINT)
    os.killpg(apply.pid, signal.SIGHUP)
    (notes / "go").touch()
    done = ended(apply)
    assert done.code == 130 and "a.run: SUCCESS" in done.err and "z.run: SKIPPED (the run was interrupted)" in done.err
    (notes / "go").unlink()
    (notes / "notes").write_text("")
    repo.git("update-ref", "-d", "refs/heads/stagectl/applied")
    apply = begun()
    process = process_of(notes, "a")
    os.kill(apply.pid, signal.SIGKILL)
    apply.communicate()
    eventually(lambda: not is_alive(process), "the action ends")
    eventually(lambda: len(repo.git("worktree", "list").splitlines()) == 1, "no checkout is left")


# --- where actions run


@ONCE
def test_actions_run_in_a_checkout_that_the_worker_fetches_and_never_in_an_edited_tree(
    repo: Repo, notes: Path, tmp_path: Path
) -> None:
    """
    The worker's clone is behind, and an author edits in it; its branch, index and files stay as they are.
    """
    remote, clone = tmp_path / "remote.git", tmp_path / "clone"
    repo.git("init", "-q", "--bare", str(remote))
    repo.git("remote", "add", "origin", str(remote))
    repo.git("push", "-q", "origin", "main")
    repo.git("clone", "-q", "-b", "main", str(remote), str(clone))
    script = f'cat said >> "{notes}/notes"; git rev-parse HEAD >> "{notes}/notes"; touch left-over'
    repo.write("kinds/tell.yaml", json.dumps({"actions": {"run": ["sh", "-c", script]}})).write("said", "committed\n")
    staged(repo.define("a", "tell"))
    worker = Repo(clone, init=False).write("said", "edited\n")
    before = worker.git("status", "--porcelain") + worker.git("log")
    cluster = Cluster(tmp_path / "cluster")
    try:
        cluster.worker("w1", clone)
        refused = repo.apply(*on(cluster))
        assert refused.code == 1 and "worker w1: the commit " in refused.err and "neither here nor on" in refused.err
        assert "hint: push it, and apply again" in refused.err
        repo.git("push", "-q", "origin", "main")
        assert "1 SUCCESS" in repo.apply(*on(cluster)).out
    finally:
        cluster.close()
    assert ["committed", repo.git("rev-parse", "HEAD").strip()] == (notes / "notes").read_text().split()
    assert before == worker.git("status", "--porcelain") + worker.git("log")


@ONCE
def test_a_target_is_where_a_worker_was_started_for_it_and_no_change_waits_for_ever(
    repo: Repo, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    route_targets: the action runs on the worker with that target; without one it is an error that names both sides, and
    what goes on elsewhere meanwhile ends as it does.
    """
    pytest.importorskip("distributed")
    from stagectl.adapters.executors import link

    monkeypatch.setattr(link, "WORKER_SECONDS", 1.0)
    repo.write("stagectl.yaml", "executor: dask\nroute_targets: true\n")
    repo.define("a", "act", inputs={"target": "web1", "x": "stuck"}).define("b", "act", inputs={"target": "web2"})
    repo.define("c", "act", inputs={"target": "web3"}).define("z", "act", depends_on=["c"])
    staged(repo)

    def let_go_when_given_up() -> None:
        eventually(lambda: any(b'"ERROR"' in path.read_bytes() for path in repo.place.glob("runs/*/journal")), "c ends")
        (notes / "go").touch()

    cluster = Cluster(repo.root.parent / "cluster")
    try:
        cluster.worker("w1", repo.root, "--target", "web1", "--target", "db")
        cluster.worker("w2", repo.root, "--target", "web2")
        given_up = threading.Thread(target=let_go_when_given_up)
        given_up.start()
        done = repo.apply("--scheduler", cluster.address)
        given_up.join()
    finally:
        cluster.close()
    said = "c.run: ERROR (it did not start: no worker for the target 'web3' within 1 seconds; there are: "
    assert done.code == 1 and {"a.run": "SUCCESS", "b.run": "SUCCESS", "c.run": "ERROR", "z.run": "SKIPPED"} == states(
        repo
    )
    assert said in done.err and "w1 (db, web1)" in done.err and "w2 (web2)" in done.err


@ONCE
def test_secrets_are_read_on_the_worker_and_stay_there(repo: Repo, notes: Path) -> None:
    """
    The coordinator has no such variable; what the action prints comes back clean, and nothing here has the value.
    """
    secret = "Kanarienvogel-4711-geheim"
    script = (
        f'grep -c "K[a]narienvogel-4711" "$STAGECTL_INPUTS" >> "{notes}/notes"; '
        'cat "$STAGECTL_INPUTS"; echo "$TOKEN"; false'
    )
    repo.write("kinds/tell.yaml", json.dumps({"actions": {"run": ["sh", "-c", script]}}))
    staged(repo.define("a", "tell", inputs={"token": "${env:TOKEN}"}))
    cluster = Cluster(repo.root.parent / "cluster")
    try:
        cluster.worker("w1", repo.root)
        refused = repo.run("apply", "--yes", *on(cluster))
        assert refused.code == 1
        assert "error: not set in the environment of worker w1: TOKEN" in refused.err
        cluster.kill("w1", signal.SIGTERM)
        cluster.worker("w2", repo.root, env={"TOKEN": secret})
        done = repo.run("apply", "--yes", *on(cluster))
    finally:
        cluster.close()
    assert done.code == 1 and "1" == (notes / "notes").read_text().strip()
    assert done.err.count("(sensitive)") == 2 and secret not in done.out + done.err
    written = [path for folder in (repo.top, cluster.folder) for path in folder.rglob("*") if path.is_file()]
    assert len(written) > 20 and not [path for path in written if secret.encode() in path.read_bytes()]


@pytest.mark.parametrize("fixture", ["shop", pytest.param("openstack", marks=ONCE)])
def test_a_fixture_is_applied_to_the_same_tree_as_in_threads(tmp_path: Path, fixture: str) -> None:
    """
    A cluster made on this machine, and none.
    """
    trees = []
    for executor in ("threads", "dask"):
        repo = Repo(tmp_path / executor, init=False, folder="")
        shutil.copytree(ROOT / "fixtures" / fixture, repo.root)
        repo.begin_with_git()
        repo.commit()
        repo.stage()
        repo.ok("apply", "--yes", "--executor", executor, env={"SHOP_WORLD": str(tmp_path / f"world-{executor}")})
        trees.append(repo.git("rev-parse", "stagectl/applied^{tree}"))
        assert not repo.git("worktree", "list").splitlines()[1:], "no checkout is left"
    assert trees[0] == trees[1]


@ONCE
def test_who_cannot_load_stagectl_is_named_before_anything_starts(
    repo: Repo, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A scheduler, a worker, and a worker with another version.
    """
    staged(repo.define("a", "act"))
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'WITHOUT' in os.environ: sys.modules[os.environ['WITHOUT']] = None\n"
        "if 'VERSION' in os.environ: import stagectl.version; stagectl.version.__version__ = os.environ['VERSION']\n"
    )
    path = {"PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}
    module = "stagectl.adapters.executors."
    bad = Cluster(tmp_path / "bad", env={**path, "WITHOUT": f"{module}ledger"})
    try:
        refused = repo.run("apply", "--yes", *on(bad))
    finally:
        bad.close()
    assert refused.code == 1 and f"the scheduler at {bad.address} cannot load stagectl: " in refused.err
    assert "hint: install the same version of stagectl[dask] there" in refused.err
    cluster = Cluster(tmp_path / "cluster")
    try:
        cluster.plain_worker("w1", repo.root, env={**path, "WITHOUT": f"{module}worker"})
        refused = repo.run("apply", "--yes", *on(cluster))
        assert refused.code == 1 and "error: worker w1 cannot load stagectl: " in refused.err
        cluster.kill("w1")
        cluster.plain_worker("w2", repo.root, env={**path, "VERSION": "0.0.1"})
        refused = repo.run("apply", "--yes", *on(cluster))
        assert refused.code == 1 and "error: worker w2: it has stagectl 0.0.1, and this is " in refused.err
    finally:
        cluster.close()
    assert not lines(notes, "b") and "interrupted" not in repo.run("status").err


# --- who may talk


REFUSED = {
    "tcp://10.0.0.1:8786": "tcp://10.0.0.1:8786 is plain TCP to another host: what reaches it can run code",
    "scheduler:8786": "scheduler:8786 is plain TCP to another host",
    "tcp://127.0.0.1.evil.example:8786": "is plain TCP to another host",
    "tcp://[2001:db8::1]:8786": "is plain TCP to another host",
    "ucx://127.0.0.1:8786": "ucx://127.0.0.1:8786 is no address of a scheduler",
    "inproc://1": "is no address of a scheduler",
    "127.0.0.1": "is no address of a scheduler",
}


@ONCE
@pytest.mark.parametrize("address", REFUSED)
@pytest.mark.parametrize("command", [["apply", "--yes", "--executor", "dask", "--scheduler"], ["worker"]])
def test_an_address_over_which_any_user_could_run_code_is_refused(repo: Repo, command: List[str], address: str) -> None:
    """
    Before anything is connected to; the config cannot say otherwise, because a pull request could.
    """
    staged(repo.define("a"))
    done = repo.run(*command, address)
    assert done.code == 64 and REFUSED[address] in done.err
    assert repo.run("status").out.count("interrupted") == 0


@ONCE
def test_insecure_lets_an_operator_trust_a_network(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    apply, retry, resume and worker refuse plain TCP to another host; with --insecure they look for the scheduler there.
    """
    from stagectl.adapters.executors import link, serve

    monkeypatch.setattr(link, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(serve, "CONNECT_SECONDS", 0.3)
    address = "tcp://192.0.2.1:8786"  # an address that no host has
    repo.write("kinds/dies.yaml", json.dumps({"actions": {"run": ["sh", "-c", "kill -9 $PPID"]}}))
    staged(repo.define("a"))
    repo.fail("a.run").apply()

    def check(command: List[str]) -> None:
        refused, tried = repo.run(*command[:-1]), repo.run(*command)
        assert refused.code == 64 and f"{address} is plain TCP to another host" in refused.err, command
        assert tried.code == 1 and f"no scheduler answers at {address}" in tried.err, command

    check(["apply", "--yes", "--executor", "dask", "--scheduler", address, "--insecure"])
    check(["retry", "--executor", "dask", "--scheduler", address, "--insecure"])
    check(["worker", address, "--insecure"])
    repo.define("b", "dies")
    assert staged(repo).run("apply", "--yes", "b", env={"LC_ALL": "C.UTF-8"}).code == -9
    check(["resume", "--unknown", "rerun", "--executor", "dask", "--scheduler", address, "--insecure"])


@ONCE
def test_what_is_asked_for_in_vain_is_reported(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An executor that is not there, an option that goes with another one, Dask not installed, nothing that answers.
    """
    from stagectl.adapters.executors import link

    monkeypatch.setattr(link, "CONNECT_SECONDS", 0.3)
    staged(repo.define("a"))
    assert "there is no executor 'dusk'; did you mean 'dask'?" in repo.apply("--executor", "dusk").err
    assert "--scheduler is for another executor than threads" in repo.apply("--scheduler", "tcp://127.0.0.1:1").err
    nobody = repo.apply("--executor", "dask", "--scheduler", "tcp://127.0.0.1:1")
    assert nobody.code == 1 and "error: no scheduler answers at tcp://127.0.0.1:1" in nobody.err
    assert (
        "tls://127.0.0.1:1 needs certificates"
        in repo.apply("--executor", "dask", "--scheduler", "tls://127.0.0.1:1").err
    )
    for name in [name for name in sys.modules if name.startswith("stagectl.adapters.executors.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    missing = repo.apply("--executor", "dask")
    assert missing.code == 1 and "error: Dask distributed is not installed\nhint: install it" in missing.err
    assert not repo.applied("a")


@ONCE
def test_nothing_of_dask_is_imported_unless_it_is_asked_for(repo: Repo) -> None:
    """
    Apply in threads, and the help of every command, know nothing of it.
    """
    staged(repo.define("a"))
    script = (
        "import sys; from stagectl.__main__ import main; main(sys.argv[1:]); "
        "print('dask' in sys.modules, 'distributed' in sys.modules)"
    )
    for words in (["apply", "--yes"], ["worker", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", script, *words], cwd=repo.root, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.stdout.endswith("False False\n"), done.stdout + done.stderr


def certificates(folder: Path) -> Dict[str, str]:
    """Make an authority and a certificate that it signed, as the docs say; return the environment that names them."""
    folder.mkdir()
    docs = (ROOT / "docs/cluster.md").read_text(encoding="utf-8")
    script = next(block for block in re.findall(r"```sh\n(.*?)```", docs, re.DOTALL) if "ca.key" in block)
    subprocess.run(["sh", "-ec", script], cwd=folder, check=True, capture_output=True)
    lead = "DASK_DISTRIBUTED__COMM__TLS__"
    found = {f"{lead}CA_FILE": str(folder / "ca.pem")}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        found.update({f"{lead}{role}__CERT": str(folder / "host.pem"), f"{lead}{role}__KEY": str(folder / "host.key")})
    return found


@pytest.mark.full
def test_over_tls_only_who_has_a_certificate_of_the_authority_takes_part(
    repo: Repo, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    One of another authority is turned away, and nothing ran.
    """
    ours, theirs = certificates(tmp_path / "ours"), certificates(tmp_path / "theirs")
    staged(repo.define("a", "act"))
    for key, value in ours.items():
        monkeypatch.setenv(key, value)
    cluster = Cluster(tmp_path / "cluster", "tls")
    try:
        assert cluster.address.startswith("tls://")
        cluster.worker("w1", repo.root)
        stranger = repo.run("apply", "--yes", *on(cluster), env=theirs)
        assert stranger.code == 1 and "no scheduler answers at tls://" in stranger.err and not lines(notes, "b")
        assert "1 SUCCESS" in repo.ok("apply", "--yes", *on(cluster), env=ours).out
    finally:
        cluster.close()
