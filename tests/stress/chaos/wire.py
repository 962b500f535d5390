"""A wire between clients and server that loses, delays, tears and doubles what it carries."""

from __future__ import annotations

import contextlib
import random
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable

_FAULTS = ("not sent", "half sent", "answer lost", "answer torn", "late", "twice", "again later")


class Wire(socketserver.ThreadingTCPServer):
    """Listens on a port of its own; `rate` is the share of requests that meet a fault.

    Each connection carries one request: the clients say `Connection: close`."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: int, *, rate: float, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.upstream = upstream
        self.rate = rate
        self.random = random.Random(seed)
        self.faults: Counter[str] = Counter()
        self.carried = 0
        self.lock = threading.Lock()
        #: Whether the power is gone: whatever is answered now reaches nobody.
        self.is_dark: Callable[[], bool] = lambda: False
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def choose(self) -> str:
        with self.lock:
            self.carried += 1
            if self.random.random() >= self.rate:
                return ""
            fault = self.random.choice(_FAULTS)
            self.faults[fault] += 1
            return fault

    def handle_error(self, request: object, client_address: object) -> None:
        """A broken connection is what it is for."""


class _Connection(socketserver.BaseRequestHandler):
    server: Wire
    request: socket.socket

    def handle(self) -> None:
        data = _whole_request(self.request)
        fault = self.server.choose()
        if fault == "not sent":
            return
        if fault == "half sent":
            self._send(data[: len(data) // 2], ends=True)
            return
        if fault == "late":
            time.sleep(self.server.random.uniform(0.05, 0.5))
        if fault == "twice":
            threading.Thread(target=self._send, args=(data,), daemon=True).start()
        answer = self._send(data)
        if fault == "again later":
            threading.Timer(self.server.random.uniform(0.1, 2), self._send, (data,)).start()
        if fault == "answer torn":
            answer = answer[: len(answer) // 2]
        if fault != "answer lost" and not self.server.is_dark():
            self.request.sendall(answer)

    def _send(self, data: bytes, *, ends: bool = False) -> bytes:
        """The whole answer, or what there was of it; `ends`: no more will be sent."""
        parts = []
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.server.upstream), timeout=30) as connection,
        ):
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts)


def _whole_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(65536)
    if not part:
        raise ConnectionError("the client went away")
    return part
