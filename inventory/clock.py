"""What time it is: UTC for the ledger, the site's calendar day for expiry."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo

_zone: tzinfo = UTC


def use_zone(zone: tzinfo) -> None:
    """Set the site's time zone: once, when the application is made."""
    global _zone
    _zone = zone


def zone() -> tzinfo:
    return _zone


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The calendar day at the site: the one that expiry dates are compared with."""
    return now().astimezone(_zone).date()
