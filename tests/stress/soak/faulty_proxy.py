"""HTTP proxy with faults, for browsers without request interception."""

from __future__ import annotations

import contextlib
import http.client
import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit


class FaultyProxy(ThreadingHTTPServer):
    """Proxy that loses, delays or refuses operations at random.

    `disabled` turns the faults off; `offline` loses every request.
    """

    daemon_threads = True

    def __init__(self, upstream: str, rng: random.Random) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream).netloc
        self.rng = rng
        self.disabled = self.offline = False
        self.counts: Counter[str] = Counter()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def choose_fault(self, path: str) -> str:
        if self.offline:
            return "lost before"
        if self.disabled or path != "/floor/operations":
            return ""
        faults = ["lost before", "lost after", "busy", "slow", ""]
        fault = self.rng.choices(faults, [0.12, 0.18, 0.08, 0.07, 0.55])[0]
        if fault:
            self.counts[fault] += 1
        return fault

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore broken connections."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultyProxy
    _hop_by_hop: ClassVar[set[str]] = {"connection", "transfer-encoding", "keep-alive"}

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.choose_fault(self.path)
        self.close_connection = True
        if fault == "lost before":
            return
        if fault == "busy":
            self.send_error(503)
            return
        if fault == "slow":
            time.sleep(0.2)
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._forward(body, is_lost=fault == "lost after")

    do_POST = do_GET

    def _forward(self, body: bytes, *, is_lost: bool) -> None:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=30)
        upstream.request(self.command, self.path, body, dict(self.headers.items()))
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        if is_lost:
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in self._hop_by_hop | {"content-length"}:
                self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""
