"""Checks of the database: version, durability, schema, clock and contents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import verification
from inventory.accounts.users import ROLES
from inventory.common import clock
from inventory.config import Config
from inventory.db import SQLITE_WITHOUT_RESET_BUG, schema_version, sqlite_module, unsafe_settings
from inventory.doctor.results import CheckResult, error, ok, warning
from inventory.models import User, table
from inventory.stock import queries as stock
from inventory.stock import statements
from inventory.stock.balance_filters import lot_balances
from inventory.verification import schema

OLDEST_POSTGRESQL = 14
SAMPLE = 200
_RESERVE = 5

users = table(User)
_RESTART = "Set it in postgresql.conf and reload the server."


def check_database(conn: Connection, config: Config) -> Iterator[CheckResult]:
    """Run all checks of a database that answers."""
    standing = schema_version.schema_status(conn, config.root_path / "migrations")
    yield from _sqlite() if config.is_sqlite else _postgresql(conn, config)
    if not standing.is_current:
        yield error("Schema", str(standing), "Run `flask db upgrade`, or the right program.")
        return
    yield ok("Schema", f"version {standing.newest}")
    yield _rules(conn)
    yield _settings()
    yield _clock(conn)
    yield _read_cache(conn)
    yield _verified(conn)
    yield _expired(conn)
    yield _admin(conn)


def _sqlite() -> Iterator[CheckResult]:
    version = sqlite_module().sqlite_version
    if sqlite_module().sqlite_version_info < SQLITE_WITHOUT_RESET_BUG:
        yield error(
            "Database", f"SQLite {version} can lose writes when a checkpoint meets a writer",
            "Install pysqlite3 (`pip install -r requirements.txt`), or use PostgreSQL.",
        )  # fmt: skip
    else:
        yield ok("Database", f"SQLite {version}")


def _postgresql(conn: Connection, config: Config) -> Iterator[CheckResult]:
    def show(name: str) -> str:
        return str(conn.exec_driver_sql(f"SHOW {name}").scalar_one())

    version = show("server_version").split()[0]
    if int(version.split(".")[0]) < OLDEST_POSTGRESQL:
        advice = f"Upgrade to PostgreSQL {OLDEST_POSTGRESQL} or newer."
        yield warning("Database", f"PostgreSQL {version} is no longer supported", advice)
    else:
        yield ok("Database", f"PostgreSQL {version}")
    off = [name for name in ("fsync", "full_page_writes") if show(name) != "on"]
    if off:
        yield error("Durability", f"{' and '.join(off)} off: a power cut loses data", _RESTART)
    else:
        yield ok("Durability", "fsync and full_page_writes are on")
    needed = config.workers * (2 * config.threads + 4)
    allowed = int(show("max_connections")) - int(show("superuser_reserved_connections"))
    if needed + _RESERVE > allowed:
        yield error(
            "Connections",
            f"{config.workers} workers can need {needed} connections, PostgreSQL allows {allowed}",
            "Raise max_connections in postgresql.conf, or lower WORKERS or THREADS.",
        )
    else:
        yield ok("Connections", f"at most {needed} of {allowed}")


def _rules(conn: Connection) -> CheckResult:
    found = [finding.what for finding in schema.enforced(conn)]
    if found:
        return error(
            "Rules", "; ".join(found[:3]), "Run `flask db upgrade`, then `flask ledger verify`."
        )
    return ok("Rules", "all triggers and constraints exist")


def _settings() -> CheckResult:
    if found := unsafe_settings():
        return error("Settings", "; ".join(found), "Only this program can change them.")
    return ok("Settings", "isolation, journal and durability are set correctly")


def _clock(conn: Connection) -> CheckResult:
    last = conn.execute(sa.select(sa.func.max(statements.ledger.c.timestamp))).scalar()
    return clock_against(last)


def clock_against(last: datetime | None) -> CheckResult:
    """Check that the last entry is not later than now; else the clock went back."""
    now = clock.now()
    if last is not None and last > now + timedelta(seconds=2):
        return error(
            "Clock", f"it is {now:%Y-%m-%d %H:%M} UTC, and the last entry is of"
            f" {last:%Y-%m-%d %H:%M}",
            "Set the clock: timedatectl set-ntp true",
        )  # fmt: skip
    return ok("Clock", f"{now:%Y-%m-%d %H:%M} UTC, not before the last entry")


def _read_cache(conn: Connection) -> CheckResult:
    """Compare the read cache of some lots with the ledger."""
    columns = (
        lot_balances.c.lot_id,
        lot_balances.c.lot_seq,
        lot_balances.c.on_hand,
        lot_balances.c.reserved,
    )
    cached = {
        row.lot_id: (row.lot_seq, row.on_hand, row.reserved)
        for row in conn.execute(sa.select(*columns).order_by(sa.func.random()).limit(SAMPLE))
    }
    newest = sa.select(statements.lots.c.id).order_by(statements.lots.c.id.desc()).limit(SAMPLE)
    ids = {*cached, *conn.execute(newest).scalars()}
    message = {
        lot.id: (lot.lot_seq, lot.on_hand, lot.reserved) for lot in stock.read_lots(conn, ids)
    }
    missing = sa.select(lot_balances.c.lot_id).where(lot_balances.c.lot_id.in_(ids))
    there = set(conn.execute(missing).scalars())
    differs = [id for id, figures in cached.items() if message.get(id) != figures]
    if differs or there != set(message):
        return error("Read cache", "it differs from the ledger", "Run: flask ledger rebuild-cache")
    return ok("Read cache", f"{len(ids)} lots compared with the ledger")


def _verified(conn: Connection) -> CheckResult:
    run = verification.last_run(conn)
    advice = "Run `flask ledger verify`, each week from cron."
    if run is None:
        return warning("Ledger", "never verified", advice)
    if not run["ok"]:
        return error("Ledger", f"{run['differences']} differences were found at its last"
                     f" verification: {run['findings'][0]['what']}",
                     "Do not change rows by hand. Restore the last good backup in another place"
                     " and compare.",
                     )  # fmt: skip
    at = datetime.fromisoformat(run["started_at"])
    if clock.now() - at > timedelta(days=8):
        return warning("Ledger", f"last verified {at:%Y-%m-%d}", advice)
    return ok("Ledger", f"verified {at:%Y-%m-%d}: {run['entries']} entries, no difference")


def _expired(conn: Connection) -> CheckResult:
    old = clock.now() - timedelta(days=1)
    waiting = stock.expired_reservation_ids(conn, now=old, limit=1000)
    if waiting:
        message = f"{len(waiting)} expired more than a day ago and still hold stock"
        advice = "Run `flask reservations expire`, each quarter hour from cron."
        return warning("Reservations", message, advice)
    return ok("Reservations", "no expired reservation holds stock")


def _admin(conn: Connection) -> CheckResult:
    active = sa.and_(users.c.approved_at.is_not(None), users.c.disabled_at.is_(None))
    found = conn.execute(sa.select(users.c.role).where(active)).scalars().all()
    admins = sum(role == ROLES[-1] for role in found)
    if admins:
        return ok("Admins", f"{admins} of {len(found)} accounts")
    if not found:
        return warning(
            "Admins", "there are no users", "Register: the first user becomes an administrator."
        )
    return error("Admins", "there is none", "Run: flask users create NAME --role admin")
