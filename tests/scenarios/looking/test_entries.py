"""Entries of kinds that name nothing: a warning, because the machine that applies may have it."""

from __future__ import annotations

import json

from tests.build import Repo


def test_validate_warns_of_entries_that_name_no_file_and_no_program(repo: Repo) -> None:
    """
    A script or a program that is not there, a missing playbook; what is there is not named. Exit code 0.
    """
    shell = {"run": ["./bin/gone", "x"], "update": ["no-such-program-4711"], "remove": ["sh", "x"], "ok": ["bin/here"]}
    repo.write("bin/here", "").write("site.yml", "- hosts: all\n")
    repo.write("kinds/a.yaml", json.dumps({"actions": shell}))
    repo.write("kinds/b.yaml", json.dumps({"handler": "ansible", "actions": {"run": "site.yml", "update": "gone.yml"}}))

    done = repo.ok("validate")

    assert done.err == (
        "warning: kinds/a.yaml: run: there is no file ./bin/gone in the repository, and no such program on the path\n"
        "warning: kinds/a.yaml: update: there is no file no-such-program-4711 in the repository, "
        "and no such program on the path\n"
        "warning: kinds/b.yaml: update: there is no playbook gone.yml\n"
    )
