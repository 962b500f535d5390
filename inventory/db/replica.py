"""A hot standby that answers pages: a copy of the database that follows it, read-only.

It may be behind. Never for a user's own writes: each write's position in the log is kept with the
session, and the standby answers only once it has come that far. Never by more than `MOST_LAG`
seconds: then, or when it does not answer, the primary does. No write ever rests on what it says.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from inventory import db

log = logging.getLogger(__name__)

#: Further behind than this it is not asked; behind by more than this, pages say so.
MOST_LAG, SHOWN_LAG = 30.0, 2.0
#: Not asked again for so long, once it did not answer.
REST_SECONDS = 5.0

#: How far it is, and how far behind. All that came is replayed, and more may come: not behind.
#: Else as old as the last commit that it replayed, so that a standby cut off counts as behind.
_WHERE = sa.text(
    "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn),"
    " CASE WHEN NOT pg_is_in_recovery() THEN 0"
    " WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()"
    " AND EXISTS (SELECT 1 FROM pg_stat_wal_receiver) THEN 0"
    " ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 1e9)"
    " END"
)


class ReadReplica:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked_again_at = 0.0

    @contextmanager
    def connection(self, position: str | None) -> Iterator[float | None]:
        """Have `db.connection()` be the standby's within: yields how many seconds it is behind,
        or None where it will not do and the primary answers.

        `position`: of the session's last write, in the primary's log.
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
            with db.use_connection(connection):
                yield lag

    def mark_unavailable(self) -> None:
        """It failed: leave it alone for a while."""
        self._asked_again_at = time.monotonic() + REST_SECONDS

    def dispose(self) -> None:
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
