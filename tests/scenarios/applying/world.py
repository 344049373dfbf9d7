"""What the tests of this folder share."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List

from tests.build import APPLIED, Ran, Repo


def failed(ran: Ran) -> Ran:
    assert ran.code == 1, f"exited {ran.code}: {ran.out}{ran.err}"
    return ran


def refused(repo: Repo, *arguments: str, **more: Any) -> str:
    """What `apply` says that has to refuse before anything runs, and to leave the applied branch alone."""
    before = repo.git("for-each-ref", "refs/heads/" + APPLIED), repo.log()
    ran = failed(repo.run("apply", *arguments, **more))
    assert before == (repo.git("for-each-ref", "refs/heads/" + APPLIED), repo.log())
    return ran.err


def tree(repo: Repo, revision: str) -> Dict[str, str]:
    """Paths of a commit, with mode, type and object."""
    lines = repo.git("ls-tree", "-r", revision).splitlines()
    return {path: meta for meta, path in (line.split("\t") for line in lines)}


def message(repo: Repo, revision: str = APPLIED) -> str:
    """The message of an applied commit, with its run and plan made neutral."""
    text = repo.git("log", "-1", "--format=%B", revision).rstrip("\n")
    text = re.sub(r"(?m)^Run: \d{8}T\d{6}Z-[0-9a-f]{6}$", "Run: RUN", text)
    return re.sub(r"(?m)^Plan: [0-9a-f]{64}$", "Plan: PLAN", text)


def results(repo: Repo, revision: str = APPLIED) -> List[str]:
    """The changes of one applied commit and their results, by git's own reading of the trailers."""
    return repo.git("log", "-1", "--format=%(trailers:key=Change,valueonly)", revision).split("\n")[:-2]


def shown(repo: Repo, name: str) -> str:
    """The applied file of a resource, as it stands in git."""
    return repo.git("show", f"{APPLIED}:.applied/{name}.json")


def staged_as_applied(repo: Repo, name: str) -> str:
    return repo.git("show", f"{APPLIED}:.staged/{name}.yaml", check=False)


def causes(repo: Repo, *arguments: str) -> Dict[str, str]:
    return {change["id"]: change["cause"]["type"] for change in repo.plan(*arguments).raw["changes"]}


def a_kind(repo: Repo, name: str, script: str, **more: Any) -> Repo:
    """A kind whose every action is this shell script."""
    actions = {action: ["sh", "-c", script] for action in ("run", "update", "remove", "restart")}
    return repo.write(f"kinds/{name}.yaml", json.dumps({"actions": actions, **more}))


def unfinished(action: str, inputs: Any, tags: Any = (), kind: str = "service") -> Dict[str, Any]:
    return {"action": action, "inputs": inputs, "kind": kind, "tags": list(tags)}


def uncommitted(path: str) -> str:
    return f"error: not committed: {path}\nhint: only what is committed is applied: commit it first\n"
