"""Operations: their pages, their reversal, and the forms that begin with an item."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for
from flask_login import current_user
from wtforms import SelectChoice

from inventory import barcodes, ledger
from inventory.common import clock
from inventory.common.errors import InvalidCode, InvalidInput
from inventory.db import connection
from inventory.http.languages import format_date, format_quantity
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.queries import StockedItem, stocked_items, suggest_items
from inventory.stock import queries as stock
from inventory.stock.allocation import sort_by_strategy
from inventory.stock.entities import Entry, Item, Lot, StockTotals, totals
from inventory.stock.recall import LotQcDecision, decisions_of, is_hold
from inventory.stock.settlement import settled_by
from inventory.web.auth.permissions import role_of, role_required
from inventory.web.inventory import forms
from inventory.web.inventory.stocked_lots import stocked_lots
from inventory.web.operation_forms import Answer, FormAction, can_undo, handle, own_minutes

blueprint = Blueprint("operations", __name__)

#: Entries on an operation's page; an import can have tens of thousands.
MAX_ENTRIES = 200
_MAX_SUGGESTED = 8


def _load_item(form: Any, **ids: Any) -> dict[str, Any]:
    """Return the item of the form with its unit, or suggestions if there is none."""
    item, code = read_item(form), (form.item.data or "").strip()
    create = ""
    if code and item is None and _may_create():
        create = url_for("inventory.items.create", code=code)
    return {
        "item": item,
        "unit": item.unit if item else "",
        "suggested": _suggest(code) if code and item is None else [],
        "create": create,
    }


def _may_create() -> bool:
    view = current_app.view_functions["inventory.items.create"]
    return bool(current_user.has_role(role_of(view)))


def _suggest(code: str) -> list[StockedItem]:
    try:
        found = suggest_items(connection(), code, limit=_MAX_SUGGESTED)
    except InvalidInput:
        return []
    return stocked_items(connection(), [item.id for item in found if item.id is not None])


def read_item(form: Any) -> Item | None:
    """Return the item of a form, and replace what was typed or scanned by the item's code.

    The field takes a code in any case, a name, a barcode, and the label of an item or a lot. A
    scanned lot also fills the form's field for the lot, unless it has a value.
    """
    text = (form.item.data or "").strip()
    if not text:
        return None
    conn = connection()
    if (item := stock.find_items(conn, [text]).get(text)) is not None:
        return item
    item, lot = _scanned(text)
    if item is None:
        named = [one for one in _suggest(text) if one.item.name.casefold() == text.casefold()]
        item = named[0].item if len(named) == 1 else None
    if item is None:
        return None
    form.item.data = item.code
    if lot is not None and "lot_code" in form:
        form.lot_code.data = form.lot_code.data or lot.lot_code
    if lot is not None and "lot_id" in form:
        form.lot_id.data = form.lot_id.data or lot.id
    return item


def _scanned(text: str) -> tuple[Item | None, Lot | None]:
    """Return the item, and perhaps the lot, of a scan with one meaning."""
    try:
        found = barcodes.resolve(connection(), text)
    except InvalidCode:
        return None, None
    return (None, None) if found.choices else (found.item, found.lot)


def _load_free_lots(form: Any, **ids: Any) -> dict[str, Any]:
    """Return the item, and its usable lots in the order of allocation."""
    context = _load_item(form)
    today, usable, hint = clock.today(), [], ""
    if item := context["item"]:
        there = stocked_lots(item.id)
        usable = sort_by_strategy([lot for lot in there if lot.free(today)], "fefo")
        hint = balance_message(totals(there, today), item)
    form.lot_id.choices = lot_options(usable, {lot.id: lot.free(today) for lot in usable}, FREE)
    return context | {"lots": usable, "hint": hint}


def balance_message(sums: StockTotals, item: Item) -> str:
    """Return a line with the free, reserved and on-hold quantities of an item."""
    unit = item.unit
    words = [_("Free: %(qty)s", qty=format_quantity(sums.free, unit))]
    if sums.reserved:
        words.append(_("%(qty)s reserved", qty=format_quantity(sums.reserved, unit)))
    if sums.on_hold:
        words.append(_("%(qty)s on hold", qty=format_quantity(sums.on_hold, unit)))
    return " · ".join(words)


#: What a lot field says about the quantity of a lot.
FREE = _l("%(qty)s free")
RESERVED = _l("%(qty)s reserved")


def lot_options(lots: list[Lot], amounts: dict[Any, int], amount_text: Any) -> list[SelectChoice]:
    """Return the choices of a lot field, in the order of allocation.

    The empty value lets the ledger choose: earliest expiry first, then oldest receipt.

    Args:
        amount_text: FREE or RESERVED.
    """
    if not lots:
        return []
    first = lots[0].lot_code
    automatic = _("Automatic: %(lot)s", lot=first)
    if len(lots) > 1:
        automatic = _("Automatic: %(lot)s first", lot=first)
    choices = [SelectChoice("", automatic)]
    for lot in lots:
        amount = {"qty": format_quantity(amounts[lot.id], lot.item.unit)}
        words = [lot.lot_code, amount_text % amount]
        if lot.expires_on:
            words.append(_("expires %(date)s", date=format_date(lot.expires_on)))
        if lot.location:
            words.append(lot.location)
        choices.append(SelectChoice(lot.id, " · ".join(words)))
    return choices


def lot_with_item(form: Any) -> list[ledger.LotQuantity] | None:
    """Return the lot and the quantity of the form, or None if the ledger chooses."""
    if form.lot_id.data is None:
        return None
    return [ledger.LotQuantity(lot_id=form.lot_id.data, qty=form.qty.data)]


def _receipt(form: Any) -> dict[str, Any]:
    names = ("item", "lot_code", "qty", "expires_on", "supplier_lot", "location", "reference")
    fields = {name: form[name].data or None for name in (*names, "note")}
    fields["allow_lookalike"] = bool(form.allow_lookalike.data) or None
    return fields | {"add_to_lot": form.add_to_lot.data}


def _send_receipt(form: Any, actor: dict[str, Any]) -> ledger.PostingResult:
    return ledger.receive(**_receipt(form), **actor)


def _send_return(form: Any, actor: dict[str, Any]) -> ledger.PostingResult:
    names = ("item", "lot_code", "qty", "reference", "location", "reason", "note")
    fields: dict[str, Any] = {name: form[name].data or None for name in names}
    fields["quarantine"] = form.quarantine.data or None
    fields["unmatched"] = form.unmatched.data or None
    fields["allow_lookalike"] = bool(form.allow_lookalike.data) or None
    fields["return_of"] = forms.number_or_none(form.return_of.data)
    return ledger.return_from_customer(**fields, **actor)


def _send_reservation(form: Any, actor: dict[str, Any]) -> ledger.PostingResult:
    fields = {name: form[name].data for name in ("item", "qty", "reference", "note")}
    day = form.expires_at.data
    until = day and clock.end_of_day(day)
    return ledger.reserve(lots=lot_with_item(form), expires_at=until, **fields, **actor)


def _send_issue(form: Any, actor: dict[str, Any]) -> ledger.PostingResult:
    fields = {name: form[name].data for name in ("item", "qty", "reference", "note")}
    reserved_first = None if form.besides.data else True
    return ledger.issue(lots=lot_with_item(form), reserved_first=reserved_first, **fields, **actor)


def _send_reversal(form: Any, actor: dict[str, Any], operation_id: int) -> ledger.PostingResult:
    return ledger.reverse(
        operation_id=operation_id, reason=form.reason.data, own_minutes=own_minutes(), **actor
    )


def _load_operation(form: Any, operation_id: int) -> dict[str, Any]:
    return {"operation": stock.get_operation_header(connection(), operation_id)}


RECEIVE = FormAction(
    endpoint="inventory.operations.receive", word=_l("Receive"), icon="package-plus",
    form=forms.ReceiveForm,
    fields="inventory/operations/_receive_fields.html", load=_load_item, send=_send_receipt,
    prepare=read_item,
    keeps=("reference", "location", "expires_on"),
)  # fmt: skip
CUSTOMER_RETURN = FormAction(
    endpoint="inventory.operations.customer_return", word=_l("Customer return"), icon="truck",
    button=_l("Post return"),
    form=forms.CustomerReturnForm, fields="inventory/operations/_return_fields.html",
    load=_load_item, prepare=read_item,
    send=_send_return, keeps=("reference", "location"),
)  # fmt: skip
RESERVE = FormAction(
    endpoint="inventory.operations.reserve", word=_l("Reserve"), icon="bookmark-plus",
    form=forms.ReserveForm,
    fields="inventory/operations/_reserve_fields.html", load=_load_free_lots,
    prepare=read_item, send=_send_reservation,
    keeps=("reference",),
)  # fmt: skip
ISSUE = FormAction(
    endpoint="inventory.operations.issue", word=_l("Issue"), icon="package-minus",
    form=forms.IssueForm,
    fields="inventory/operations/_reserve_fields.html", load=_load_free_lots, send=_send_issue,
    prepare=read_item,
    keeps=("reference",),
)  # fmt: skip
REVERSE = FormAction(
    endpoint="inventory.operations.reverse", word=_l("Reverse operation"), icon="undo-2",
    form=forms.ReverseForm,
    fields="inventory/operations/_reverse_fields.html", load=_load_operation, send=_send_reversal,
    leaves=True, danger=True,
)  # fmt: skip


@blueprint.route("/receive/", methods=["GET", "POST"])
@role_required("operator")
def receive() -> Answer:
    """Show and post the receive form."""
    return handle(RECEIVE)


@blueprint.route("/customer-return/", methods=["GET", "POST"])
@role_required("operator")
def customer_return() -> Answer:
    """Show and post the customer return form."""
    return handle(CUSTOMER_RETURN)


@blueprint.route("/reserve/", methods=["GET", "POST"])
@role_required("operator")
def reserve() -> Answer:
    """Show and post the reserve form."""
    return handle(RESERVE)


@blueprint.route("/issue/", methods=["GET", "POST"])
@role_required("operator")
def issue() -> Answer:
    """Show and post the issue form."""
    return handle(ISSUE)


@blueprint.route("/operations/<int:operation_id>/reversal/", methods=["GET", "POST"])
@role_required("operator")
def reverse(operation_id: int) -> Answer:
    """Show and post the reversal form."""
    return handle(REVERSE, operation_id=operation_id)


@blueprint.get("/operations/<int:operation_id>/")
def operation(operation_id: int) -> str:
    """Show an operation with its entries."""
    conn = connection()
    found = stock.get_operation_header(conn, operation_id)
    entries = _entries_from(operation_id, forms.number_or_none(request.args.get("entry")) or 0)
    undo = url_for("inventory.operations.reverse", operation_id=operation_id)
    may_undo = can_undo(found)
    decided = decisions_of(conn, operation_id) if found.kind == "QC" else []
    on_hold = [one.lot_id for one in decided if one.to_status != "APPROVED"]
    return render_template(
        "inventory/operations/operation.html",
        operation=found,
        entries=entries[:MAX_ENTRIES],
        more=entries[MAX_ENTRIES].id if len(entries) > MAX_ENTRIES else None,
        undo=undo if may_undo else None,
        decided=decided,
        settlement=settled_by(conn, operation_id, on_hold=on_hold).to_dict() if decided else None,
        ends_hold=_can_lift_hold(decided),
    )


def _entries_from(operation_id: int, entry_id: int) -> list[Entry]:
    """Return the first entries, or those from `entry_id` on if it is not among them."""
    most = MAX_ENTRIES + 1
    first = stock.entries_of(connection(), operation_id, limit=most)
    if not entry_id or len(first) < most or entry_id in {one.id for one in first[:-1]}:
        return first
    return stock.entries_of(connection(), operation_id, since=entry_id, limit=most)


def _can_lift_hold(decided: list[LotQcDecision]) -> bool:
    release = current_app.view_functions["inventory.recalls.release"]
    stands = is_hold(decided) and all(one.is_last for one in decided)
    return stands and bool(current_user.has_role(role_of(release)))
