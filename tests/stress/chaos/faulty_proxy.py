"""TCP proxy between clients and server that loses, delays, truncates and repeats requests."""

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


class FaultyProxy(socketserver.ThreadingTCPServer):
    """Proxy on its own port; `rate` is the share of requests with a fault.

    Clients must send `Connection: close`: each connection handles one request.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: int, *, rate: float, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.upstream = upstream
        self.rate = rate
        self.random = random.Random(seed)
        self.faults: Counter[str] = Counter()
        self.requests = 0
        self.lock = threading.Lock()
        #: Whether the power is off; responses are not passed on then.
        self.is_power_off: Callable[[], bool] = lambda: False
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def choose(self) -> str:
        with self.lock:
            self.requests += 1
            if self.random.random() >= self.rate:
                return ""
            fault = self.random.choice(_FAULTS)
            self.faults[fault] += 1
            return fault

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore broken connections."""


class _Connection(socketserver.BaseRequestHandler):
    server: FaultyProxy
    request: socket.socket

    def handle(self) -> None:
        data = _read_request(self.request)
        fault = self.server.choose()
        if fault == "not sent":
            return
        if fault == "half sent":
            self._send(data[: len(data) // 2], is_last=True)
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
        if fault != "answer lost" and not self.server.is_power_off():
            self.request.sendall(answer)

    def _send(self, data: bytes, *, is_last: bool = False) -> bytes:
        """Send to the server and return the response, or the received part of it.

        `is_last` closes the sending direction.
        """
        parts = []
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.server.upstream), timeout=30) as connection,
        ):
            connection.sendall(data)
            if is_last:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += _receive(connection)
    return head + b"\r\n\r\n" + body


def _receive(connection: socket.socket) -> bytes:
    part = connection.recv(65536)
    if not part:
        raise ConnectionError("the client closed the connection")
    return part
