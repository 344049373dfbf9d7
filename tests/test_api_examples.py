"""The page about the Python API is true: its examples run, its table has every method, errors are the same."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, Dict

import pytest

from stagectl import Repository
from stagectl.api import StagectlError
from tests.build import ROOT, Repo

PAGE = (ROOT / "docs/python-api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "with a remote"])
def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: bool) -> None:
    """
    One after the other, in the shop, alone and with a remote.
    """
    (tmp_path / "shop").mkdir()
    repo = Repo(tmp_path / "shop", init=False)
    repo.begin_with_git()
    repo.ok("init", "--example")
    repo.commit()
    if shared:
        repo.git("init", "-q", "--bare", str(tmp_path / "remote"))
        repo.git("remote", "add", "origin", str(tmp_path / "remote"))
    monkeypatch.chdir(repo.root)
    names: Dict[str, Any] = {}

    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(block, "docs/python-api.md", "exec"), names)

    assert names["done"].is_complete and names["repository"].status().is_clean


def test_the_table_has_every_method() -> None:
    """
    And names no option that a method does not have.
    """
    methods = {name: method for name, method in inspect.getmembers(Repository) if not name.startswith("_")}

    assert sorted(methods) == sorted(set(re.findall(r"`(\w+)\(", PAGE.partition("## Reference")[2])) - {"summary"})
    for name, given in re.findall(r"`(\w+)\(([^)`]*)\)", PAGE.partition("## Reference")[2]):
        wanted = set(re.findall(r"\w+", given))
        if name in methods:
            assert wanted <= set(inspect.signature(methods[name]).parameters), name


def test_errors_are_those_of_the_command_line(repo: Repo) -> None:
    """
    Message and hint are what it prints.
    """
    repo.define("db").stage()
    repository = Repository(repo.root)

    for call, words in (
        (lambda: repository.plan(["dbb"]), ["plan", "dbb"]),
        (lambda: repository.update("dbb", {"x": 1}), ["update", "dbb", "--set", "x=1"]),
        (lambda: repository.report(), ["report"]),
        (lambda: repository.revert(["nope"]), ["revert", "nope"]),
        (lambda: repository.create("x"), ["create", "x"]),
        (lambda: repository.remove(["db"], recursive=True, detach=True), ["remove", "db", "--recursive", "--detach"]),
        (lambda: repository.diff(unstaged=True, before="HEAD"), ["diff", "--unstaged", "--from", "HEAD"]),
        (lambda: repository.against(repository.plan(), ["nope"]), ["plan", "--against", "nope"]),
        (lambda: repository.blame("nope"), ["log", "--blame", "nope"]),
        (lambda: repository.schema("nope"), ["schema", "nope"]),
    ):
        with pytest.raises(StagectlError) as caught:
            call()  # type: ignore[no-untyped-call]
        hint = f"hint: {caught.value.hint}\n" if caught.value.hint else ""
        assert f"error: {caught.value.message}\n{hint}" == repo.run(*words).err, words
