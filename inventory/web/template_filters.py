"""Template filters for quantities, dates and times."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import date, datetime

from flask import Flask
from markupsafe import Markup, escape

from inventory.common import clock
from inventory.common.quantity import ONE, format_qty, unit_of
from inventory.http.languages import (
    current_language,
    format_date,
    format_datetime,
    format_quantity,
    gettext,
    ngettext,
)
from inventory.stock.entities import Reservation
from inventory.web.operation_summary import TXN_ICONS, WORDS

_GROUPED_FROM = 5


def init_app(app: Flask) -> None:
    """Register the filters and globals of the templates."""
    app.jinja_env.filters.update(
        qty=format_qty,
        quantity=format_quantity,
        figure=figure,
        grouped=grouped,
        rate=rate,
        date=format_date,
        datetime=format_datetime,
        iso=iso,
    )
    app.jinja_env.filters.update(ago=ago, number=number, expired=expired)
    app.jinja_env.globals.update(amount=amount, bar=bar)
    app.jinja_env.filters.update(kind=WORDS.__getitem__, txn_icon=TXN_ICONS.__getitem__, day_of=day)


def figure(micros: int) -> Markup:
    """Return a quantity with its digits grouped in threes.

    The decimal sign is the language's. The signs between groups come from the style sheet and are
    not copied, so that a copied figure is accepted by forms. Use `qty` in attributes and inputs.
    """
    return _figure(micros, current_language().decimal_sign)


def amount(micros: int, unit: str = "") -> Markup:
    """Return a quantity with its unit, as `figure` writes it."""
    return _amount(micros, unit, current_language().decimal_sign)


@functools.lru_cache(maxsize=8192)
def _amount(micros: int, unit: str, decimal_sign: str) -> Markup:
    plain = _figure(micros, decimal_sign)
    if not unit:
        return plain
    return plain + Markup(' <span class="unit">{}</span>').format(unit_of(micros, unit))


@functools.lru_cache(maxsize=4096)
def _figure(micros: int, decimal_sign: str) -> Markup:
    """Return the markup of a figure. Pages repeat small ones, and show very many."""
    plain = format_qty(micros)
    whole, point, fraction = plain.partition(".")
    sign, digits = ("−", whole[1:]) if whole.startswith("-") else ("", whole)
    if len(digits) >= _GROUPED_FROM:
        head = len(digits) % 3 or 3
        rest = (digits[start : start + 3] for start in range(head, len(digits), 3))
        digits = digits[:head] + "".join(f"<span>{group}</span>" for group in rest)
    point = point and decimal_sign
    # Digits and signs need no escaping.
    kind = "fig" if micros else "fig zero"
    return Markup(f'<span class="{kind}">{sign}{digits}{point}{fraction}</span>')  # noqa: S704


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


def grouped(count: int) -> str:
    """Return a count with its digits in groups, for texts."""
    return f"{count:,}".replace(",", current_language().group_sign)


def rate(value: float) -> str:
    """Return a rate with two decimals."""
    return current_language().format_number(f"{value:.2f}")


def number(count: int) -> Markup:
    """Return a count grouped like a quantity."""
    return figure(count * ONE)


def day(when: datetime) -> date:
    """Return the site's date of a time."""
    return when.astimezone(clock.zone()).date()


def ago(when: datetime, today: date) -> str:
    """Return how long something has been waiting: since today, for 12 days."""
    days = (today - day(when)).days
    if days < 1:
        return gettext("since today")
    if days == 1:
        return gettext("since yesterday")
    return ngettext("for %(num)s day", "for %(num)s days", days)


def expired(reservation: Reservation) -> str:
    """Return "Expired 2 h ago" for an expired reservation with open lines, else ""."""
    now = clock.now()
    if reservation.expires_at is None or not reservation.expired(now):
        return ""
    minutes = int((now - reservation.expires_at).total_seconds()) // 60
    if minutes >= 60 * 24:
        return gettext("Expired %(days)s d ago", days=minutes // (60 * 24))
    if minutes >= 60:
        return gettext("Expired %(hours)s h ago", hours=minutes // 60)
    if minutes:
        return gettext("Expired %(minutes)s min ago", minutes=minutes)
    return gettext("Expired just now")


def iso(when: datetime) -> str:
    """Return the value of the datetime attribute of <time>."""
    return when.isoformat(timespec="seconds")
