"""Lots: the list, one lot with QC history and entries, and its operations."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory import catalog, ledger
from inventory.common import clock
from inventory.common.errors import InvalidInput
from inventory.common.quantity import TypedQty, format_qty, parse_qty
from inventory.db import connection
from inventory.http.languages import format_quantity
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.ledger import ReservationQuantity
from inventory.ledger.rules.quality import ALLOWED
from inventory.models import QcStatus
from inventory.queries import LOT_SORTS, LotDecision, decisions_on, list_entries, list_lots, units
from inventory.stock import queries as stock
from inventory.stock.entities import Lot, Reservation, totals
from inventory.stock.settlement import Settlement, Share, settled_by
from inventory.web import live_updates
from inventory.web.auth.permissions import require, role_required
from inventory.web.downloads import download_list
from inventory.web.inventory import forms, operations
from inventory.web.inventory.stocked_lots import stocked_lots
from inventory.web.list_params import (
    allowed_or_default,
    cursor_page,
    date_param,
    datetime_param,
    exclusive_bound,
    export_links,
    optional_date_param,
    page_links,
    search_param,
    sort_links,
)
from inventory.web.operation_forms import ActionResult, Answer, FormAction, handle, shown_panel
from inventory.web.operation_panel import Panel, operation_panel

blueprint = Blueprint("lots", __name__, url_prefix="/lots")

#: Fields of a lot that its page can change.
_EDITABLE = ("expires_on", "supplier_lot", "location")
_DECISIONS = {
    "APPROVED": (_l("Approve lot"), "circle-check", "primary"),
    "QUARANTINE": (_l("Put in quarantine"), "circle-pause", "hold"),
    "REJECTED": (_l("Reject lot"), "circle-x", "danger"),
}


def _load(form: Any, lot_id: int) -> dict[str, Any]:
    lot = stock.get_lot(connection(), lot_id)
    return {"lot": lot, "hint": _availability_text(lot)}


def _availability_text(lot: Lot) -> str:
    unit = lot.item.unit
    available = format_quantity(lot.available, unit)
    if not lot.reserved:
        return _("%(qty)s available", qty=available)
    reserved = format_quantity(lot.reserved, unit)
    return _("%(qty)s available, %(reserved)s reserved", qty=available, reserved=reserved)


def _load_decision(form: Any, lot_id: int) -> dict[str, Any]:
    lot = stock.get_lot(connection(), lot_id)
    allowed = ALLOWED[QcStatus(lot.qc_status)]
    ids = stock.open_reservation_ids(connection(), lot_id=lot_id) if lot.reserved else []
    found = stock.read_reservations(connection(), ids)
    open_here = stock.open_qty_by_reservation(connection(), lot_id, ids)
    return {
        "lot": lot,
        "is_first": len(decisions_on(connection(), lot_id)) == 1,
        "holders": [(one, open_here[one.id]) for one in found if one.id is not None],
        "free_elsewhere": _free_elsewhere(lot) if found else 0,
        "decisions": [(to, *_DECISIONS[to]) for to in _DECISIONS if to in allowed],
    }


def _free_elsewhere(lot: Lot) -> int:
    others = [one for one in stocked_lots(lot.item.id) if one.id != lot.id]
    return totals(others, clock.today()).free


def _load_count(form: Any, lot_id: int) -> dict[str, Any]:
    context = _load(form, lot_id)
    if not form.lot_seq.data:
        form.lot_seq.data = str(context["lot"].lot_seq)
        form.shown.data = format_qty(context["lot"].on_hand)
    return context


def _decide(form: Any, actor: dict[str, Any], lot_id: int) -> ledger.PostingResult:
    fields = {"status": form.status.data, "reason": form.reason.data}
    handling = form.on_reservations.data or "keep"
    return ledger.decide_qc(lot_id=lot_id, on_reservations=handling, **fields, **actor)


def _scrap(form: Any, actor: dict[str, Any], lot_id: int) -> ledger.PostingResult:
    return ledger.scrap(lot_id=lot_id, **_facts(form, "qty", "reason", "reference"), **actor)


def _return(form: Any, actor: dict[str, Any], lot_id: int) -> ledger.PostingResult:
    fields = _facts(form, "qty", "reason", "reference")
    return ledger.return_to_supplier(lot_id=lot_id, **fields, **actor)


def _split(form: Any, actor: dict[str, Any], lot_id: int) -> ledger.PostingResult:
    fields = _facts(form, "qty", "lot_code", "location", "reason")
    fields["allow_lookalike"] = bool(form.allow_lookalike.data) or None
    return ledger.split(lot_id=lot_id, **fields, **actor)


def _require_reason(form: Any, lot_id: int) -> None:
    """Require a reason for a count that differs from the figure that the form showed.

    The tablet has the same rule (static/floor/task_state.js). Programs can leave the reason out.

    Raises:
        InvalidInput: there is no reason.
        InvalidQty: the quantity is malformed.
    """
    lot = stock.get_lot(connection(), lot_id)
    decimals, unit = lot.item.decimals, lot.item.unit
    counted = parse_qty(
        form.counted.data, decimals=decimals, field="counted", unit=unit, allow_zero=True
    )
    on_hand = form.shown.data or format_qty(lot.on_hand)
    shown = parse_qty(on_hand, decimals=decimals, field="shown", allow_zero=True)
    if counted != shown and not (form.reason.data or "").strip():
        raise InvalidInput(
            _(
                "%(counted)s counted, %(on_hand)s on hand. Enter a reason for the difference.",
                counted=format_quantity(counted, unit),
                on_hand=format_quantity(shown, unit),
            ),
            field="reason",
        )


def _count(form: Any, actor: dict[str, Any], lot_id: int) -> ledger.PostingResult:
    _require_reason(form, lot_id)
    cuts = [
        ReservationQuantity(reservation_id=number, qty=TypedQty(value))
        for name, value in request.form.items()
        if name.startswith("cut-")
        and (number := forms.number_or_none(name[4:]))
        and value.strip() not in ("", "0")
    ]
    return ledger.count(
        lot_id=lot_id,
        counted=form.counted.data,
        lot_seq=forms.number_or_none(form.lot_seq.data) or None,
        resolution=form.resolution.data or None,
        unreserve=cuts or None,
        reason=form.reason.data,
        **actor,
    )


def _move(form: Any, actor: dict[str, Any], lot_id: int) -> dict[str, Any]:
    return catalog.update_lot(lot_id=lot_id, location=form.location.data, **actor)[0]


def _moved(lot: dict[str, Any]) -> ActionResult:
    url = url_for("inventory.lots.lot", lot_id=lot["id"])
    text = _("Moved %(lot)s to %(location)s.", lot=lot["lot_code"], location=lot["location"])
    return ActionResult(text, url, _("View lot"))


def _load_edit(form: Any, lot_id: int) -> dict[str, Any]:
    lot = stock.get_lot(connection(), lot_id)
    if not form.shown.data:
        for name in _EDITABLE:
            form[name].data = getattr(lot, name)
        form.shown.data = json.dumps([_plain(getattr(lot, name)) for name in _EDITABLE])
    return {"lot": lot, "may_change_expiry": current_user.has_role("inspector")}


def _edit(form: Any, actor: dict[str, Any], lot_id: int) -> dict[str, Any]:
    """Change the fields that differ from what the form showed.

    Another expiry date decides what can be used: that needs the role inspector.
    """
    try:
        before = dict(zip(_EDITABLE, json.loads(form.shown.data), strict=True))
    except (TypeError, ValueError):
        detail = _("This form is out of date. Reload the page and try again.")
        raise InvalidInput(detail, field="shown") from None
    typed = {name: form[name].data for name in _EDITABLE if form[name].raw_data}
    changes = {
        name: value for name, value in typed.items() if _plain(value) != _plain(before[name])
    }
    if "expires_on" in changes:
        require(current_user, "inspector")
    return catalog.update_lot(lot_id=lot_id, **changes, **actor)[0]


def _plain(value: Any) -> str:
    return str(value or "").strip()


def _edited(lot: dict[str, Any]) -> ActionResult:
    url = url_for("inventory.lots.lot", lot_id=lot["id"])
    text = _("Changes to lot %(lot)s saved.", lot=lot["lot_code"])
    if lot["hold"] == "EXPIRED":
        text = _("Changes to lot %(lot)s saved. The lot has expired.", lot=lot["lot_code"])
    return ActionResult(text, url, _("View lot"))


def _facts(form: Any, *names: str) -> dict[str, Any]:
    return {name: form[name].data for name in names}


def _act(name: str, word: Any, icon: str, form: Any, send: Any, **more: Any) -> FormAction:
    more.setdefault("load", _load)
    more.setdefault("fields", f"inventory/lots/_{name}_fields.html")
    return FormAction(
        endpoint=f"inventory.lots.{name}", word=word, icon=icon, form=form, send=send, **more
    )


DECIDE = _act(
    "decide", _l("QC decision"), "shield-check", forms.DecisionForm, _decide, load=_load_decision,
    by_button=True,
)  # fmt: skip
COUNT = _act(
    "count", _l("Count lot"), "list-checks", forms.CountForm, _count, load=_load_count,
    button=_l("Post count"),
)  # fmt: skip
MOVE = _act("move", _l("Move lot"), "map-pin", forms.MoveForm, _move, done=_moved)
EDIT = _act(
    "edit", _l("Edit lot"), "notebook-text", forms.LotForm, _edit, load=_load_edit, done=_edited
)  # fmt: skip
SPLIT = _act("split", _l("Split lot"), "split", forms.SplitForm, _split)
SCRAP = _act(
    "scrap", _l("Scrap stock"), "trash-2", forms.ScrapForm, _scrap,
    fields="inventory/lots/_scrap_fields.html", danger=True,
)  # fmt: skip
SUPPLIER_RETURN = _act(
    "supplier_return", _l("Supplier return"), "truck", forms.ScrapForm, _return,
    fields="inventory/lots/_scrap_fields.html", button=_l("Post return"),
)  # fmt: skip


@live_updates.live_region("inventory.lots.lot", "inventory/lots/_live.html")
def read_lot(query: MultiDict[str, str], lot_id: int) -> dict[str, Any]:
    """Return the values of a lot's live region."""
    conn = connection()
    now = stock.get_lot(conn, lot_id)
    at, at_text = datetime_param(query)
    today = date_param(at)
    lot = now if at is None else _lot_at(now, at)
    ids = stock.open_reservation_ids(conn, lot_id=lot_id) if at is None else []
    reservations = stock.read_reservations(conn, ids)
    parents = stock.read_lots(conn, [lot.parent_lot_id] if lot.parent_lot_id else [])
    decisions = _decisions_at(lot_id, at)
    return {
        "lot": lot,
        "today": today,
        "at": at,
        "at_text": at_text,
        "totals": totals([lot], today),
        "parent": parents[0] if parents else None,
        "decisions": decisions,
        "settlement": _settlement(lot, decisions, reservations),
        "reservations": reservations,
        "held_here": {
            reservation.id: line.open
            for reservation in reservations
            for line in reservation.lines
            if line.lot.id == lot_id
        },
        "entries": list_entries(conn, lot=lot_id, until=exclusive_bound(at), limit=30),
    }


def _settlement(
    lot: Lot, decisions: list[LotDecision], reservations: list[Reservation]
) -> dict[str, Any] | None:
    """Return what the last decision moved or unreserved, and what is at risk now."""
    if lot.qc_status == QcStatus.APPROVED or not decisions or decisions[0].from_status is None:
        return None
    found = settled_by(connection(), decisions[0].operation_id)
    kept = [
        Share(reservation, lot, line.open)
        for reservation in reservations
        for line in reservation.lines
        if line.lot.id == lot.id and line.open
    ]
    settled = Settlement(
        [one for one in found.moved if one.reservation.item.id == lot.item.id],
        [one for one in found.unreserved if one.lot.id == lot.id],
        kept,
    )
    return settled.to_dict()


def _decisions_at(lot_id: int, at: datetime | None) -> list[LotDecision]:
    """Return the QC decisions up to a time, newest first."""
    found = decisions_on(connection(), lot_id)[::-1]
    return [one for one in found if at is None or one.decided_at <= at]


def _lot_at(lot: Lot, at: datetime) -> Lot:
    """Return the lot with its balance at a time; empty before its receipt."""
    then = [
        item
        for item in stock.get_lots_of_items(connection(), [lot.item.id], at=at)
        if item.id == lot.id
    ]
    return then[0] if then else replace(lot, on_hand=0, reserved=0)


@blueprint.get("/<int:lot_id>/")
def lot(lot_id: int) -> Response:
    """Show a lot."""
    return live_updates.render_live_page(
        "inventory/lots/lot.html",
        acting=shown_panel,
    )


_LISTED: dict[str, dict[str, Any]] = {
    "": {"with_stock": True},
    "free": {"with_stock": True, "having": "free"},
    "reserved": {"with_stock": True, "having": "reserved"},
    "hold": {"with_stock": True, "having": "on_hold"},
    "quarantine": {"with_stock": True, "qc_status": "QUARANTINE"},
    "rejected": {"with_stock": True, "qc_status": "REJECTED"},
    "expired": {"with_stock": True},
    "expiring": {"with_stock": True},
    "all": {},
}


def _filters(query: MultiDict[str, str]) -> dict[str, Any]:
    state = allowed_or_default(query.get("state"), tuple(_LISTED), "")
    item = query.get("item", "").strip() or None
    unit = query.get("unit", "").strip() or None
    # Who works through the quarantine begins with the lot that waits longest.
    usual = "received" if state == "quarantine" else ""
    sort = allowed_or_default(query.get("sort"), LOT_SORTS, usual)
    filters: dict[str, Any] = {"q": search_param(query), "item": item, "unit": unit, "sort": sort}
    filters |= _LISTED[state]
    if (day := optional_date_param(query, "expires")) is not None:
        filters["expires_on"] = day
    if state == "expiring":
        filters["expiring_from"] = clock.today()
        filters["expiring_before"] = clock.today() + timedelta(days=30)
    elif state == "expired":
        filters["expiring_before"] = clock.today()
    return filters


@live_updates.live_region("inventory.lots.index", "inventory/lots/_list_live.html")
def read_lots(query: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values of the list's live region."""
    page = list_lots(connection(), **_filters(query), **cursor_page(query))
    return {
        "page": page,
        "state": allowed_or_default(query.get("state"), tuple(_LISTED), ""),
        "q": query.get("q", ""),
        "item": query.get("item", "").strip(),
        "unit": query.get("unit", "").strip(),
        "sorts": sort_links(query, LOT_SORTS, ("lot", "expires")),
        "expires": optional_date_param(query, "expires"),
        "today": clock.today(),
        "exports": export_links("inventory.lots", query),
        **page_links(query, page),
    }


@blueprint.get("/export.<kind>")
def export(kind: str) -> Response:
    """Download the list with the filters of the page."""
    return download_list(kind, "lots", **_filters(request.args))


@blueprint.get("/")
def index() -> Response:
    """Show the list of lots."""
    return live_updates.render_live_page(
        "inventory/lots/index.html", counted=lambda: {"units": units(connection())}
    )


@operation_panel("inventory.lots.lot")
def read_panel(lot_id: int) -> Panel:
    """Return the operations that the lot allows now."""
    found = stock.get_lot(connection(), lot_id)
    today = clock.today()
    usable = found.hold_reason(today) is None
    # Without free stock in this lot, these forms would take another lot.
    in_item = [operations.RESERVE, operations.ISSUE] if found.free(today) > 0 else []
    given = {"item": found.item.code, "fixed": "1", "lot_id": str(lot_id)}
    more = [COUNT, MOVE, *([SPLIT, SCRAP, SUPPLIER_RETURN] if found.available > 0 else [])]
    usual = COUNT if usable and not in_item else None
    return Panel([*in_item, DECIDE, *more, EDIT], given, usual=usual)


@blueprint.route("/<int:lot_id>/decision/", methods=["GET", "POST"])
@role_required("inspector")
def decide(lot_id: int) -> Answer:
    """Show and post the QC decision form."""
    return handle(DECIDE, lot_id=lot_id)


@blueprint.route("/<int:lot_id>/count/", methods=["GET", "POST"])
@role_required("operator")
def count(lot_id: int) -> Answer:
    """Show and post the count form."""
    return handle(COUNT, lot_id=lot_id)


@blueprint.route("/<int:lot_id>/move/", methods=["GET", "POST"])
@role_required("operator")
def move(lot_id: int) -> Answer:
    """Show and post the move form."""
    return handle(MOVE, lot_id=lot_id)


@blueprint.route("/<int:lot_id>/edit/", methods=["GET", "POST"])
@role_required("operator")
def edit(lot_id: int) -> Answer:
    """Show and post the form that edits a lot."""
    return handle(EDIT, lot_id=lot_id)


@blueprint.route("/<int:lot_id>/split/", methods=["GET", "POST"])
@role_required("operator")
def split(lot_id: int) -> Answer:
    """Show and post the split form."""
    return handle(SPLIT, lot_id=lot_id)


@blueprint.route("/<int:lot_id>/scrap/", methods=["GET", "POST"])
@role_required("operator")
def scrap(lot_id: int) -> Answer:
    """Show and post the scrap form."""
    return handle(SCRAP, lot_id=lot_id)


@blueprint.route("/<int:lot_id>/supplier-return/", methods=["GET", "POST"])
@role_required("operator")
def supplier_return(lot_id: int) -> Answer:
    """Show and post the supplier return form."""
    return handle(SUPPLIER_RETURN, lot_id=lot_id)
