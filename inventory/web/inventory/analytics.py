"""Reports over a period: movement, ageing, turnover and expiry.

Each page is a table that a script draws as a chart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory.common import clock
from inventory.common.errors import NotFound
from inventory.common.quantity import format_qty
from inventory.db import connection
from inventory.exports.formats import Row
from inventory.exports.xlsx import columns
from inventory.http.languages import format_quantity
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.queries import all_pages
from inventory.reports import analytics
from inventory.reports.analytics import Age, Expiry, Movement, Turnover
from inventory.stock import queries as stock
from inventory.stock.entities import Item
from inventory.web.downloads import download, own_reads
from inventory.web.list_params import (
    active_filters,
    cursor_page,
    optional_date_param,
    page_links,
    search_param,
)

blueprint = Blueprint("analytics", __name__, url_prefix="/analysis")

_USUAL_DAYS = 30
#: Lots that must expire on one day for the darkest shade, at least.
_DARK = 6
#: Periods offered as links.
_PERIODS = ((30, _l("30 days")), (90, _l("90 days")), (365, _l("365 days")))


@dataclass(frozen=True)
class ReportParams:
    """The parameters of a report's query."""

    first: date
    last: date
    code: str
    item: Item | None

    @property
    def item_id(self) -> int | None:
        """Return the item's id, or None."""
        return self.item.id if self.item else None

    @property
    def unknown(self) -> bool:
        """Return whether the query names an item that does not exist."""
        return bool(self.code) and self.item is None


def _view(query: MultiDict[str, str]) -> ReportParams:
    """Return the parameters: an invalid date has its default, a long period is cut."""
    today = clock.today()
    last = optional_date_param(query, "to") or today
    first = optional_date_param(query, "from") or last - timedelta(days=_USUAL_DAYS - 1)
    first = min(max(first, last - timedelta(days=analytics.MAX_DAYS - 1)), last)
    code = search_param(MultiDict({"q": query.get("item", "")}))
    return ReportParams(first, last, code, _item(code))


def _item(code: str) -> Item | None:
    try:
        return stock.get_item(connection(), code) if code else None
    except NotFound:
        return None


# --- the four pages -------------------------------------------------------------------------------


@blueprint.get("/")
def index() -> str:
    """Show receipts and issues by day."""
    view = _view(request.args)
    rows = [] if view.unknown else _movement(view)
    return _page("movement", view, rows=rows[::-1], sums=_sums(rows), stretches=_periods(view))


@blueprint.get("/ageing/")
def ageing() -> str:
    """Show the age of the stock."""
    view = _view(request.args)
    rows = [] if view.unknown else _ageing(view)
    buckets = dict.fromkeys((*analytics.AGES, None), 0)
    for row in rows:
        buckets[row.up_to] += row.lots
    return _page("ageing", view, rows=rows, buckets=buckets, words=_age_labels())


@blueprint.get("/turnover/")
def turnover() -> str:
    """Show the turnover of items."""
    view = _view(request.args)
    q = search_param(request.args)
    found = analytics.turnover(
        connection(), view.first, view.last, q=q, **cursor_page(request.args)
    )
    return _page(
        "turnover", view, rows=found.rows, q=q, stretches=_periods(view),
        fastest=max((row.rate or 0 for row in found.rows), default=0),
        **page_links(request.args, found),
    )  # fmt: skip


@blueprint.get("/expiry/")
def expiry() -> str:
    """Show the expiry dates of the stock as a list and a calendar."""
    view = _view(request.args)
    today = clock.today()
    rows = [] if view.unknown else _expiring(view)
    return _page(
        "expiry", view, rows=rows, today=today,
        expired=sum(row.lots for row in rows if row.day < today),
        weeks=_calendar(rows, today),
    )  # fmt: skip


def _page(report: str, view: ReportParams, **values: Any) -> str:
    filters = active_filters(request.args)
    ending = f"?{urlencode(filters)}" if filters else ""
    exports = [
        (kind.upper(), url_for("inventory.analytics.export", report=report, kind=kind) + ending)
        for kind in ("csv", "xlsx")
    ]
    values = {"stretches": [], "report": report, "view": view, "exports": exports} | values
    return render_template(f"inventory/analytics/{report}.html", **values)


def _movement(view: ReportParams) -> list[Movement]:
    return analytics.movement(connection(), view.first, view.last, item_id=view.item_id)


def _ageing(view: ReportParams) -> list[Age]:
    return analytics.ageing(connection(), clock.today(), item_id=view.item_id)


def _expiring(view: ReportParams) -> list[Expiry]:
    return analytics.expiring(connection(), clock.today(), item_id=view.item_id)


def _sums(rows: Iterable[Movement]) -> Movement:
    rows = list(rows)
    return Movement(
        clock.today(), sum(row.received for row in rows), sum(row.issued for row in rows)
    )


def _periods(view: ReportParams) -> list[tuple[str, dict[str, str], bool]]:
    """Return each period until today: its label, its filters, whether it is shown."""
    today = clock.today()
    kept = {
        key: value for key, value in active_filters(request.args).items() if key in ("item", "q")
    }
    found = []
    for days, word in _PERIODS:
        first = today - timedelta(days=days - 1)
        is_shown = (view.first, view.last) == (first, today)
        filters = kept | {"from": first.isoformat(), "to": today.isoformat()}
        found.append((word, filters, is_shown))
    return found


@dataclass
class CalendarDay:
    """A day of the calendar: expiring lots, their quantities, and the shade (0 to 4)."""

    day: date
    lots: int = 0
    parts: list[str] = field(default_factory=list)
    shade: int = 0


def _calendar(rows: Iterable[Expiry], today: date) -> list[list[CalendarDay]]:
    """Return the weeks of the calendar, each from Monday."""
    monday = analytics.monday_of(today)
    days = [monday + timedelta(days=number) for number in range(7 * analytics.WEEKS_AHEAD)]
    cells = {day: CalendarDay(day) for day in days}
    for row in rows:
        if cell := cells.get(row.day):
            cell.lots += row.lots
            cell.parts.append(format_quantity(row.on_hand, row.unit))
    most = max(_DARK, *(cell.lots for cell in cells.values()))
    for cell in cells.values():
        cell.shade = -(-4 * cell.lots // most)
    found = list(cells.values())
    return [found[start : start + 7] for start in range(0, len(found), 7)]


def _age_labels() -> dict[int | None, str]:
    """Return the age groups as the page shows them."""
    ages = list(analytics.AGES)
    starts = [0, *(age + 1 for age in ages)]
    labels: dict[int | None, str] = {
        last: _("%(first)s to %(last)s days", first=first, last=last)
        for first, last in zip(starts, ages, strict=False)
    }
    return labels | {None: _("over %(days)s days", days=ages[-1])}


# --- as files -------------------------------------------------------------------------------------


def _age_word(up_to: int | None) -> str:
    ages = list(analytics.AGES)
    if up_to is None:
        return f"over {ages[-1]} days"
    at = ages.index(up_to)
    return f"{ages[at - 1] + 1 if at else 0} to {up_to} days"


_AGE_WORDS = {up_to: _age_word(up_to) for up_to in (*analytics.AGES, None)}


def _movement_file(view: ReportParams) -> Iterator[Row]:
    for row in [] if view.unknown else _movement(view):
        amounts = (row.received, row.issued, row.received - row.issued)
        written = (format_qty(amount) if view.item else str(amount) for amount in amounts)
        yield (row.day.isoformat(), *written)


def _ageing_file(view: ReportParams) -> Iterator[Row]:
    for row in [] if view.unknown else _ageing(view):
        yield (_AGE_WORDS[row.up_to], str(row.lots), format_qty(row.qty), row.unit)


def _turnover_file(view: ReportParams) -> Iterator[Row]:
    found = all_pages(
        own_reads(), analytics.turnover, view.first, view.last, q=search_param(request.args)
    )
    return map(_turnover_row, found)


def _turnover_row(row: Turnover) -> Row:
    return (
        row.item.code, row.item.name, row.item.unit, format_qty(row.issued), format_qty(row.other),
        format_qty(row.rounded_mean), format_qty(row.on_hand),
        "" if row.rate is None else f"{row.rate:.3f}",
        "" if row.days is None else f"{row.days:.1f}",
    )  # fmt: skip


def _expiry_file(view: ReportParams) -> Iterator[Row]:
    for row in [] if view.unknown else _expiring(view):
        yield (
            row.day.isoformat(), str(row.lots), format_qty(row.on_hand),
            format_qty(row.reserved), row.unit,
        )  # fmt: skip


_FILES: dict[str, tuple[Row, Callable[[ReportParams], Iterator[Row]]]] = {
    "movement": (
        columns("day:date", "received:number", "issued:number", "net:number"),
        _movement_file,
    ),
    "ageing": (columns("age", "lots:number", "on hand:number", "unit"), _ageing_file),
    "turnover": (
        columns(
            "item",
            "name",
            "unit",
            "issued:number",
            "other changes:number",
            "mean on hand:number",
            "on hand:number",
            "turnover:number",
            "days of supply:number",
        ),
        _turnover_file,
    ),
    "expiry": (
        columns("expires on:date", "lots:number", "on hand:number", "reserved:number", "unit"),
        _expiry_file,
    ),
}


@blueprint.get("/<report>.<kind>")
def export(report: str, kind: str) -> Response:
    """Download a report as CSV or XLSX."""
    if report not in _FILES or kind not in ("csv", "xlsx"):
        abort(404)
    headers, rows = _FILES[report]
    return download(kind, report, headers, rows(_view(request.args)))
