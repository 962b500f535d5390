"""Response models, for the OpenAPI document only.

Responses are built in `inventory.api.serializers`.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from inventory.http.json_codec import camel_name
from inventory.models import Kind as KindEnum

Qty = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]{0,5}[1-9])?$",
            "description": "A decimal string without trailing zeros.",
        }
    ),
]
Signed = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{0,5}[1-9])?$",
            "description": "A decimal string that can be negative.",
        }
    ),
]
Timestamp = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "pattern": "Z$"})
]
Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
QC = Literal["APPROVED", "QUARANTINE", "REJECTED"]
Hold = Literal["QUARANTINE", "REJECTED", "EXPIRED"]
TxnType = Literal["RECEIVE", "RESERVE", "UNRESERVE", "ISSUE"]
Kind = Annotated[str, WithJsonSchema({"type": "string", "enum": [str(kind) for kind in KindEnum]})]

#: Default of fields that are absent unless needed.
_ABSENT: Any = None


class ResponseModel(BaseModel):
    model_config = ConfigDict(alias_generator=camel_name)


class Item(ResponseModel):
    code: str
    name: str
    unit: str
    decimals: int
    qc_required: bool
    reorder_point: Qty | None
    archived: bool


class Stock(ResponseModel):
    on_hand: Qty
    reserved: Qty
    available: Qty
    on_hold: Qty
    free: Qty


class StockedItem(Item, Stock):
    low_stock: bool = Field(description="The free quantity is at or below the reorder point.")


class Warning(ResponseModel):
    """A note about an accepted request."""

    code: Literal["EXPIRED"] = Field(description="EXPIRED: the lot has expired.")
    detail: str


class Lot(Stock):
    id: int
    item: str
    lot_code: str
    qc_status: QC
    expires_on: Day | None
    hold: Hold | None = Field(description="Why nothing of it can be reserved or issued.")
    supplier_lot: str | None
    location: str | None
    parent_lot_id: int | None
    received_at: Timestamp
    received_qty: Qty = Field(
        description="All that came in: receipts, returns, counts, splits and reversals."
    )
    issued_qty: Qty = Field(
        description="All that went out: issues, scraps, counts, splits and reversals."
    )
    lot_seq: int
    warnings: list[Warning] = Field(_ABSENT)


class ItemStock(Stock):
    item: str
    as_of: Timestamp
    lots: list[Lot]
    warnings: list[Warning] = Field(_ABSENT)


class ReservedLot(ResponseModel):
    lot_id: int
    lot_code: str
    qc_status: QC
    hold: Hold | None
    open_qty: Qty
    issued_qty: Qty


class Reservation(ResponseModel):
    id: int
    item: str
    reference: str
    qty: Qty
    open_qty: Qty
    issued_qty: Qty
    unreserved_qty: Qty
    expires_at: Timestamp | None
    at_risk: bool
    note: str | None
    created_at: Timestamp
    lots: list[ReservedLot]


class WrittenReservation(Reservation):
    operation_id: int = Field(description="The operation that this request posted.")


class Decision(ResponseModel):
    status: QC
    from_status: QC | None
    reason: str | None
    user: str
    decided_at: Timestamp
    operation_id: int


class LotDetail(Lot):
    net_received_qty: Qty = Field(
        description="What receipts and imports brought in, without those that were reversed."
    )
    net_issued_qty: Qty = Field(
        description="What was issued minus what customers returned to this lot, without operations"
        " that were reversed."
    )
    reservations: list[Reservation] = Field(description="The reservations with stock in the lot.")
    qc_history: list[Decision]


class SettledLot(ResponseModel):
    lot_id: int
    lot_code: str
    qty: Qty


class SettledReservation(ResponseModel):
    reservation_id: int
    reference: str
    qty: Qty = Field(description="Of this reservation, in all of `lots`.")
    unit: str
    lots: list[SettledLot]


class DecidedLot(Lot):
    reservations: list[Reservation] = Field(
        description="The reservations in the lot, after the decision."
    )
    moved: list[SettledReservation] = Field(
        description="What was moved to other lots: `lots` are those that it is reserved in now."
    )
    unreserved: list[SettledReservation] = Field(
        description="What was unreserved: `lots` are those that it was reserved in."
    )
    kept: list[SettledReservation] = Field(
        description="What is still reserved in the lot and at risk: it cannot be issued from"
        " there now."
    )
    operation_id: int


class Entry(ResponseModel):
    id: int
    operation_id: int
    kind: Kind
    item: str
    lot_id: int
    lot_code: str
    lot_seq: int
    txn_type: TxnType
    qty: Qty
    on_hand_after: Qty
    reserved_after: Qty
    reservation_id: int | None
    reference: str | None
    user: str
    timestamp: Timestamp
    hash: Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{64}$"})]


class Operation(ResponseModel):
    id: int
    kind: Kind
    replayed: bool
    reference: str | None
    reason: str | None
    note: str | None
    user: str
    recorded_at: Timestamp
    occurred_at: Timestamp | None
    reverses: int | None
    entries: list[Entry]
    warnings: list[Warning] = Field(_ABSENT)


class WrittenOperation(Operation):
    lot: Lot | None = Field(description="The counted lot, or the new lot of a split.")
    reservations: list[Reservation] = Field(description="The reservations that this changed.")
    open_reservations: list[Reservation] = Field(
        _ABSENT, description="Of a free issue: what its reference still has reserved of the item."
    )


class DecidedStatus(ResponseModel):
    lot_id: int
    lot_code: str
    from_status: QC
    status: QC


class HoldOperation(Operation):
    lots: list[DecidedStatus] = Field(description="The lots whose QC status this changed.")
    reservations: list[Reservation] = Field(description="Those that are reserved in these lots.")


class RecallDestination(ResponseModel):
    reference: str = Field(description="Empty for issues without a reference.")
    issued_qty: Qty
    returned_qty: Qty
    first_at: Timestamp
    last_at: Timestamp


class RecallReservation(ResponseModel):
    reservation_id: int
    reference: str
    lot_id: int
    lot_code: str
    qty: Qty


class Recall(ResponseModel):
    lot: Lot
    parents: list[Lot] = Field(description="The lots that it was split off from.")
    family: list[Lot] = Field(description="The lot and every lot split off it.")
    on_hand_qty: Qty = Field(description="Of the family, as all quantities here.")
    received_qty: Qty = Field(description="What came in, by receipts or from a parent lot.")
    issued_qty: Qty = Field(description="What was issued minus what was returned.")
    removed_qty: Signed = Field(description="What was scrapped or returned to the supplier.")
    counted_qty: Signed = Field(description="What counts removed minus what they added.")
    destinations: list[RecallDestination] = Field(description="The largest quantity first.")
    reservations: list[RecallReservation]


class Results(ResponseModel):
    results: list[WrittenOperation | WrittenReservation | DecidedLot] = Field(
        description="One response per operation, in order."
    )


class Code(ResponseModel):
    """A linked code."""

    id: int
    code: str = Field(description="A GTIN in 14 digits, or another barcode.")
    kind: Literal["GTIN", "TEXT"]
    item: str
    lot_id: int | None
    lot_code: str | None
    qty: Qty = Field(description="The quantity of one scan.")
    user: str
    created_at: Timestamp


class InternalLabel(ResponseModel):
    kind: Literal["lot", "item", "location"]
    id: int | None
    location: str | None


class Scan(ResponseModel):
    """A scanned code, taken apart."""

    text: str = Field(description="The code in one line; a GS1 message with brackets.")
    form: Literal["gs1", "gtin", "own", "plain"]
    symbology: str | None
    gtin: str | None
    contents: bool = Field(description="The GTIN identifies the contents: `count` units.")
    lot_code: str | None
    expires_on: Day | None
    best_before: Day | None
    produced_on: Day | None
    serial: str | None
    count: int | None
    measure: Qty | None = Field(description="A weight, length or volume, in `measureUnit`.")
    measure_unit: Literal["kg", "m", "m2", "l", "m3"] | None
    sscc: str | None
    own: InternalLabel | None = Field(description="The contents of a label of this system.")
    expected_digit: str | None = Field(
        description="The check digit that would make the code a GTIN."
    )


class Reading(ResponseModel):
    text: str
    lot_code: str | None
    expires_on: Day | None
    serial: str | None


class ScanWarning(ResponseModel):
    """A contradiction between the label and the stored data."""

    code: Literal[
        "EXPIRY_DIFFERS", "SEPARATOR_LOST", "CHECK_DIGIT", "ITEM_ARCHIVED", "QTY_NOT_POSSIBLE"
    ]
    detail: str
    label_expires_on: Day = Field(_ABSENT)
    stored_expires_on: Day | None = Field(_ABSENT)
    readings: list[Reading] = Field(_ABSENT, description="Other readings of the label.")
    expected_digit: str = Field(_ABSENT)
    label_qty: Qty = Field(_ABSENT)


class ScanCandidate(ResponseModel):
    """One of several records that a scanned code can identify."""

    kind: Literal["lot", "item", "new_lot", "location", "several", "unknown"]
    how: Literal["own_label", "gtin", "linked_code", "lot_code", "supplier_lot", "item_code"] | None
    code: str | None = Field(description="The barcode that is linked or can be linked.")
    linkable: bool
    item: Item | None
    lot: Lot | None
    lot_code: str | None
    expires_on: Day | None = Field(description="Of the lot, or of the label if the lot is new.")
    serial: str | None
    location: str | None
    qty: Qty | None = Field(description="The quantity of one scan, if known.")
    warnings: list[ScanWarning]


class ScanResult(ScanCandidate):
    """The record that a scanned code identifies."""

    choices: list[ScanCandidate]
    scan: Scan


Row = TypeVar("Row", bound=ResponseModel)


class Page(ResponseModel, Generic[Row]):
    data: list[Row]
    next_cursor: str | None = Field(description="The next `cursor`; null on the last page.")


class ItemPage(Page[StockedItem]):
    """Items by code."""


class LotPage(Page[Lot]):
    """Lots, newest first."""


class ReservationPage(Page[Reservation]):
    """Reservations, newest first."""


class EntryPage(Page[Entry]):
    """Ledger entries, newest first."""


class CodePage(Page[Code]):
    """Linked codes, newest first."""


class Finding(ResponseModel):
    table: str
    row: int | str | None
    what: str
    expected: str
    found: str


class Verification(ResponseModel):
    started_at: Timestamp
    seconds: float
    entries: int
    ok: bool
    differences: int
    findings: list[Finding] = Field(description="The first differences.")


class Health(ResponseModel):
    status: Literal["ok"]


class Error(ResponseModel):
    field: str
    detail: str
    code: str


class Problem(ResponseModel):
    """Why a request was refused (RFC 9457), with the numbers behind it.

    `code` tells what it is. Which figures come with which code: see the examples.
    """

    type: str = Field(description="The URI of the code's description.")
    title: str
    status: int
    detail: str = Field(description="A sentence for users.")
    code: str
    field: str = Field(
        _ABSENT, description="The path of the field: lots[0].qty, operations[3].item."
    )
    index: int = Field(
        _ABSENT,
        description="The index of the operation in the batch, from 0. The figures count the"
        " operations before it in the batch, although nothing was posted.",
    )
    errors: list[Error] = Field(_ABSENT, description="All errors, if there are several.")
    requested: Qty = Field(_ABSENT)
    free: Qty = Field(_ABSENT)
    on_hand: Qty = Field(_ABSENT)
    reserved: Qty = Field(_ABSENT)
    available: Qty = Field(_ABSENT)
    on_hold: Qty = Field(_ABSENT)
