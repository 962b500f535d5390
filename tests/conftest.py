"""Fixtures of all tests: a fresh real database, the application, a server and a browser.

TEST_DATABASE selects the database: sqlite (default) or postgresql. `make test` runs both.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache

from inventory import create_app
from inventory.config import Config
from inventory.db import db, snapshot
from inventory.verification import verify
from tests.support.databases import KINDS, Databases, databases
from tests.support.servers import LiveServer, ThreadedServer
from tests.support.shared_work import share_sql_statements, share_url_rules
from tests.support.stock_builder import Stock

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: The shell has no windows and needs less time.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
)
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
INSTALL_BROWSER = "apt-get install chromium-headless-shell fonts-dejavu-core libatomic1"
#: Long enough for a busy machine; tests that pass do not wait for it.
PAGE_TIMEOUT_MS = 20_000

_running = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the database once; the xdist workers find it in their environment."""
    kind = os.environ.get("TEST_DATABASE") or "sqlite"
    if kind not in KINDS:
        raise pytest.UsageError(f"TEST_DATABASE must be {' or '.join(KINDS)}, not {kind!r}.")
    share_url_rules()
    share_sql_statements()
    if not hasattr(config, "workerinput"):
        os.environ.update(_running.enter_context(databases(kind)).environ)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what the run with the other database tests.

    That are the tests marked for it, and on PostgreSQL the tests that use no database.
    """
    kind = os.environ.get("TEST_DATABASE") or "sqlite"
    deselected = {item for item in items if not _runs_on(kind, item)}
    config.hook.pytest_deselected(items=list(deselected))
    items[:] = [item for item in items if item not in deselected]


def _runs_on(kind: str, item: pytest.Item) -> bool:
    if item.get_closest_marker("nightly") and not os.environ.get("NIGHTLY"):
        return False
    if marker := item.get_closest_marker("only"):
        nightly = marker.kwargs.get("nightly") if os.environ.get("NIGHTLY") else None
        return kind in (*marker.args, nightly)
    return kind == "sqlite" or "test_databases" in getattr(item, "fixturenames", ())


def pytest_unconfigure(config: pytest.Config) -> None:
    _running.close()


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {Databases.from_environ().version}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Write the summary line of `make test` to the file in TEST_SUMMARY."""
    if not (path := os.environ.get("TEST_SUMMARY")):
        return
    stats = terminalreporter.stats
    kinds = ("failed", "error", "passed", "skipped", "xfailed")
    counts = ", ".join(f"{len(stats[kind])} {kind}" for kind in kinds if kind in stats)
    verdict = "FAILED" if exitstatus else "ok"
    lines = [f"{Databases.from_environ().version:<18}{verdict}: {counts or 'nothing'}"]
    lines += sorted({_why_skipped(report) for report in stats.get("skipped", [])})
    lines += sorted({f"  second try: {report.nodeid}" for report in stats.get("rerun", [])})
    Path(path).write_text("\n".join(lines) + "\n")


def _why_skipped(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return f"  left out: {reason.removeprefix('Skipped: ')}"


@pytest.fixture(scope="session")
def test_databases() -> Databases:
    return Databases.from_environ()


@pytest.fixture(scope="session")
def database_kind(test_databases: Databases) -> str:
    """The name of the database: sqlite or postgresql."""
    return test_databases.kind


@pytest.fixture
def database_url(test_databases: Databases) -> Iterator[str]:
    """The URL of a migrated, empty database."""
    url = test_databases.fresh()
    yield url
    test_databases.drop(url)


@pytest.fixture
def empty_database_url(test_databases: Databases) -> Iterator[str]:
    """The URL of a database without any table."""
    url = test_databases.empty()
    yield url
    test_databases.drop(url)


@pytest.fixture
def environ(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment that `config` reads; a test can change it first."""
    return {
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "SECRET_KEY": "only for the tests, never for a site",
    }


@pytest.fixture
def config(environ: dict[str, str]) -> Config:
    """The settings of a site, with the cheapest password hash."""
    return dataclasses.replace(
        Config.from_env(environ), password_time_cost=1, password_memory_kib=8
    )


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Compiled templates for all tests: compiling them per test would double the time."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(config: Config, compiled_templates: FileSystemBytecodeCache) -> Iterator[Flask]:
    """The application, with no context pushed."""
    app = create_app(config)
    app.jinja_env.bytecode_cache = compiled_templates
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


# --- server and browser ---------------------------------------------------------------------------


@pytest.fixture
def make_server(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """`make_server(HTTPS="1")` returns a server that is not started yet; killed after the test."""
    servers: list[LiveServer] = []

    def make(**settings: str) -> LiveServer:
        server = LiveServer({**environ, **settings}, tmp_path / f"server-{len(servers)}.log")
        servers.append(server)
        return server

    yield make
    for server in servers:
        if server.process is not None:
            server.kill()


@pytest.fixture
def stock(app: Flask) -> Iterator[Stock]:
    """Test stock. The ledger is verified after each test."""
    with app.app_context():
        yield Stock()
        db.session.rollback()
        with snapshot() as reader:
            report = verify(reader)
        assert not report.findings, report.findings


@pytest.fixture
def live_server(make_server: Callable[..., LiveServer]) -> LiveServer:
    """A running server on a fresh database."""
    return make_server().start()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The installed Chromium. Without one, tests are skipped; on CI they fail."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None and os.environ.get("CI"):
        pytest.fail("No Chromium was found, and on CI the browser tests must run.")
    if path is None:
        pytest.skip(
            f"tests in a browser, since no Chromium was found. To run them: {INSTALL_BROWSER}"
        )
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PAGE_TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site(request: pytest.FixtureRequest, app: Flask) -> Iterator[LiveServer | ThreadedServer]:
    """The server of the browser tests: in a thread, or the test's own `live_server`.

    With E2E_SERVER=processes every test gets a `live_server`, as the nightly run does.
    """
    if "live_server" in request.fixturenames or os.environ.get("E2E_SERVER") == "processes":
        yield request.getfixturevalue("live_server")
        return
    server = ThreadedServer(app).start()
    yield server
    server.stop()


@pytest.fixture
def page(browser: Browser, site: LiveServer | ThreadedServer) -> Iterator[Page]:
    """An empty page of a new visitor; `page.goto("/")` opens the site."""
    context = browser.new_context(base_url=site.url)
    context.set_default_timeout(PAGE_TIMEOUT_MS)
    yield context.new_page()
    context.close()
