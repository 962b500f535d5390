"""A front that loses what it carries, for browsers that cannot be told to do so themselves."""

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


class Front(ThreadingHTTPServer):
    """Passes requests on; operations meet faults while it is not `calm`, nothing gets through
    while it is `cut`."""

    daemon_threads = True

    def __init__(self, upstream: str, chance: random.Random) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.upstream = urlsplit(upstream).netloc
        self.chance = chance
        self.calm = self.cut = False
        self.happened: Counter[str] = Counter()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def fate(self, path: str) -> str:
        if self.cut:
            return "lost before"
        if self.calm or path != "/floor/operations":
            return ""
        fates = ["lost before", "lost after", "busy", "slow", ""]
        fate = self.chance.choices(fates, [0.12, 0.18, 0.08, 0.07, 0.55])[0]
        if fate:
            self.happened[fate] += 1
        return fate

    def handle_error(self, request: object, client_address: object) -> None:
        """A broken connection is what it is for."""


class _Passing(BaseHTTPRequestHandler):
    server: Front
    _own: ClassVar[set[str]] = {"connection", "transfer-encoding", "keep-alive"}

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fate = self.server.fate(self.path)
        self.close_connection = True
        if fate == "lost before":
            return
        if fate == "busy":
            self.send_error(503)
            return
        if fate == "slow":
            time.sleep(0.2)
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._pass_on(body, is_lost=fate == "lost after")

    do_POST = do_GET

    def _pass_on(self, body: bytes, *, is_lost: bool) -> None:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=30)
        upstream.request(self.command, self.path, body, dict(self.headers.items()))
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        if is_lost:
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in self._own | {"content-length"}:
                self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""
