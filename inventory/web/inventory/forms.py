"""The forms of the operations. Their fields are named as the verbs of the ledger name them; what
is typed is checked by the core, here is only its shape."""

from __future__ import annotations

import secrets
from typing import Any

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

from inventory.web.auth.forms import PageForm

QTY_ATTRIBUTES = {"inputmode": "decimal", "autocomplete": "off"}


def _needed(words: str = "This is needed.") -> list[DataRequired]:
    return [DataRequired(words)]


def _qty(label: str = "Quantity") -> StringField:
    words = "A quantity is needed, like 12 or 12.5."
    return StringField(label, _needed(words), render_kw=QTY_ATTRIBUTES)


def number_or_none(value: Any) -> int | None:
    """The number of a row, or None for what cannot be one."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class OperationForm(PageForm):
    """Every operation carries a key, made with the form: sent twice, it is done once."""

    key = HiddenField()
    #: The page that the form stands on: where to go on to without scripts.
    back = HiddenField()

    def renew_key(self) -> None:
        self.key.data = secrets.token_urlsafe(16)


def _lot_choice() -> SelectField:
    return SelectField(
        "From lot", coerce=number_or_none, choices=[], validate_choice=False, default=None
    )


class ReceiveForm(OperationForm):
    item = StringField("Item", _needed("Which item? Write its code."))
    #: The form stands on a page of this item: it is shown, not asked for.
    fixed = HiddenField()
    lot_code = StringField("Lot code", _needed("The lot needs a code, as on its label."))
    qty = _qty()
    expires_on = DateField("Expires on", [Optional()])
    supplier_lot = StringField("Supplier's lot")
    location = StringField("Location")
    reference = StringField("Reference")
    note = TextAreaField("Note")
    add_to_lot = BooleanField("Add to that lot")


class CustomerReturnForm(ReceiveForm):
    reason = StringField("Reason", _needed("Why does it come back?"))


class ReserveForm(OperationForm):
    item = StringField("Item", _needed("Which item? Write its code."))
    #: The form stands on a page of this item: it is shown, not asked for.
    fixed = HiddenField()
    qty = _qty()
    reference = StringField("For", _needed("Whom for? A job or an order."))
    #: The last day of the promise, at the site.
    expires_at = DateField("Keep until", [Optional()])
    lot_id = _lot_choice()
    note = TextAreaField("Note")


class IssueForm(OperationForm):
    item = StringField("Item", _needed("Which item? Write its code."))
    #: The form stands on a page of this item: it is shown, not asked for.
    fixed = HiddenField()
    qty = _qty()
    lot_id = _lot_choice()
    reference = StringField("For")
    note = TextAreaField("Note")


class IssueReservedForm(OperationForm):
    qty = _qty()
    lot_id = _lot_choice()
    close_remainder = BooleanField("Close the rest")
    note = TextAreaField("Note")


class UnreserveForm(OperationForm):
    qty = _qty()
    lot_id = _lot_choice()
    reason = StringField("Reason")


class ReferenceForm(OperationForm):
    """All that is open for a reference. The parts are what the person saw when they said so."""

    reference = HiddenField()
    parts = HiddenField()


class UnreserveReferenceForm(ReferenceForm):
    reason = StringField("Reason")


class DecisionForm(OperationForm):
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
    """A recall, and its end."""

    reason = StringField("Reason", _needed("A reason is needed: it stays in the QC history."))
    reference = StringField("Reference")


class ScrapForm(OperationForm):
    qty = _qty()
    reason = StringField("Reason", _needed("A reason is needed: it stays in the ledger."))
    reference = StringField("Reference")


class CountForm(OperationForm):
    counted = StringField(
        "Counted", _needed("How much is there? 0 is an answer."), render_kw=QTY_ATTRIBUTES
    )
    lot_seq = HiddenField()
    resolution = HiddenField()
    reason = StringField("Reason")


class SplitForm(OperationForm):
    qty = _qty()
    lot_code = StringField("New lot code", _needed("The new lot needs a code of its own."))
    location = StringField("Its location")
    reason = StringField("Reason")


class MoveForm(OperationForm):
    location = StringField("New location", _needed("Where to?"))


class ReverseForm(OperationForm):
    reason = StringField("Reason")


class LinkCodeForm(OperationForm):
    code = StringField("Code", _needed("Scan the code, or type it."))
    lot_id = SelectField("It stands for", coerce=number_or_none, choices=[], validate_choice=False)
    qty = StringField(
        "One scan is", _needed("How much does one scan stand for?"), default="1",
        render_kw=QTY_ATTRIBUTES,
    )  # fmt: skip


class UnlinkCodeForm(OperationForm):
    """Nothing to fill in."""


class ItemForm(OperationForm):
    code = StringField("Code", _needed("The item needs a code."))
    name = StringField("Name", _needed("The item needs a name."))
    unit = StringField("Unit", _needed("What is it counted in?"), default="pcs")
    decimals = IntegerField("Decimals", [Optional()], default=0)
    reorder_point = StringField("Reorder at", render_kw=QTY_ATTRIBUTES)
    qc_required = BooleanField("Every new lot needs a QC decision")


class ItemChangeForm(ItemForm):
    archived = BooleanField("Archived: no more of it is received")
