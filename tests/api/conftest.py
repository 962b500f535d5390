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
    """API client with a token; each write gets a new idempotency key unless `key` is passed."""

    def __init__(self, client: FlaskClient, secret: str, user_id: int) -> None:
        self.client = client
        self.secret = secret
        self.user_id = user_id

    def get(self, path: str, **query: Any) -> Any:
        return self.send("GET", path, **({"query_string": query} if query else {}))

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.send("POST", path, body, **options)

    def patch(self, path: str, body: Any, **options: Any) -> Any:
        return self.send("PATCH", path, body, **options)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> Any:
        default_headers = {"Authorization": f"Bearer {self.secret}"}
        if method not in ("GET", "HEAD"):
            default_headers["Idempotency-Key"] = key if key is not None else f"key-{next(_numbers)}"
        if body is not None:
            options["json"] = body
        if not path.startswith("/health"):
            path = f"/api/v1{path}"
        return self.client.open(
            path, method=method, headers={**default_headers, **(headers or {})}, **options
        )

    # Helpers that set up data.

    def create(self, path: str, body: Any = None, **options: Any) -> Any:
        """Send a POST that must succeed and return its JSON."""
        response = self.post(path, body, **options)
        assert response.status_code in (200, 201), response.text
        return response.json

    def refused(self, code: str, path: str, body: Any = None, **options: Any) -> Any:
        """Send a request that must be refused with the code and return the problem."""
        method = options.pop("method", "POST")
        response = self.send(method, path, body, **options)
        assert response.status_code >= 400, response.text
        assert response.json.get("code") == code, response.text
        return response.json

    def item(self, code: str = "BOLT-M8", **fields: Any) -> str:
        self.create("/items", {"code": code, "name": "Bolt M8", **fields})
        return code

    def lot(self, qty: Any = "10", *, item: str = "BOLT-M8", **fields: Any) -> int:
        if self.get(f"/items/{item}").status_code == 404:
            self.item(item, qcRequired=fields.pop("qcRequired", False))
        fields.setdefault("lotCode", f"L-{next(_numbers):03d}")
        posted = self.create("/receipts", {"item": item, "qty": qty, **fields})
        return int(posted["entries"][0]["lotId"])

    def reservation(self, qty: Any = "4", **fields: Any) -> int:
        fields.setdefault("item", "BOLT-M8")
        fields.setdefault("reference", "JOB-4711")
        return int(self.create("/reservations", {"qty": qty, **fields})["id"])


def make_caller(app: Flask, role: str = "admin", client: FlaskClient | None = None) -> Api:
    """Create a user and return an API client whose token has the role."""
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
    """Create API clients: `caller("viewer")` has a token of that role."""
    return lambda role="admin": make_caller(app, role, client)


@pytest.fixture
def api(caller: Callable[..., Api]) -> Api:
    """API client of an administrator."""
    return caller("admin")


@pytest.fixture(scope="module")
def shared_api(
    test_databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """Like `api`, shared by a module; for tests that need no empty database."""
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
