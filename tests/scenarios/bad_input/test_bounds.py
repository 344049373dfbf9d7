"""What is large, deep, or a schema that leads nowhere is read or refused in time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Optional

import pytest

from tests.build import PATIENCE, ROOT, Repo
from tests.scenarios.bad_input.world import STRICT, front, said


def test_mistakes_of_all_sorts_come_in_one_go(repo: Repo) -> None:
    """
    A wrong form in one file does not hide a wrong name, a secret or a schema error in others.
    """
    repo.kind("safe", sensitive=["password"]).write("kinds/strict.yaml", STRICT)
    repo.define("a", dependson=[]).define("b", depends_on=["nowhere"]).define("c", "safe", inputs={"password": "x"})
    repo.define("d", "strict", inputs={"port": 1}).write("kinds/e.yaml", "limit: 0\n").write(
        "stagectl.yaml", "rots: [x]\n"
    )

    paths = [line.split(":")[0] for line in said(repo).splitlines()]

    assert ["kinds/e.yaml", *(f"resources/{name}.yaml" for name in "abcd"), "stagectl.yaml"] == paths


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("stagectl.yaml", "rots: [x]\n"),
        ("kinds/nowhere.yaml", "limit: 0\n"),
        ("resources/deep/nowhere.yaml", ""),
        ("resources/deep/x.yml", front()),
        ("resources/prod", None),
    ],
)
def test_a_file_with_a_mistake_hides_none_in_others(repo: Repo, path: str, content: Optional[str]) -> None:
    """
    Wherever it is: a resource that no file could be is missing. None: a link to a folder.
    """
    flawed(repo.define("b", depends_on=["nowhere"]), path, content)

    assert {path, "resources/b.yaml"} == {line.split(":")[0] for line in said(repo).splitlines()}


@pytest.mark.parametrize(
    ("path", "content", "parent"),
    [
        ("resources/nowhere.yaml", "", "nowhere"),
        ("resources/nowhere.yml", front(), "nowhere"),
        (".staged/nowhere.yaml", "", "nowhere"),
        ("resources/deep/nowhere.yaml", "- x\n", "deep/nowhere"),
        ("resources/shop.yaml", "---\nkind: service\neach: [1, 2]\n---\n{}\n", "shop/blue"),
        ("resources/prod", None, "prod/db"),
    ],
)
def test_what_a_file_with_a_mistake_would_be_is_not_called_missing(
    repo: Repo, path: str, content: Optional[str], parent: str
) -> None:
    """
    One mistake has one place: what names an unreadable file may be right. None: a link to a folder.
    """
    flawed(repo.define("b", depends_on=[parent]), path, content)

    assert {path} == {line.split(":")[0] for line in said(repo).splitlines()}


def flawed(repo: Repo, path: str, content: Optional[str]) -> None:
    """Write a file that has a mistake, or link a folder."""
    if content is None:
        os.symlink("elsewhere", repo.root / path)
    else:
        repo.write(path, content)


def test_a_file_of_256_kib_is_read_and_one_byte_more_is_not(repo: Repo) -> None:
    """
    The limit is 262144 bytes; a larger file is refused, and its size is not misstated.
    """
    empty = front() + "inputs: {a: ''}\n"
    padding = "x" * (256 * 1024 - len(empty))
    repo.write("resources/edge.yaml", front() + f"inputs: {{a: '{padding}'}}\n")
    assert repo.run("validate").code == 0

    repo.write("resources/edge.yaml", front() + f"inputs: {{a: '{padding + 'y'}'}}\n")

    assert "resources/edge.yaml:1:1: the file has more than 262144 bytes, which is the most that is read\n" == said(
        repo
    )


def test_nesting_of_64_levels_is_read(repo: Repo) -> None:
    """
    The body is the first level, its inputs the second.
    """
    repo.write("resources/deep.yaml", front() + f"inputs: {'[' * 0}{{a: {'[' * 62}{']' * 62}}}\n")

    assert repo.run("validate").code == 0


@pytest.mark.parametrize(
    "body", ["", "inputs:\n", "inputs: {}\n", "# nothing\n", '{"inputs": {"a": 1}}\n', "inputs: {a: 1}\r\n"]
)
def test_what_is_merely_empty_or_json_is_fine(repo: Repo, body: str) -> None:
    """
    No inputs at all, JSON, and Windows line ends.
    """
    (repo.root / "resources").mkdir()
    (repo.root / "resources/a.yaml").write_bytes((front() + body).encode())

    assert "All is well: 1 definitions, 0 staged files, 2 kinds.\n" == repo.ok("validate").out


def test_an_unknown_action_in_a_staged_file_is_refused(repo: Repo) -> None:
    """
    A typing mistake in a stamp is no action that runs nothing and succeeds.
    """
    repo.write(".staged/a.yaml", front(more="actions: {restrt: 1-ab}\n"))

    expected = ".staged/a.yaml:4:11: 'restrt' is no action of kind service; did you mean 'restart'?\n"
    assert expected == said(repo)
    assert expected == said(repo, "plan")


NOT_IN_IT = "is nowhere in it, and nothing else is read"


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("#/$defs/nope", f"'/$defs/nope' {NOT_IN_IT}"),
        ("#nope", f"'nope' {NOT_IN_IT}"),
        ("https://example.com/schema.json", f"'https://example.com/schema.json' {NOT_IN_IT}"),
        ("#", "it needs itself without end"),
    ],
)
def test_a_schema_that_leads_nowhere_is_an_error_and_no_crash(repo: Repo, reference: str, why: str) -> None:
    """
    References in a kind's schema that cannot be followed, lead out into the network or never end.
    """
    repo.write("kinds/odd.yaml", json.dumps({"inputs": {"$ref": reference}})).define("a", "odd", inputs={"x": 1})

    assert f"resources/a.yaml:6:12: the schema of kind odd cannot be used: {why}\n" == said(repo)


def test_a_pattern_that_explodes_does_not_hang_the_plan(repo: Repo) -> None:
    """
    Planning is bounded in time on any author's pull request, also with a hostile pattern in a kind.
    """
    repo.write("kinds/slow.yaml", json.dumps({"inputs": {"properties": {"a": {"pattern": "^(a+)+$"}}}}))
    repo.define("a", "slow", inputs={"a": "a" * 40 + "!"})

    process = subprocess.Popen(
        [sys.executable, "-m", "stagectl", "validate"],
        cwd=repo.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.wait(timeout=PATIENCE) is not None  # how soon: tests/hostile, by the processor's time
    finally:
        process.kill()
        process.wait()
