"""The child process of the `ansible` handler: ansible-runner with an inventory and variables of our own."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any, List, Mapping, NoReturn, Optional

from stagectl.adapters.handlers import ansible_files
from stagectl.adapters.handlers.inside import Failed, finish, read_arguments

INSTALL = "install stagectl[ansible]"
# One inventory plugin, whatever ansible.cfg enables: nothing but our own file is to be read as an inventory.
ENVIRONMENT = {"ANSIBLE_INVENTORY_ENABLED": "yaml", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
HOST_KEYS = "ANSIBLE_HOST_KEY_CHECKING"
_ERROR = re.compile(r"\s*(?:ERROR!|\[?ERROR]?:)\s*(.*)", re.DOTALL)  # how Ansible begins what is no task's failure
LONGEST = 1000  # characters of a task's own message


SEEN = "stagectl_seen"  # what a playbook gives `set_stats` to say what it sees: {exists, inputs, differs, message}


def main(folder: str, playbook: str, mode: str) -> NoReturn:
    """Play a playbook, given relative to the repository's root, which is the current folder; mode: `act` or `check`."""
    finish(folder, lambda: _play(Path(folder, "ansible"), playbook, looks=mode == "check"))


def _play(private: Path, playbook: str, *, looks: bool) -> Mapping[str, object]:
    path = _inside_repository(playbook)
    host = ansible_files.host(read_arguments()["inputs"])
    story = Story()
    (private / "env").mkdir(parents=True)  # ansible-runner looks for variables there
    (private / "env/extravars").write_text(ansible_files.variables_text(**read_arguments()), encoding="utf-8")
    runner = _runner(private, path, host, story)
    if looks:
        runner.config.command.insert(1, "--check")  # Ansible's check mode: it says what it would change
    status, code = runner.run()
    if code:
        ended = f"ansible-playbook ended with exit code {code} ({status})"
        raise Failed(story.task or story.error or ended, story.outputs)
    if story.plays == story.unmatched:
        raise Failed(f"{playbook} has no play for the host {host}")
    return story.answer() if looks else {"changed": story.changed, "outputs": story.outputs}


def _inside_repository(playbook: str) -> Path:
    """Return where a playbook is; raises Failed if that is nowhere, or not in the repository."""
    root = Path.cwd().resolve()
    path = (root / playbook).resolve()
    if root not in path.parents:
        raise Failed(f"the playbook {playbook} is not in the repository")
    if not path.is_file():
        raise Failed(f"there is no playbook {playbook}")
    return path


def _runner(private: Path, playbook: Path, host: str, story: Story) -> Any:
    """Return ansible-runner's Runner, ready to run; raises Failed if something is not installed."""
    found = ansible_files.program()
    if found is None:
        raise Failed(f"there is no ansible-playbook; {INSTALL}")
    try:
        from ansible_runner.interface import init_runner
    except ImportError as error:
        raise Failed(f"ansible-runner cannot be imported: {error}; {INSTALL}") from error
    runner = init_runner(
        private_data_dir=str(private),
        project_dir=os.getcwd(),  # where it starts ansible-playbook
        playbook=str(playbook),
        inventory=ansible_files.inventory(host, sys.executable),
        envvars=dict(ENVIRONMENT),
        event_handler=story.hear,
        cancel_callback=lambda: False,  # or it would catch signals; what a signal leaves running, the handler kills
        quiet=True,
    )
    runner.config.command[0] = found
    if HOST_KEYS not in os.environ:
        # ansible-runner turns the check off unasked; ansible.cfg and Ansible's own default shall count.
        runner.config.env.pop(HOST_KEYS)
    return runner


class Story:
    """What is heard while Ansible plays: output goes on, and what counts for the result stays.

    plays, unmatched: how many plays there were, and how many of them had no host; outputs: what `set_stats` was given.
    task, error: why it failed, by the last task that did, or as Ansible itself says.
    """

    def __init__(self) -> None:
        self.changed = False
        self.outputs: Mapping[str, Any] = {}
        self.plays = self.unmatched = 0
        self._would: List[str] = []  # the tasks that changed something, or would
        self.task = self.error = ""

    def hear(self, event: Mapping[str, Any]) -> bool:
        """Take an event of ansible-runner; returns False, so that it keeps none on disk."""
        text, data = event.get("stdout") or "", event.get("event_data") or {}
        if text:
            print(text.replace("\r", ""))
        name = event.get("event")
        self.plays += name == "playbook_on_play_start"
        self.unmatched += name == "playbook_on_no_hosts_matched"
        if name == "playbook_on_stats":
            self.changed = any(data.get("changed", {}).values())
            self.outputs = data.get("artifact_data") or {}  # for all hosts, as set_stats has it by default
        if name == "runner_on_ok" and (data.get("res") or {}).get("changed"):
            self._would.append(str(data.get("task", "")))
        self.task = _message_of(name, data) or self.task
        error = _ERROR.match(text)
        if error and not self.error:
            self.error = " ".join(error[1].split())[:LONGEST]
        return False

    def answer(self) -> Mapping[str, object]:
        """Return what was seen in check mode: whether anything would change, and what the playbook itself says."""
        outputs = dict(self.outputs)
        said = outputs.pop(SEEN, {})
        if not isinstance(said, dict):
            raise Failed(f"the playbook gives set_stats a {SEEN} that is no mapping")
        would = f"would change: {', '.join(self._would)}"[:LONGEST] if self._would else ""
        return {"changed": self.changed, "message": would, "outputs": outputs, **said}


def _message_of(name: Optional[str], data: Mapping[str, Any]) -> str:
    """Return what to say of an event that is a failure, and nothing of others."""
    message = " ".join(str((data.get("res") or {}).get("msg", "")).split())[:LONGEST]
    if name == "runner_on_unreachable":
        return f"{data['host']} cannot be reached: {message}"
    if name != "runner_on_failed" or data.get("ignore_errors"):
        return ""
    return f"the task '{data['task']}' failed on {data['host']}" + (f": {message}" if message else "")
