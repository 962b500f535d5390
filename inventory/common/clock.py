"""What time it is: UTC for the ledger, the site's calendar day for expiry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_zone: tzinfo = UTC
_set: ContextVar[datetime | None] = ContextVar("set", default=None)


def set_timezone(zone: tzinfo) -> None:
    """Set the site's time zone: once, when the application is made."""
    global _zone
    _zone = zone


def zone() -> tzinfo:
    return _zone


def now() -> datetime:
    """This moment, in UTC."""
    return _set.get() or datetime.now(UTC)


@contextmanager
def frozen_at(when: datetime) -> Iterator[None]:
    """Set the clock to a moment: for the demo's history, and for tests."""
    token = _set.set(when)
    try:
        yield
    finally:
        _set.reset(token)


def today() -> date:
    """The calendar day at the site: the one that expiry dates are compared with."""
    return now().astimezone(_zone).date()


def end_of_day(day: date) -> datetime:
    """The moment at which a calendar day ends at the site."""
    return datetime.combine(day + timedelta(days=1), time(), _zone).astimezone(UTC)
