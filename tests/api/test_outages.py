"""What programs are told when the database is busy, gone or not ready; and health."""

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
from inventory.stock.queries import lots
from tests.api.checking import CheckedClient
from tests.api.conftest import make_caller

sqlite_only = pytest.mark.only("sqlite")
postgresql_only = pytest.mark.only("postgresql")


@pytest.fixture
def impatient(config, monkeypatch):
    """An application that waits for no lock."""
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
def locked(impatient):
    """`with locked(statement):` another writer holds what the statement locks."""

    class Locked:
        def __init__(self, *statements):
            self.statements = statements

        def __enter__(self):
            with impatient.app_context():
                self.connection = db.engine.connect().execution_options(write=True)
                for statement in self.statements:
                    self.connection.execute(statement)

        def __exit__(self, *error):
            self.connection.rollback()
            self.connection.close()

    return Locked


@sqlite_only
def test_a_locked_database_is_busy_and_the_key_is_still_good(impatient, locked):
    api = make_caller(impatient)
    body = {"code": "X", "name": "X"}
    with locked(sa.select(1)):
        require_busy(api.post("/items", body, key="k"))
        assert api.get("/items").status_code == 200
    assert api.post("/items", body, key="k").status_code == 201


@postgresql_only
def test_a_locked_lot_is_busy_and_the_key_is_still_good(impatient, locked):
    api = make_caller(impatient)
    lot = api.lot("10")
    body = {"lotId": lot, "qty": "1", "reason": "x"}
    with locked(sa.select(lots.c.id).where(lots.c.id == lot).with_for_update()):
        require_busy(api.post("/scraps", body, key="k"))
        assert api.get(f"/lots/{lot}").status_code == 200
    assert api.post("/scraps", body, key="k").status_code == 201


@postgresql_only
def test_a_key_that_is_being_worked_on_is_in_progress(impatient, locked):
    api = make_caller(impatient)
    begun = sa.insert(WriteRequest).values(
        user_id=api.user_id,
        idempotency_key="k",
        fingerprint=bytes(32),
        refused=False,
        outcome="{}",
        recorded_at=clock.now(),
    )
    with locked(begun):
        response = api.post("/items", {"code": "X", "name": "X"}, key="k")
        assert (response.status_code, response.json["code"]) == (409, "IDEMPOTENCY_IN_PROGRESS")
        assert response.headers["Retry-After"] == "1"
    assert api.post("/items", {"code": "X", "name": "X"}, key="k").status_code == 201


def test_the_same_key_from_several_at_once_is_done_once(app, api, database_kind):
    api.lot("100")
    barrier = threading.Barrier(4)
    answers = []

    def send():
        one = type(api)(app.test_client(), api.secret, api.user_id)
        barrier.wait()
        answers.append(one.post("/issues", {"item": "BOLT-M8", "qty": "7"}, key="k"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json["id"] for answer in answers}) == 1
    assert api.get("/items/BOLT-M8").json["onHand"] == "93"


# --- a database that is gone ----------------------------------------------------------------------


@pytest.fixture
def gone(app, api, monkeypatch):
    """The API, with a database that cannot be reached any more."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()

        def refuse(*_):
            raise sa.exc.OperationalError("connect", {}, Exception("could not connect"))

        monkeypatch.setattr(db.engine.pool, "connect", refuse)
    return api


def test_without_a_database_every_answer_is_busy(gone):
    require_busy(gone.get("/items"))
    require_busy(gone.post("/items", {"code": "X", "name": "X"}))
    require_busy(gone.post("/batch", {}))


def test_without_a_database_the_service_lives_and_is_not_ready(gone):
    assert gone.get("/health/live").json == {"status": "ok"}
    response = gone.get("/health/ready")
    assert (response.status_code, response.json["code"]) == (503, "NOT_READY")
    assert response.json["detail"] == "The database does not answer."
    assert "Retry-After" in response.headers


def test_a_fault_of_ours_tells_nothing_and_is_logged(app, api, monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(queries, "list_items", fail)
    api.client = FlaskClient(app, app.response_class)  # the checked one would not take a 500
    response = api.get("/items")
    assert (response.status_code, response.json["code"]) == (500, "INTERNAL_ERROR")
    assert response.content_type == "application/problem+json"
    assert "secret" not in response.text
    assert "a secret of ours" in caplog.text


# --- health ---------------------------------------------------------------------------------------


def test_a_migrated_and_guarded_database_is_ready(client):
    assert client.get("/health/ready").json == {"status": "ok"}
    assert client.head("/health/ready").status_code == 200
    assert client.post("/health/ready").status_code == 405


def _run(app, statement):
    with app.app_context(), db.engine.connect() as connection:
        connection.execution_options(write=True)
        connection.exec_driver_sql(statement)
        connection.commit()


def test_a_missing_guard_is_told(app, client, database_kind):
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


def test_another_version_of_the_database_is_not_ready(app, client):
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
