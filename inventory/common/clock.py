"""The current time in UTC, and the site's calendar day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Self

from inventory.common.messages import Figure

_zone: tzinfo = UTC
_set: ContextVar[datetime | None] = ContextVar("set", default=None)


def set_timezone(zone: tzinfo) -> None:
    """Set the site's time zone, once when the app is created."""
    global _zone
    _zone = zone


def zone() -> tzinfo:
    """Return the site's time zone."""
    return _zone


def now() -> datetime:
    """Return the current time in UTC."""
    return _set.get() or datetime.now(UTC)


@contextmanager
def frozen_at(when: datetime) -> Iterator[None]:
    """Set the clock to a fixed time inside the block, for the demo and tests."""
    token = _set.set(when)
    try:
        yield
    finally:
        _set.reset(token)


def today() -> date:
    """Return the site's current date, which expiry dates are compared with."""
    return now().astimezone(_zone).date()


def end_of_day(day: date) -> datetime:
    """Return the end of a day at the site, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), _zone).astimezone(UTC)


class Time(Figure, kind="time"):
    """A time in a message, in the site's zone, to the minute."""

    __slots__ = ()

    def __new__(cls, when: datetime | str) -> Self:
        when = datetime.fromisoformat(when) if isinstance(when, str) else when
        self = super().__new__(cls, f"{when.astimezone(_zone):%Y-%m-%d %H:%M}")
        self.content = [when.isoformat()]
        return self
