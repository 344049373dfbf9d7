"""Every handler reports outputs, and is given the stored ones: functions, playbooks, and what others bring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import pytest

from tests.build import Repo
from tests.scenarios.outputs.world import message, outputs

SCHEMA: Dict[str, Any] = {"properties": {"port": {"type": "integer"}, "seen": {}}}


def kind(repo: Repo, handler: str, does: Any, **more: Any) -> Repo:
    """A kind `node` whose run and update do the same thing."""
    raw = {"handler": handler, "actions": {"run": does, "update": does}, "outputs": SCHEMA, **more}
    repo.write(".gitignore", "actions.log\n*.pyc\n")
    return repo.write("kinds/node.yaml", json.dumps(raw)).define("a", "node", inputs={"x": 1})


def test_a_function_returns_outputs_and_gets_the_stored_ones(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`outputs` of the returned mapping, and of the call; what is no JSON is a failure that names the function."""
    package = tmp_path / "lib"
    package.mkdir()
    (package / "infra.py").write_text(
        "def made(call):\n"
        "    if call.inputs['x'] == 3:\n"
        "        return {'outputs': {'seen': {1, 2}}}\n"
        "    return {'changed': True, 'outputs': {'port': 80 + call.inputs['x'], 'seen': dict(call.outputs)}}\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(package))
    kind(repo, "python", "infra:made").apply_all()
    assert outputs(repo, "a") == {"port": 81, "seen": {}}
    repo.define("a", "node", inputs={"x": 2}).apply_all()
    assert outputs(repo, "a") == {"port": 82, "seen": {"port": 81, "seen": {}}}
    repo.define("a", "node", inputs={"x": 3}).commit()
    assert repo.stage().apply().code == 1
    assert message(repo, "a.update").startswith("infra:made returned outputs that are no JSON values: ")


def test_a_function_that_raises_may_have_written_what_it_made(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result file counts for outputs also where the action failed."""
    package = tmp_path / "lib"
    package.mkdir()
    (package / "infra.py").write_text(
        "import json, os\n"
        "def made(call):\n"
        "    json.dump({'outputs': {'port': 7}}, open(os.environ['STAGECTL_RESULT'], 'w'))\n"
        "    raise RuntimeError('half-way')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(package))
    kind(repo, "python", "infra:made").commit()
    assert repo.stage().apply().code == 1
    assert repo.applied("a")["unfinished"]["outputs"] == {"port": 7}
    assert message(repo, "a.run") == "RuntimeError: half-way"


def playbook(repo: Repo, *tasks: Any, **more: Any) -> Repo:
    play = {"hosts": "all", "gather_facts": False, "tasks": list(tasks)}
    repo.write("ansible.cfg", "[defaults]\njinja2_native = true\n")  # as Ansible 2.19 does it anyway
    return kind(repo.write("playbooks/node.yml", json.dumps([play])), "ansible", "playbooks/node.yml", **more)


def test_a_playbook_reports_through_set_stats(repo: Repo) -> None:
    """The data of `set_stats` are the outputs, types and all; the stored ones are the variable `stagectl_outputs`."""
    data = {"port": "{{ 80 + x }}", "seen": "{{ stagectl_outputs }}"}
    playbook(repo, {"set_stats": {"data": data}}).apply_all()
    assert outputs(repo, "a") == {"port": 81, "seen": {}}
    repo.define("a", "node", inputs={"x": 2}).apply_all()
    assert outputs(repo, "a") == {"port": 82, "seen": {"port": 81, "seen": {}}}


@pytest.mark.full
def test_a_playbook_that_fails_has_reported_what_it_made(repo: Repo) -> None:
    """What `set_stats` was given before the failing task is kept."""
    playbook(repo, {"set_stats": {"data": {"port": 5}}}, {"name": "Start", "fail": {"msg": "no"}}).commit()
    assert repo.stage().apply().code == 1
    assert repo.applied("a")["unfinished"]["outputs"] == {"port": 5}
    assert message(repo, "a.run") == "the task 'Start' failed on localhost: no"


@pytest.mark.full
def test_set_stats_of_a_kind_without_outputs_is_ansibles_own_business(repo: Repo) -> None:
    """Playbooks that use it for something else go on to work."""
    playbook(repo, {"set_stats": {"data": {"other": 5}}}, outputs=None).apply_all()
    assert "outputs" not in repo.applied("a")


def test_another_handler_reports_by_its_result(repo: Repo, tmp_path: Path) -> None:
    """`Request.outputs` and `Result.outputs`; what is no JSON value is an error, and not a crash."""
    (tmp_path / "lib" / "demo_echo-1.0.dist-info").mkdir(parents=True)
    (tmp_path / "lib" / "demo_echo.py").write_text(
        "from stagectl.adapters.handlers import Request, Result\n"
        "def echo(request: Request) -> Result:\n"
        "    if request.inputs['x'] == 3:\n"
        "        return Result(True, outputs={'port': object()})\n"
        "    return Result(True, outputs={'port': request.inputs['x'], 'seen': [dict(request.outputs)]})\n"
    )
    info = tmp_path / "lib" / "demo_echo-1.0.dist-info"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: demo-echo\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[stagectl.handlers]\necho = demo_echo:echo\n")
    environment = {"PYTHONPATH": str(tmp_path / "lib")}
    kind(repo, "echo", "x").commit()
    repo.stage().ok("apply", "--yes", env=environment)
    repo.define("a", "node", inputs={"x": 2}).commit()
    repo.stage().ok("apply", "--yes", env=environment)
    assert outputs(repo, "a") == {"port": 2, "seen": [{"port": 1, "seen": [{}]}]}
    repo.define("a", "node", inputs={"x": 3}).commit()
    assert repo.stage().run("apply", "--yes", env=environment).code == 1
    assert message(repo, "a.update").startswith("the outputs are no JSON values: ")
