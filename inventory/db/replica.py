"""Read replica: a PostgreSQL hot standby that answers pages.

The replica can be behind. Each write's WAL position is stored with the session, and the replica is
used only after it has replayed that position. If it is more than `MOST_LAG` seconds behind or does
not answer, the primary is used. No write is decided by data of the replica.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from inventory.db.session import use_connection
from inventory.db.transaction import write_finished

log = logging.getLogger(__name__)

#: Seconds behind above which the replica is not used, and above which pages show the lag.
MOST_LAG, SHOWN_LAG = 30.0, 2.0
#: Seconds without another attempt after the replica failed.
RETRY_SECONDS = 5.0

#: Whether the replica has replayed the position, and how many seconds it is behind. A replica that
#: is connected and has replayed all that it received is not behind; otherwise the age of the last
#: replayed commit counts, so that a disconnected replica is behind.
_WHERE = sa.text(
    "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn),"
    " CASE WHEN NOT pg_is_in_recovery() THEN 0"
    " WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()"
    " AND EXISTS (SELECT 1 FROM pg_stat_wal_receiver) THEN 0"
    " ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 1e9)"
    " END"
)

#: A position that no replica can have replayed.
_NEVER = "FFFFFFFF/FFFFFFFF"

_position: ContextVar[str | None] = ContextVar("position", default=None)


def enable_lsn_tracking() -> None:
    """Record the WAL position (LSN) after each write from now on."""
    write_finished.connect(_record_position)


def pop_last_lsn() -> str | None:
    """Return the WAL position of the request's last write, and forget it."""
    position = _position.get()
    _position.set(None)
    return position


def _record_position(_sender: object, connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    try:
        found = connection.exec_driver_sql("SELECT pg_current_wal_flush_lsn()").scalar_one()
        _position.set(str(found))
    except sa.exc.DBAPIError:
        _position.set(_NEVER)


class ReadReplica:
    """The read replica's engine, with a pause after each failure."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked_again_at = 0.0

    @contextmanager
    def connection(self, position: str | None) -> Iterator[float | None]:
        """Use the replica for `db.connection()` inside the block.

        Args:
            position: WAL position (LSN) of the session's last write.

        Yields:
            The seconds that the replica is behind, or None if the primary is used.
        """
        connection = self._connect()
        if connection is None:
            yield None
            return
        with connection:
            lag = self._lag(connection, position)
            if lag is None:
                yield None
                return
            with use_connection(connection):
                yield lag

    def mark_unavailable(self) -> None:
        """Do not use the replica for `REST_SECONDS`."""
        self._asked_again_at = time.monotonic() + RETRY_SECONDS

    def dispose(self) -> None:
        """Close the pool of connections."""
        self._engine.dispose()

    def _connect(self) -> Connection | None:
        if time.monotonic() < self._asked_again_at:
            return None
        try:
            return self._engine.connect()
        except (sa.exc.DBAPIError, sa.exc.TimeoutError):
            log.warning("the standby does not answer: the primary does")
            self.mark_unavailable()
            return None

    def _lag(self, connection: Connection, position: str | None) -> float | None:
        try:
            has_own, lag = connection.execute(_WHERE, {"position": position or "0/0"}).one()
        except sa.exc.DBAPIError:
            self.mark_unavailable()
            return None
        return float(lag) if has_own and lag <= MOST_LAG else None
