"""Issue or unreserve everything that is open for one reference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from flask import Blueprint, url_for

from inventory import ledger
from inventory.common import clock
from inventory.common.errors import InvalidInput, NotFound
from inventory.common.quantity import format_qty
from inventory.common.sort_keys import natural_key
from inventory.db import connection
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.http.languages import ngettext
from inventory.ledger import Issue, LotQuantity, Unreserve
from inventory.queries import Reference, find_reference
from inventory.stock.entities import Lot, Reservation
from inventory.web.auth.permissions import role_required
from inventory.web.inventory import forms
from inventory.web.operation_forms import ActionResult, Answer, FormAction, done_of_posting, handle

blueprint = Blueprint("references", __name__, url_prefix="/references")

Lines = list[tuple[Reservation, Lot, int]]


def _find(form: Any) -> Reference:
    name = form.reference.data or ""
    found = find_reference(connection(), name)
    if found is None:
        shown = name[:100]
        detail = _("Nothing is open for %(reference)s.", reference=shown)
        raise NotFound(detail if shown else _("Choose a job or order."), reference=shown)
    return found


def _load_issue(form: Any) -> dict[str, Any]:
    found = _find(form)
    return _form_values(form, found, found.lines(clock.today()))


def _load_unreserve(form: Any) -> dict[str, Any]:
    found = _find(form)
    return _form_values(form, found, found.lines())


def _form_values(form: Any, found: Reference, lines: Lines) -> dict[str, Any]:
    lines = sorted(lines, key=_pick_order)
    form.parts.data = _serialize_lines(lines)
    rest = sorted((line for line in found.lines() if line not in lines), key=_pick_order)
    return {
        "name": found.name, "lines": lines, "rest": rest, "today": clock.today(),
        "printed_at": clock.now(),
    }  # fmt: skip


def _pick_order(line: tuple[Reservation, Lot, int]) -> tuple[bool, str, str]:
    """Sort by location, then by lot; lots without a location come last."""
    _, lot, _ = line
    return not lot.location, natural_key(lot.location or ""), natural_key(lot.lot_code)


def _serialize_lines(lines: Lines) -> str:
    """Return the lines as the form's hidden field posts them.

    A form that is sent twice has the same content, so that it is posted once.
    """
    return " ".join(f"{one.id}:{lot.id}:{format_qty(qty)}" for one, lot, qty in lines)


def _parts_of(form: Any) -> Iterable[tuple[int, list[LotQuantity]]]:
    """Return the reservations of the form, each with its lots and quantities.

    Raises:
        InvalidInput: the field is empty or malformed.
    """
    found: dict[int, list[LotQuantity]] = {}
    for written in (form.parts.data or "").split():
        numbers = written.split(":")
        reservation_id, lot_id = (forms.number_or_none(number) for number in (*numbers, "", "")[:2])
        if len(numbers) != 3 or reservation_id is None or lot_id is None:
            raise InvalidInput(
                _("This form is out of date. Reload the page and try again."), field="parts"
            )
        found.setdefault(reservation_id, []).append(LotQuantity(lot_id=lot_id, qty=numbers[2]))
    if not found:
        raise InvalidInput(_("None of these lines can be posted now."), field="parts")
    return found.items()


def _issue(form: Any, actor: dict[str, Any]) -> ledger.PostingResult:
    wanted = [Issue(reservation_id=id, lots=parts) for id, parts in _parts_of(form)]
    return ledger.post(wanted, **actor)


def _unreserve(form: Any, actor: dict[str, Any]) -> ledger.PostingResult:
    reason = form.reason.data or None
    wanted = [
        Unreserve(reservation_id=id, lots=parts, reason=reason) for id, parts in _parts_of(form)
    ]
    return ledger.post(wanted, **actor)


def _done(posting: ledger.PostingResult) -> ActionResult:
    then = url_for("inventory.reservations.index")
    if len(posting.operations) == 1:
        return replace(done_of_posting(posting), next_url=then)
    first = posting.operation
    count, names = len(posting.operations), {"reference": first.reference}
    text = ngettext(
        "Unreserved %(num)s reservation for %(reference)s.",
        "Unreserved %(num)s reservations for %(reference)s.",
        count,
        **names,
    )
    if first.kind == "ISSUE":
        text = ngettext(
            "Issued %(num)s reservation for %(reference)s.",
            "Issued %(num)s reservations for %(reference)s.",
            count,
            **names,
        )
    entries = url_for("inventory.ledger.index", reference=first.reference)
    return ActionResult(text, entries, _("View entries"), next_url=then)


ISSUE_ALL = FormAction(
    endpoint="inventory.references.issue_all", word=_l("Issue all"), icon="package-minus",
    form=forms.ReferenceForm, fields="inventory/references/_fields.html", load=_load_issue,
    send=_issue,
    done=_done, leaves=True,
)  # fmt: skip
UNRESERVE_REST = FormAction(
    endpoint="inventory.references.unreserve_rest", word=_l("Unreserve all"), icon="bookmark-minus",
    form=forms.UnreserveReferenceForm, fields="inventory/references/_fields.html",
    load=_load_unreserve,
    send=_unreserve, done=_done, leaves=True,
)  # fmt: skip


@blueprint.route("/issue/", methods=["GET", "POST"])
@role_required("operator")
def issue_all() -> Answer:
    """Show and post the form that issues everything."""
    return handle(ISSUE_ALL)


@blueprint.route("/unreserve/", methods=["GET", "POST"])
@role_required("operator")
def unreserve_rest() -> Answer:
    """Show and post the form that unreserves everything."""
    return handle(UNRESERVE_REST)
