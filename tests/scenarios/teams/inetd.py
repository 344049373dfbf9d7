"""A port of loopback at which each connection gets a program of its own, as inetd does it.

The port is open before anybody is given its number: no other process gets in between, and nobody has to wait for it.
"""

from __future__ import annotations

import socketserver
import subprocess
import threading
from typing import List, Sequence


class Inetd(socketserver.ThreadingTCPServer):
    """It listens until `close`. port: where; command: what a connection gets as its input and output."""

    daemon_threads = True

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._started: List[subprocess.Popen[bytes]] = []
        super().__init__(("127.0.0.1", 0), _Connection)
        self.port: int = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def start(self, connection: int) -> None:
        """Have the program talk, until it ends."""
        process = subprocess.Popen(self._command, stdin=connection, stdout=connection, stderr=subprocess.DEVNULL)
        self._started.append(process)
        process.wait()

    def close(self) -> None:
        """Listen no more, and end the connections."""
        self.shutdown()
        self.server_close()
        for process in self._started:
            process.terminate()


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Inetd)
        self.server.start(self.request.fileno())
