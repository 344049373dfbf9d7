"""What Ansible needs: to be installed, an inventory of one host, and variables whose strings are never templates."""

from __future__ import annotations

import json
import keyword
import os
import re
import shutil
import sys
from importlib.util import find_spec
from typing import Any, Dict, Mapping, Optional

from stagectl.adapters.handlers.inside import Failed
from stagectl.core.errors import StagectlError

LOCALHOST = "localhost"
# Ansible reads ranges (web[1:9]) in the name of a host, and ssh reads options in one with a leading dash.
_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]*", re.ASCII)
# Of these all that YAML 1.1 takes for something else than a string is made, and no template, whatever its brackets.
_NO_TEMPLATE = re.compile(r"[A-Za-z0-9_.:+~=<!&*\t -]*", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def check_installed() -> None:
    """Raise StagectlError where no playbook can be played, because something is not installed."""
    missing = [] if find_spec("ansible_runner") else ["ansible-runner"]
    missing += [] if program() else ["ansible-playbook"]
    if missing:
        raise StagectlError(
            f"the handler 'ansible' cannot work here: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} "
            "not installed",
            "install it: pip install 'stagectl[ansible]'",
        )


def program() -> Optional[str]:
    """Return ansible-playbook: the one installed beside this Python, or else the one on the path; None without any."""
    beside = os.path.dirname(sys.executable)
    return shutil.which("ansible-playbook", path=beside) or shutil.which("ansible-playbook")


def host(inputs: Mapping[str, Any]) -> str:
    """Return the host that the input `target` names, localhost without one; raises Failed for what is no host."""
    target = inputs.get("target")
    if target is None:
        return LOCALHOST
    if not isinstance(target, str) or not _HOST.fullmatch(target):
        raise Failed(
            f"the input 'target' is not the name or address of one host, but {json.dumps(target)[:100]}; "
            "letters, digits and _ . - : % are expected"
        )
    return target


def inventory(name: str, interpreter: str) -> Dict[str, Any]:
    """Return an inventory with this host alone; localhost is reached without ssh."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": interpreter}
    return {"all": {"hosts": {name: local if name == LOCALHOST else {}}}}


def variables_text(inputs: Mapping[str, Any], **own: Any) -> str:
    """Return an extra-vars file: every input that can be a variable, all of them as `stagectl_inputs`, and our own."""
    named = {key: value for key, value in inputs.items() if _VARIABLE.fullmatch(key) and not keyword.iskeyword(key)}
    ours = {f"stagectl_{key}": value for key, value in {"inputs": dict(inputs), **own}.items()}
    lines = [f'"{key}": {unsafe(value)}\n' for key, value in {**named, **ours}.items()]
    # The marker makes it no JSON: Ansible reads that first, and `__ansible_vault` and the like in it.
    return "---\n" + "".join(lines)


def unsafe(value: Any) -> str:
    """Return a JSON value as YAML; strings that could be templates, keys too, have Ansible's tag `!unsafe`.

    Source: Ansible's documentation, "Unsafe or raw strings" (playbooks_advanced_syntax).
    """
    if isinstance(value, str):
        # From 2.19 on Ansible reads what has the tag as if it had no quotes: "yes" is true and "1" a number.
        tag = "" if _NO_TEMPLATE.fullmatch(value) else "!unsafe "
        return f'{tag}"{"".join(map(_character, value))}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"? {unsafe(key)} : {unsafe(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(unsafe, value)) + "]"
    # YAML 1.1, which Ansible reads, takes a float without a dot (1e+22) for a string.
    return f'!!float "{value!r}"' if isinstance(value, float) else json.dumps(value)


def _character(character: str) -> str:
    """Return a character as it stands between double quotes; YAML allows few of those that are not ASCII."""
    if " " <= character <= "~" and character not in '"\\':
        return character
    return f"\\U{ord(character):08x}"
