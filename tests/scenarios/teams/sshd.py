"""A real sshd on a free port of loopback, with keys of its own, for the tests of one file."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import List

from tests.build import PATIENCE

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
PRIVILEGES = Path("/run/sshd")  # where it puts its unprivileged part; the package makes it at boot

if SSHD is None and os.environ.get("NEEDS_SSHD"):
    raise RuntimeError("no sshd is here, and NEEDS_SSHD is set: apt-get install openssh-server")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Sshd:
    """It runs until `close`. url: of a folder on this machine; command: for GIT_SSH_COMMAND."""

    def __init__(self, folder: Path) -> None:
        assert SSHD is not None
        folder.mkdir()
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
        shutil.copy(folder / "user.pub", folder / "authorized")
        self._port, self._user = free_port(), getpass.getuser()
        lines = [
            f"Port {self._port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {folder}/host",
            f"AuthorizedKeysFile {folder}/authorized",
            f"PidFile {folder}/pid",
            "AcceptEnv GIT_*",
            "PasswordAuthentication no",
            "PermitRootLogin yes",
            "StrictModes no",
            "UsePAM no",
        ]
        (folder / "config").write_text("\n".join(lines) + "\n")
        if os.geteuid() == 0:
            PRIVILEGES.mkdir(mode=0o755, exist_ok=True)
        self._log = folder / "log"
        command: List[str] = [SSHD, "-D", "-f", str(folder / "config"), "-E", str(self._log)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while not answers(self._port):
            assert self._process.poll() is None and time.monotonic() < end, self._log.read_text()
            time.sleep(0.05)
        known = f"-o StrictHostKeyChecking=no -o UserKnownHostsFile={folder}/known -o LogLevel=ERROR"
        self.command = f"ssh -F none -i {folder}/user -o IdentitiesOnly=yes -o BatchMode=yes {known}"

    def url(self, place: Path) -> str:
        return f"ssh://{self._user}@127.0.0.1:{self._port}{place}"

    def close(self) -> None:
        """Stop it, and the connections that it has."""
        self._process.terminate()
        self._process.wait(PATIENCE)
