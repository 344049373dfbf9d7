"""A real sshd on a port of loopback, with keys of its own, for the tests of one file."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from pathlib import Path

from tests.scenarios.teams.inetd import Inetd

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
PRIVILEGES = Path("/run/sshd")  # where it puts its unprivileged part; the package makes it at boot

if SSHD is None and os.environ.get("NEEDS_SSHD"):
    raise RuntimeError("no sshd is here, and NEEDS_SSHD is set: apt-get install openssh-server")


class Sshd:
    """It runs until `close`. url: of a folder on this machine; command: for GIT_SSH_COMMAND."""

    def __init__(self, folder: Path) -> None:
        assert SSHD is not None
        folder.mkdir()
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
        shutil.copy(folder / "user.pub", folder / "authorized")
        lines = [
            f"HostKey {folder}/host",
            f"AuthorizedKeysFile {folder}/authorized",
            "AcceptEnv GIT_*",
            "PasswordAuthentication no",
            "PermitRootLogin yes",
            "StrictModes no",
            "UsePAM no",
        ]
        (folder / "config").write_text("\n".join(lines) + "\n")
        if os.geteuid() == 0:
            PRIVILEGES.mkdir(mode=0o755, exist_ok=True)
        self._inetd = Inetd([SSHD, "-i", "-f", str(folder / "config"), "-E", str(folder / "log")])
        known = f"-o StrictHostKeyChecking=no -o UserKnownHostsFile={folder}/known -o LogLevel=ERROR"
        self.command = f"ssh -F none -i {folder}/user -o IdentitiesOnly=yes -o BatchMode=yes {known}"

    def url(self, place: Path) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self._inetd.port}{place}"

    def close(self) -> None:
        """Stop it, and the connections that it has."""
        self._inetd.close()
