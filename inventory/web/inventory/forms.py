"""Forms of the ledger operations; the core checks their values.

Fields have the names of the ledger's parameters.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask_login import current_user
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Optional

from inventory.common.quantity import TypedQty
from inventory.http.languages import lazy_gettext as _l
from inventory.http.languages import lazy_pgettext
from inventory.web.auth.form_drafts import sign_owner
from inventory.web.auth.forms import DAYS, PageForm

QTY_ATTRIBUTES = {"inputmode": "decimal", "autocomplete": "off"}


def _needed(message: Any) -> list[DataRequired]:
    return [DataRequired(message)]


class QtyField(StringField):
    """A quantity as it was typed; the ledger reads it when it knows the item."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Keep the text of the form."""
        if valuelist:
            self.data = TypedQty(valuelist[0])


def _qty() -> QtyField:
    message = _l("Enter a quantity, such as 12 or 12.5.")
    return QtyField(_l("Quantity"), _needed(message), render_kw=QTY_ATTRIBUTES)


def number_or_none(value: Any) -> int | None:
    """Return a row id, or None if the value cannot be one."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class OperationForm(PageForm):
    """Form with an idempotency key: if it is sent twice, it is posted once."""

    key = HiddenField()
    #: URL of the page with the form, to return to without scripts.
    back = HiddenField()
    #: Proof that the current user was shown the form with this key.
    owner = HiddenField()

    def renew_key(self) -> None:
        """Set a new key, for the current user."""
        self.key.data = secrets.token_urlsafe(16)
        self.owner.data = sign_owner(current_user.id, self.key.data)


def _lot_choice() -> SelectField:
    return SelectField(
        _l("From lot"), coerce=number_or_none, choices=[], validate_choice=False, default=None
    )


class ReceiveForm(OperationForm):
    """Receipt."""

    item = StringField(_l("Item"), _needed(_l("Enter an item code.")))
    #: Set on an item's page: the item is shown, not a field.
    fixed = HiddenField()
    lot_code = StringField(_l("Lot number"), _needed(_l("Enter a lot number.")))
    qty = _qty()
    expires_on = DateField(_l("Expires on"), [Optional()], render_kw=DAYS)
    supplier_lot = StringField(_l("Supplier's lot number"))
    location = StringField(_l("Location"))
    reference = StringField(_l("Reference"))
    note = TextAreaField(_l("Note"))
    add_to_lot = BooleanField(_l("Add to the existing lot"))
    #: Set by a button of the refusal: the code may look like another one's.
    allow_lookalike = HiddenField()


class CustomerReturnForm(OperationForm):
    """Return from a customer."""

    item = StringField(_l("Item"), _needed(_l("Enter an item code.")))
    #: Set on an item's page: the item is shown, not a field.
    fixed = HiddenField()
    lot_code = StringField(_l("Lot number"), _needed(_l("Enter the lot number on the label.")))
    qty = _qty()
    reference = StringField(_l("Job or order"))
    reason = StringField(_l("Reason"), _needed(_l("Enter a reason for the return.")))
    location = StringField(_l("Location"))
    quarantine = BooleanField(_l("Put in quarantine"))
    unmatched = BooleanField(_l("No matching issue"))
    allow_lookalike = HiddenField()
    #: The operation that issued the goods, if the form was opened from it.
    return_of = HiddenField()
    note = TextAreaField(_l("Note"))


class ReserveForm(OperationForm):
    """Reservation of an item."""

    item = StringField(_l("Item"), _needed(_l("Enter an item code.")))
    #: Set on an item's page: the item is shown, not a field.
    fixed = HiddenField()
    qty = _qty()
    reference = StringField(_l("Job or order"), _needed(_l("Enter a job or order.")))
    #: Last day of the reservation, in the site's zone.
    expires_at = DateField(_l("Reserve until"), [Optional()], render_kw=DAYS)
    lot_id = _lot_choice()
    note = TextAreaField(_l("Note"))


class IssueForm(OperationForm):
    """Issue of an item."""

    item = StringField(_l("Item"), _needed(_l("Enter an item code.")))
    #: Set on an item's page: the item is shown, not a field.
    fixed = HiddenField()
    qty = _qty()
    lot_id = _lot_choice()
    reference = StringField(_l("Job or order"))
    besides = BooleanField(_l("Issue free stock and keep the reservation"))
    note = TextAreaField(_l("Note"))


class IssueReservedForm(OperationForm):
    """Issue of a reservation."""

    qty = _qty()
    lot_id = _lot_choice()
    close_remainder = BooleanField(_l("Unreserve the rest"))
    note = TextAreaField(_l("Note"))


class UnreserveForm(OperationForm):
    """Unreservation."""

    qty = _qty()
    lot_id = _lot_choice()
    reason = StringField(_l("Reason"))


class ReferenceForm(OperationForm):
    """Everything open for a reference; `parts` is what the page showed to the user."""

    reference = HiddenField()
    parts = HiddenField()


class UnreserveReferenceForm(ReferenceForm):
    """Unreservation of everything open for a reference."""

    reason = StringField(_l("Reason"))


class DecisionForm(OperationForm):
    """QC decision."""

    status = HiddenField()
    reason = StringField(_l("Reason"))
    on_reservations = RadioField(
        _l("What should happen to the reservations?"),
        choices=[
            SelectChoice("keep", _l("Keep in this lot (at risk)")),
            SelectChoice("reallocate", _l("Move to other lots, keep the rest at risk")),
            SelectChoice("unreserve", _l("Unreserve")),
        ],
        default="keep",
        validate_choice=False,
    )


class HoldForm(OperationForm):
    """Hold of a recall, and its lifting."""

    reason = StringField(
        _l("Reason"), _needed(_l("Enter a reason. It is saved in the QC history."))
    )
    reference = StringField(_l("Reference"))


class ScrapForm(OperationForm):
    """Scrap or supplier return."""

    qty = _qty()
    reason = StringField(_l("Reason"), _needed(_l("Enter a reason. It is saved in the ledger.")))
    reference = StringField(_l("Reference"))


class CountForm(OperationForm):
    """Count."""

    counted = QtyField(
        _l("Counted quantity"),
        _needed(_l("Enter the counted quantity (0 is allowed).")),
        render_kw=QTY_ATTRIBUTES,
    )
    lot_seq = HiddenField()
    #: What was on hand when the form was shown.
    shown = HiddenField()
    resolution = HiddenField()
    reason = StringField(_l("Reason"))


class SplitForm(OperationForm):
    """Split."""

    qty = _qty()
    lot_code = StringField(_l("New lot number"), _needed(_l("Enter a number for the new lot.")))
    allow_lookalike = HiddenField()
    location = StringField(_l("Location of the new lot"))
    reason = StringField(_l("Reason"))


class MoveForm(OperationForm):
    """Move."""

    location = StringField(_l("New location"), _needed(_l("Enter a location.")))


class LotForm(OperationForm):
    """Change of a lot."""

    expires_on = DateField(_l("Expires on"), [Optional()], render_kw=DAYS)
    supplier_lot = StringField(_l("Supplier's lot number"))
    location = StringField(_l("Location"))
    #: The values that the form was opened with, as JSON: only what differs is changed.
    shown = HiddenField()


class ReverseForm(OperationForm):
    """Reversal."""

    reason = StringField(_l("Reason"))


class LinkCodeForm(OperationForm):
    """Link of a barcode."""

    code = StringField(_l("Barcode"), _needed(_l("Scan or type the barcode.")))
    lot_id = SelectField(_l("Identifies"), coerce=number_or_none, choices=[], validate_choice=False)
    qty = QtyField(
        _l("Quantity per scan"), _needed(_l("Enter the quantity per scan.")), default="1",
        render_kw=QTY_ATTRIBUTES,
    )  # fmt: skip


class UnlinkCodeForm(OperationForm):
    """Unlinking of a barcode; no fields."""


class ItemForm(OperationForm):
    """New item."""

    code = StringField(lazy_pgettext("item", "Code"), _needed(_l("Enter an item code.")))
    name = StringField(_l("Name"), _needed(_l("Enter a name.")))
    unit = StringField(_l("Unit"), _needed(_l("Enter a unit, such as pcs or kg.")), default="pcs")
    decimals = IntegerField(_l("Decimal places"), [Optional()], default=0)
    reorder_point = QtyField(_l("Reorder point"), render_kw=QTY_ATTRIBUTES)
    qc_required = BooleanField(_l("Require a QC decision for each new lot"))
    allow_lookalike = HiddenField()


class ItemChangeForm(ItemForm):
    """Change of an item."""

    archived = BooleanField(_l("Archived (cannot be received)"))
    #: Posted by the button that archives an item with stock.
    confirmed = HiddenField()
