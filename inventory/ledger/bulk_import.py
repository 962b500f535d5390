"""Opening stock and counts from a file, posted as one operation.

Each row is checked, and all that is wrong is reported, not only the first error. Rows that an
earlier import posted, and that were not reversed, change nothing, so that a file can be imported
twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock, instrumentation
from inventory.common.chunks import chunks
from inventory.common.errors import DuplicateLot, InvalidInput, NotFound, Refusal, StaleLot
from inventory.common.lookalikes import look_key
from inventory.common.messages import join_sentences, message
from inventory.common.progress import SILENT, Progress
from inventory.common.quantity import Qty, parse_qty
from inventory.ledger import loader, writer
from inventory.ledger.planned import PlannedCount, PlannedOperation
from inventory.ledger.rules import counts as rules_counts
from inventory.ledger.rules import expiry
from inventory.ledger.rules.quality import describe_status
from inventory.ledger.rules.receipts import describe_difference
from inventory.ledger.unit_of_work import UnitOfWork
from inventory.models import Kind, LotCount, QcStatus, TxnType, table
from inventory.stock import queries as stock
from inventory.stock.entities import Item, Lot, Operation
from inventory.stock.statements import ledger, operations
from inventory.webhooks import low_stock

counts = table(LotCount)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningLot:
    """A row of opening stock: a lot and its quantity on hand."""

    item: str
    lot_code: str
    qty: str
    qc_status: str | None = None
    expires_on: date | None = None
    supplier_lot: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLot:
    """A row of a count; `expected` is the quantity on the counting sheet."""

    item: str
    lot_code: str
    counted: str
    expected: str | None = None


@dataclass(slots=True)
class Plan:
    """The operation to write, and the rows that were refused, by index.

    `new`, `changed` and `same` count the rows that create a lot, change one or change nothing.
    """

    uow: UnitOfWork
    operation: PlannedOperation
    refused: list[tuple[int, Refusal]] = field(default_factory=list)
    #: What a user should look at before the import, by index.
    notes: list[tuple[int, str]] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    same: int = 0


def plan_opening(
    conn: Connection,
    rows: Sequence[OpeningLot],
    *,
    lock: bool,
    reference: str | None = None,
    progress: Progress = SILENT,
) -> Plan:
    """Plan opening stock: each row becomes a lot with its quantity on hand.

    A lot that an earlier import posted with the same quantity is left alone. A lot whose import was
    reversed is filled again.

    Args:
        lock: lock the items and lots, for the transaction that will write.

    Returns:
        The plan; refused rows are in `refused` and nothing is raised for them.
    """
    plan = _start(conn, rows, lock=lock, reference=reference, reason="Opening stock")
    brought = _imported_quantities(conn, plan.uow.lots)
    _check_rows(plan, rows, partial(_open, plan, brought), progress)
    plan.notes += _lookalike_notes(plan, rows) + _expired_notes(plan, rows)
    return plan


def plan_counts(
    conn: Connection,
    rows: Sequence[CountedLot],
    *,
    lock: bool,
    reference: str | None = None,
    progress: Progress = SILENT,
) -> Plan:
    """Plan counts: each row adjusts one lot.

    A row is refused if the lot changed after its sheet was printed, or if more is reserved than was
    counted.

    Args:
        lock: lock the items and lots, for the transaction that will write.

    Returns:
        The plan; refused rows are in `refused` and nothing is raised for them.
    """
    plan = _start(conn, rows, lock=lock, reference=reference, reason="Count")
    plan.uow.read_holders = partial(loader.read_holders, conn)
    loader.read_expired(conn, plan.uow)
    plan.uow.operations.remove(plan.operation)
    expiry.release_expired(plan.uow)
    plan.uow.operations.append(plan.operation)
    _check_rows(plan, rows, partial(_count, plan), progress)
    return plan


def write(
    tx: Connection, plan: Plan, *, user_id: int, user_name: str, progress: Progress = SILENT
) -> Operation:
    """Write a plan made with `lock`, in the same transaction."""
    assert not plan.refused
    written = writer.write(tx, plan.uow, user_id=user_id, user_name=user_name, progress=progress)
    low_stock.update_low_stock_events(tx, plan.uow.items_to_watch())
    instrumentation.operation_finished.send(kind=Kind.IMPORT, outcome="posted")
    return written[-1]


def _start(
    conn: Connection,
    rows: Sequence[OpeningLot | CountedLot],
    *,
    lock: bool,
    reference: str | None,
    reason: str,
) -> Plan:
    uow = UnitOfWork(now=clock.now(), today=clock.today())
    codes = sorted({row.item for row in rows})
    if lock:
        loader.lock_items(conn, codes)
    uow.items = stock.find_items(conn, codes)
    named = [(uow.items[row.item].id, row.lot_code) for row in rows if row.item in uow.items]
    found = stock.read_lookalike_lots(conn, named)
    if lock:
        ids = [lot.id for lot in found if lot.id]
        loader.lock_lots(conn, ids)
        found = stock.read_lots(conn, ids)
    for lot in found:
        uow.lots[lot.id or 0] = lot
        uow.register_code(lot)
    operation = PlannedOperation(Kind.IMPORT, reference=reference, reason=reason)
    uow.operations.append(operation)
    return Plan(uow, operation)


def _check_rows(
    plan: Plan, rows: Sequence[Any], rule: Callable[[Any], None], progress: Progress
) -> None:
    progress.start(message("Validating"), len(rows))
    for index, row in enumerate(rows):
        try:
            rule(row)
        except Refusal as refusal:
            plan.refused.append((index, refusal))
        except _MultipleRefusals as several:
            plan.refused += [(index, refusal) for refusal in several.refusals]
        if index % 500 == 499:
            progress.step(500)


class _MultipleRefusals(Exception):
    """More than one refusal of a row."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__()
        self.refusals = refusals


def _all(*steps: Callable[[], T]) -> list[T]:
    """Run every step and return the results; raise all refusals together."""
    done: list[T] = []
    refusals: list[Refusal] = []
    for step in steps:
        try:
            done.append(step())
        except Refusal as refusal:
            refusals.append(refusal)
    if refusals:
        raise _MultipleRefusals(refusals)
    return done


def _item(uow: UnitOfWork, code: str) -> Item:
    item = uow.item(code)
    if item.archived_at is not None:
        raise InvalidInput(
            message("%(code)s is archived. It cannot be imported.", code=code), field="item"
        )
    return item


def _open(plan: Plan, brought: dict[int, list[tuple[int, bool]]], row: OpeningLot) -> None:
    """Check the item, then the quantity and whether the lot exists."""
    uow = plan.uow
    item = _item(uow, row.item)
    read = partial(parse_qty, row.qty, decimals=item.decimals, unit=item.unit)
    lot = uow.codes.get((item.id, row.lot_code))
    if lot is None:
        qty: int = read()
        lot = _new_lot(uow, item, row)
        uow.add_lot(plan.operation, lot, reason="as imported")
        plan.new += 1
    else:
        earlier = brought.get(lot.id or 0, [])
        [qty, *_] = _all(
            read,
            partial(_require_imported, lot, earlier),
            partial(_require_same_fields, lot, row, earlier),
        )
        if stands := [before for before, stands in earlier if stands]:
            _require_same(lot, qty, stands)
            plan.same += 1
            return
        plan.changed += 1
    uow.append_entry(plan.operation, TxnType.RECEIVE, lot, qty)


def _lookalike_notes(plan: Plan, rows: Sequence[OpeningLot]) -> list[tuple[int, str]]:
    """Return a note for each new lot whose code looks like one of another lot of the item."""
    notes: list[tuple[int, str]] = []
    for index, row in enumerate(rows):
        item = plan.uow.items.get(row.item)
        lot = item and plan.uow.codes.get((item.id, row.lot_code))
        if item and lot and lot.id is None and lot.look_no:
            first = plan.uow.lookalikes[item.id, look_key(row.lot_code)][0].lot_code
            notes.append(
                (
                    index,
                    message(
                        "Lot %(code)s is new, but it looks like lot %(other)s. If this is the same"
                        " lot, fix the lot number in the file.",
                        code=row.lot_code,
                        other=first,
                    ),
                )
            )
    return notes


def _expired_notes(plan: Plan, rows: Sequence[OpeningLot]) -> list[tuple[int, str]]:
    """Return a note for each lot that has expired."""
    refused = {index for index, _ in plan.refused}
    return [
        (
            index,
            message(
                "Lot %(lot)s expired on %(day)s: it is on hold.",
                lot=row.lot_code,
                day=row.expires_on,
            ),
        )
        for index, row in enumerate(rows)
        if row.expires_on is not None and row.expires_on < plan.uow.today and index not in refused
    ]


def _status_of(item: Item, row: OpeningLot) -> str:
    return row.qc_status or str(QcStatus.QUARANTINE if item.qc_required else QcStatus.APPROVED)


def _new_lot(uow: UnitOfWork, item: Item, row: OpeningLot) -> Lot:
    return Lot(
        id=None,
        item=item,
        lot_code=row.lot_code,
        qc_status=_status_of(item, row),
        expires_on=row.expires_on,
        supplier_lot=row.supplier_lot,
        location=row.location,
        parent_lot_id=None,
        received_at=uow.now,
    )


def _require_imported(lot: Lot, earlier: list[tuple[int, bool]]) -> int:
    """Require that an import created the lot; if it was reversed, the lot is empty."""
    if not earlier or not (lot.on_hand == 0 or any(stands for _, stands in earlier)):
        raise DuplicateLot(
            message(
                "Lot %(lot)s of %(item)s already exists, with %(on_hand)s on hand.",
                lot=lot.lot_code,
                item=lot.item.code,
                on_hand=Qty(lot.on_hand, lot.item.unit),
            ),
            field="lot_code",
            lot_id=lot.id,
        )
    return 0


def _require_same(lot: Lot, qty: int, standing: list[int]) -> None:
    if standing != [qty]:
        raise DuplicateLot(
            message(
                "Lot %(lot)s of %(item)s was imported before with %(before)s, and has %(on_hand)s"
                " on hand now.",
                lot=lot.lot_code,
                item=lot.item.code,
                before=Qty(sum(standing), lot.item.unit),
                on_hand=Qty(lot.on_hand, lot.item.unit),
            ),
            field="lot_code",
            lot_id=lot.id,
        )


def _require_same_fields(lot: Lot, row: OpeningLot, earlier: list[tuple[int, bool]]) -> int:
    """Require that the row's facts match the lot.

    The status is compared only if the lot is to be filled again, because work changes a status.
    """
    for name in ("expires_on", "supplier_lot"):
        said, known = getattr(row, name), getattr(lot, name)
        if said is not None and said != known:
            raise InvalidInput(
                join_sentences(
                    describe_difference(name, lot.lot_code, known, said),
                    message("Edit the lot on its page."),
                ),
                field=name,
            )
    stands = any(stands for _, stands in earlier)
    if earlier and not stands and _status_of(lot.item, row) != lot.qc_status:
        raise InvalidInput(
            describe_status(lot.lot_code, lot.qc_status),
            field="qc_status",
        )
    return 0


def _imported_quantities(
    conn: Connection, lot_ids: Iterable[int]
) -> dict[int, list[tuple[int, bool]]]:
    """Return each lot's imported quantities, with whether each is not reversed."""
    undoing = operations.alias("undoing")
    was_count = sa.exists().where(
        counts.c.operation_id == ledger.c.operation_id, counts.c.lot_id == ledger.c.lot_id
    )
    chosen = (
        sa.select(ledger.c.lot_id, ledger.c.qty, undoing.c.id.is_(None).label("stands"))
        .join(operations, operations.c.id == ledger.c.operation_id)
        .join(undoing, undoing.c.reverses_id == operations.c.id, isouter=True)
        .where(
            ledger.c.lot_id.in_(sa.bindparam("ids", expanding=True)),
            ledger.c.txn_type == TxnType.RECEIVE.value,
            operations.c.kind == Kind.IMPORT.value,
            ~was_count,
        )
    )
    found: dict[int, list[tuple[int, bool]]] = {}
    for some in chunks(sorted(lot_ids)):
        for row in conn.execute(chosen, {"ids": some}):
            found.setdefault(row.lot_id, []).append((row.qty, bool(row.stands)))
    return found


def _count(plan: Plan, row: CountedLot) -> None:
    """Check the lot, the quantities, whether the lot changed, then the reservations."""
    uow = plan.uow
    item = _item(uow, row.item)
    lot = uow.find_lot(item, row.lot_code)
    if lot is None:
        raise NotFound(
            message("There is no lot %(lot)s of %(item)s.", lot=row.lot_code, item=item.code),
            field="lot_code",
            item=item.code,
        )
    read = partial(parse_qty, decimals=item.decimals, unit=item.unit, allow_zero=True)
    counted, expected = _all(
        partial(read, row.counted, field="counted"),
        partial(read, row.expected or "0", field="expected"),
    )
    if row.expected is not None and expected != lot.on_hand:
        raise StaleLot(
            message(
                "Lot %(lot)s changed since it was counted: %(expected)s were expected,"
                " %(on_hand)s are on hand now. Count it again.",
                lot=lot.lot_code,
                expected=Qty(expected, item.unit),
                on_hand=Qty(lot.on_hand, item.unit),
            ),
            field="expected",
            lot_id=lot.id,
        )
    seen, difference = PlannedCount(lot, counted, lot.on_hand, lot.lot_seq), counted - lot.on_hand
    rules_counts.post_difference(uow, plan.operation, lot, difference)
    plan.operation.counts.append(seen)
    plan.changed += bool(difference)
    plan.same += not difference
