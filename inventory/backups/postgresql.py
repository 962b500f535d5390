"""Backups of PostgreSQL with pg_dump and pg_restore, in one snapshot."""

from __future__ import annotations

import glob
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from inventory.backups import fingerprint
from inventory.common.errors import CorruptBackup, EnvironmentProblem
from inventory.db import schema_version, snapshot, temporary_engine
from inventory.verification import digests

FILE = "database.pgdump"

_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def dump(url: sa.URL, directory: Path) -> tuple[Path, dict[str, Any]]:
    """Dump the database into the directory.

    Returns:
        (dump file, fingerprint of the same snapshot).

    Raises:
        EnvironmentProblem: no tables, no suitable pg_dump, or pg_dump failed.
    """
    target = directory / FILE
    with temporary_engine(url) as engine, snapshot(engine) as conn:
        version = _server_version(conn)
        tool = _tool("pg_dump", version)
        name = conn.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        if not fingerprint.tables(conn):
            raise EnvironmentProblem("There is nothing to back up: the database has no tables yet.")
        words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={name}"]
        _run(tool, [*words, f"--file={target}", f"--dbname={_conninfo(url)}"], url)
        target.chmod(0o600)
        return target, fingerprint.database_fingerprint(conn) | {"engine": f"PostgreSQL {version}"}


def inspect(dump: Path, engine: str) -> dict[str, Any]:
    """Return the fingerprint of a dump, read from its rows; no server is needed.

    Args:
        engine: the engine in the manifest, such as "PostgreSQL 17.2".
    """
    counts: dict[str, int] = {}
    balances: dict[int, tuple[int, bytes]] = {}
    found = {"schema": "none"}
    for name, columns, rows in _tables_in(dump, engine.split()[-1]):
        counts[name] = 0
        seen = _Rows(columns, name, balances, found)
        for row in rows:
            counts[name] += 1
            seen.take(row)
    in_order = ((id, *balances[id]) for id in sorted(balances))
    return found | {"tables": counts, "heads": digests.balances_hash(in_order)}


class _Rows:
    """Extracts the schema version and the lots' last entries from a table's rows."""

    def __init__(
        self,
        columns: list[str],
        table: str,
        balances: dict[int, tuple[int, bytes]],
        found: dict[str, str],
    ) -> None:
        self._balances, self._found = balances, found
        self._is_version = table == schema_version.TABLE
        self._places = (
            [columns.index(name) for name in ("lot_id", "lot_seq", "hash")]
            if table == "inventory_ledger"
            else None
        )

    def take(self, row: str) -> None:
        """Read one row of the dump."""
        if self._is_version:
            self._found["schema"] = row
        if self._places is None:
            return
        values = row.split("\t")
        lot_id, seq, hash = (values[place] for place in self._places)
        if self._balances.get(int(lot_id), (0, b""))[0] < int(seq):
            self._balances[int(lot_id)] = (int(seq), bytes.fromhex(hash.removeprefix("\\\\x")))


def _tables_in(dump: Path, version: str) -> Iterator[tuple[str, list[str], Iterator[str]]]:
    command = [str(_tool("pg_restore", version)), "--data-only", "--file=-", str(dump)]
    with subprocess.Popen(  # noqa: S603 - all arguments are our own
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        lines = (line.rstrip("\n") for line in process.stdout)
        for line in lines:
            if match := re.fullmatch(r"COPY (?:\w+\.)?(\w+) \((.*)\) FROM stdin;", line):
                columns = [name.strip('" ') for name in match[2].split(",")]
                yield match[1], columns, iter(lambda: next(lines, "\\."), "\\.")
    if process.returncode:
        raise CorruptBackup("The dump in this backup cannot be read to its end by pg_restore.")


def restore(url: sa.URL, dump: Path) -> None:
    """Load a dump into an empty database, all or nothing.

    Raises:
        EnvironmentProblem: the database has tables or other connections, or pg_restore failed.
    """
    with temporary_engine(url) as engine, snapshot(engine) as conn:
        version = _server_version(conn)
        tool = _tool("pg_restore", version)
        if held := fingerprint.tables(conn):
            raise EnvironmentProblem(
                f"The database {url.database} has {len(held)} tables already: make an empty one"
                " (createdb) and set DATABASE_URL to it. A restore never overwrites a database."
            )
        require_alone(conn)
    words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run(tool, [*words, f"--dbname={_conninfo(url)}", str(dump)], url)


def require_alone(conn: sa.Connection) -> None:
    """Require that no other client is connected to the database.

    Raises:
        EnvironmentProblem: other clients are connected.
    """
    if others := conn.exec_driver_sql(_OTHERS).scalar_one():
        raise EnvironmentProblem(
            f"{others} others are connected to the database: stop the server first."
        )


def require_programs(conn: sa.Connection) -> None:
    """Require pg_dump and pg_restore for this server's version.

    Raises:
        EnvironmentProblem: one is missing or too old.
    """
    for name in ("pg_dump", "pg_restore"):
        _tool(name, _server_version(conn))


def _server_version(conn: sa.Connection) -> str:
    return str(conn.exec_driver_sql("SHOW server_version").scalar_one()).split()[0]


def _conninfo(url: sa.URL) -> str:
    """Return the libpq connection string without the password.

    All users of the machine can see a command line.
    """
    from psycopg.conninfo import make_conninfo

    dialect: Any = PGDialect_psycopg  # SQLAlchemy has no types for it.
    _, fields = dialect().create_connect_args(url)
    return make_conninfo("", **{name: fields[name] for name in fields if name != "password"})


def _run(tool: Path, words: list[str], url: sa.URL) -> None:
    password = url.password or url.query.get("password")
    environ = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    done = subprocess.run(  # noqa: S603 - all arguments are our own
        [str(tool), "--no-password", *words],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise EnvironmentProblem(
            f"{tool.name} failed: {lines[0] if lines else 'without a message'}"
        )


def _tool(name: str, server_version: str) -> Path:
    """Return a PostgreSQL program that is not older than the server.

    An older program refuses to work with the server.
    """
    needed = int(server_version.split(".")[0])
    for place in _places():
        path = Path(place, name)
        if path.is_file() and os.access(path, os.X_OK) and _version_of(path) >= needed:
            return path
    raise EnvironmentProblem(
        f"This needs PostgreSQL's own program {name}"
        f", version {needed} or newer, and there is none on PATH"
        " (Debian: apt-get install postgresql-client)."
    )


def _places() -> list[str]:
    """Return PATH, Debian's directories per version, and pip's (for tests)."""
    known = [*sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    pip = [found for path in sys.path for found in glob.glob(f"{path}/*pgserver/pginstall*/bin")]
    return [*os.environ.get("PATH", "").split(os.pathsep), *known, *pip]


@cache
def _version_of(path: Path) -> int:
    try:
        message = subprocess.run(  # noqa: S603
            [str(path), "--version"], capture_output=True, text=True, check=False, timeout=10
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r"(\d+)[.\w]*", message.split(")")[-1])
    return int(match[1]) if match else 0
