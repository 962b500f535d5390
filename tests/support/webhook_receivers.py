"""A local HTTP server that receives webhooks and keeps the requests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ReceivedRequest:
    headers: dict[str, str]
    body: str

    @property
    def content(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers requests with `answers` in order and repeats the last one.

    An answer is a status, or a status and headers. `seconds` delays each answer.
    """

    url: str = ""
    answers: list[Any] = field(default_factory=lambda: [200])
    seconds: float = 0.0
    requests: list[ReceivedRequest] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        return [request.content["type"] for request in self.requests]


@contextmanager
def run_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            with lock:
                receiver.requests.append(
                    ReceivedRequest({k.lower(): v for k, v in self.headers.items()}, body)
                )
                is_last = len(receiver.answers) == 1
                answer = receiver.answers[0] if is_last else receiver.answers.pop(0)
            time.sleep(receiver.seconds)
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
