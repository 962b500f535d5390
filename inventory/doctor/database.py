"""Checks of the database: version, durability, schema, clock and contents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import verification
from inventory.accounts.users import ROLES
from inventory.common import clock
from inventory.common.messages import message, plural_message
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
_RESTART = message("Turn the settings on in postgresql.conf, and reload the server.")


def check_database(conn: Connection, config: Config) -> Iterator[CheckResult]:
    """Run all checks of a database that answers."""
    standing = schema_version.schema_status(conn, config.root_path / "migrations")
    yield from _sqlite() if config.is_sqlite else _postgresql(conn, config)
    if not standing.is_current:
        yield error(
            message("Schema"),
            str(standing),
            message(
                "Run `flask db upgrade`, or install the program version that matches the database."
            ),
        )
        return
    yield ok(message("Schema"), message("version %(newest)s", newest=standing.newest))
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
            message("Database"),
            message(
                "SQLite %(version)s can lose writes when a checkpoint and a write run at the same"
                " time",
                version=version,
            ),
            message("Install pysqlite3 (`pip install -r requirements.txt`), or use PostgreSQL."),
        )
    else:
        yield ok(message("Database"), message("SQLite %(version)s", version=version))


def _postgresql(conn: Connection, config: Config) -> Iterator[CheckResult]:
    def show(name: str) -> str:
        return str(conn.exec_driver_sql(f"SHOW {name}").scalar_one())

    version = show("server_version").split()[0]
    if int(version.split(".")[0]) < OLDEST_POSTGRESQL:
        advice = message(
            "Upgrade to PostgreSQL %(oldest_postgresql)s or newer.",
            oldest_postgresql=OLDEST_POSTGRESQL,
        )
        yield warning(
            message("Database"),
            message("PostgreSQL %(version)s is no longer supported", version=version),
            advice,
        )
    else:
        yield ok(message("Database"), message("PostgreSQL %(version)s", version=version))
    off = [name for name in ("fsync", "full_page_writes") if show(name) != "on"]
    if off:
        yield error(
            message("Durability"),
            message("%(settings)s off: a power cut loses data", settings=off),
            _RESTART,
        )
    else:
        yield ok(message("Durability"), message("fsync and full_page_writes are on"))
    needed = config.workers * (2 * config.threads + 4)
    allowed = int(show("max_connections")) - int(show("superuser_reserved_connections"))
    if needed + _RESERVE > allowed:
        yield error(
            message("Connections"),
            message(
                "%(workers)s workers can need %(needed)s connections, PostgreSQL allows"
                " %(allowed)s",
                workers=config.workers,
                needed=needed,
                allowed=allowed,
            ),
            message("Raise max_connections in postgresql.conf, or lower WORKERS or THREADS."),
        )
    else:
        yield ok(
            message("Connections"),
            message("at most %(needed)s of %(allowed)s", needed=needed, allowed=allowed),
        )


def _rules(conn: Connection) -> CheckResult:
    found = [finding.what for finding in schema.enforced(conn)]
    if found:
        return error(
            message("Triggers and constraints"),
            "; ".join(found[:3]),
            message("Run `flask db upgrade`, then `flask ledger verify`."),
        )
    return ok(message("Triggers and constraints"), message("all triggers and constraints exist"))


def _settings() -> CheckResult:
    if found := unsafe_settings():
        return error(
            message("Settings"),
            "; ".join(found),
            message(
                "The program sets these values. Restart the server. If the error stays, remove"
                " other values of these settings from the database and its role."
            ),
        )
    return ok(message("Settings"), message("isolation, journal and durability are set correctly"))


def _clock(conn: Connection) -> CheckResult:
    last = conn.execute(sa.select(sa.func.max(statements.ledger.c.timestamp))).scalar()
    return clock_against(last)


def clock_against(last: datetime | None) -> CheckResult:
    """Check that the last entry is not later than now; else the clock went back."""
    now = clock.now()
    if last is not None and last > now + timedelta(seconds=2):
        return error(
            message("Clock"),
            message(
                "the clock says %(now)s, but the last entry is from %(last)s",
                now=clock.Time(now),
                last=clock.Time(last),
            ),
            message("Set the clock: timedatectl set-ntp true"),
        )
    return ok(message("Clock"), message("%(now)s, not before the last entry", now=clock.Time(now)))


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
    what = {lot.id: (lot.lot_seq, lot.on_hand, lot.reserved) for lot in stock.read_lots(conn, ids)}
    missing = sa.select(lot_balances.c.lot_id).where(lot_balances.c.lot_id.in_(ids))
    there = set(conn.execute(missing).scalars())
    differs = [id for id, figures in cached.items() if what.get(id) != figures]
    if differs or there != set(what):
        return error(
            message("Read cache"),
            message("the read cache differs from the ledger"),
            message("Run: flask ledger rebuild-cache"),
        )
    return ok(
        message("Read cache"),
        plural_message(
            "%(num)s lot compared with the ledger",
            "%(num)s lots compared with the ledger",
            len(ids),
        ),
    )


def _verified(conn: Connection) -> CheckResult:
    run = verification.last_run(conn)
    advice = message("Run `flask ledger verify`, each week from cron.")
    if run is None:
        return warning(message("Ledger"), message("never verified"), advice)
    if not run["ok"]:
        return error(
            message("Ledger"),
            plural_message(
                "%(num)s difference was found at the last verification: %(first)s",
                "%(num)s differences were found at the last verification: %(first)s",
                run["differences"],
                first=run["findings"][0]["what"],
            ),
            message(
                "Do not change rows by hand. Restore the last good backup into a separate"
                " database and compare."
            ),
        )
    at = datetime.fromisoformat(run["started_at"])
    if clock.now() - at > timedelta(days=8):
        return warning(
            message("Ledger"), message("last verified on %(day)s", day=at.date()), advice
        )
    return ok(
        message("Ledger"),
        message(
            "verified on %(day)s: %(entries)s entries, no difference",
            day=at.date(),
            entries=run["entries"],
        ),
    )


def _expired(conn: Connection) -> CheckResult:
    old = clock.now() - timedelta(days=1)
    waiting = stock.expired_reservation_ids(conn, now=old, limit=1000)
    if waiting:
        what = plural_message(
            "%(num)s reservation expired more than a day ago and is still open",
            "%(num)s reservations expired more than a day ago and are still open",
            len(waiting),
        )
        advice = message("Run `flask reservations expire`, each quarter hour from cron.")
        return warning(message("Reservations"), what, advice)
    return ok(message("Reservations"), message("no expired reservation is open"))


def _admin(conn: Connection) -> CheckResult:
    active = sa.and_(users.c.approved_at.is_not(None), users.c.disabled_at.is_(None))
    found = conn.execute(sa.select(users.c.role).where(active)).scalars().all()
    admins = sum(role == ROLES[-1] for role in found)
    if admins:
        return ok(
            message("Administrators"),
            message("%(admins)s of %(count)s accounts", admins=admins, count=len(found)),
        )
    if not found:
        return warning(
            message("Administrators"),
            message("there are no users"),
            message(
                "Create an account on the sign-in page: the first user becomes the administrator."
            ),
        )
    return error(
        message("Administrators"),
        message("there is no active administrator"),
        message("Run: flask users create NAME --role admin"),
    )
