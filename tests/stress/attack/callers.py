"""Callers that send raw requests: in this process, and over HTTP to a running server."""

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
        response = self.client.open(
            path, method=method, query_string=query, headers=headers, data=body or None
        )
        cookies = response.headers.getlist("Set-Cookie")
        answer = Answer(response.status_code, dict(response.headers), cookies, response.get_data())
        response.close()
        return answer


class OverHttp:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def __call__(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        try:
            self.connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in [*headers, ("Content-Length", str(len(body)))]:
                self.connection.putheader(name, value.encode("utf-8", "surrogatepass"))
            self.connection.endheaders(body)
            response = self.connection.getresponse()
            cookies = response.headers.get_all("Set-Cookie") or []
            return Answer(response.status, dict(response.headers), cookies, response.read())
        except (http.client.HTTPException, ConnectionError):
            # The server refuses some requests by closing the connection.
            self.connection.close()
            return Answer(0, {}, [], b"")


class CookieJar:
    """The cookies of one browser."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def take(self, answer: Answer) -> None:
        for cookie in answer.cookies:
            if found := re.match(r"([^=;]+)=([^;]*)", cookie):
                self.cookies[found[1]] = found[2]

    def header(self) -> Headers:
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return [("Cookie", pairs)] if pairs else []
