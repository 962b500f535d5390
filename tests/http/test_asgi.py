"""SlowClientMiddleware: reading request bodies, and responses that break off."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from inventory.http.asgi import Limits, SlowClientMiddleware
from tests.support.servers import ROOT, answers, free_port, wait_until

ECHO_KEYS = (
    "REQUEST_METHOD",
    "PATH_INFO",
    "QUERY_STRING",
    "CONTENT_TYPE",
    "HTTP_COOKIE",
    "HTTP_X_A",
)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run in a thread, because Playwright keeps an event loop running in the main thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result()


def middleware(application: Any, **options: Any) -> SlowClientMiddleware:
    limits = Limits(larger_bytes={"/import/": 1000}, body_bytes=500, stranger_bytes=100)
    options = {"threads": 2, "limits": limits, "knows": lambda _: False, **options}
    return SlowClientMiddleware(application, **options)


def send_request(
    application: Any,
    *parts: bytes,
    path: str = "/",
    headers: list[tuple[bytes, bytes]] | None = None,
    query: bytes = b"",
    **options: Any,
) -> list[dict[str, Any]]:
    """Return the ASGI messages sent for a request whose body arrives in these parts."""
    sent: list[dict[str, Any]] = []
    length = str(sum(map(len, parts))).encode()
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST" if parts else "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        "headers": headers or ([(b"content-length", length)] if parts else []),
    }  # fmt: skip
    incoming = [{"type": "http.request", "body": part, "more_body": True} for part in parts]

    async def receive() -> dict[str, Any]:
        return incoming.pop(0) if incoming else await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    run(middleware(application, **options)(scope, receive, send))
    return sent


def echo(environ: dict[str, Any], start: Any) -> list[bytes]:
    body = environ["wsgi.input"].read()
    content = "|".join(environ.get(key, "-") for key in ECHO_KEYS).encode("latin-1") + b"|" + body
    start("200 OK", [("Content-Length", str(len(content)))])
    return [content]


def status_of(sent: list[dict[str, Any]]) -> int:
    return int(sent[0]["status"])


def test_the_request_is_passed_on_unchanged() -> None:
    headers = [
        (b"content-length", b"6"), (b"content-type", b"text/plain"), (b"cookie", b"a=1"),
        (b"cookie", b"b=2"), (b"x-a", b"1"), (b"x-a", b"2"), (b"x_a", b"forged"),
    ]  # fmt: skip
    sent = send_request(echo, b"abc", b"def", path="/caf%C3%A9", headers=headers, query=b"q=%20")
    expected = "POST|/café|q=%20|text/plain|a=1; b=2|1,2|abcdef".encode()
    assert sent[1]["body"] == expected
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


def test_a_body_within_the_limit_of_its_path_is_read() -> None:
    known = {"knows": lambda _: True}
    assert sent_body(send_request(echo, b"x" * 900, path="/import/", **known)).endswith(b"x" * 900)


def test_a_body_over_the_limit_is_passed_on_unread() -> None:
    sent = send_request(echo, b"x" * 900, path="/other/", knows=lambda _: True)
    assert b"x" not in sent_body(sent).rpartition(b"|")[2]


def test_a_large_body_is_read_for_known_clients_only() -> None:
    bodies = [
        sent_body(send_request(echo, b"x" * 101, knows=lambda _, k=k: k)) for k in (True, False)
    ]
    assert [body.endswith(b"x") for body in bodies] == [True, False]
    assert sent_body(send_request(echo, b"x" * 100)).endswith(b"x")


def sent_body(sent: list[dict[str, Any]]) -> bytes:
    return b"".join(message.get("body", b"") for message in sent)


@pytest.mark.parametrize(("parts", "length"), [([], 10), ([b"abc"], 10)])
def test_an_incomplete_body_times_out(parts: list[bytes], length: int) -> None:
    limits = Limits(larger_bytes={}, body_seconds=0.05)
    headers = [(b"content-length", str(length).encode())]
    assert status_of(send_request(echo, *parts, headers=headers, limits=limits)) == 408


def test_each_part_of_a_body_extends_the_timeout() -> None:
    """A body that arrives at `bytes_per_second` may take longer than `body_seconds`."""
    limits = Limits(larger_bytes={}, body_seconds=0.1, bytes_per_second=100)
    slow = SlowParts([b"x" * 30, b"x" * 30, b"x" * 30], seconds=0.08)
    assert slow.status(limits) == 200
    assert SlowParts([b"x", b"x", b"x"], seconds=0.08).status(limits) == 408


class SlowParts:
    """A client that waits for `seconds` before each part."""

    def __init__(self, parts: list[bytes], *, seconds: float) -> None:
        self.parts, self.seconds = parts, seconds

    def status(self, limits: Limits) -> int:
        parts, sent = list(self.parts), []
        length = str(sum(map(len, parts))).encode()

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(self.seconds)
            return {"type": "http.request", "body": parts.pop(0), "more_body": True}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http",
            "raw_path": b"/", "query_string": b"", "headers": [(b"content-length", length)],
        }  # fmt: skip
        run(middleware(echo, limits=limits)(scope, receive, send))
        return status_of(sent)


def test_a_response_without_length_is_streamed_and_closed() -> None:
    parts = Parts([b"a" * 40_000, b"b" * 40_000, b"c"])
    sent = send_request(parts)
    bodies = [message for message in sent if message["type"] == "http.response.body"]
    assert b"".join(message["body"] for message in bodies) == b"a" * 40_000 + b"b" * 40_000 + b"c"
    assert [message["more_body"] for message in bodies][-2:] == [True, False]
    assert parts.closed == 1


def test_a_response_that_breaks_off_has_no_final_message() -> None:
    parts = Parts([b"a" * 70_000, b"b" * 70_000], fails=True)
    sent = send_request(parts)
    assert all(message.get("more_body", True) for message in sent)
    assert parts.closed == 1


class Parts:
    """A WSGI application whose response consists of these parts, without a length."""

    def __init__(self, parts: list[bytes], *, fails: bool = False) -> None:
        self.parts, self.fails, self.closed = parts, fails, 0

    def __call__(self, environ: dict[str, Any], start: Any) -> Parts:
        start("200 OK", [])
        return self

    def __iter__(self) -> Iterator[bytes]:
        yield from self.parts
        if self.fails:
            raise ConnectionError("the database went away")

    def close(self) -> None:
        self.closed += 1


BROKEN = """
import threading
from inventory import server
from inventory.http import asgi
from inventory.config import Config

def broken(environ, start):
    start("200 OK", [("Content-Type", "text/csv")])
    def parts():
        yield b"first" * 20_000
        if environ["PATH_INFO"] == "/broken":
            raise RuntimeError("the database went away")
    return parts()

def load():
    limits = asgi.Limits(larger_bytes={})
    return asgi.SlowClientMiddleware(broken, threads=2, limits=limits, knows=lambda _: False)

server._server(Config.from_env(), threading.Event()).serve(target_loader=load, wrap_loader=False)
"""


def test_a_client_detects_a_response_that_broke_off(environ: dict[str, str]) -> None:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-c", BROKEN], cwd=ROOT, env={**environ, "PORT": str(port)}
    )
    try:
        wait_until(lambda: answers(port), "the server did not start")
        assert len(httpx.get(f"http://127.0.0.1:{port}/whole").content) == 100_000
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            httpx.get(f"http://127.0.0.1:{port}/broken")
    finally:
        server.terminate()
        server.wait(20)
