from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inventory import create_app
from inventory.accounts import api_tokens, users
from inventory.config import Config
from inventory.db import db
from tests.api.checking import CheckedClient
from tests.support.databases import Databases

_numbers = itertools.count(1)


class Api:
    """A program with a token. Each write gets a key of its own, unless one is given."""

    def __init__(self, client: FlaskClient, secret: str, user_id: int) -> None:
        self.client = client
        self.secret = secret
        self.user_id = user_id

    def get(self, path: str, **query: Any) -> Any:
        return self.send("GET", path, **({"query_string": query} if query else {}))

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.send("POST", path, body, **more)

    def patch(self, path: str, body: Any, **more: Any) -> Any:
        return self.send("PATCH", path, body, **more)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Any:
        sent = {"Authorization": f"Bearer {self.secret}"}
        if method not in ("GET", "HEAD"):
            sent["Idempotency-Key"] = key if key is not None else f"key-{next(_numbers)}"
        if body is not None:
            more["json"] = body
        if not path.startswith("/health"):
            path = f"/api/v1{path}"
        return self.client.open(path, method=method, headers={**sent, **(headers or {})}, **more)

    # For tests that look at one thing and need others to be there.

    def made(self, path: str, body: Any = None, **more: Any) -> Any:
        """The JSON of a POST that must succeed."""
        response = self.post(path, body, **more)
        assert response.status_code in (200, 201), response.text
        return response.json

    def refused(self, code: str, path: str, body: Any = None, **more: Any) -> Any:
        """The problem of a POST that must be refused with this code."""
        method = more.pop("method", "POST")
        response = self.send(method, path, body, **more)
        assert response.status_code >= 400, response.text
        assert response.json.get("code") == code, response.text
        return response.json

    def item(self, code: str = "BOLT-M8", **facts: Any) -> str:
        self.made("/items", {"code": code, "name": "Bolt M8", **facts})
        return code

    def lot(self, qty: Any = "10", *, item: str = "BOLT-M8", **facts: Any) -> int:
        if self.get(f"/items/{item}").status_code == 404:
            self.item(item, qcRequired=facts.pop("qcRequired", False))
        facts.setdefault("lotCode", f"L-{next(_numbers):03d}")
        posted = self.made("/receipts", {"item": item, "qty": qty, **facts})
        return int(posted["entries"][0]["lotId"])

    def reservation(self, qty: Any = "4", **facts: Any) -> int:
        facts.setdefault("item", "BOLT-M8")
        facts.setdefault("reference", "JOB-4711")
        return int(self.made("/reservations", {"qty": qty, **facts})["id"])


def make_caller(app: Flask, role: str = "admin", client: FlaskClient | None = None) -> Api:
    """A program whose token has that role."""
    with app.app_context():
        name = f"{role} {next(_numbers)}"
        user = users.create_user(name=name, password="a quiet warehouse", role=role)
        _, secret = api_tokens.create_token(user_id=user.id, name="tests")
        db.session.remove()
    return Api(client or app.test_client(), secret, user.id)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.test_client_class = CheckedClient
    return app.test_client()


@pytest.fixture
def caller(app: Flask, client: FlaskClient) -> Callable[..., Api]:
    """`caller("viewer")`: a program whose token has that role."""
    return lambda role="admin": make_caller(app, role, client)


@pytest.fixture
def api(caller: Callable[..., Api]) -> Api:
    """A program that may do everything."""
    return caller("admin")


@pytest.fixture(scope="module")
def standing(test_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The same on one application for a whole module: for tests that leave it as it is."""
    url = test_databases.fresh()
    instance = str(tmp_path_factory.mktemp("instance"))
    config = Config.from_env({"DATABASE_URL": url, "INSTANCE_PATH": instance})
    app = create_app(dataclasses.replace(config, password_time_cost=1, password_memory_kib=8))
    app.test_client_class = CheckedClient
    yield make_caller(app)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    test_databases.drop(url)
