"""Downloads: slow clients hold no connection, and no file ends early without an error."""

from __future__ import annotations

import csv
import gc
import io
import json
import zipfile
from contextlib import contextmanager

import brotli
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool
from werkzeug.test import EnvironBuilder

from inventory import catalog
from inventory.common.errors import Busy
from inventory.db import db
from inventory.exports.formats import KINDS
from inventory.queries import page_reads, pagination
from inventory.web import download_limits
from tests.support.stock_builder import key
from tests.web.test_parts_by_role import addresses

ITEMS = 450
CODES = [f"B-{number:03d}" for number in range(ITEMS)]


@pytest.fixture
def ada(app, ada, stock):
    """Administrator, with items for three pages; the first chunk of a file lacks the last ones."""
    stock.many_items(CODES)
    return ada


@pytest.fixture
def limits(app):
    return app.extensions["download_limits"]


def open_download(person, path, **headers):
    """Start a download and read the first chunk."""
    answer = person.get(path, **headers)
    assert answer.status_code == 200
    assert answer.is_streamed
    return answer


def unstarted_download(person, path, encoding=""):
    """Return the WSGI iterable of a download; nothing is sent yet."""
    cookie = person.client.get_cookie("session")
    headers = {"Cookie": f"session={cookie.value}", "Accept-Encoding": encoding}
    environ = EnvironBuilder(path, headers=headers).get_environ()
    return person.app.wsgi_app(environ, lambda *about: None)


def codes_in(content, kind):
    if kind == "jsonl":
        return [json.loads(line)["item"] for line in content.decode().splitlines()]
    if kind == "csv":
        return [row[0] for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))][1:]
    with zipfile.ZipFile(io.BytesIO(content)) as workbook:
        sheet = workbook.read("xl/worksheets/sheet1.xml").decode()
    return [code for code in CODES if f">{code}<" in sheet]


def connections_in_use(app):
    with app.app_context():
        return db.engine.pool.checkedout()


@contextmanager
def all_connections_taken(app, monkeypatch):
    """Hold every connection of the pool inside the block."""
    with app.app_context():
        pool = db.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.05)
    held = []
    while True:
        try:
            held.append(pool.connect())
        except PoolTimeout:
            break
    yield held
    for connection in held:
        connection.close()


def end_all_connections(app):
    """End all server connections, as a restart of PostgreSQL does."""
    # A connection of its own: one of the pool may be ending since the call before.
    with app.app_context():
        engine = sa.create_engine(db.engine.url, poolclass=NullPool)
    with engine.connect() as conn:
        conn.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


# --- a lost connection ----------------------------------------------------------------------------


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("kind", KINDS)
def test_a_download_continues_after_its_connection_was_ended(app, ada, kind):
    answer = open_download(ada, f"/items/export.{kind}")
    parts = answer.iter_encoded()
    sent = [next(parts)]
    for part in parts:
        end_all_connections(app)
        sent.append(part)
    assert len(sent) > 3
    assert codes_in(b"".join(sent), kind) == CODES


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("path", ["/items/export.csv", "/reports/reorder/export.csv"])
def test_a_page_is_read_again_if_its_connection_ends_between_statements(app, ada, path):
    if "reorder" in path:
        with app.app_context():
            for code in CODES:
                catalog.update_item(item=code, reorder_point="5", user_id=ada.id, key=key())
    with app.app_context():
        engine = db.engine
    parts, begun = unstarted_download(ada, path), []

    def end_the_second(conn, *about):
        begun.append(conn.connection.dbapi_connection.info.backend_pid)
        if len(begun) == 2:
            with engine.connect() as other:
                pid = {"pid": begun[-1]}
                other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), pid)

    sa.event.listen(engine, "before_cursor_execute", end_the_second)
    content = b"".join(parts)
    sa.event.remove(engine, "before_cursor_execute", end_the_second)
    parts.close()
    assert len(begun) > 4
    assert codes_in(content, "csv") == CODES


@pytest.mark.parametrize("kind", KINDS)
def test_a_download_waits_for_a_free_connection(app, ada, kind, monkeypatch):
    monkeypatch.setattr(page_reads, "RETRY_SECONDS", (0.0, 0.01))
    waits = []
    answer = open_download(ada, f"/items/export.{kind}")
    with all_connections_taken(app, monkeypatch) as held:

        def wait(seconds):
            waits.append(seconds)
            if seconds:  # the first of two tries fails
                held.pop().close()

        monkeypatch.setattr(page_reads.time, "sleep", wait)
        sent = b"".join(answer.iter_encoded())
    assert waits == [0.0, 0.01]
    assert codes_in(sent, kind) == CODES


@pytest.mark.parametrize("encoding", ["", "br"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_download_that_cannot_continue_ends_with_an_error(
    app, ada, limits, kind, encoding, monkeypatch, caplog
):
    monkeypatch.setattr(page_reads, "RETRY_SECONDS", (0.0, 0.01))
    parts = unstarted_download(ada, f"/items/export.{kind}", encoding)
    sent = []
    with all_connections_taken(app, monkeypatch), pytest.raises(Busy):
        sent.extend(parts)
    assert "the file items broke off: Busy" in caplog.text
    content = b"".join(sent)
    if kind == "xlsx":
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(io.BytesIO(content))
    elif encoding and kind == "csv":
        reader = brotli.Decompressor()
        reader.process(content)
        assert not reader.is_finished()
    else:
        found = codes_in(content, kind)
        assert 100 < len(found) < ITEMS
        assert found == CODES[: len(found)]
    parts.close()
    assert limits.running == 0


def test_a_download_that_cannot_start_is_refused_at_once(app, ada, limits, monkeypatch):
    def wait(seconds):
        raise AssertionError("the request must not wait")

    monkeypatch.setattr(page_reads.time, "sleep", wait)
    with app.app_context():
        engine = db.engine
    ada.get("/items/")

    def refuse(*args):
        raise sa.exc.OperationalError("", {}, Exception("the server is gone"))

    sa.event.listen(engine, "before_cursor_execute", refuse)
    try:
        assert ada.get("/items/export.csv").status_code == 503
    finally:
        sa.event.remove(engine, "before_cursor_execute", refuse)
    assert limits.running == 0


# --- slow clients ---------------------------------------------------------------------------------


def test_unread_downloads_hold_no_connection(app, ada, person, monkeypatch):
    monkeypatch.setattr(download_limits, "MAX_PER_USER", 100)
    monkeypatch.setattr(download_limits, "MAX_DOWNLOADS", 100)
    vic = person("vic")
    unread = [open_download(vic, f"/items/export.{kind}") for kind in KINDS for _ in range(20)]
    assert connections_in_use(app) == 0
    for path in ("/", "/items/", "/ledger/", "/files/"):
        assert ada.get(path).status_code == 200
    assert codes_in(ada.get("/items/export.csv").data, "csv") == CODES
    for answer in unread[::7]:
        kind = answer.headers["Content-Disposition"].rstrip('"').rpartition(".")[2]
        assert codes_in(answer.data, kind) == CODES
    for answer in unread:
        answer.close()
    assert connections_in_use(app) == 0


def test_no_download_of_any_page_holds_a_connection(app, ada, stock, monkeypatch):
    stock.lot("receive 10, reserve 4 JOB-1", item="B-000")
    stock.link("9521123456785", item="B-000")
    monkeypatch.setattr(pagination, "MAX_ROWS", 50)
    files = 0
    for _endpoint, path in addresses(app, "GET"):
        answer = ada.get(path)
        if answer.is_streamed and "attachment" in answer.headers.get("Content-Disposition", ""):
            files += 1
            assert connections_in_use(app) == 0, path
        answer.close()
    assert files > 40


# --- how many at once -----------------------------------------------------------------------------


def test_a_user_can_download_at_most_two_files_at_once(ada, person):
    vic = person("vic")
    first, _second = (open_download(vic, "/files/items.csv") for _ in range(2))
    refused = vic.get("/files/items.csv")
    assert refused.status_code == 429
    assert "You are already downloading 2 files." in refused.text
    assert refused.headers["Retry-After"] == "10"
    assert vic.get("/items/").status_code == 200
    open_download(ada, "/files/items.csv")
    first.close()
    open_download(vic, "/files/items.csv")


def test_too_many_downloads_have_a_code_in_json(ada, person):
    unread = [open_download(ada, "/files/items.csv") for _ in range(2)]
    refused = ada.get("/files/items.csv", Accept="application/json")
    assert (refused.status_code, refused.json["code"]) == (429, "TOO_MANY_DOWNLOADS")
    assert unread


def test_a_process_sends_at_most_eight_files_at_once(ada, person):
    users = [ada, *map(person, ("ira", "ole", "vic"))]
    unread = [open_download(user, "/files/items.csv") for user in users for _ in range(2)]
    eve = person("eve")
    refused = eve.get("/files/items.csv")
    assert refused.status_code == 503
    assert "The server has too many downloads." in refused.text
    assert "Retry-After" in refused.headers
    unread.pop().close()
    open_download(eve, "/files/items.csv")


@pytest.mark.parametrize(
    "ending", ["read", "close", "head", "lost", "unstarted", "dropped", "kind", "filter"]
)
def test_a_download_frees_its_slot(ada, limits, ending):
    if ending == "head":
        assert ada.client.head("/files/items.csv").status_code == 200
    elif ending in ("unstarted", "dropped"):
        parts = unstarted_download(ada, "/files/items.csv")
        assert limits.running == 1
        if ending == "unstarted":
            parts.close()
        del parts
        gc.collect()
    elif ending in ("kind", "filter"):
        path = "/ledger/export.exe" if ending == "kind" else f"/ledger/export.csv?user={'x' * 300}"
        ada.get(path).close()
    else:
        answer = open_download(ada, "/files/items.csv")
        assert limits.running == 1
        if ending == "read":
            assert answer.data
        if ending in ("read", "close"):
            answer.close()
        del answer
        gc.collect()
    assert limits.running == 0


def test_a_stalled_download_is_ended_if_another_waits(ada, limits, monkeypatch):
    stalled, moving = (open_download(ada, "/files/items.csv") for _ in range(2))
    assert ada.get("/files/items.csv").status_code == 429
    monkeypatch.setattr(download_limits, "STALLED_SECONDS", -1.0)
    newer = open_download(ada, "/files/items.csv")
    assert limits.running == 2
    with pytest.raises(download_limits.DownloadEnded):
        assert stalled.data
    assert codes_in(moving.data, "csv") == codes_in(newer.data, "csv") == CODES
