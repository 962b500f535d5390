"""Two ways to the server: inside this process, and over a socket. Both send what they are told."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Caller(Protocol):
    def __call__(self, method: str, path: str, headers: Headers, body: bytes) -> Answer: ...


class InProcess:
    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client(use_cookies=False)

    def __call__(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        path, _, query = path.partition("?")
        got = self.client.open(
            path, method=method, query_string=query, headers=headers, data=body or None
        )
        cookies = got.headers.getlist("Set-Cookie")
        answer = Answer(got.status_code, dict(got.headers), cookies, got.get_data())
        got.close()
        return answer


class OverTheWire:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.wire = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def __call__(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        try:
            self.wire.putrequest(method, path, skip_accept_encoding=True)
            for name, value in [*headers, ("Content-Length", str(len(body)))]:
                self.wire.putheader(name, value.encode("utf-8", "surrogatepass"))
            self.wire.endheaders(body)
            got = self.wire.getresponse()
            cookies = got.headers.get_all("Set-Cookie") or []
            return Answer(got.status, dict(got.headers), cookies, got.read())
        except (http.client.HTTPException, ConnectionError):
            # Some requests the server refuses by hanging up; the next one finds it there again.
            self.wire.close()
            return Answer(0, {}, [], b"")


class Jar:
    """The cookies of one browser."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def take(self, answer: Answer) -> None:
        for cookie in answer.cookies:
            if found := re.match(r"([^=;]+)=([^;]*)", cookie):
                self.kept[found[1]] = found[2]

    def header(self) -> Headers:
        pairs = "; ".join(f"{name}={value}" for name, value in self.kept.items())
        return [("Cookie", pairs)] if pairs else []
