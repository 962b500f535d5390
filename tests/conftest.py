"""What every test stands on: a fresh real database, the application on it, a browser.

TEST_DATABASE says which database (sqlite, the default, or postgresql); `make test` runs both.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inventory import create_app
from inventory.config import Config
from inventory.db import db
from tests.databases import KINDS, Databases, databases

_running = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the database once; the workers of xdist find it in their environment."""
    kind = os.environ.get("TEST_DATABASE") or "sqlite"
    if kind not in KINDS:
        raise pytest.UsageError(f"TEST_DATABASE must be {' or '.join(KINDS)}, not {kind!r}.")
    if not hasattr(config, "workerinput"):
        os.environ.update(_running.enter_context(databases(kind)).environ)


def pytest_unconfigure(config: pytest.Config) -> None:
    _running.close()


@pytest.fixture(scope="session")
def test_databases() -> Databases:
    return Databases.from_environ()


@pytest.fixture(scope="session")
def database_kind(test_databases: Databases) -> str:
    """sqlite or postgresql, for the few tests that must know."""
    return test_databases.kind


@pytest.fixture
def database_url(test_databases: Databases) -> Iterator[str]:
    """A migrated, empty database."""
    url = test_databases.fresh()
    yield url
    test_databases.drop(url)


@pytest.fixture
def empty_database_url(test_databases: Databases) -> Iterator[str]:
    """A database without any table."""
    url = test_databases.empty()
    yield url
    test_databases.drop(url)


@pytest.fixture
def environ(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment that `config` is read from; a test may change it first."""
    return {
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "SECRET_KEY": "only for the tests, never for a site",
    }


@pytest.fixture
def config(environ: dict[str, str]) -> Config:
    """The settings of a site, but for passwords that cost next to nothing."""
    return dataclasses.replace(
        Config.from_env(environ), password_time_cost=1, password_memory_kib=8
    )


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The application, with no context pushed."""
    app = create_app(config)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
