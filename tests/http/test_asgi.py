"""How the server's ASGI front reads requests, and what it does with answers that break off."""

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
    """In a thread of its own: the browser's tests keep a loop running in the main one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result()


def front(application: Any, **options: Any) -> SlowClientMiddleware:
    limits = Limits(larger_bytes={"/import/": 1000}, body_bytes=500, stranger_bytes=100)
    options = {"threads": 2, "limits": limits, "knows": lambda _: False, **options}
    return SlowClientMiddleware(application, **options)


def ask(
    application: Any,
    *parts: bytes,
    path: str = "/",
    headers: list[tuple[bytes, bytes]] | None = None,
    query: bytes = b"",
    **options: Any,
) -> list[dict[str, Any]]:
    """The messages that the front sends for one request whose body comes in these parts."""
    sent: list[dict[str, Any]] = []
    length = str(sum(map(len, parts))).encode()
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST" if parts else "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        "headers": headers or ([(b"content-length", length)] if parts else []),
    }  # fmt: skip
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    run(front(application, **options)(scope, receive, send))
    return sent


def echo(environ: dict[str, Any], start: Any) -> list[bytes]:
    body = environ["wsgi.input"].read()
    seen = "|".join(environ.get(key, "-") for key in ECHO_KEYS).encode("latin-1") + b"|" + body
    start("200 OK", [("Content-Length", str(len(seen)))])
    return [seen]


def status_of(sent: list[dict[str, Any]]) -> int:
    return int(sent[0]["status"])


def test_the_application_sees_the_request_as_it_came() -> None:
    headers = [
        (b"content-length", b"6"), (b"content-type", b"text/plain"), (b"cookie", b"a=1"),
        (b"cookie", b"b=2"), (b"x-a", b"1"), (b"x-a", b"2"), (b"x_a", b"forged"),
    ]  # fmt: skip
    sent = ask(echo, b"abc", b"def", path="/caf%C3%A9", headers=headers, query=b"q=%20")
    expected = "POST|/café|q=%20|text/plain|a=1; b=2|1,2|abcdef".encode()
    assert sent[1]["body"] == expected
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


def test_a_body_within_the_limit_of_its_path_is_taken() -> None:
    known = {"knows": lambda _: True}
    assert sent_body(ask(echo, b"x" * 900, path="/import/", **known)).endswith(b"x" * 900)


def test_a_larger_body_is_left_to_the_application_by_its_length() -> None:
    sent = ask(echo, b"x" * 900, path="/other/", knows=lambda _: True)
    assert b"x" not in sent_body(sent).rpartition(b"|")[2]


def test_a_large_body_is_read_for_known_senders_only() -> None:
    taken = [sent_body(ask(echo, b"x" * 101, knows=lambda _, k=k: k)) for k in (True, False)]
    assert [body.endswith(b"x") for body in taken] == [True, False]
    assert sent_body(ask(echo, b"x" * 100)).endswith(b"x")


def sent_body(sent: list[dict[str, Any]]) -> bytes:
    return b"".join(message.get("body", b"") for message in sent)


@pytest.mark.parametrize(("parts", "length"), [([], 10), ([b"abc"], 10)])
def test_a_body_that_stops_is_refused_in_time(parts: list[bytes], length: int) -> None:
    limits = Limits(larger_bytes={}, body_seconds=0.05)
    headers = [(b"content-length", str(length).encode())]
    assert status_of(ask(echo, *parts, headers=headers, limits=limits)) == 408


def test_each_part_of_a_body_gives_time_for_more() -> None:
    """20,000 bytes a second: what comes at that rate may take longer than the first seconds."""
    limits = Limits(larger_bytes={}, body_seconds=0.1, bytes_per_second=100)
    slow = SlowParts([b"x" * 30, b"x" * 30, b"x" * 30], seconds=0.08)
    assert slow.status(limits) == 200
    assert SlowParts([b"x", b"x", b"x"], seconds=0.08).status(limits) == 408


class SlowParts:
    """A client that sends one part each so many seconds."""

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
        run(front(echo, limits=limits)(scope, receive, send))
        return status_of(sent)


def test_an_answer_of_unknown_length_is_sent_piece_by_piece_and_closed() -> None:
    parts = Parts([b"a" * 40_000, b"b" * 40_000, b"c"])
    sent = ask(parts)
    bodies = [message for message in sent if message["type"] == "http.response.body"]
    assert b"".join(message["body"] for message in bodies) == b"a" * 40_000 + b"b" * 40_000 + b"c"
    assert [message["more_body"] for message in bodies][-2:] == [True, False]
    assert parts.closed == 1


def test_an_answer_that_breaks_off_has_no_end() -> None:
    parts = Parts([b"a" * 70_000, b"b" * 70_000], fails=True)
    sent = ask(parts)
    assert all(message.get("more_body", True) for message in sent)
    assert parts.closed == 1


class Parts:
    """An application whose answer has these parts, and no length."""

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


def test_a_reader_sees_that_an_answer_broke_off(environ: dict[str, str]) -> None:
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
