"""The config, kinds and folders are checked like any other file."""

from __future__ import annotations

import os
from typing import Optional

import pytest

from tests.build import APPLIED, Repo
from tests.scenarios.bad_input.world import NO_FILE, NO_MAPPING, NO_TAG, front, said

CONFIGS = {
    "": None,
    "# only a comment\n": None,
    "roots: [resources]\nremote: origin\nparallelism: 2\ntags: {'prod/**': [prod, a=b]}\n": None,
    "- a\n": f"1:1: the config {NO_MAPPING}",
    "rots: [x]\n": "1:1: unknown key 'rots'; did you mean 'roots'?",
    "zebra: x\n": "1:1: unknown key 'zebra'; known keys: "
    "roots, applied_branch, remote, parallelism, executor, scheduler, route_targets, targets, lock_ref, lock_term, "
    "remote_timeout, tags, vocabulary, plain",
    "roots: [x]\n---\nroots: [y]\n": "3:1: the config is one document",
    "roots: resources\n": "1:8: 'roots' must be a list, [...]",
    "roots: [../x]\n": "1:9: a root is a folder of definitions, such as resources",
    "roots: [/etc]\n": "1:9: a root is a folder of definitions, such as resources",
    "roots: [.staged]\n": "1:9: a root is a folder of definitions, such as resources",
    "applied_branch: a b\n": "1:17: 'applied_branch' must be a branch name",
    "applied_branch: -x\n": "1:17: 'applied_branch' must be a branch name",
    "remote: [a]\n": "1:9: 'remote' must be the name of a remote",
    "remote: 'ext::sh -c x'\n": "1:9: 'remote' must be the name of a remote",
    "parallelism: 0\n": "1:14: 'parallelism' must be a whole number, at least 1",
    "executor: 3\n": "1:11: 'executor' must be threads or dask",
    "executor: dusk\n": "1:11: 'executor' must be threads or dask",
    "executor: dask\nscheduler: tls://host:8786\nroute_targets: true\n": None,
    "scheduler: host\n": "1:12: 'scheduler' must be an address, such as tls://host:8786",
    "route_targets: web1\n": "1:16: 'route_targets' must be true or false",
    "lock_ref: lock\n": "1:11: 'lock_ref' must be a full ref: refs/stagectl/lock",
    "lock_ref: refs/heads/stagectl/lock\nlock_term: 5\n": None,
    f"lock_ref: refs/heads/{APPLIED}\n": "1:11: 'lock_ref' must not be the applied branch",
    "lock_term: 0\n": "1:12: 'lock_term' must be a number of seconds up to 3600",
    "targets: many\n": "1:10: 'targets' must be a whole number, at least 1",
    "tags: [a]\n": f"1:7: 'tags' {NO_MAPPING}",
    "tags: {'prod/**': prod}\n": "1:19: 'prod/**' must be a list, [...]",
    "tags: {'prod/**': [a b]}\n": f"1:20: 'a b' {NO_TAG}",
}


@pytest.mark.parametrize("config", CONFIGS)
def test_the_config_is_checked_like_any_other_file(repo: Repo, config: str) -> None:
    """
    Every key of stagectl.yaml with a wrong type, and what is fine.
    """
    repo.write("stagectl.yaml", config)
    expected: Optional[str] = CONFIGS[config]

    ran = repo.run("validate")

    assert (f"stagectl.yaml:{expected}\n" if expected else "") == ran.err
    assert (1 if expected else 0) == ran.code


@pytest.mark.parametrize("path", ["resources/prod", ".staged/prod"])
def test_a_link_to_a_folder_is_refused_and_not_passed_over(repo: Repo, path: str) -> None:
    """
    An author who links prod to another folder reads that nothing in it would be read.
    """
    repo.define("a").define("elsewhere/b").stage()
    os.symlink("elsewhere", repo.root / path)

    assert f"{path}:1:1: {NO_FILE}\n" == said(repo)


def test_a_colon_within_a_word_is_fine_in_a_flow_list(repo: Repo) -> None:
    """
    YAML 1.2 reads `[region:eu]` and `{image: nginx:1.27}`, and tags may hold colons; question marks, too.
    """
    inputs = ["image: nginx:1.27", "url: [http://x/y?z, a:b]", "host: [::1]", "ask: [a?b]", "a: {a: x?y}"]
    for number, text in enumerate(inputs):
        repo.write(f"resources/a{number}.yaml", front(tags="[region:eu]") + f"inputs: {{{text}}}\n")

    assert "All is well: 5 definitions, 0 staged files, 2 kinds.\n" == repo.ok("validate").out


def test_of_one_file_the_form_the_kind_and_the_references_are_reported_in_one_go(repo: Repo) -> None:
    """
    An unknown key hides neither an unknown kind nor a dangling reference; no author mends a file three times.
    """
    repo.define("db", inputs={"port": 1}).write(
        "resources/app.yaml",
        "---\nkind: servise\n---\nunordered: [nowhere, 'a b']\ninputs:\n  port: ${db.prt}\n  tier: ${db\ninput: 1\n",
    ).define("reader", inputs={"tier": "${app.tier}", "port": "${app.nothing}"})

    assert [
        "resources/app.yaml:2:7: there is no kind 'servise'; did you mean 'service'?",
        "resources/app.yaml:4:13: there is no resource 'nowhere'",
        "resources/app.yaml:4:22: 'a b' is not a resource name",
        "resources/app.yaml:6:9: ${db.prt}: 'db' has no input 'prt'; did you mean 'port'?",
        "resources/app.yaml:7:9: '${db' is not a reference like ${db.port}; a literal ${ is written $${",
        "resources/app.yaml:8:1: unknown key 'input'; did you mean 'inputs'?",
    ] == repo.run("stage").err.splitlines()


def test_kinds_that_differ_only_in_case_are_refused(repo: Repo) -> None:
    """
    On some file systems they are the same file.
    """
    repo.kind("Plain").define("a", "plain")

    assert "kinds/plain.yaml:1:1: two kinds whose names differ only in case: see kinds/Plain.yaml; delete one\n" == (
        repo.run("validate").err
    )
