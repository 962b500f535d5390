"""Deliver the events of the outbox, at least once each.

No transaction is open while a request is sent: a delivery is claimed in one short transaction (the
next attempt is set one minute ahead), and its result is written in another. If the process dies in
between, the event is sent again.
"""

from __future__ import annotations

import http.client
import logging
import random
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock
from inventory.common.errors import Busy
from inventory.db import app_context_thread, atomic, snapshot
from inventory.webhooks.endpoints import headers_of
from inventory.webhooks.low_stock import deliveries, endpoints, events, refresh_low_stock_events

log = logging.getLogger(__name__)

#: Seconds until the next attempt after each failed one; the eleventh attempt is the last.
PAUSES = (5, 30, 120, 600, 1800, 3600, 2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
#: How long a claimed delivery is not claimed by another sender.
CLAIM = timedelta(seconds=60)
#: Time limits in seconds for each step of a request, and for the whole request.
STEP_SECONDS = 5.0
WHOLE_SECONDS = 15.0
#: The number of endpoints that are sent to at the same time.
SENDERS = 8
#: An endpoint's round starts no new attempt after this many seconds; the next round continues.
ROUND_SECONDS = 15.0
RETENTION = timedelta(days=90)
SWEEP_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that this process sends now."""

    id: int
    attempts: int
    url: str
    salt: bytes
    message_id: str
    body: str


def deliver_due(*, keys: Sequence[str]) -> int:
    """Send all due deliveries, to several endpoints at once, each one in order.

    A slow endpoint delays the others by one round at most.

    Args:
        keys: the site's secret keys, for the signatures.

    Returns:
        The number of attempts.
    """
    receivers = deque(_receivers_due())
    tries: list[int] = []
    failures: list[BaseException] = []

    def deliver() -> None:
        with suppress(IndexError):
            while not failures:
                endpoint_id = receivers.popleft()
                try:
                    tries.append(_deliver_to(endpoint_id, keys=keys))
                except BaseException as failure:
                    failures.append(failure)

    senders = [app_context_thread(deliver) for _ in range(min(SENDERS, len(receivers)))]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if failures:
        raise failures[0]
    return sum(tries)


def _receivers_due() -> Sequence[int]:
    """Return the endpoints with due deliveries.

    Reads without a write lock, because this runs every other second.
    """
    with snapshot() as reader:
        due = sa.select(deliveries.c.endpoint_id).where(deliveries.c.due_at <= clock.now())
        return reader.execute(due.distinct()).scalars().all()


def _deliver_to(endpoint_id: int, *, keys: Sequence[str]) -> int:
    tried = 0
    ends = time.monotonic() + ROUND_SECONDS
    while time.monotonic() < ends and (claimed := _claim(endpoint_id=endpoint_id)) is not None:
        is_delivered, outcome = send(claimed, keys=keys)
        _record_attempt(claimed, is_delivered=is_delivered, outcome=outcome)
        tried += 1
    return tried


@atomic
def _claim(tx: Connection, *, endpoint_id: int) -> ClaimedDelivery | None:
    """Claim the endpoint's delivery that has been due the longest.

    Concurrent senders claim different deliveries.
    """
    now = clock.now()
    row = tx.execute(
        sa.select(
            deliveries.c.id,
            deliveries.c.attempts,
            endpoints.c.url,
            endpoints.c.salt,
            events.c.message_id,
            events.c.body,
        )
        .join(events, events.c.id == deliveries.c.event_id)
        .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
        .where(deliveries.c.due_at <= now, deliveries.c.endpoint_id == endpoint_id)
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(1)
        .with_for_update(of=deliveries, skip_locked=True)
    ).first()
    if row is None:
        return None
    claimed = ClaimedDelivery(**row._mapping)
    taken = sa.update(deliveries).where(deliveries.c.id == claimed.id)
    tx.execute(taken.values(due_at=now + CLAIM, attempts=claimed.attempts + 1))
    return claimed


@atomic
def _record_attempt(
    tx: Connection, claimed: ClaimedDelivery, *, is_delivered: bool, outcome: str
) -> None:
    """Record an attempt unless the endpoint ended or a replay was requested."""
    now = clock.now()
    values: dict[str, object] = {"outcome": outcome[:200], "due_at": None}
    if is_delivered:
        values["delivered_at"] = now
    elif claimed.attempts < len(PAUSES):
        values["due_at"] = now + _backoff(claimed.attempts)
    tx.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.id == claimed.id,
            deliveries.c.attempts == claimed.attempts + 1,
            deliveries.c.due_at.is_not(None),
        )
        .values(**values)
    )


def _backoff(failed_before: int) -> timedelta:
    """Return the pause before the next attempt, with 10 % jitter to spread the load."""
    return timedelta(seconds=PAUSES[failed_before] * random.uniform(0.9, 1.1))


def send(claimed: ClaimedDelivery, *, keys: Sequence[str]) -> tuple[bool, str]:
    """Send one request without following redirects.

    Returns:
        (whether the answer was 2xx, a description of the result).
    """
    parts = urlsplit(claimed.url)
    headers = headers_of(
        salt=claimed.salt,
        keys=keys,
        message_id=claimed.message_id,
        timestamp=int(clock.now().timestamp()),
        body=claimed.body,
    )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection_to(parts.scheme, parts.hostname or "", parts.port)
    watchdog = threading.Timer(WHOLE_SECONDS, _abort_connection, (connection,))
    watchdog.daemon = True
    watchdog.start()
    try:
        connection.request("POST", path, claimed.body.encode(), headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        return False, f"no answer: {why}"
    finally:
        watchdog.cancel()
        connection.close()
    return 200 <= status < 300, f"HTTP {status}"


def _connection_to(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=STEP_SECONDS, context=context)
    return http.client.HTTPConnection(host, port, timeout=STEP_SECONDS)


def _abort_connection(connection: http.client.HTTPConnection) -> None:
    """Abort a request that takes too long, as one byte at a time resets the timeout."""
    if (sock := connection.sock) is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


@atomic
def purge_old_deliveries(tx: Connection) -> None:
    """Delete finished deliveries and events that are older than 90 days."""
    old = sa.select(events.c.id).where(events.c.created_at < clock.now() - RETENTION)
    done = deliveries.c.due_at.is_(None)
    tx.execute(sa.delete(deliveries).where(deliveries.c.event_id.in_(old), done))
    kept = sa.exists().where(deliveries.c.event_id == events.c.id)
    tx.execute(sa.delete(events).where(events.c.id.in_(old), ~kept))


def run_delivery_loop(
    *, keys: Sequence[str], pause: float = 2.0, is_ended: Callable[[], bool] = lambda: False
) -> None:
    """Deliver due events until `is_ended`; refresh and purge every 5 minutes.

    Args:
        pause: seconds between two rounds.
    """
    swept: datetime | None = None
    while not is_ended():
        try:
            if swept is None or clock.now() - swept > timedelta(seconds=SWEEP_SECONDS):
                refresh_low_stock_events()
                purge_old_deliveries()
                swept = clock.now()
            deliver_due(keys=keys)
        except (Busy, sa.exc.SQLAlchemyError) as error:
            log.warning("webhooks wait: %s", str(error).splitlines()[0] if str(error) else "busy")
        time.sleep(pause)
