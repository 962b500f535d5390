"""Read items, lots, reservations, entries and operations from the ledger.

Balances come from each lot's latest entry, so that their cost does not grow with the lot's history.
The balance tables (db/balance_triggers.py) only find rows and sum up items in lists; every decision
uses the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common.chunks import chunks
from inventory.common.errors import NotFound
from inventory.common.lookalikes import case_key, look_key
from inventory.common.messages import message
from inventory.common.validation import MAX_ID
from inventory.db import exact_sum
from inventory.models import Kind, LotCount, TxnType, table
from inventory.stock import statements
from inventory.stock.balance_filters import open_lines
from inventory.stock.entities import (
    Entry,
    Item,
    Lot,
    Operation,
    Reservation,
    ReservationLine,
    choose_by_code,
)
from inventory.stock.statements import ENTRIES, ITEM_WIDTH, ledger, lots, operations

counts = table(LotCount)

#: Lots that are looked up by code at once: each key is tried with each item.
_LOTS_AT_ONCE = 30


def _possible(ids: Iterable[int]) -> list[int]:
    """Return the ids that fit the id column, in order; larger ones do not exist."""
    return sorted({id for id in ids if 0 < id <= MAX_ID})


def _to_lot(row: Sequence[Any]) -> Lot:
    return Lot(
        row[ITEM_WIDTH],
        Item(*row[:ITEM_WIDTH]),
        *row[ITEM_WIDTH + 1 :],
    )


def read_items(
    conn: Connection, *, codes: Iterable[str] = (), ids: Iterable[int] = ()
) -> list[Item]:
    """Return the items with these codes or ids, unordered; unknown ones are left out."""
    found = []
    for some in chunks([code for code in codes if "\0" not in code]):
        found += [Item(*row) for row in conn.execute(statements.ITEMS_BY_CODE, {"codes": some})]
    for some_ids in chunks(_possible(ids)):
        found += [Item(*row) for row in conn.execute(statements.ITEMS_BY_ID, {"ids": some_ids})]
    return found


def find_items(conn: Connection, codes: Iterable[str]) -> dict[str, Item]:
    """Return the items by the codes that are requested; unknown ones are left out.

    A code that no item has finds the only item whose code differs in case, width or blanks.
    """
    wanted = set(codes)
    found = {item.code: item for item in read_items(conn, codes=wanted)}
    missing = wanted - found.keys()
    by_case: dict[str, list[Item]] = {}
    for item in read_lookalike_items(conn, missing):
        by_case.setdefault(case_key(item.code), []).append(item)
    for code in missing:
        if len(alike := by_case.get(case_key(code), [])) == 1:
            found[code] = alike[0]
    return found


def read_lookalike_items(conn: Connection, codes: Iterable[str]) -> list[Item]:
    """Return the items whose codes are these or look like them, by id."""
    found = [
        Item(*row)
        for some in chunks(sorted(set(map(look_key, codes))))
        for row in conn.execute(statements.ITEMS_BY_LOOK_KEY, {"keys": some})
    ]
    return sorted(found, key=lambda item: item.id)


def get_item(conn: Connection, code: str) -> Item:
    """Return the item with this code, in any case if only one is meant, or raise NotFound."""
    found = find_items(conn, [code])
    if not found:
        raise NotFound(message("There is no item %(code)s.", code=code), item=code)
    return found[code]


def read_lots(conn: Connection, ids: Iterable[int]) -> list[Lot]:
    """Return these lots, ordered by id; unknown ones are left out."""
    found = [
        _to_lot(row)
        for some in chunks(_possible(ids))
        for row in conn.execute(statements.LOTS_BY_ID, {"ids": some})
    ]
    return sorted(found, key=lambda lot: lot.id or 0)


def get_lot(conn: Connection, lot_id: int) -> Lot:
    """Return the lot with this id, or raise NotFound."""
    found = read_lots(conn, [lot_id])
    if not found:
        raise NotFound(
            message("There is no lot with the ID %(lot_id)s.", lot_id=lot_id), lot_id=lot_id
        )
    return found[0]


def get_lots_of_items(
    conn: Connection, item_ids: Iterable[int], *, at: datetime | None = None
) -> list[Lot]:
    """Return all lots of the items, oldest first, as of now or of an earlier time.

    For an earlier time, lots received later are left out and the QC status is the one of that time.
    Master data (expiry, location …) is the current one.

    Args:
        at: UTC; None means now.
    """
    if not (ids := list(item_ids)):
        return []
    if at is None:
        return [_to_lot(row) for row in conn.execute(statements.LOTS_OF_ITEMS, {"ids": ids})]
    return [
        _to_lot(row) for row in conn.execute(statements.LOTS_OF_ITEMS_AT, {"ids": ids, "at": at})
    ]


def get_stocked_lots(conn: Connection, item_ids: Iterable[int]) -> list[Lot]:
    """Return the lots of the items with stock on hand, unordered.

    The balance tables find the lots; allocation uses this.
    """
    ids = list(item_ids)
    return [_to_lot(row) for row in conn.execute(statements.STOCKED_LOTS_OF_ITEMS, {"ids": ids})]


def get_stocked_lots_from_ledger(conn: Connection, item_ids: Iterable[int]) -> list[Lot]:
    """Like `get_stocked_lots`, without the balance tables.

    Reads the last ledger entry of every lot that the items ever had.
    """
    ids = list(item_ids)
    if not ids:
        return []
    return [_to_lot(row) for row in conn.execute(statements.HOLDING_LOTS_OF_ITEMS, {"ids": ids})]


def read_lookalike_lots(conn: Connection, named: Iterable[tuple[int, str]]) -> list[Lot]:
    """Return the lots with these (item id, lot code) pairs and those that look alike, by id."""
    pairs = sorted({(item_id, look_key(code)) for item_id, code in named})
    found = []
    for some in chunks(pairs, _LOTS_AT_ONCE):
        lists = {
            "ids": list({item_id for item_id, _ in some}),
            "keys": list({key for _, key in some}),
        }
        for lot in map(_to_lot, conn.execute(statements.LOTS_BY_LOOK_KEY, lists)):
            if (lot.item.id, look_key(lot.lot_code)) in some:
                found.append(lot)
    return sorted(found, key=lambda lot: lot.id or 0)


def find_lot(conn: Connection, item_id: int, code: str) -> Lot | None:
    """Return the item's lot with this code, in any case if only one is meant, or None."""
    return choose_by_code(read_lookalike_lots(conn, [(item_id, code)]), code)


def lot_codes_meant(conn: Connection, code: str) -> list[str]:
    """Return the code if a lot has it, otherwise the codes that differ in case, width or blanks."""
    chosen = sa.select(lots.c.lot_code).distinct().where(lots.c.look_key == look_key(code))
    alike = [one for one in conn.execute(chosen).scalars() if case_key(one) == case_key(code)]
    return [code] if code in alike else alike


def with_lot_code(codes: Iterable[str]) -> sa.ColumnElement[bool]:
    """Return the condition for lots with one of these codes; the index is on their look keys."""
    codes = list(codes)
    return sa.and_(lots.c.look_key.in_(map(look_key, codes)), lots.c.lot_code.in_(codes))


def lot_ids_of_reservations(conn: Connection, ids: Iterable[int]) -> set[int]:
    """Return the ids of all lots that these reservations ever held stock in."""
    ids = _possible(ids)
    if not ids:
        return set()
    return {row.lot_id for row in conn.execute(statements.LINES, {"ids": ids})}


def read_reservations(
    conn: Connection, ids: Iterable[int], *, lots_known: Iterable[Lot] = ()
) -> list[Reservation]:
    """Return these reservations with their lines; unknown ones are left out.

    Args:
        lots_known: the lines refer to these Lot objects where possible, so that a caller can change
            them.
    """
    ids = _possible(ids)
    if not ids:
        return []
    lines = conn.execute(statements.LINES, {"ids": ids}).all()
    by_id = {lot.id: lot for lot in lots_known}
    unknown = {line.lot_id for line in lines} - set(by_id)
    by_id.update({lot.id: lot for lot in read_lots(conn, unknown)})
    found: dict[int, Reservation] = {}
    for row in conn.execute(statements.RESERVATIONS, {"ids": ids}):
        found[row[ITEM_WIDTH]] = Reservation(
            row[ITEM_WIDTH],
            Item(*row[:ITEM_WIDTH]),
            *row[ITEM_WIDTH + 1 :],
        )
    for line in sorted(lines, key=lambda line: line.lot_id):
        found[line.reservation_id].lines.append(
            ReservationLine(by_id[line.lot_id], line.line_seq, line.open_after, line.issued_after)
        )
    return [found[id] for id in ids if id in found]


def get_reservation(conn: Connection, reservation_id: int) -> Reservation:
    """Return the reservation with this id, or raise NotFound."""
    found = read_reservations(conn, [reservation_id])
    if not found:
        raise NotFound(
            message(
                "There is no reservation number %(reservation_id)s.", reservation_id=reservation_id
            ),
            reservation_id=reservation_id,
        )
    return found[0]


def open_reservation_ids(
    conn: Connection,
    *,
    item_id: int | None = None,
    lot_id: int | None = None,
    limit: int | None = None,
) -> list[int]:
    """Return the reservations (of an item, in a lot) that hold stock, oldest first."""
    chosen = sa.select(open_lines.c.reservation_id).distinct()
    if item_id is not None:
        chosen = chosen.where(open_lines.c.item_id == item_id)
    if lot_id is not None:
        chosen = chosen.where(open_lines.c.lot_id == lot_id)
    chosen = chosen.order_by(open_lines.c.reservation_id).limit(limit)
    return list(conn.execute(chosen).scalars())


def expired_reservation_ids(conn: Connection, *, now: datetime, limit: int) -> list[int]:
    """Return the ids of expired reservations that still hold stock.

    Args:
        now: UTC.
        limit: look at this many lines, the longest expired first.
    """
    found = conn.execute(statements.OLDEST_EXPIRED, {"now": now, "most": limit}).scalars()
    return sorted(set(found))


def prefetch_expired(conn: Connection, *, now: datetime) -> Callable[[Iterable[Lot]], list[int]]:
    """Send the query for expired reservations; return a function that filters them.

    Few reservations are expired at any time, so that they can be queried before the lots are known,
    in the same round trip as other statements.

    Returns:
        A function that returns the ids of those that hold stock in the given lots.
    """
    asked = conn.execute(statements.FIRST_EXPIRED, {"now": now})

    def in_lots(lots: Iterable[Lot]) -> list[int]:
        items_of = {lot.id: lot.item.id for lot in lots}
        rows = asked.all()
        if len(rows) == statements.FEW_EXPIRED:
            rows = [
                row
                for some in chunks(sorted(set(items_of.values())))
                for row in conn.execute(statements.EXPIRED_OF, {"now": now, "ids": some})
            ]
        return sorted({row.reservation_id for row in rows if row.lot_id in items_of})

    return in_lots


def all_reservation_ids_of_lot(conn: Connection, lot_id: int) -> list[int]:
    """Return every reservation that ever held stock in the lot, from the ledger."""
    return list(
        conn.execute(
            sa.select(ledger.c.reservation_id)
            .distinct()
            .where(ledger.c.lot_id == lot_id, ledger.c.reservation_id.is_not(None))
            .order_by(ledger.c.reservation_id)
        ).scalars()
    )


def open_qty_by_reservation(
    conn: Connection, lot_id: int, reservation_ids: Iterable[int]
) -> dict[int, int]:
    """Return what each reservation holds in one lot, in 10^-6 units."""
    ids = list(reservation_ids)
    if not ids:
        return {}
    # `+ 0` makes the planner start from the reservations, because a lot can have very many entries.
    rows = conn.execute(statements.LINES.where(ledger.c.lot_id + 0 == lot_id), {"ids": ids})
    return {row.reservation_id: row.open_after for row in rows}


def read_operations(conn: Connection, ids: Iterable[int]) -> list[Operation]:
    """Return these operations with their entries; unknown ones are left out."""
    ids = _possible(ids)
    if not ids:
        return []
    entries: dict[int, list[Entry]] = {id: [] for id in ids}
    for row in conn.execute(statements.ENTRIES_OF_OPERATIONS, {"ids": ids}):
        entries[row.operation_id].append(Entry(*row))
    rows = conn.execute(statements.OPERATIONS, {"ids": ids})
    return [Operation(**row._mapping, entries=tuple(entries[row.id])) for row in rows]


def read_operation_headers(conn: Connection, ids: Iterable[int]) -> list[Operation]:
    """Return these operations without entries, which can be many.

    Unknown operations are left out.
    """
    rows = conn.execute(statements.OPERATIONS, {"ids": _possible(ids)})
    return [Operation(**row._mapping, entries=()) for row in rows]


def get_operation_header(conn: Connection, operation_id: int) -> Operation:
    """Return the operation with this id, without its entries, or raise NotFound."""
    found = read_operation_headers(conn, [operation_id])
    if not found:
        raise NotFound(
            message("There is no operation number %(operation_id)s.", operation_id=operation_id),
            operation_id=operation_id,
        )
    return found[0]


def entries_of(conn: Connection, operation_id: int, *, since: int = 0, limit: int) -> list[Entry]:
    """Return an operation's entries, ordered by id.

    Args:
        since: the smallest entry id to return.
    """
    if not 0 <= since <= MAX_ID:
        return []
    chosen = ENTRIES.where(ledger.c.operation_id == operation_id, ledger.c.id >= since)
    rows = conn.execute(chosen.order_by(ledger.c.id).limit(limit))
    return [Entry(*row) for row in rows]


def is_used(conn: Connection, item_id: int) -> bool:
    """Return whether the item has lots; its code, unit and decimals are fixed then."""
    chosen = sa.select(lots.c.id).where(lots.c.item_id == item_id).limit(1)
    return conn.execute(chosen).first() is not None


def arrival_of(conn: Connection, lot_id: int) -> datetime | None:
    """Return when the goods of a lot came in, as its first operation says; UTC."""
    row = conn.execute(
        sa.select(operations.c.occurred_at, operations.c.recorded_at)
        .join(ledger, ledger.c.operation_id == operations.c.id)
        .where(ledger.c.lot_id == lot_id, ledger.c.lot_seq == 1)
    ).first()
    return None if row is None else row.occurred_at or row.recorded_at


class NetQuantities(NamedTuple):
    """What came into a lot and what went out of it for good, in 10^-6 units."""

    received: int
    issued: int


def net_quantities(conn: Connection, lot_id: int) -> NetQuantities:
    """Return a lot's receipts and imports, and its issues minus what customers returned.

    Operations that were reversed, splits, counts and scraps do not count. Reads every entry of the
    lot. Returns that match no issue cannot make it less than nothing.
    """
    counted = sa.exists().where(
        counts.c.operation_id == ledger.c.operation_id, counts.c.lot_id == ledger.c.lot_id
    )
    rows = conn.execute(
        sa.select(operations.c.kind, exact_sum(ledger.c.qty).label("qty"))
        .join(operations, operations.c.id == ledger.c.operation_id)
        .where(ledger.c.lot_id == lot_id, statements.is_effective(operations), ~counted)
        .where(
            sa.tuple_(operations.c.kind, ledger.c.txn_type).in_(
                [
                    (Kind.RECEIPT, TxnType.RECEIVE),
                    (Kind.IMPORT, TxnType.RECEIVE),
                    (Kind.ISSUE, TxnType.ISSUE),
                    (Kind.CUSTOMER_RETURN, TxnType.RECEIVE),
                ]
            )
        )
        .group_by(operations.c.kind)
    )
    found = {row.kind: row.qty for row in rows}
    return NetQuantities(
        received=found.get(Kind.RECEIPT, 0) + found.get(Kind.IMPORT, 0),
        issued=max(0, found.get(Kind.ISSUE, 0) - found.get(Kind.CUSTOMER_RETURN, 0)),
    )


def operation_of_entry(conn: Connection, entry_id: int) -> int:
    """Return the id of the operation that an entry belongs to, or raise NotFound."""
    chosen = sa.select(ledger.c.operation_id).where(ledger.c.id == entry_id)
    operation_id = conn.execute(chosen).scalar()
    if operation_id is None:
        raise NotFound(
            message("There is no entry number %(entry_id)s.", entry_id=entry_id), entry_id=entry_id
        )
    return int(operation_id)


def get_operation(conn: Connection, operation_id: int) -> Operation:
    """Return the operation with this id, with its entries, or raise NotFound."""
    found = read_operations(conn, [operation_id])
    if not found:
        raise NotFound(
            message("There is no operation number %(operation_id)s.", operation_id=operation_id),
            operation_id=operation_id,
        )
    return found[0]
