"""Unit of work of one transaction: loaded records and planned writes.

Rules read and change only this object. `append_entry` changes the figures of the lot and the
reservation at once, so that a later command of the batch sees what an earlier one did. Quantities
are integers in 10^-6 units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from inventory.common.clock import Time
from inventory.common.errors import InvalidInput, LooksLike, NotFound, StateConflict
from inventory.common.lookalikes import case_key, look_key
from inventory.common.messages import message
from inventory.common.quantity import MAX, Qty
from inventory.ledger.commands import Request
from inventory.ledger.planned import PlannedEntry, PlannedOperation, PlannedQcDecision
from inventory.models import Kind, QcStatus, TxnType
from inventory.stock.allocation import allocate, sort_by_strategy
from inventory.stock.entities import Item, Lot, Operation, Reservation, choose_by_code
from inventory.stock.recall import LotQcDecision

#: How far the clock of a client can be ahead, or behind.
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ReversalTarget:
    """A posted operation that is to be reversed."""

    operation: Operation
    reversed_by: int | None
    #: Reads the later operations that issued or reserved stock of a lot (by id), newest first.
    later: Callable[[int], list[dict[str, Any]]]
    #: The operation that a chain of reversals began with, and the number of reversals after it.
    root: Operation
    depth: int


class ReturnableQty(NamedTuple):
    """What was issued of a lot and what came back of that, in 10^-6 units."""

    issued: int
    returned: int


class CandidatesIncomplete(Exception):
    """Raised if the balance tables list too little free stock of an item.

    The caller loads all lots of the item from the ledger and plans again.
    """

    def __init__(self, item: Item) -> None:
        super().__init__(item.code)
        self.item = item


@dataclass(slots=True)
class UnitOfWork:
    """Everything that rules can read, and the operations they plan."""

    now: datetime
    today: date
    user_id: int = 0
    items: dict[str, Item] = field(default_factory=dict)
    lots: dict[int, Lot] = field(default_factory=dict)
    #: (item id, lot code) to lot, for the codes that the commands name.
    codes: dict[tuple[int, str], Lot] = field(default_factory=dict)
    #: (item id, look key) to the lots whose codes look alike, the first one first.
    lookalikes: dict[tuple[int, str], list[Lot]] = field(default_factory=dict)
    #: Item id to the lots that allocation can choose from.
    stocked: dict[int, list[Lot]] = field(default_factory=dict)
    _ordered: dict[tuple[int, str], list[Lot]] = field(default_factory=dict)
    #: Ids of the items whose `stocked` lots were read from the ledger, not from the balance tables.
    complete: set[int] = field(default_factory=set)
    reservations: dict[int, Reservation] = field(default_factory=dict)
    #: Reads the reservations that hold stock in a lot (by id); called only if a rule needs them.
    read_holders: Callable[[UnitOfWork, int], list[Reservation]] = lambda uow, lot_id: []
    #: Reads what a reference has reserved of an item (by id).
    read_reserved_for: Callable[[UnitOfWork, int, str], list[Reservation]] = (
        lambda uow, item_id, reference: []
    )
    #: Reads when the goods of a lot (by id) came in; called for commands with `occurred_at` only.
    read_arrival: Callable[[int], datetime | None] = lambda lot_id: None
    #: Reads what was issued of a lot (by id), to one reference or to all, and what came back.
    read_returnable: Callable[[int, str | None], ReturnableQty] = lambda lot_id, reference: (
        ReturnableQty(0, 0)
    )
    #: Reads the customer returns of a lot (by id) that are in effect, newest first.
    read_returns: Callable[[int], list[dict[str, Any]]] = lambda lot_id: []
    #: Reads whether every operation in a lot (by id) was reversed.
    read_is_void: Callable[[int], bool] = lambda lot_id: False
    #: Reads whether an item (by id) has a lot whose code looks like this.
    read_has_code: Callable[[int, str], bool] = lambda item_id, code: False
    #: Operation id to the operation, for customer returns that name it.
    issues_returned: dict[int, Operation] = field(default_factory=dict)
    #: Lots that are as if new, with the columns to change and their values before.
    renewed: list[tuple[Lot, dict[str, Any]]] = field(default_factory=list)
    #: Lots that the plan does not write to, but on whose history it depends.
    decided_by: set[Lot] = field(default_factory=set)
    #: Reads whether an item (by id) has lots, after which its unit and decimals are fixed.
    read_is_used: Callable[[int], bool] = lambda item_id: True
    #: Lot id to the sequence number and hash of its last QC decision.
    last_decisions: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    #: Lot id to the ids of its descendants, for holds; operation id to its decisions, for releases.
    families: dict[int, list[int]] = field(default_factory=dict)
    decided: dict[int, list[LotQcDecision]] = field(default_factory=dict)
    #: Operation id to the operation, for reversals.
    reversal_targets: dict[int, ReversalTarget] = field(default_factory=dict)
    #: (lot id, lot_seq) to the quantity on hand after that entry, for counts.
    seen: dict[tuple[int, int], int] = field(default_factory=dict)
    #: Expired reservations; they are unreserved before the commands are planned.
    expired: list[Reservation] = field(default_factory=list)
    operations: list[PlannedOperation] = field(default_factory=list)
    _arrivals: dict[int, datetime | None] = field(default_factory=dict)
    #: Lot to the reservations that the plan makes or moves there.
    _reserved_in: dict[Lot, list[Reservation]] = field(default_factory=dict)

    def item(self, code: str) -> Item:
        """Return the item with this code.

        Raises:
            NotFound: unknown item.
        """
        try:
            return self.items[code]
        except KeyError:
            raise NotFound(
                message("There is no item %(code)s.", code=code), field="item", item=code
            ) from None

    def lot(self, lot_id: int) -> Lot:
        """Return the lot with this id.

        Raises:
            NotFound: unknown lot.
        """
        try:
            return self.lots[lot_id]
        except KeyError:
            raise NotFound(
                message("There is no lot with the ID %(lot_id)s.", lot_id=lot_id),
                field="lot_id",
                lot_id=lot_id,
            ) from None

    def lot_of(self, item: Item, lot_id: int) -> Lot:
        """Return the lot with this id, which must be a lot of the item.

        Raises:
            NotFound: unknown lot.
            InvalidInput: a lot of another item.
        """
        lot = self.lot(lot_id)
        if lot.item.id != item.id:
            raise InvalidInput(
                message(
                    "Lot %(lot)s is a lot of %(item)s, not of %(item_2)s.",
                    lot=lot.lot_code,
                    item=lot.item.code,
                    item_2=item.code,
                ),
                field="lots",
                lot_id=lot_id,
            )
        return lot

    def reservation(self, reservation_id: int) -> Reservation:
        """Return the reservation with this id.

        Raises:
            NotFound: unknown reservation.
        """
        try:
            return self.reservations[reservation_id]
        except KeyError:
            raise NotFound(
                message(
                    "There is no reservation number %(reservation_id)s.",
                    reservation_id=reservation_id,
                ),
                field="reservation",
                reservation_id=reservation_id,
            ) from None

    def allocate(self, item: Item, qty: int, strategy: str) -> list[tuple[Lot, int]] | None:
        """Spread a quantity over the item's free stock.

        Returns:
            (lot, quantity) pairs, or None if less is free.

        Raises:
            CandidatesIncomplete: the balance tables list too little stock.
        """
        taken = self.allocate_up_to(item, qty, strategy)
        return taken if sum(part for _, part in taken) == qty else None

    def allocate_up_to(self, item: Item, qty: int, strategy: str) -> list[tuple[Lot, int]]:
        """Spread a quantity, or as much of it as is free, over the item's free stock.

        Raises:
            CandidatesIncomplete: the balance tables list too little stock.
        """
        if (item.id, strategy) not in self._ordered:
            candidates = self.stocked.get(item.id, [])
            self._ordered[item.id, strategy] = sort_by_strategy(candidates, strategy)
        taken = allocate(self._ordered[item.id, strategy], qty, today=self.today)
        if item.id not in self.complete and sum(part for _, part in taken) < qty:
            raise CandidatesIncomplete(item)
        return taken

    def past_operation(self, operation_id: int) -> ReversalTarget:
        """Return the operation to reverse.

        Raises:
            NotFound: unknown operation.
        """
        try:
            return self.reversal_targets[operation_id]
        except KeyError:
            raise NotFound(
                message(
                    "There is no operation number %(operation_id)s.", operation_id=operation_id
                ),
                field="operation_id",
                operation_id=operation_id,
            ) from None

    def reservations_in(self, lot: Lot) -> list[Reservation]:
        """Return the reservations that hold stock in this lot, oldest first.

        Includes those that an earlier command of the batch made or moved here.
        """
        stored = self.read_holders(self, lot.id) if lot.id is not None else []
        found = dict.fromkeys([*stored, *self._reserved_in.get(lot, ())])
        holders = [one for one in found if any(line.lot is lot and line.open for line in one.lines)]
        return sorted(holders, key=lambda one: (one.id is None, one.id or 0))

    def reserved_for(self, item: Item, reference: str) -> list[Reservation]:
        """Return what a reference has reserved of an item, oldest first, also in this batch.

        A reference that has nothing reserved finds the only one that differs in case.
        """
        stored = self.read_reserved_for(self, item.id, reference)
        planned = [plan.reservation for plan in self.operations if plan.reservation]
        found = [
            one for one in dict.fromkeys([*stored, *planned]) if one.item.id == item.id and one.open
        ]
        exact = [one for one in found if one.reference == reference]
        wanted = case_key(reference)
        alike = exact or [one for one in found if case_key(one.reference) == wanted]
        return alike if len({one.reference for one in alike}) == 1 else []

    def add_operation(self, kind: Kind, request: Request, **fields: Any) -> PlannedOperation:
        """Plan an operation with the text fields of the command.

        Raises:
            StateConflict: the command says that it happened in the future.
        """
        occurred_at = getattr(request, "occurred_at", None)
        if occurred_at is not None and occurred_at > self.now + CLOCK_TOLERANCE:
            raise StateConflict(
                message("%(time)s is in the future.", time=Time(occurred_at)), field="occurred_at"
            )
        for name in ("reference", "reason", "note", "occurred_at"):
            fields.setdefault(name, getattr(request, name, None))
        operation = PlannedOperation(kind, **fields)
        self.operations.append(operation)
        return operation

    def register_code(self, lot: Lot) -> None:
        """Make a lot known by its code."""
        self.codes[lot.item.id, lot.lot_code] = lot
        alike = self.lookalikes.setdefault((lot.item.id, look_key(lot.lot_code)), [])
        if lot not in alike:
            alike.append(lot)

    def find_lot(self, item: Item, code: str) -> Lot | None:
        """Return the lot with this code, in any case if only one is meant, or None."""
        exact = self.codes.get((item.id, code))
        return exact or choose_by_code(self.lookalikes.get((item.id, look_key(code)), ()), code)

    def require_distinct_code(self, item: Item, code: str, *, allow_lookalike: bool | None) -> None:
        """Refuse the code of a new lot that cannot be told apart from another lot's.

        Raises:
            LooksLike: there is such a lot, and `allow_lookalike` is not set.
        """
        alike = self.lookalikes.get((item.id, look_key(code)))
        if alike and not allow_lookalike:
            raise LooksLike(
                message(
                    "%(code)s looks like %(lot)s, an existing lot of %(item)s. Use that lot, or"
                    " confirm that this is a new one.",
                    code=code,
                    lot=alike[0].lot_code,
                    item=item.code,
                ),
                field="lot_code",
                item=item.code,
                lot_code=alike[0].lot_code,
                lot_id=alike[0].id,
            )

    def add_lot(self, operation: PlannedOperation, lot: Lot, *, reason: str | None = None) -> None:
        """Plan a new lot with its first QC status."""
        self.register_code(lot)
        lot.look_no = self.lookalikes[lot.item.id, look_key(lot.lot_code)].index(lot)
        self.stocked.setdefault(lot.item.id, []).append(lot)
        self._ordered.clear()
        operation.decisions.append(PlannedQcDecision(lot, 1, None, lot.qc_status, reason))

    def is_void(self, lot: Lot) -> bool:
        """Return whether every operation in the lot was reversed."""
        is_empty = lot.id is not None and lot.on_hand == lot.reserved == 0
        return is_empty and not self._is_planned(lot) and self.read_is_void(lot.id or 0)

    def _is_planned(self, lot: Lot) -> bool:
        return lot in self._written_to()

    def renew(self, operation: PlannedOperation, lot: Lot, new: Lot) -> None:
        """Plan the fields of a new lot for one that is void."""
        names = ("expires_on", "supplier_lot", "location", "received_at")
        before = {name: getattr(lot, name) for name in names}
        for name in names:
            setattr(lot, name, getattr(new, name))
        self.renewed.append((lot, before))
        if lot.qc_status != new.qc_status:
            self.decide(operation, lot, QcStatus(new.qc_status))

    def decide(self, operation: PlannedOperation, lot: Lot, status: QcStatus) -> None:
        """Plan a QC decision and change the lot's status."""
        assert lot.id is not None
        seq, last_hash = self.last_decisions[lot.id]
        self.last_decisions[lot.id] = (seq + 1, last_hash)
        operation.decisions.append(
            PlannedQcDecision(lot, seq + 1, lot.qc_status, status, operation.reason)
        )
        lot.qc_status = str(status)

    def append_entry(
        self,
        operation: PlannedOperation,
        txn_type: TxnType,
        lot: Lot,
        qty: int,
        reservation: Reservation | None = None,
    ) -> None:
        """Plan an entry and change the figures; no other code changes figures.

        Raises:
            StateConflict: the operation says that it happened before the lot came in, or the lot
                would have received more than the largest quantity in all.
        """
        self._require_arrived(operation, lot)
        entry = PlannedEntry(
            lot,
            txn_type,
            qty,
            max(self.now, lot.last_at or self.now),
            lot.lot_seq + 1,
            lot.on_hand,
            lot.reserved,
            lot.received,
            lot.on_hand + qty * ((txn_type == "RECEIVE") - (txn_type == "ISSUE")),
            lot.reserved + qty * ((txn_type == "RESERVE") - (txn_type == "UNRESERVE")),
            lot.received + qty * (txn_type == "RECEIVE"),
            reservation,
        )
        if entry.received_after > MAX:
            raise StateConflict(
                message(
                    "Lot %(lot)s would have received more than %(max)s in total, the limit of a"
                    " lot.",
                    lot=lot.lot_code,
                    max=Qty(MAX),
                ),
                field="qty",
            )
        lot.lot_seq = entry.lot_seq
        lot.on_hand = entry.on_hand_after
        lot.reserved = entry.reserved_after
        lot.received = entry.received_after
        lot.last_at = entry.timestamp
        if reservation is not None:
            if txn_type == TxnType.RESERVE:
                self._reserved_in.setdefault(lot, []).append(reservation)
            line = reservation.get_or_create_line(lot)
            entry.line_seq = line.line_seq + 1
            entry.open_before, entry.issued_before = line.open, line.issued
            line.line_seq = entry.line_seq
            line.open += qty * ((txn_type == "RESERVE") - (txn_type == "UNRESERVE"))
            line.issued += qty * ((txn_type == "ISSUE") - (txn_type == "RECEIVE"))
            entry.open_after, entry.issued_after = line.open, line.issued
        operation.entries.append(entry)

    def _require_arrived(self, operation: PlannedOperation, lot: Lot) -> None:
        if operation.occurred_at is None or lot.id is None:
            return
        if lot.id not in self._arrivals:
            self._arrivals[lot.id] = self.read_arrival(lot.id)
        arrived_at = self._arrivals[lot.id]
        if arrived_at is not None and operation.occurred_at + CLOCK_TOLERANCE < arrived_at:
            raise StateConflict(
                message(
                    "%(time)s is before %(arrived_at)s, when lot %(lot)s was received.",
                    time=Time(operation.occurred_at),
                    lot=lot.lot_code,
                    arrived_at=Time(arrived_at),
                ),
                field="occurred_at",
            )

    def modified_lot_ids(self) -> set[int]:
        """Return the ids of the existing lots that the plan writes to or depends on.

        These lots must be locked.
        """
        return {lot.id for lot in self._written_to() | self.decided_by if lot.id is not None}

    def has_lot_code(self, item: Item, code: str) -> bool:
        """Return whether the item has a lot whose code looks like this, also one of this batch."""
        return (item.id, look_key(code)) in self.lookalikes or self.read_has_code(item.id, code)

    def returned_in_plan(self, lot: Lot, reference: str | None) -> int:
        """Return what earlier commands of the batch returned to the lot, in 10^-6 units."""
        return sum(
            entry.qty
            for operation in self.operations
            if operation.kind == Kind.CUSTOMER_RETURN
            and (reference is None or operation.reference == reference)
            for entry in operation.entries
            if entry.lot is lot or entry.lot.parent_lot_id == lot.id
        )

    def items_to_watch(self) -> set[int]:
        """Return the ids of the changed items that have a reorder point."""
        found = (lot.item for lot in self._written_to())
        return {item.id for item in found if item.reorder_point is not None}

    def _written_to(self) -> set[Lot]:
        lots: set[Lot] = set()
        for operation in self.operations:
            lots.update(entry.lot for entry in operation.entries)
            lots.update(decision.lot for decision in operation.decisions)
            lots.update(count.lot for count in operation.counts)
        return lots
