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
from inventory.web.auth.form_drafts import sign_owner
from inventory.web.auth.forms import PageForm

QTY_ATTRIBUTES = {"inputmode": "decimal", "autocomplete": "off"}


def _needed(words: str = "This is needed.") -> list[DataRequired]:
    return [DataRequired(words)]


class QtyField(StringField):
    """A quantity as it was typed; the ledger reads it when it knows the item."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Keep the text of the form."""
        if valuelist:
            self.data = TypedQty(valuelist[0])


def _qty(label: str = "Quantity") -> QtyField:
    words = "A quantity is needed, like 12 or 12.5."
    return QtyField(label, _needed(words), render_kw=QTY_ATTRIBUTES)


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
        "From lot", coerce=number_or_none, choices=[], validate_choice=False, default=None
    )


class ReceiveForm(OperationForm):
    """Receipt."""

    item = StringField("Item", _needed("Which item? Write its code."))
    #: Set on an item's page: the item is shown, not a field.
    fixed = HiddenField()
    lot_code = StringField("Lot code", _needed("The lot needs a code, as on its label."))
    qty = _qty()
    expires_on = DateField("Expires on", [Optional()])
    supplier_lot = StringField("Supplier's lot")
    location = StringField("Location")
    reference = StringField("Reference")
    note = TextAreaField("Note")
    add_to_lot = BooleanField("Add to that lot")
    #: Set by a button of the refusal: the code may look like another one's.
    allow_lookalike = HiddenField()


class CustomerReturnForm(OperationForm):
    """Return from a customer."""

    item = StringField("Item", _needed("Which item? Write its code."))
    #: Set on an item's page: the item is shown, not a field.
    fixed = HiddenField()
    lot_code = StringField("Lot code", _needed("The lot that it came from, as on its label."))
    qty = _qty()
    reference = StringField("Returned by")
    reason = StringField("Reason", _needed("Why does it come back?"))
    location = StringField("Location")
    quarantine = BooleanField("Put it into quarantine")
    unmatched = BooleanField("It matches no issue")
    allow_lookalike = HiddenField()
    #: The operation that issued the goods, if the form was opened from it.
    return_of = HiddenField()
    note = TextAreaField("Note")


class ReserveForm(OperationForm):
    """Reservation of an item."""

    item = StringField("Item", _needed("Which item? Write its code."))
    #: Set on an item's page: the item is shown, not a field.
    fixed = HiddenField()
    qty = _qty()
    reference = StringField("For", _needed("Whom for? A job or an order."))
    #: Last day of the reservation, in the site's zone.
    expires_at = DateField("Keep until", [Optional()])
    lot_id = _lot_choice()
    note = TextAreaField("Note")


class IssueForm(OperationForm):
    """Issue of an item."""

    item = StringField("Item", _needed("Which item? Write its code."))
    #: Set on an item's page: the item is shown, not a field.
    fixed = HiddenField()
    qty = _qty()
    lot_id = _lot_choice()
    reference = StringField("For")
    besides = BooleanField("Besides what is reserved for it")
    note = TextAreaField("Note")


class IssueReservedForm(OperationForm):
    """Issue of a reservation."""

    qty = _qty()
    lot_id = _lot_choice()
    close_remainder = BooleanField("Close the rest")
    note = TextAreaField("Note")


class UnreserveForm(OperationForm):
    """Unreservation."""

    qty = _qty()
    lot_id = _lot_choice()
    reason = StringField("Reason")


class ReferenceForm(OperationForm):
    """Everything open for a reference; `parts` is what the page showed to the user."""

    reference = HiddenField()
    parts = HiddenField()


class UnreserveReferenceForm(ReferenceForm):
    """Unreservation of everything open for a reference."""

    reason = StringField("Reason")


class DecisionForm(OperationForm):
    """QC decision."""

    status = HiddenField()
    reason = StringField("Reason")
    on_reservations = RadioField(
        "What becomes of the reservations?",
        choices=[
            SelectChoice("keep", "Keep them here, at risk"),
            SelectChoice("reallocate", "Move what fits to other lots, keep the rest at risk"),
            SelectChoice("unreserve", "Unreserve them"),
        ],
        default="keep",
        validate_choice=False,
    )


class HoldForm(OperationForm):
    """Hold of a recall, and its lifting."""

    reason = StringField("Reason", _needed("A reason is needed: it stays in the QC history."))
    reference = StringField("Reference")


class ScrapForm(OperationForm):
    """Scrap or supplier return."""

    qty = _qty()
    reason = StringField("Reason", _needed("A reason is needed: it stays in the ledger."))
    reference = StringField("Reference")


class CountForm(OperationForm):
    """Count."""

    counted = QtyField(
        "Counted", _needed("How much is there? 0 is an answer."), render_kw=QTY_ATTRIBUTES
    )
    lot_seq = HiddenField()
    #: What was on hand when the form was shown.
    shown = HiddenField()
    resolution = HiddenField()
    reason = StringField("Reason")


class SplitForm(OperationForm):
    """Split."""

    qty = _qty()
    lot_code = StringField("New lot code", _needed("The new lot needs a code of its own."))
    allow_lookalike = HiddenField()
    location = StringField("Its location")
    reason = StringField("Reason")


class MoveForm(OperationForm):
    """Move."""

    location = StringField("New location", _needed("Where to?"))


class LotForm(OperationForm):
    """Change of a lot."""

    expires_on = DateField("Expires on", [Optional()])
    supplier_lot = StringField("Supplier's lot")
    location = StringField("Location")
    #: The values that the form was opened with, as JSON: only what differs is changed.
    shown = HiddenField()


class ReverseForm(OperationForm):
    """Reversal."""

    reason = StringField("Reason")


class LinkCodeForm(OperationForm):
    """Link of a barcode."""

    code = StringField("Code", _needed("Scan the code, or type it."))
    lot_id = SelectField("It stands for", coerce=number_or_none, choices=[], validate_choice=False)
    qty = QtyField(
        "One scan is", _needed("How much does one scan stand for?"), default="1",
        render_kw=QTY_ATTRIBUTES,
    )  # fmt: skip


class UnlinkCodeForm(OperationForm):
    """Unlinking of a barcode; no fields."""


class ItemForm(OperationForm):
    """New item."""

    code = StringField("Code", _needed("The item needs a code."))
    name = StringField("Name", _needed("The item needs a name."))
    unit = StringField("Unit", _needed("What is it counted in?"), default="pcs")
    decimals = IntegerField("Decimals", [Optional()], default=0)
    reorder_point = QtyField("Reorder at", render_kw=QTY_ATTRIBUTES)
    qc_required = BooleanField("Every new lot needs a QC decision")
    allow_lookalike = HiddenField()


class ItemChangeForm(ItemForm):
    """Change of an item."""

    archived = BooleanField("Archived: no more of it is received")
    #: Posted by the button that archives an item with stock.
    confirmed = HiddenField()
