"""Responses if the database is busy, unreachable or not ready, and the health endpoints."""

import dataclasses
import threading

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from inventory import create_app, queries
from inventory.common import clock
from inventory.db import db, triggers
from inventory.db import engine as database
from inventory.models import WriteRequest
from inventory.stock.statements import lots
from tests.api.checking import CheckedClient
from tests.api.conftest import make_caller

sqlite_only = pytest.mark.only("sqlite")
postgresql_only = pytest.mark.only("postgresql")


@pytest.fixture
def impatient_app(config, monkeypatch):
    """Application with very short lock timeouts."""
    monkeypatch.setitem(database._POSTGRESQL, "lock_timeout", "200ms")
    monkeypatch.setitem(database._PRAGMAS, "busy_timeout", "100")
    app = create_app(config)
    app.test_client_class = CheckedClient
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def require_busy(response):
    assert (response.status_code, response.json["code"]) == (503, "BUSY")
    assert int(response.headers["Retry-After"]) > 0


@pytest.fixture
def locked(impatient_app):
    """`with locked(statement):` another connection holds the locks of the statement."""

    class Locked:
        def __init__(self, *statements):
            self.statements = statements

        def __enter__(self):
            with impatient_app.app_context():
                self.connection = db.engine.connect().execution_options(write=True)
                for statement in self.statements:
                    self.connection.execute(statement)

        def __exit__(self, *error):
            self.connection.rollback()
            self.connection.close()

    return Locked


@sqlite_only
def test_a_locked_database_is_busy_and_the_key_stays_usable(impatient_app, locked):
    api = make_caller(impatient_app)
    body = {"code": "X", "name": "X"}
    with locked(sa.select(1)):
        require_busy(api.post("/items", body, key="k"))
        assert api.get("/items").status_code == 200
    assert api.post("/items", body, key="k").status_code == 201


@postgresql_only
def test_a_locked_lot_is_busy_and_the_key_stays_usable(impatient_app, locked):
    api = make_caller(impatient_app)
    lot = api.lot("10")
    body = {"lotId": lot, "qty": "1", "reason": "x"}
    with locked(sa.select(lots.c.id).where(lots.c.id == lot).with_for_update()):
        require_busy(api.post("/scraps", body, key="k"))
        assert api.get(f"/lots/{lot}").status_code == 200
    assert api.post("/scraps", body, key="k").status_code == 201


@postgresql_only
def test_a_key_of_a_running_request_is_in_progress(impatient_app, locked):
    api = make_caller(impatient_app)
    running_request = sa.insert(WriteRequest).values(
        user_id=api.user_id,
        idempotency_key="k",
        fingerprint=bytes(32),
        refused=False,
        outcome="{}",
        recorded_at=clock.now(),
    )
    with locked(running_request):
        response = api.post("/items", {"code": "X", "name": "X"}, key="k")
        assert (response.status_code, response.json["code"]) == (409, "IDEMPOTENCY_IN_PROGRESS")
        assert response.headers["Retry-After"] == "1"
    assert api.post("/items", {"code": "X", "name": "X"}, key="k").status_code == 201


def test_concurrent_requests_with_one_key_are_posted_once(app, api, database_kind):
    api.lot("100")
    barrier = threading.Barrier(4)
    answers = []

    def send():
        client = type(api)(app.test_client(), api.secret, api.user_id)
        barrier.wait()
        answers.append(client.post("/issues", {"item": "BOLT-M8", "qty": "7"}, key="k"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json["id"] for answer in answers}) == 1
    assert api.get("/items/BOLT-M8").json["onHand"] == "93"


# --- unreachable database -------------------------------------------------------------------------


@pytest.fixture
def api_without_database(app, api, monkeypatch):
    """The API with a database that has become unreachable."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()

        def refuse(*_):
            raise sa.exc.OperationalError("connect", {}, Exception("could not connect"))

        monkeypatch.setattr(db.engine.pool, "connect", refuse)
    return api


def test_without_a_database_every_response_is_busy(api_without_database):
    require_busy(api_without_database.get("/items"))
    require_busy(api_without_database.post("/items", {"code": "X", "name": "X"}))
    require_busy(api_without_database.post("/batch", {}))


def test_without_a_database_the_service_is_live_but_not_ready(api_without_database):
    assert api_without_database.get("/health/live").json == {"status": "ok"}
    response = api_without_database.get("/health/ready")
    assert (response.status_code, response.json["code"]) == (503, "NOT_READY")
    assert response.json["detail"] == "The database does not answer."
    assert "Retry-After" in response.headers


def test_an_internal_error_is_logged_and_reveals_no_details(app, api, monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(queries, "list_items", fail)
    api.client = FlaskClient(app, app.response_class)  # the checked client fails on a 500
    response = api.get("/items")
    assert (response.status_code, response.json["code"]) == (500, "INTERNAL_ERROR")
    assert response.content_type == "application/problem+json"
    assert "secret" not in response.text
    assert "a secret of ours" in caplog.text


# --- health ---------------------------------------------------------------------------------------


def test_a_migrated_database_with_triggers_is_ready(client):
    assert client.get("/health/ready").json == {"status": "ok"}
    assert client.head("/health/ready").status_code == 200
    assert client.post("/health/ready").status_code == 405


def _run(app, statement):
    with app.app_context(), db.engine.connect() as connection:
        connection.execution_options(write=True)
        connection.exec_driver_sql(statement)
        connection.commit()


def test_a_missing_trigger_is_reported(app, client, database_kind):
    name = "inventory_ledger_no_delete"
    drop = f"DROP TRIGGER {name}"
    if database_kind == "postgresql":
        name = "inventory_ledger_append_only"
        drop = f"DROP TRIGGER {name} ON inventory_ledger"
    _run(app, drop)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert name in response.json["detail"]
    with app.app_context(), db.engine.begin() as connection:
        triggers.install(connection)
    assert client.get("/health/ready").status_code == 200


def test_a_database_with_missing_migrations_is_not_ready(app, client):
    _run(app, "UPDATE alembic_version SET version_num = '0001'")
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert "migrations" in response.json["detail"]


def test_an_empty_database_is_not_ready(config, empty_database_url):
    app = create_app(dataclasses.replace(config, database_url=empty_database_url))
    app.test_client_class = CheckedClient
    response = app.test_client().get("/health/ready")
    assert response.status_code == 503
    with app.app_context():
        db.engine.dispose()
