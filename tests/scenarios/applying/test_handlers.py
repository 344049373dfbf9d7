"""Handlers: playbooks by a real Ansible, functions of packages, and what others bring as an entry point."""

from __future__ import annotations

import json
import os
import shutil
import sys
import venv
from pathlib import Path
from typing import Any, Dict

import pytest

from tests.build import ROOT, Ran, Repo, is_alive
from tests.scenarios.runs.world import until
from tests.timeouts import be_over_once

JINJA = "{{ lookup('pipe', 'touch acted') }}"


# --- helpers


def kind(repo: Repo, name: str, handler: str, does: Any, **more: Any) -> Repo:
    """A kind that does the same thing in every action."""
    actions = dict.fromkeys(("run", "update", "remove", "restart"), does)
    return repo.write(f"kinds/{name}.yaml", json.dumps({"handler": handler, "actions": actions, **more}))


def ansible(repo: Repo, *tasks: Any, hosts: str = "all", **more: Any) -> Repo:
    """A kind `node` whose every action is a playbook of these tasks."""
    play = {"hosts": hosts, "gather_facts": False, "tasks": list(tasks), **more.pop("play", {})}
    return kind(repo.write("playbooks/node.yml", json.dumps([play])), "node", "ansible", "playbooks/node.yml", **more)


def writes(path: str, content: str, **more: Any) -> Any:
    return {"copy": {"dest": "{{ playbook_dir }}/../" + path, "content": content}, **more}


def package(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package, for what a Python that is started from here can see."""
    folder.mkdir()
    (folder / "infra.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))


def messages(ran: Ran) -> Dict[str, str]:
    """What the summary of an apply says of the changes that did not succeed."""
    lines = [line.split("  ", 3) for line in (ran.out + ran.err).splitlines() if line.startswith("  ")]
    return {line[1]: line[3] for line in lines if len(line) == 4 and line[2] == "ERROR"}


def failure(repo: Repo, name: str = "a") -> str:
    """Stage and apply all, and return why a resource's `run` failed."""
    repo.commit()
    ran = repo.stage().apply()
    assert ran.code == 1, ran.out + ran.err
    return messages(ran)[f"{name}.run"]


# --- ansible

INI = "[inventory]\nenable_plugins = ini\n"


def test_a_playbook_gets_the_values_and_says_whether_it_changed_something(repo: Repo) -> None:
    """
    Values are variables, never templates; the ones before, and facts, too; `when: changed` follows the stats.
    """
    ansible(
        repo.write(".gitignore", "actions.log\nstate\nreported\n"),
        writes("state", "{{ text }}"),
        writes(
            "reported",
            "{{ [stagectl_inputs, stagectl_before, stagectl_resource ~ '.' ~ stagectl_action, size] | to_json }}",
            changed_when=False,
        ),
    )
    first: Dict[str, Any] = {"text": JINJA, "deep": [{JINJA: [JINJA]}], "size": 1e22, "on": "yes", "a-b": "*"}
    repo.define("a", "node", inputs=first).define("b", react_on={"restart": [{"on": "a.update", "when": "changed"}]})
    repo.apply_all()
    assert (JINJA, [first, {}, "a.run", 1e22]) == (repo.read("state"), json.loads(repo.read("reported")))

    second = {**first, "text": "two"}
    repo.define("a", "node", inputs=second).stage().ok("apply", "--yes")
    assert ("two", [second, first]) == (repo.read("state"), json.loads(repo.read("reported"))[:2])
    assert ["b.restart"] == repo.log()

    repo.define("a", "node", inputs={**second, "size": 2.5}).stage().ok("apply", "--yes")
    assert second == json.loads(repo.read("reported"))[1]
    assert ["b.restart"] == repo.log()
    assert "Change: b.restart NOOP" in repo.git("log", "-1", "--format=%B", "stagectl/applied")
    assert not (repo.root / "acted").exists() and not (repo.root / "playbooks/acted").exists()


@pytest.mark.full
def test_a_failed_playbook_names_the_task(repo: Repo) -> None:
    """
    Not one whose failure is ignored; the output is Ansible's, without colours.
    """
    ansible(
        repo,
        {
            "block": [{"name": "Fetch", "fail": {"msg": "no luck\nwith {{ stagectl_resource }}"}}],
            "always": [{"name": "Clean up", "command": "false", "ignore_errors": True}],
        },
    )
    repo.define("a", "node").commit()
    ran = repo.stage().apply()

    assert {"a.run": "the task 'Fetch' failed on localhost: no luck with a"} == messages(ran)
    assert "fatal: [localhost]: FAILED!" in ran.err and "PLAY RECAP ***" in ran.err
    assert "\x1b" not in ran.err and "\r" not in ran.err


@pytest.mark.full
def test_a_playbook_that_ansible_refuses_says_what_ansible_says(repo: Repo) -> None:
    """
    No task failed, so there is none to name.
    """
    ansible(repo, {"nosuchmodule": {}}).define("a", "node")

    assert (
        "couldn't resolve module/action 'nosuchmodule'. This often indicates a misspelling, missing collection, or "
        "incorrect module path."
    ) == failure(repo)[:141]


@pytest.mark.full
def test_a_playbook_for_other_hosts_failed(repo: Repo) -> None:
    """
    To Ansible that is a success, in which nothing was done.
    """
    ansible(repo, writes("x", "x"), hosts="web").define("a", "node", inputs={"target": "db1"})

    assert "playbooks/node.yml has no play for the host db1" == failure(repo)


@pytest.mark.full
def test_the_target_is_the_only_host_and_ansible_cfg_counts(repo: Repo) -> None:
    """
    Whatever inventory ansible.cfg has; the check of host keys is as Ansible has it, not as ansible-runner.
    """
    reported = "[groups.all, lookup('config', 'HOST_KEY_CHECKING'), lookup('config', 'DEFAULT_TIMEOUT')]"
    ansible(
        repo.write("hosts", "other\n").write("ansible.cfg", "[defaults]\ninventory = hosts\ntimeout = 77\n" + INI),
        writes("reported", "{{ " + reported + " | to_json }}"),
        play={"connection": "local", "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}},
    )
    repo.define("a", "node", inputs={"target": "node-1.example.org"}).apply_all()

    assert [["node-1.example.org"], True, 77] == json.loads(repo.read("reported"))


@pytest.mark.full
def test_a_playbook_that_takes_too_long_is_killed_with_all_it_started(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Ansible's workers have sessions of their own, which a kill of the process group does not reach.
    """
    sleep = {"shell": "echo $$ > '{{ playbook_dir }}/../pid'; touch '{{ playbook_dir }}/../begun'; exec sleep 300"}
    be_over_once(monkeypatch, repo.root / "begun")
    ansible(repo, sleep, timeout=6).define("a", "node")

    assert "still running after 6 seconds; it was killed" == failure(repo)

    until(lambda: not is_alive(int(repo.read("pid"))))


def test_what_ansible_cannot_be_asked_to_do_is_reported_before_it_starts(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    No such playbook, one outside, a target that is more than a host; nothing to do is a success.
    """
    ansible(repo, writes("x", "x"))
    (tmp_path / "outside.yml").write_text("[]")
    (repo.root / "playbooks/link.yml").symlink_to(tmp_path / "outside.yml")
    kind(repo, "missing", "ansible", "playbooks/missing.yml")
    kind(repo, "link", "ansible", "playbooks/link.yml")
    repo.write("kinds/nothing.yaml", "handler: ansible\n")
    repo.define("missing", "missing").define("link", "link").define("nothing", "nothing")
    repo.define("hostile", "node", inputs={"target": "web1 ansible_connection=local\nweb2"}).commit()

    assert {
        "missing.run": "there is no playbook playbooks/missing.yml",
        "link.run": "the playbook playbooks/link.yml is not in the repository",
        "hostile.run": (
            "the input 'target' is not the name or address of one host, but \"web1 ansible_connection=local\\nweb2\"; "
            "letters, digits and _ . - : % are expected"
        ),
    } == messages(repo.stage().apply())


def test_without_ansible_runner_it_says_what_to_install(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Here something stands before it that is as good as nothing.
    """
    package(tmp_path / "lib", "", monkeypatch)
    text = "raise ModuleNotFoundError(\"No module named 'ansible_runner'\")"
    (tmp_path / "lib/ansible_runner.py").write_text(text)
    ansible(repo).define("a", "node")

    assert (
        "ansible-runner cannot be imported: No module named 'ansible_runner'; install stagectl[ansible]"
    ) == failure(repo)


def only_these_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a Python that sees all packages, but nothing beside it, and git alone on the path; return the path."""
    venv.create(tmp_path / "venv", symlinks=True)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(ROOT), *(path for path in sys.path if "site-packages" in path)])
    )
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv/bin/python"))
    return tools


def test_without_ansible_playbook_it_says_what_to_install(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Neither beside this Python nor on the path: nothing starts, what needs no playbook neither.
    """
    only_these_tools(tmp_path, monkeypatch)
    ansible(repo).define("a", "node").define("b").commit()

    ran = repo.stage().apply()

    assert (1, [], None) == (ran.code, repo.log(), repo.applied("b"))
    assert ran.err == (
        "error: the handler 'ansible' cannot work here: ansible-playbook is not installed\n"
        "hint: install it: pip install 'stagectl[ansible]'\n"
    )


def test_an_ansible_playbook_that_goes_while_others_run_is_what_failed(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It was there when the apply began; an earlier change took it away.
    """
    program = only_these_tools(tmp_path, monkeypatch) / "ansible-playbook"
    program.symlink_to("/bin/true")
    kind(repo, "broom", "shell", ["/bin/rm", str(program)])
    ansible(repo).define("first", "broom").define("a", "node", depends_on=["first"])

    assert "there is no ansible-playbook; install stagectl[ansible]" == failure(repo)


# --- python


def test_a_function_gets_what_is_to_be_done_and_says_whether_it_changed_something(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    None and True are changes, False is none, a mapping may say more.
    """
    text = (
        "import json\n"
        "def act(call):\n"
        "    reported = [call.resource, call.action, call.kind, len(call.run), call.inputs, call.before]\n"
        "    open('reported', 'w').write(json.dumps(reported))\n"
        "    return call.inputs['returns']\n"
        "class On:\n"
        "    act = staticmethod(act)\n"
    )
    package(tmp_path / "lib", text, monkeypatch)
    kind(repo.write(".gitignore", "actions.log\nreported\n"), "function", "python", "infra:On.act")
    repo.define("b", react_on={"restart": [{"on": "a.update", "when": "changed"}]})
    repo.define("a", "function", inputs={"returns": True}).apply_all()
    assert ["a", "run", "function", 23, {"returns": True}, {}] == json.loads(repo.read("reported"))

    for returns, log in (
        (False, []),
        (None, ["b.restart"]),
        ({"changed": False, "message": "all is well"}, []),
        ({"message": "done"}, ["b.restart"]),
    ):
        (repo.root / "actions.log").unlink(missing_ok=True)
        ran = repo.define("a", "function", inputs={"returns": returns}).stage().ok("apply", "--yes")
        assert (returns, log) == (json.loads(repo.read("reported"))[4]["returns"], repo.log())
    assert "a.update: SUCCESS (done)\n" in ran.err
    assert {"changed": False, "message": "all is well"} == json.loads(repo.read("reported"))[5]["returns"]


FAILING = """\
print("imported")
def bad(call):
    print("before it failed")
    raise ValueError("no luck")
def wrong(call):
    return "ok"
def odd(call):
    return {"changed": 1}
def unknown(call):
    return {"chnged": True}
def leaves(call):
    raise SystemExit(3)
def leaves_early(call):
    raise SystemExit(0)
def vanishes(call):
    import os; os._exit(0)
value = 1
"""


def test_a_function_that_fails_or_is_not_there_says_so(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    An exception has its traceback in the output, from the function on, and its last line as the message.
    """
    package(tmp_path / "lib", FAILING, monkeypatch)
    (tmp_path / "lib/broken.py").write_text("import nothing_of_that_name\n")
    (tmp_path / "lib/exits.py").write_text("raise SystemExit\n")
    left = "it ended its process before it returned: whether it has done its work is not known"
    expected = "None, true or false (whether it changed something), or a mapping"
    expected += ' {"changed": true or false, "message": "...", "outputs": {...}} is expected'
    ends = {
        "bad": ("infra:bad", "ValueError: no luck"),
        "wrong": ("infra:wrong", f"infra:wrong returned str: {expected}"),
        "odd": ("infra:odd", f"infra:odd returned dict: {expected}"),
        "unknown": ("infra:unknown", f"infra:unknown returned dict: {expected}"),
        "leaves": ("infra:leaves", "exit code 3"),
        "early": ("infra:leaves_early", left),
        "vanishes": ("infra:vanishes", left),
        "exits": ("exits:f", left),
        "value": ("infra:value", "infra:value is no function"),
        "attribute": ("infra:nothing", "the module infra has no nothing"),
        "module": ("infra.x.y:f", "there is no module infra.x.y: its package has to be installed where stagectl is"),
        "package": ("nowhere.x:f", "there is no module nowhere.x: its package has to be installed where stagectl is"),
        "import": ("broken:f", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
    }
    for name, (function, _) in ends.items():
        kind(repo, name, "python", function).define(name, name)
    repo.commit()
    ran = repo.stage().apply()

    assert {f"{name}.run": message for name, (_, message) in ends.items()} == messages(ran)
    assert (
        "bad.run: ERROR (ValueError: no luck)\n"
        "    before it failed\n"
        "    Traceback (most recent call last):\n"
        f'      File "{tmp_path}/lib/infra.py", line 4, in bad\n'
        '        raise ValueError("no luck")\n'
        "    ValueError: no luck\n"
    ) in ran.err
    assert (
        "    Traceback (most recent call last):\n"
        f'      File "{tmp_path}/lib/broken.py", line 1, in <module>\n'
        "        import nothing_of_that_name\n"
    ) in ran.err


def test_a_function_may_change_folder_and_environment(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It has a process of its own: what it did counts, and how it ended is known.
    """
    text = "import os\ndef act(call):\n    os.chdir('/')\n    os.environ.clear()\n    return False\n"
    package(tmp_path / "lib", text, monkeypatch)
    kind(repo, "function", "python", "infra:act").define("a", "function").commit()

    assert 0 == repo.stage().apply().code
    assert {"inputs": {}} == repo.applied("a")


def test_the_repository_shadows_no_module(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Actions start in it, but what a pull request adds there is no part of stagectl, of Python or of a package.
    """
    package(
        tmp_path / "lib",
        "import sys\ndef act(call):\n    print(*sys.path, sep=chr(10))\n    return False\n",
        monkeypatch,
    )
    for module in ("infra", "json", "stagectl", "importlib", "tempfile", "colorsys"):
        repo.write(f"{module}.py", f"open('acted-{module}', 'w')\n")
    kind(kind(repo, "function", "python", "infra:act"), "here", "python", "here:act").write("here.py", "act = print\n")
    repo.define("a", "function").define("b", "here")

    assert "there is no module here: its package has to be installed where stagectl is" == failure(repo, "b")
    assert [] == sorted(path.name for path in repo.root.glob("acted-*"))
    assert repo.applied("a") == {"inputs": {}}


STARTING = """\
import os, subprocess, time
def start(call):
    process = subprocess.Popen(["sleep", "300"], start_new_session=True)
    with open("pid", "w") as file:
        file.write(str(process.pid))
    if call.inputs["seconds"]:
        open("begun", "w").close()
    if call.inputs["seconds"] is None:
        os.kill(os.getpid(), 15)
    time.sleep(call.inputs["seconds"])
"""


def test_what_a_function_started_lives_on_if_it_ended_and_dies_if_it_was_killed(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Also in a session of its own: a success may leave a daemon, a kill leaves nothing.
    """
    package(tmp_path / "lib", STARTING, monkeypatch)
    kind(repo.write(".gitignore", "pid\nbegun\n"), "starting", "python", "infra:start", timeout=3)
    be_over_once(monkeypatch, repo.root / "begun")
    repo.define("a", "starting", inputs={"seconds": 0}).apply_all()
    daemon = int(repo.read("pid"))
    try:
        for seconds, end in ((None, "ended by signal 15"), (300, "still running after 3 seconds; it was killed")):
            repo.define("b", "starting", inputs={"seconds": seconds})
            assert end == failure(repo, "b")
            assert int(repo.read("pid")) != daemon
            until(lambda: not is_alive(int(repo.read("pid"))))
        assert is_alive(daemon)
    finally:
        os.kill(daemon, 9)


# --- others


def distribution(folder: Path, value: str) -> Dict[str, str]:
    """An installed distribution with a handler `echo`; returns the environment in which it is."""
    text = (
        "from stagectl.adapters.handlers import Request, Result\n"
        "def echo(request: Request) -> Result:\n"
        "    if request.does == 'raise':\n"
        "        raise RuntimeError('it is broken')\n"
        "    with open(request.root / 'actions.log', 'a') as log:\n"
        "        log.write(f'{request.id}={request.does}\\n')\n"
        "    return Result(request.does != 'fail', False, 'heard', 'one line')\n"
    )
    info = folder / "demo_echo-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "demo_echo.py").write_text(text)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: demo-echo\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[stagectl.handlers]\necho = {value}\nshell = {value}\n")
    return {"PYTHONPATH": str(folder)}


def test_an_installed_package_brings_a_handler(repo: Repo, tmp_path: Path) -> None:
    """
    Found by its entry point; what an action is, is its business; it cannot replace a built-in one.
    """
    environment = distribution(tmp_path / "lib", "demo_echo:echo")
    for does in ("fine", "fail", "raise"):
        kind(repo, does, "echo", does).define(does, does)
    repo.define("own").define("other", react_on={"restart": [{"on": "fine.run", "when": "changed"}]}).commit()
    ran = repo.stage().run("apply", "--yes", "--parallel", "1", env=environment)

    assert {"fail.run": "heard", "raise.run": "RuntimeError: it is broken"} == messages(ran)
    assert ["fail.run=fail", "fine.run=fine", "other.run", "own.run"] == sorted(repo.log())
    assert "fail.run: ERROR (heard)\n    one line\n" in ran.err


def test_a_handler_that_cannot_be_loaded_stops_before_the_first_action(repo: Repo, tmp_path: Path) -> None:
    """
    It says which one, and where it is from.
    """
    kind(repo, "odd", "echo", "x").define("a", "odd").define("b").commit()
    repo.stage()

    ran = repo.run("apply", "--yes", env=distribution(tmp_path / "lib", "demo_echo:nothing"))

    assert (1, []) == (ran.code, repo.log())
    assert ran.err.endswith(
        "error: the handler 'echo' cannot be loaded: AttributeError: module 'demo_echo' has no attribute 'nothing'\n"
        "hint: it is demo_echo:nothing, of an installed package\n"
    )
