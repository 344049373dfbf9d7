"""A real PostgreSQL: a new environment by one apply; changes, failures, retries and removals reach its readers."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Iterator, List

import pytest

from tests.build import PATIENCE, ROOT, Repo

FIXTURE = ROOT / "fixtures" / "postgres"
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
PATH = os.pathsep.join([*map(str, PROGRAMS), os.environ.get("PATH", "")])
INITDB = shutil.which("initdb", path=PATH)
# PostgreSQL does not run as root.
AS = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

if INITDB is None and os.environ.get("NEEDS_POSTGRES"):
    raise RuntimeError("no PostgreSQL is here, and NEEDS_POSTGRES is set: apt-get install postgresql")
pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(INITDB is None, reason="needs PostgreSQL: apt-get install postgresql"),
]


def server(*command: str) -> str:
    """Run a program of the server's; return what it says if it fails."""
    words = [*AS, "env", f"PATH={PATH}", *command]
    done = subprocess.run(words, cwd="/", capture_output=True, text=True, timeout=2 * PATIENCE)
    return done.stdout + done.stderr if done.returncode else ""


def started(folder: str) -> int:
    """Start the server that is in a folder; return its port, which no other process may take while it starts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    settings, log = f"-p {number} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off", f"{folder}/{number}.log"
    words = ("pg_ctl", "-D", f"{folder}/data", "-o", settings, "-l", log, "-t", str(PATIENCE), "start")
    failure = server(*words)
    if failure and "Address already in use" in Path(log).read_text():
        return started(folder)
    assert not failure, failure
    return number


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server on a free port of loopback, made and stopped here."""
    made = subprocess.run([*AS, "mktemp", "-d", "/tmp/stagectl-pg-XXXXXX"], capture_output=True, text=True, check=True)
    folder = made.stdout.strip()
    try:
        failure = server("initdb", "-D", f"{folder}/data", "-U", "admin", "-A", "trust", "-N")
        assert not failure, failure
        yield started(folder)
    finally:
        subprocess.run(
            [*AS, "env", f"PATH={PATH}", "pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop"], cwd="/"
        )
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def world(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """The fixture as a repository, with nothing applied and an empty server."""
    for key, value in {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "admin", "PATH": PATH}.items():
        monkeypatch.setenv(key, value)
    for name in ask("SELECT datname FROM pg_database WHERE datname LIKE 'shop%'"):
        ask(f'DROP DATABASE "{name}" WITH (FORCE)')  # a client that has ended may be seen for a moment
    for name in ask("SELECT rolname FROM pg_roles WHERE rolname LIKE 'shop%'"):
        ask(f'DROP ROLE "{name}"')
    repo = Repo(tmp_path / "repo")
    for part in ("bin", "kinds", "resources"):
        shutil.copytree(FIXTURE / part, repo.root / part, dirs_exist_ok=True)
    repo.write(".gitignore", "app.json\n").commit()
    return repo.stage()


def ask(sql: str, database: str = "postgres") -> List[str]:
    done = subprocess.run(["psql", "-X", "-A", "-t", "-d", database, "-c", sql], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def edit(repo: Repo, name: str, old: str, new: str) -> Repo:
    path = f"resources/prod/{name}.yaml"
    text = repo.read(path)
    assert old in text
    repo.write(path, text.replace(old, new)).commit()
    return repo.stage()


def ends(repo: Repo) -> List[str]:
    """How the changes of the newest run ended."""
    return [f"{one['id']} {one['state']}" for one in repo.ok("report", "--json").json()["changes"]]


def test_a_new_environment_is_made_by_one_apply(world: Repo) -> None:
    """From nothing to a passing smoke test: role, database, migration, config, each with what the others reported."""
    world.ok("apply", "--yes")
    assert ends(world)[-1] == "prod/smoke.test SUCCESS"
    oid = ask("SELECT oid FROM pg_database WHERE datname = 'shop'")
    role = ask("SELECT oid FROM pg_roles WHERE rolname = 'shop'")
    found = json.loads(world.read("app.json"))
    assert ([str(found["database"])], [str(found["role"])], found["version"]) == (oid, role, 1)
    assert world.plan().ids == [] and world.ok("verify").code == 0


def test_a_change_that_reports_nothing_new_reaches_no_reader(world: Repo) -> None:
    """A connection limit is the database's own business; `reports` says so, and its readers are not in the plan."""
    world.ok("apply", "--yes")
    assert edit(world, "db", "connections: 20", "connections: 30").plan().ids == ["prod/db.update"]
    world.ok("apply", "--yes")
    assert ask("SELECT datconnlimit FROM pg_database WHERE datname = 'shop'") == ["30"]
    edit(world, "role", "connections: 5", "connections: 6").ok("apply", "--yes")
    assert "prod/config.update NOOP" in ends(world) and "prod/smoke.test NOOP" in ends(world)


def test_a_migration_brings_its_version_to_the_config_and_the_smoke_test_looks(world: Repo) -> None:
    """The gate comes first; a statement that fails holds the config back, and a retry goes on where it stopped."""
    world.ok("apply", "--yes")
    last = "    - CREATE TABLE orders (id integer PRIMARY KEY)\n"
    edit(world, "migration", last, f"{last}    - CREATE TABLE orders (id integer)\n")
    assert world.apply().code == 1
    assert "prod/migration.update ERROR" in ends(world) and "prod/config.update SKIPPED" in ends(world)
    edit(world, "migration", "orders (id integer)", "items (id integer)").ok("apply", "--yes")
    assert json.loads(world.read("app.json"))["version"] == 2 and ends(world)[-1] == "prod/smoke.test SUCCESS"
    assert world.plan().ids == []


def test_another_name_means_a_new_database_with_another_oid(world: Repo) -> None:
    """Its readers follow: the migration runs on the new one, the config has its OID, and the smoke test passes."""
    world.ok("apply", "--yes")
    before = json.loads(world.read("app.json"))["database"]
    edit(world, "db", "name: shop", "name: shop2").ok("apply", "--yes")
    after = json.loads(world.read("app.json"))
    assert after["database"] != before and after["dsn"].endswith("/shop2")
    assert ask("SELECT count(*) FROM schema_migrations", "shop2") == ["1"]
    assert ask("SELECT datname FROM pg_database WHERE datname LIKE 'shop%'") == ["shop2"]
    assert ends(world)[-1] == "prod/smoke.test SUCCESS" and world.plan().ids == []


def test_what_a_failed_run_has_made_is_known_to_the_next_try(world: Repo) -> None:
    """The database is there, its extension is not: the retry goes on with the OID that was reported."""
    edit(world, "db", "extensions: []", "extensions: [nonesuch]")
    assert world.apply().code == 1
    oid = ask("SELECT oid FROM pg_database WHERE datname = 'shop'")
    assert [str(world.applied("prod/db")["unfinished"]["outputs"]["oid"])] == oid
    assert world.applied("prod/config") is None
    edit(world, "db", "extensions: [nonesuch]", "extensions: [plpgsql]").ok("apply", "--yes")
    assert ask("SELECT oid FROM pg_database WHERE datname = 'shop'") == oid
    assert json.loads(world.read("app.json"))["database"] == int(oid[0])
    assert ends(world)[-1] == "prod/smoke.test SUCCESS"


def test_a_retry_makes_the_rest_of_the_environment(world: Repo) -> None:
    """Something on the server was in the way of the first step; all that was skipped gets what is reported now."""
    ask("CREATE ROLE shop")
    assert world.apply().code == 1
    assert "prod/role.run ERROR" in ends(world) and ends(world)[-1] == "prod/smoke.test SKIPPED"
    ask("DROP ROLE shop")
    world.ok("retry")
    assert ends(world)[-1] == "prod/smoke.test SUCCESS" and world.plan().ids == []
    role = ask("SELECT oid FROM pg_roles WHERE rolname = 'shop'")
    assert [str(json.loads(world.read("app.json"))["role"])] == role


def test_all_of_it_is_dropped_again(world: Repo) -> None:
    """Readers first; nothing is left on the server, and nothing in the applied state."""
    world.ok("apply", "--yes")
    world.ok("remove", "prod/role", "--recursive")
    world.ok("apply", "--yes")
    assert ask("SELECT datname FROM pg_database WHERE datname LIKE 'shop%'") == []
    assert ask("SELECT rolname FROM pg_roles WHERE rolname LIKE 'shop%'") == []
    assert not (world.root / "app.json").exists()


def test_what_was_changed_by_hand_is_seen_and_mended(world: Repo) -> None:
    """A role and a database get other limits at the console: seen, recorded, planned, applied, and seen to be gone."""
    world.ok("apply", "--yes")
    assert {one["state"] for one in world.ok("check", "--json").json()["resources"]} == {"ok", "unchecked"}
    ask("ALTER ROLE shop CONNECTION LIMIT 99 NOLOGIN")
    ask("ALTER DATABASE shop CONNECTION LIMIT 7")
    seen = {one["resource"]: one for one in world.ok("check", "--record", "--json").json()["resources"]}
    assert seen["prod/db"]["diff"] == [{"path": "connections", "applied": 20, "seen": 7}]
    assert (seen["prod/role"]["state"], seen["prod/role"]["message"]) == ("drifted", "it may not log in")
    assert (world.plan().cause("prod/db.update"), world.plan().cause("prod/role.update")) == ("drift", "drift")
    ask("ALTER ROLE shop LOGIN")  # an update sets the limit alone
    world.ok("apply", "--yes")
    assert ask("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'shop'") == ["5"]
    assert {one["state"] for one in world.ok("check", "--record", "--json").json()["resources"]} == {"ok", "unchecked"}
    assert world.plan().ids == [] and world.ok("verify").code == 0


def test_what_was_dropped_is_made_again_with_its_readers(world: Repo) -> None:
    """The database is gone: its run reports another OID, the migration and the config follow, the smoke test passes."""
    world.ok("apply", "--yes")
    before = json.loads(world.read("app.json"))["database"]
    ask("DROP DATABASE shop")
    world.ok("check", "--record")
    assert world.plan().cause("prod/db.run") == "drift"
    world.ok("apply", "--yes")
    assert json.loads(world.read("app.json"))["database"] != before
    assert ends(world)[-1] == "prod/smoke.test SUCCESS" and world.plan().ids == []
    assert {one["state"] for one in world.ok("check", "--json").json()["resources"]} == {"ok", "unchecked"}
