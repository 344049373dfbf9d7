"""What the `ansible` handler needs to be installed."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from typing import Optional

from stagectl.core.errors import StagectlError


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
