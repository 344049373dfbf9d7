"""What a promotion does with digests of files, with secrets, and with what was skipped."""

from __future__ import annotations

import hashlib

from tests.build import Repo


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_of_a_file_is_promoted_as_it_is_written(repo: Repo) -> None:
    """
    The path and not the digest: the target has the file of the commit that is applied there.
    """
    repo.write("templates/app.conf", "one\n")
    repo.define("staging/app", inputs={"conf": "${sha256:templates/app.conf}", "v": 1})
    repo.define("prod/app", inputs={"conf": "none", "v": 1}).apply_all()

    repo.ok("promote", "staging", "prod")

    assert "${sha256:templates/app.conf}" in repo.read("resources/prod/app.yaml")
    assert [("conf", "none", sha256("one\n"))] == [
        (one["path"], one["before"], one["after"]) for one in repo.plan().change("prod/app.update")["diff"]
    ]
    repo.write("templates/app.conf", "two\n").commit()
    repo.ok("apply", "--yes", "prod/app")
    assert sha256("two\n") == repo.applied("prod/app")["inputs"]["conf"]
    assert sha256("one\n") == repo.applied("staging/app")["inputs"]["conf"]
    assert "Nothing to promote" in repo.ok("promote", "staging", "prod").out


def test_a_target_keeps_a_file_of_its_own_under_overrides(repo: Repo) -> None:
    """
    So each environment names its own file, and promoting one version copies no name of a file.
    """
    for folder in ("staging", "prod"):
        repo.write(f"templates/{folder}.conf", folder)
        inputs = {"conf": f"${{sha256:templates/{folder}.conf}}", "v": 1}
        repo.define(f"{folder}/app", inputs=inputs, overrides=["conf"])
    repo.apply_all()
    repo.ok("update", "staging/app", "--set", "v=2")
    repo.apply()

    repo.ok("promote", "staging", "prod")

    assert ["v"] == [one["path"] for one in repo.plan().change("prod/app.update")["diff"]]


def test_a_target_keeps_the_variables_that_it_reads(repo: Repo) -> None:
    """
    `${env:NAME}` counts as an override: no promotion gives production the password of staging.
    """
    repo.define("staging/app", inputs={"pw": "${env:STAGING_PW}", "v": 1})
    repo.define("prod/app", inputs={"pw": "${env:PROD_PW}", "v": 1}).commit()
    repo.stage()
    repo.ok("apply", "--yes", "--record-only")
    repo.ok("update", "staging/app", "--set", "v=2")
    repo.ok("apply", "--yes", "--record-only")

    repo.ok("promote", "staging", "prod")

    assert ["v"] == [one["path"] for one in repo.plan().change("prod/app.update")["diff"]]
    assert "PROD_PW" in repo.read("resources/prod/app.yaml")


def test_a_variable_that_is_new_in_the_source_is_asked_for(repo: Repo) -> None:
    """
    The target has no value there that it could keep: the error lists the path; where it reads one, it goes on doing so.
    """
    repo.define("staging/app", inputs={"to": [{"pw": "x"}], "own": 1}).define("prod/app", inputs={"own": "${env:OWN}"})
    repo.commit()
    repo.stage()
    repo.ok("apply", "--yes", "--record-only")
    repo.ok("update", "staging/app", "--set", "to.0.pw=a-${env:STAGING_PW}")
    repo.ok("apply", "--yes", "--record-only")

    refused = repo.run("promote", "staging", "prod")
    assert (1, True) == (refused.code, "  prod/app.to.0.pw\n" in refused.err)
    repo.ok("promote", "staging", "prod", "--set", "prod/app.to.0.pw=${env:PROD_PW}")

    found = {one["path"]: one["after"] for one in repo.plan().change("prod/app.update")["diff"]}
    assert {"to.0.pw": "${env:PROD_PW}"} == found
    assert "${env:OWN}" in repo.read("resources/prod/app.yaml")


def test_what_was_skipped_behind_something_that_failed_closes_the_gate(repo: Repo) -> None:
    """
    The smoke test of app waits for db, whose update failed: app ran, its test did not.
    """
    for folder in ("staging", "prod"):
        repo.define(f"{folder}/db", inputs={"v": 1}).define(f"{folder}/app", inputs={"v": 1})
        repo.define(f"{folder}/smoke", react_on={"test": ["./app.update"]}, depends_on=["./db"])
    repo.apply_all()
    for name in ("staging/db", "staging/app"):
        repo.ok("update", name, "--set", "v=2")
    repo.fail("staging/db.update").run("apply", "--yes")

    refused = repo.run("promote", "staging", "prod", "staging/app")

    assert (1, True) == (refused.code, "not verified: staging/smoke.test did not succeed yet" in refused.err)
