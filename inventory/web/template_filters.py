"""Template filters for quantities, dates and times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from flask import Flask
from markupsafe import Markup, escape

from inventory.common import clock
from inventory.common.quantity import ONE, format_qty
from inventory.stock.entities import Reservation
from inventory.web.operation_summary import TXN_ICONS, WORDS

_GROUPED_FROM = 5


def init_app(app: Flask) -> None:
    """Register the filters and globals of the templates."""
    app.jinja_env.filters.update(
        qty=format_qty, figure=figure, date=format_date, datetime=format_datetime, iso=iso
    )
    app.jinja_env.filters.update(ago=ago, number=number, expired=expired)
    app.jinja_env.globals.update(bar=bar)
    app.jinja_env.filters.update(kind=WORDS.__getitem__, txn_icon=TXN_ICONS.__getitem__, day_of=day)


def figure(micros: int) -> Markup:
    """Return a quantity with its digits grouped in threes.

    The gaps are margins, not characters, so that a copied figure is accepted by forms. Use `qty` in
    attributes and inputs.
    """
    plain = format_qty(micros)
    whole, point, fraction = plain.partition(".")
    sign, digits = ("−", whole[1:]) if whole.startswith("-") else ("", whole)
    if len(digits) >= _GROUPED_FROM:
        head = len(digits) % 3 or 3
        rest = (digits[start : start + 3] for start in range(head, len(digits), 3))
        digits = digits[:head] + "".join(f"<span>{group}</span>" for group in rest)
    # Digits, sign and point need no escaping, and pages show very many figures.
    return Markup(f'<span class="fig">{sign}{digits}{point}{fraction}</span>')  # noqa: S704


def bar(label: str, parts: Iterable[tuple[str, float]], whole: float) -> Markup:
    """Return an SVG bar of the shares of a whole.

    Example: bar("Free 85 of 120", [("free", 85), ("hold", 15)], 120). Kinds: free, hold, reserved,
    done.
    """
    drawn, at = "", 0.0
    for kind, amount in parts if whole else ():
        share = 100 * amount / whole
        if amount:
            drawn += f'<rect class="b-{kind}" x="{at:.3f}%" width="{share:.3f}%" height="100%"/>'
        at += share
    return Markup(  # noqa: S704 - the label is escaped, the rest is ours
        f'<svg class="bar" role="img" aria-label="{escape(label)}">'
        f'<rect width="100%" height="100%" rx="3"/>{drawn}</svg>'
    )


def number(count: int) -> Markup:
    """Return a count grouped like a quantity."""
    return figure(count * ONE)


def format_date(day: date | None) -> str:
    """Return a date as 2027-03-31, which sorts and is unambiguous; "–" if None."""
    return day.isoformat() if day else "–"


def format_datetime(when: datetime | None) -> str:
    """Return a time in the site's zone, to the minute; "–" if None."""
    return when.astimezone(clock.zone()).strftime("%Y-%m-%d %H:%M") if when else "–"


def day(when: datetime) -> date:
    """Return the site's date of a time."""
    return when.astimezone(clock.zone()).date()


def ago(when: datetime, today: date) -> str:
    """Return how long something has been waiting: since today, for 12 days."""
    days = (today - day(when)).days
    if days < 1:
        return "since today"
    return "since yesterday" if days == 1 else f"for {days} days"


def expired(reservation: Reservation) -> str:
    """Return "Expired 2 h ago" for an expired reservation with open lines, else ""."""
    now = clock.now()
    if reservation.expires_at is None or not reservation.expired(now):
        return ""
    minutes = int((now - reservation.expires_at).total_seconds()) // 60
    for size, unit in ((60 * 24, "d"), (60, "h"), (1, "min")):
        if minutes >= size:
            return f"Expired {minutes // size} {unit} ago"
    return "Expired just now"


def iso(when: datetime) -> str:
    """Return the value of the datetime attribute of <time>."""
    return when.isoformat(timespec="seconds")
