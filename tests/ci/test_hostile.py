"""What others write in branches, names and files is data to the workflows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import Repo
from tests.ci.world import APPLY, EVIL, ONE_FILE, World, edited
from tests.hosting import programs

pytestmark = pytest.mark.once


@pytest.mark.full
@pytest.mark.parametrize("where", ["names", "tags", "command", "comment", "expect"])
def test_hostile_inputs_do_nothing(shop: World, tmp_path: Path, where: str) -> None:
    """
    Every input is one argument or no input at all; a plan is not made, which its comment says, and no file either.
    """
    job_name, file, start = ("apply", APPLY, shop.apply) if where == "expect" else ("plan", ONE_FILE, shop.plan)
    commit = shop.propose("update", "db", "--set", "port=5433")
    evil = EVIL if where in ("names", "tags") else EVIL[::4]  # of the others each is compared with what there is
    for value in evil:
        job = start(commit, edited(file, tmp_path, job_name, **{where: value}))

        assert (job.code, "error: " in job.log) == (1, True), job.log
        assert "Traceback" not in job.log and "Usage" not in job.log
        assert list(shop.folder.rglob("x")) == []
    bodies = shop.site.bodies(1)
    assert shop.site.written() == ["POST"] * len(bodies)
    assert len(bodies) == (len(evil) if where in ("names", "tags") else 0)
    assert [body for body in bodies if "\n### There is no plan of `" not in body or '"plan_id":""' not in body] == []


def test_hostile_names_of_branches_and_people_do_nothing(shop: World) -> None:
    """
    What an event says of its author is in no script.
    """
    commit = shop.propose("update", "db", "--set", "port=5433")
    shop.pull["head"].update({"ref": "$(touch${IFS}x)", "label": "`touch x`"})
    shop.pull.update({"title": "$(touch x)", "body": "'; touch x; '"})

    assert shop.plan(commit).code == 0

    assert list(shop.folder.rglob("x")) == []


def test_nothing_in_the_pull_requests_tree_is_run(shop: World) -> None:
    """
    Modules that shadow Python's, an own stagectl, programs and configs of pip and git: all are files, and nothing more.
    """
    shop.runner.programs = programs(shop.folder / "real-programs", real=True)
    mark = shop.folder / "x"
    code = f"open({str(mark)!r}, 'w').close()\n"

    def plant(repo: Repo) -> None:
        modules = ["venv", "pip", "json", "runner", "plan", "sitecustomize", "usercustomize", "stagectl", "urllib"]
        for name in modules:
            repo.write(f"{name}.py", code).write(f"{name}/__init__.py", code).write(f"{name}/__main__.py", code)
        repo.write("bin/stagectl", f"#!/bin/sh\ntouch {mark}\n").write("python3", f"#!/bin/sh\ntouch {mark}\n")
        repo.write("ci/action.py", code).write("action.yml", "runs: {using: composite, steps: []}\n")
        repo.write("setup.py", code).write(".gitattributes", "* filter=x diff=x\n").commit()

    job = shop.plan(shop.propose("update", "db", "--set", "port=5433", more=plant))

    assert (job.code, shop.site.written(), mark.exists()) == (0, ["POST"], False), job.log


def test_a_files_text_is_no_command_to_the_runner(shop: World) -> None:
    """
    What a value says in a log or an annotation is not obeyed.
    """
    commit = shop.propose("update", "db", "--set-json", 'note="::error::x\\n::add-mask::x\\n::set-env name=A::b"')

    job = shop.plan(commit)

    assert job.code == 0
    assert {line.split(" ")[0] for line in job.commands} == {"::notice"}
