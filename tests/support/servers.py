"""Run the real server in its own processes: start, stop, kill, wait."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class LiveServer:
    """`python -m inventory.server` on a free port. Can be started again after a stop or kill."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        #: The server does not inherit the environment of the test run.
        self.environ = {"PATH": os.environ["PATH"], "PORT": str(self.port), **environ}
        self.log_path = log
        #: Command that starts the server, for tests that restrict its rights.
        self.prefix: tuple[str, ...] = ()
        #: Source tree of the server; tests of injected faults use a changed copy.
        self.root = ROOT
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> LiveServer:
        self.launch()
        assert self.process is not None
        deadline = time.monotonic() + 30
        while not serves(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start: {self.log}")
            time.sleep(0.02)
        return self

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the processes without waiting for an answer."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", "inventory.server"],
                cwd=self.root,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Under nohup the test run ignores SIGHUP, and child processes inherit that.
                preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
            )
        return self.process

    def stop(self) -> int:
        """Stop it as Ctrl-C does; return the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)

    def kill(self) -> None:
        """Kill all its processes with SIGKILL."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        wait_until(lambda: not answers(self.port), "the killed server still answers")

    def workers(self) -> list[int]:
        """Return the process ids of the workers (Linux only)."""
        assert self.process is not None
        pid = self.process.pid
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    @property
    def log(self) -> str:
        """Everything that the server has printed so far."""
        return self.log_path.read_text() if self.log_path.exists() else ""

    @property
    def setup_code(self) -> str:
        found = re.search(r"Setup code for the first registration: (\S+)", self.log)
        assert found, self.log
        return found[1]


class ThreadedServer:
    """The application in a thread of the test: for pages whose test needs no process of its own.

    It starts in milliseconds, where `LiveServer` takes seconds of two cores. The middleware and
    the application are the product's; its front (`inventory/http/asgi.py`) and the processes are
    not, so tests of slow clients, restarts and transfer sizes use `LiveServer`.
    """

    def __init__(self, app: Flask) -> None:
        self._server = make_server(
            "127.0.0.1", 0, app, threaded=True, request_handler=_QuietHandler
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> ThreadedServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(30)
        self._server.server_close()


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        """Print nothing."""


def serves(port: int) -> bool:
    """Return whether a worker answers; the server accepts connections before that."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return bool(connection.recv(1))
    except OSError:
        return False


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], bool], message: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.02)
