"""Every handler can look: functions, playbooks in check mode, and what others bring."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

from tests.build import Repo
from tests.scenarios.checking.world import entry

OUTPUTS: Dict[str, Any] = {"properties": {"oid": {"type": "integer"}}}


def kind(repo: Repo, handler: str, check: Any, does: Any, **more: Any) -> Repo:
    """A kind `node` that is looked at in this way, and a resource of it."""
    raw = {"handler": handler, "actions": {"run": does} if does else {}, "check": check, "outputs": OUTPUTS, **more}
    repo.write("kinds/node.yaml", json.dumps(raw))
    return repo.define("a", "node", inputs={"port": 1, "name": "a"})


@pytest.mark.parametrize(
    "returned, state, message",
    [
        ("None", "ok", ""),
        ("False", "gone", ""),
        ("{'inputs': {'port': call.inputs['port'] + 1}, 'message': call.action}", "drifted", "check"),
        ("{'differs': ['name'], 'outputs': {'oid': 7}}", "drifted", ""),
        (
            "{'exists': 1}",
            "failed",
            "infra:look returned dict: None, true or false (whether it is there)",
        ),
        ("{'inputs': {'port': {1, 2}}}", "failed", "infra:look returned values that are no JSON values"),
    ],
)
def test_a_function_looks(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, returned: str, state: str, message: str
) -> None:
    """What it returns is the answer; a truth value says whether the thing is there."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/infra.py").write_text(f"def look(call):\n    return {returned}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    kind(repo, "python", "infra:look", None).apply_all()
    found = entry(repo, "a")
    assert found["state"] == state and found["message"].startswith(message), found


def test_a_playbook_looks_in_check_mode(repo: Repo) -> None:
    """What would change is drift, named by its tasks; nothing is changed; values are there where it says them."""
    copied = {"name": "Write", "copy": {"content": "{{ port }}\n", "dest": str(repo.root / "made")}}
    said = {"inputs": {"port": 2}, "differs": ["name"]}
    stats = {"set_stats": {"data": {"stagectl_seen": said, "oid": 7}}, "when": "ansible_check_mode"}
    play = [{"hosts": "all", "gather_facts": False, "tasks": [copied]}]
    repo.write(".gitignore", "made\n").write("node.yml", json.dumps(play))
    kind(repo, "ansible", "node.yml", "node.yml", outputs=None).apply_all()
    assert entry(repo, "a")["state"] == "ok"
    repo.write("made", "9\n")
    found = entry(repo, "a")
    assert (found["state"], found["message"], found["diff"]) == ("drifted", "would change: Write", [])
    assert repo.read("made") == "9\n"
    play[0]["tasks"] = [copied, stats]
    kind(repo.write("node.yml", json.dumps(play)), "ansible", "node.yml", "node.yml").commit()
    assert [(one["path"], one["applied"], one["seen"]) for one in entry(repo, "a")["diff"]] == [
        ("port", 1, 2),
        ("name", None, None),
        ("oid", None, 7),
    ]


def test_another_handler_says_whether_it_looks(repo: Repo, tmp_path: Path) -> None:
    """By an attribute `checks`; its answer is that of its result. Without it the check fails, and says so."""
    info = tmp_path / "lib" / "demo_echo-1.0.dist-info"
    info.mkdir(parents=True)
    (tmp_path / "lib/demo_echo.py").write_text(
        "from stagectl.adapters.handlers import Request, Result\n"
        "def blind(request: Request) -> Result:\n"
        "    return Result(True)\n"
        "def echo(request: Request) -> Result:\n"
        "    return Result(True, answer={'inputs': {'port': 2}} if request.looks else None)\n"
        "echo.checks = True\n"
    )
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: demo-echo\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[stagectl.handlers]\necho = demo_echo:echo\nblind = demo_echo:blind\n")
    environment = {"PYTHONPATH": str(tmp_path / "lib")}
    kind(repo, "echo", "any", None).commit()
    repo.stage().ok("apply", "--yes", env=environment)
    (found,) = repo.run("check", "--json", env=environment).json()["resources"]
    assert found["diff"] == [{"path": "port", "applied": 1, "seen": 2}]
    kind(repo, "blind", "any", None).commit()
    ran = repo.run("check", "--json", env=environment)
    assert ran.code == 1
    assert ran.json()["resources"][0]["message"] == "the handler 'blind' carries out no checks"


@pytest.mark.once
def test_workers_of_a_cluster_look(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """In checkouts of the commit, with the same answers; what cannot be shown stays there."""
    monkeypatch.setenv("SHOP_SECRET", "correct-horse")
    said = {"inputs": {"port": 2, "key": "battery"}}
    look = f"import json, os; json.dump({said}, open(os.environ['STAGECTL_RESULT'], 'w'))"
    raw = {"actions": {}, "check": [sys.executable, "look.py"]}
    repo.write("look.py", look).write("kinds/node.yaml", json.dumps(raw))
    repo.define("a", "node", inputs={"port": 1, "key": "${env:SHOP_SECRET}"}).define(
        "b", "plain", inputs={}
    ).apply_all()
    ran = repo.ok("check", "--json", "--executor", "dask", env={"SHOP_SECRET": "correct-horse"})
    found = {one["resource"]: one for one in ran.json()["resources"]}
    assert [(one["path"], one["seen"]) for one in found["a"]["diff"]] == [("port", 2), ("key", None)]
    assert found["b"]["state"] == "unchecked" and "battery" not in ran.out + ran.err
