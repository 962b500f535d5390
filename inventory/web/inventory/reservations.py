"""Reservations: the list, one reservation, issuing and unreserving it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory import ledger
from inventory.common import clock
from inventory.db import connection
from inventory.http.languages import format_quantity
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.queries import (
    MAX_REFERENCES,
    USUAL_ROWS,
    Page,
    list_entries,
    list_references,
    list_reservations,
)
from inventory.stock import queries as stock
from inventory.stock.allocation import sort_by_strategy
from inventory.stock.entities import Reservation
from inventory.web import live_updates
from inventory.web.auth.permissions import role_required
from inventory.web.downloads import download_list
from inventory.web.inventory import forms, references
from inventory.web.inventory.operations import RESERVED, lot_options, lot_with_item
from inventory.web.list_params import (
    allowed_or_default,
    cursor_page,
    export_links,
    page_links,
    search_param,
)
from inventory.web.operation_forms import Answer, FormAction, handle, shown_panel
from inventory.web.operation_panel import Panel, operation_panel

blueprint = Blueprint("reservations", __name__, url_prefix="/reservations")


def _load_issue(form: Any, reservation_id: int) -> dict[str, Any]:
    """Offer only the quantity in usable lots; the rest cannot be issued now."""
    found = stock.get_reservation(connection(), reservation_id)
    today = clock.today()
    return _load_lines(form, found, lambda line: line.open and not line.lot.hold_reason(today))


def _load_unreserve(form: Any, reservation_id: int) -> dict[str, Any]:
    found = stock.get_reservation(connection(), reservation_id)
    return _load_lines(form, found, lambda line: line.open)


def _load_lines(form: Any, reservation: Reservation, keep: Any) -> dict[str, Any]:
    lines = [line for line in reservation.lines if keep(line)]
    lots = sort_by_strategy((line.lot for line in lines), "fefo")
    if len(lots) > 1:
        form.lot_id.choices = lot_options(
            lots, {line.lot.id: line.open for line in lines}, RESERVED
        )
    whole = sum(line.open for line in lines)
    unit = reservation.item.unit
    hints = [
        _(
            "Open: %(qty)s for %(reference)s",
            qty=format_quantity(reservation.open, unit),
            reference=reservation.reference,
        )
    ]
    if whole < reservation.open:
        on_hold = format_quantity(reservation.open - whole, unit)
        hints.append(_("%(qty)s on hold", qty=on_hold))
    return {
        "reservation": reservation, "lots": lots if len(lots) > 1 else [],
        "hint": " · ".join(hints),
        "unit": unit, "item": reservation.item, "all": whole,
    }  # fmt: skip


def _issue(form: Any, actor: dict[str, Any], reservation_id: int) -> ledger.PostingResult:
    return ledger.issue(
        reservation_id=reservation_id,
        qty=form.qty.data,
        lots=lot_with_item(form),
        close_remainder=form.close_remainder.data,
        note=form.note.data,
        **actor,
    )


def _unreserve(form: Any, actor: dict[str, Any], reservation_id: int) -> ledger.PostingResult:
    return ledger.unreserve(
        reservation_id=reservation_id,
        qty=form.qty.data,
        lots=lot_with_item(form),
        reason=form.reason.data,
        **actor,
    )


ISSUE = FormAction(
    endpoint="inventory.reservations.issue", word=_l("Issue"), icon="package-minus",
    form=forms.IssueReservedForm, fields="inventory/reservations/_issue_fields.html",
    load=_load_issue,
    send=_issue,
)  # fmt: skip
UNRESERVE = FormAction(
    endpoint="inventory.reservations.unreserve", word=_l("Unreserve"), icon="bookmark-minus",
    form=forms.UnreserveForm, fields="inventory/reservations/_unreserve_fields.html",
    load=_load_unreserve,
    send=_unreserve,
)  # fmt: skip


def _filters(query: MultiDict[str, str]) -> dict[str, Any]:
    state = allowed_or_default(query.get("state"), ("risk", "all"), "open")
    return {
        "q": search_param(query),
        "item": query.get("item", "").strip() or None,
        "open": None if state == "all" else True,
        "at_risk": True if state == "risk" else None,
    }


@live_updates.live_region("inventory.reservations.index", "inventory/reservations/_live.html")
def read_reservations(query: MultiDict[str, str]) -> dict[str, Any]:
    """Return the live region's values: open by reference, or all one by one."""
    filters = _filters(query)
    by_reference = filters.pop("open") and filters["item"] is None
    step = MAX_REFERENCES if by_reference else USUAL_ROWS
    page: Page[Any]
    if by_reference:
        chosen = {name: filters[name] for name in ("q", "at_risk")}
        page = list_references(connection(), **chosen, **cursor_page(query, step))
    else:
        page = list_reservations(connection(), **_filters(query), **cursor_page(query, step))
    return {
        "page": page,
        "by_reference": by_reference,
        "may_book": references.ISSUE_ALL.is_allowed(),
        "state": allowed_or_default(query.get("state"), ("risk", "all"), "open"),
        "q": query.get("q", ""),
        "item": query.get("item", "").strip(),
        "today": clock.today(),
        "exports": export_links("inventory.reservations", query),
        **page_links(query, page, step),
    }


@blueprint.get("/export.<kind>")
def export(kind: str) -> Response:
    """Download the list with the filters of the page."""
    return download_list(kind, "reservations", **_filters(request.args))


@blueprint.get("/")
def index() -> Response:
    """Show the list of reservations."""
    return live_updates.render_live_page("inventory/reservations/index.html")


@live_updates.live_region(
    "inventory.reservations.reservation", "inventory/reservations/_reservation_live.html"
)
def read_reservation(query: MultiDict[str, str], reservation_id: int) -> dict[str, Any]:
    """Return the values of a reservation's live region."""
    conn = connection()
    return {
        "reservation": stock.get_reservation(conn, reservation_id),
        "entries": list_entries(conn, reservation=reservation_id, limit=30),
        "today": clock.today(),
    }


@blueprint.get("/<int:reservation_id>/")
def reservation(reservation_id: int) -> Response:
    """Show a reservation."""
    return live_updates.render_live_page(
        "inventory/reservations/reservation.html", acting=shown_panel
    )


@operation_panel("inventory.reservations.reservation")
def read_panel(reservation_id: int) -> Panel:
    """Return the operations that the reservation allows now."""
    found = stock.get_reservation(connection(), reservation_id)
    usable = any(line.open and not line.lot.hold_reason(clock.today()) for line in found.lines)
    acts = [ISSUE, UNRESERVE] if usable and not found.expired(clock.now()) else [UNRESERVE]
    return Panel(acts if found.open else [])


@blueprint.route("/<int:reservation_id>/issue/", methods=["GET", "POST"])
@role_required("operator")
def issue(reservation_id: int) -> Answer:
    """Show and post the issue form."""
    return handle(ISSUE, reservation_id=reservation_id)


@blueprint.route("/<int:reservation_id>/unreserve/", methods=["GET", "POST"])
@role_required("operator")
def unreserve(reservation_id: int) -> Answer:
    """Show and post the unreserve form."""
    return handle(UNRESERVE, reservation_id=reservation_id)
