"""Files that act: a plan says which, a pin holds them, and nothing runs while one is not as the commit has it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Callable, Dict, List, Sequence

import pytest

from tests.build import Ran, Repo, ended
from tests.scenarios.runs.world import until

GO = "#!/bin/sh\ncat migrations/*.sql >> actions.log\n[ ! -e broken ]\n"


def failed(done: Ran) -> Ran:
    assert done.code == 1, done.out + done.err
    return done


def journals(repo: Repo) -> List[Path]:
    return sorted((repo.place / "runs").glob("2*/journal"))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def acting(repo: Repo) -> Repo:
    """A kind that runs bin/go, plays site.yml in an action of its own, and reads migrations/*.sql; `a` is staged."""
    kind = {"actions": {"run": ["./bin/go"], "update": ["sh", "bin//go"], "other": ["cat", "docs/other"]}}
    repo.write("kinds/m.yaml", json.dumps({**kind, "files": ["migrations/*.sql", "lib/**"]}))
    repo.write("bin/go", GO).write("migrations/1.sql", "one\n").write("docs/other", "o").write("lib/x/y", "y")
    repo.write("migrations/notes", "no").write("bin/unused", "u").write(
        ".gitignore", "actions.log\nbroken\nplan.json\n"
    )
    (repo.root / "bin/go").chmod(0o755)
    repo.define("a", "m", inputs={"n": 1}).commit()
    return repo.stage()


FILES = {"bin/go": GO, "docs/other": "o", "lib/x/y": "y", "migrations/1.sql": "one\n"}


def test_a_plan_has_the_files_that_its_kinds_name_by_their_digests(repo: Repo) -> None:
    """
    Of every action of the kind, with those that globs match, of the working tree and of a commit alike; no others.
    """
    acting(repo)

    found = repo.plan().raw
    assert found["files"] == {path: digest(text) for path, text in FILES.items()}
    assert found["plan_id"] == repo.plan("--head", "HEAD").raw["plan_id"]
    repo.write("bin/unused", "changed").write("migrations/notes", "changed").commit()
    assert found["plan_id"] == repo.plan().raw["plan_id"]
    assert "bin/go" in repo.ok("plan", "--format", "markdown").out
    repo.define("b", "plain").stage()
    assert "files" not in repo.plan("b").raw


EDITS: Dict[str, Callable[[Repo], object]] = {
    "bin/go": lambda repo: repo.write("bin/go", GO + "# more\n"),
    "docs/other": lambda repo: (repo.root / "docs/other").unlink(),
    "migrations/1.sql": lambda repo: repo.write("migrations/1.sql", "two\n"),
    "migrations/2.sql": lambda repo: repo.write("migrations/2.sql", "two\n"),
    "lib/x/z": lambda repo: repo.write("lib/x/z", "z"),
}


@pytest.mark.parametrize("path", EDITS)
def test_a_pin_holds_the_files_and_nothing_runs_with_others(repo: Repo, path: str) -> None:
    """
    Changed, gone or new: refused while no commit has it; then by the id and the saved plan, which name it.
    """
    reviewed = acting(repo).ok("plan", "--out", "plan.json").out and repo.plan().raw["plan_id"]
    EDITS[path](repo)

    for words in (("--yes",), ("--expect", repo.plan().raw["plan_id"])):
        assert failed(repo.run("apply", *words)).err.startswith(
            f"error: {path}: what actions run or read is not as the commit "
        )
    repo.commit()
    for pinned in (("--expect", reviewed), ("plan.json",)):
        done = failed(repo.run("apply", *pinned))
        assert f"~ differs: files: {path}\n" in done.err
        assert "error: the plan is not the one that was reviewed" in done.err
    assert repo.log() == []
    repo.ok("apply", "--yes")
    assert repo.plan().ids == []
    again = failed(repo.run("apply", "plan.json")).err
    assert "  - a.run  went\n" in again
    assert "differs: files" not in again, "files that nothing is left to act with were not edited"
    EDITS["bin/go"](repo.write("bin/go", "#!/bin/sh\n"))
    repo.commit()
    assert repo.plan().ids == [], "editing what acts affects no resource"
    repo.ok("verify")


def test_retry_and_resume_act_with_the_files_of_their_commit(repo: Repo) -> None:
    """
    A script that was changed since, committed or not, is refused by both; put back, they go on.
    """
    acting(repo).write("broken", "")
    failed(repo.apply())
    (repo.root / "broken").unlink()
    repo.write("bin/go", GO + "# mended\n")
    for commit in (False, True):
        if commit:
            repo.commit()
        assert failed(repo.run("retry")).err.startswith("error: bin/go: what actions run or read is not as the commit ")
    repo.write("bin/go", GO)
    repo.ok("retry")

    repo.write("bin/go", "#!/bin/sh\nsleep 60\n").define("a", "m", inputs={"n": 2}).commit()
    repo.stage()
    before = journals(repo)
    process = repo.begin("apply", "--yes")
    until(lambda: any(b"INPROGRESS" in path.read_bytes() for path in set(journals(repo)) - set(before)))
    process.kill()
    ended(process)
    repo.write("bin/go", GO)
    resume: Sequence[str] = ("resume", "--unknown", "rerun")
    # A warning comes first where the killed run's action had begun, and goes on.
    assert "error: bin/go: what actions run or read is not as the commit " in failed(repo.run(*resume)).err
    repo.write("bin/go", "#!/bin/sh\nsleep 60\n")
    repo.ok("resume", "--unknown", "done")


@pytest.mark.parametrize("glob", ["/etc/*", "../x", "a/../b", "x[1]", ""])
def test_globs_of_files_stay_in_the_repository(repo: Repo, glob: str) -> None:
    """
    Anything else is an error with its place.
    """
    repo.write("kinds/k.yaml", json.dumps({"files": [glob]}))

    done = failed(repo.run("validate"))

    assert "kinds/k.yaml:1:12: 'files' lists globs of files in the repository" in done.err + done.out
