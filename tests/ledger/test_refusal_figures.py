"""The figures of a refusal equal the ledger and ignore steps that were not posted.

Each case is an operation of several steps that fails at a later one. The figures of lots,
reservations and the item in the refusal are compared with the database.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inventory import ledger
from inventory.common import clock
from inventory.common.errors import Refusal
from inventory.common.quantity import format_qty
from inventory.db import connection, db
from inventory.ledger import Issue, Receive, ReservationQuantity, Reserve, Unreserve
from inventory.stock import queries as stock_queries
from inventory.stock.entities import StockTotals, totals
from tests.support.stock_builder import Stock, key, part

Fields = dict[str, Any]
SUMS = ("on_hand", "reserved", "available", "on_hold", "free")


def ledger_state(stock: Stock) -> Fields:
    """Return the lots, reservations and totals of BOLT from the database."""
    db.session.rollback()
    conn, today = connection(), clock.today()
    [item] = stock_queries.read_items(conn, codes=["BOLT"])
    lots = {lot.id: lot for lot in stock_queries.get_lots_of_items(conn, [item.id])}
    ids = stock_queries.open_reservation_ids(conn, item_id=item.id)
    reservations = {
        reservation.id: reservation for reservation in stock_queries.read_reservations(conn, ids)
    }
    return {"lots": lots, "reservations": reservations, "item": totals(lots.values(), today)}


def sums_of(sums: StockTotals) -> Fields:
    return {name: format_qty(getattr(sums, name)) for name in SUMS}


def false_figures(figures: Fields, now: Fields) -> list[str]:
    """Return the figures of a refusal that differ from the database."""
    lot = now["lots"].get(figures.get("lot_id"))
    whole = totals([lot], clock.today()) if lot else now["item"]
    # In a reversal, `available` has its own meaning and its own tests below.
    names = () if "operation_id" in figures else SUMS
    sums = {name: figures[name] for name in names if name in figures}
    wrong = [f"{name}: {sums[name]}" for name in sums if sums[name] != sums_of(whole)[name]]
    for lot_figures in figures.get("lots", ()):
        in_ledger = now["lots"][lot_figures["lot_id"]].to_dict(clock.today())
        shared = set(lot_figures) & (set(SUMS) | {"qc_status"})
        wrong += [
            f"{lot_figures['lot_code']} {name}"
            for name in shared
            if lot_figures[name] != in_ledger[name]
        ]
    for reserved in figures.get("reservations", ()):
        holder = now["reservations"][reserved["reservation_id"]]
        in_lot = [format_qty(line.open) for line in holder.lines if line.lot is lot or not lot]
        if reserved["open_qty"] not in {format_qty(holder.open), *in_lot}:
            wrong.append(f"{reserved['reference']} open: {reserved['open_qty']}")
    return wrong


def cuts(*named: tuple[int, Any]) -> list[ReservationQuantity]:
    return [ReservationQuantity(reservation_id=id, qty=qty) for id, qty in named]


def count_with_cuts_that_are_too_small(stock: Stock) -> tuple[str, str, Fields]:
    lot = stock.lot("receive 10")
    first, second = stock.reserve(4, lot=lot), stock.reserve(5, lot=lot)
    named = cuts((first, 1), (second, 1))
    return "INSUFFICIENT_STOCK", "count", {"lot_id": lot, "counted": 3, "unreserve": named}


def count_with_a_second_cut_that_is_too_large(stock: Stock) -> tuple[str, str, Fields]:
    lot = stock.lot("receive 10")
    first, second = stock.reserve(4, lot=lot), stock.reserve(5, lot=lot)
    named = cuts((first, 4), (second, 6))
    return "OVER_UNRESERVE", "count", {"lot_id": lot, "counted": 3, "unreserve": named}


def issue_of_lots_of_which_the_last_has_too_little(stock: Stock) -> tuple[str, str, Fields]:
    first, second = stock.lot("receive 10"), stock.lot("receive 10, reserve 8 J-2")
    return (
        "INSUFFICIENT_STOCK",
        "issue",
        {"item": "BOLT", "lots": [part(first, 9), part(second, 3)]},
    )


def reservation_of_lots_of_which_the_last_is_rejected(stock: Stock) -> tuple[str, str, Fields]:
    first, second = stock.lot("receive 10"), stock.lot("receive 10, reject")
    lots = [part(first, 9), part(second, 3)]
    return "QC_BLOCKED", "reserve", {"item": "BOLT", "qty": 12, "reference": "J", "lots": lots}


def reservation_of_more_than_all_lots_have(stock: Stock) -> tuple[str, str, Fields]:
    for script in ("receive 10, reserve 3 J-1", "receive 10, reserve 8 J-2", "receive 5, reject"):
        stock.lot(script)
    return "INSUFFICIENT_STOCK", "reserve", {"item": "BOLT", "qty": 15, "reference": "J-3"}


def issue_of_a_reservation_of_which_one_lot_is_at_risk(stock: Stock) -> tuple[str, str, Fields]:
    stock.lot("receive 4"), stock.lot("receive 10")
    reservation = stock.reserve(9)
    bad = stock.reservation(reservation).lines[1].lot.id
    stock.post("decide_qc", lot_id=bad, status="QUARANTINE", reason="rust")
    return "QC_BLOCKED", "issue", {"reservation_id": reservation, "close_remainder": True}


def unreservation_of_lots_of_which_the_last_holds_less(stock: Stock) -> tuple[str, str, Fields]:
    first, second = stock.lot("receive 4"), stock.lot("receive 10")
    fields = {"reservation_id": stock.reserve(9), "lots": [part(first, 4), part(second, 6)]}
    return "OVER_UNRESERVE", "unreserve", fields


def split_of_more_than_is_available(stock: Stock) -> tuple[str, str, Fields]:
    lot = stock.lot("receive 10, reserve 6 J-1")
    return "INSUFFICIENT_STOCK", "split", {"lot_id": lot, "qty": 5, "lot_code": "CHILD"}


def reversal_of_a_split_of_which_a_part_is_reserved(stock: Stock) -> tuple[str, str, Fields]:
    lot = stock.lot("receive 10")
    posting = stock.post("split", lot_id=lot, qty=5, lot_code="CHILD")
    stock.reserve(3, lot=posting.operation.entries[-1].lot_id)
    return "NOT_REVERSIBLE", "reverse", {"operation_id": posting.operation.id}


def decision_that_is_not_allowed(stock: Stock) -> tuple[str, str, Fields]:
    lot = stock.lot("receive 10, reserve 4 J-1, reject")
    stock.lot("receive 2")
    fields = {"status": "REJECTED", "reason": "rust", "on_reservations": "reallocate"}
    return "QC_TRANSITION", "decide_qc", {"lot_id": lot, **fields}


CASES: list[Callable[[Stock], tuple[str, str, Fields]]] = [
    count_with_cuts_that_are_too_small,
    count_with_a_second_cut_that_is_too_large,
    issue_of_lots_of_which_the_last_has_too_little,
    reservation_of_lots_of_which_the_last_is_rejected,
    reservation_of_more_than_all_lots_have,
    issue_of_a_reservation_of_which_one_lot_is_at_risk,
    unreservation_of_lots_of_which_the_last_holds_less,
    split_of_more_than_is_available,
    reversal_of_a_split_of_which_a_part_is_reserved,
    decision_that_is_not_allowed,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_refusal_figures_equal_the_ledger(
    stock: Stock, case: Callable[[Stock], tuple[str, str, Fields]]
) -> None:
    code, verb, fields = case(stock)
    one_key = key()
    refusal = stock.refused(code, verb, **fields, key=one_key)
    assert false_figures(refusal.figures, ledger_state(stock)) == []
    again = stock.refused(code, verb, **fields, key=one_key)
    assert (again.detail, again.figures, again.replayed) == (refusal.detail, refusal.figures, True)


def test_refused_count_shows_required_and_named_cuts(stock: Stock) -> None:
    lot = stock.lot("receive 10", lot_code="L")
    first, second = stock.reserve(4, reference="J-1"), stock.reserve(5, reference="J-2")
    named = cuts((first, 1), (second, 1))
    refusal = stock.refused("INSUFFICIENT_STOCK", "count", lot_id=lot, counted=3, unreserve=named)
    assert refusal.detail == (
        "3 pcs counted in L, but 9 pcs are reserved. 6 pcs must be unreserved, 2 pcs are chosen."
    )
    assert (refusal.figures["reserved"], refusal.figures["to_cut"]) == ("9", "6")
    assert [reservation["open_qty"] for reservation in refusal.figures["reservations"]] == [
        "4",
        "5",
    ]


@pytest.mark.parametrize(("taken", "needed", "left"), [(2, "6", "4"), (5, "6", "1")])
def test_refused_reversal_shows_requested_and_available(
    stock: Stock, taken: int, needed: str, left: str
) -> None:
    lot = stock.lot("receive 10", lot_code="L")
    named = cuts((stock.reserve(5), 3), (stock.reserve(5), 3))
    done = stock.post("count", lot_id=lot, counted=10, unreserve=named).operation.id
    stock.reserve(taken)
    refusal = stock.refused("NOT_REVERSIBLE", "reverse", operation_id=done)
    assert (refusal.figures["requested"], refusal.figures["available"]) == (needed, left)
    assert stock.get_lot(lot).available == int(left) * 10**6


def test_refused_reversal_counts_the_stock_it_returns(stock: Stock) -> None:
    lot = stock.lot("receive 10", lot_code="L")
    named = cuts((stock.reserve(5), 3), (stock.reserve(5), 3))
    done = stock.post("count", lot_id=lot, counted=5, unreserve=named).operation.id
    stock.reserve(1)
    refusal = stock.refused("NOT_REVERSIBLE", "reverse", operation_id=done)
    # 5 are returned and 6 must be reserved again: 1 more is needed, and none is available.
    assert (refusal.figures["requested"], refusal.figures["available"]) == ("1", "0")
    assert stock.get_lot(lot).available == 0


def test_refused_reversal_shows_the_open_quantity(stock: Stock) -> None:
    stock.lot("receive 10")
    reservation = stock.reserve(9)
    issued = stock.post("issue", reservation_id=reservation, qty=4, close_remainder=True)
    undone = stock.post("reverse", operation_id=issued.operation.id).operation.id
    stock.post("unreserve", reservation_id=reservation, qty=3)
    refusal = stock.refused("NOT_REVERSIBLE", "reverse", operation_id=undone)
    assert "9 pcs" in refusal.detail
    assert "6 pcs are open" in refusal.detail


def test_refusal_figures_include_posted_expiries(stock: Stock) -> None:
    now = datetime(2026, 11, 23, 10, tzinfo=UTC)
    with clock.frozen_at(now):
        lot = stock.lot("receive 10")
        stock.reserve(4, reference="J-1", expires_at=now + timedelta(hours=1))
        stock.reserve(3, reference="J-2")
    with clock.frozen_at(now + timedelta(hours=2)):
        with pytest.raises(Refusal) as caught:
            stock.post("reserve", item="BOLT", qty=8, reference="J-3")
        assert caught.value.figures["free"] == "7"
        assert false_figures(caught.value.figures, ledger_state(stock)) == []
    assert stock.figures(lot) == "10 on hand, 3 reserved, 7 available"


# --- batches --------------------------------------------------------------------------------------


def refused_batch(stock: Stock, *requests: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ledger.post(requests, user_id=stock.user_id, key=key())
    return caught.value


def test_first_request_of_a_batch_is_refused_with_ledger_figures(
    stock: Stock,
) -> None:
    stock.lot("receive 10, reserve 4 J-1")
    refusal = refused_batch(stock, Issue(item="BOLT", qty=7), Issue(item="BOLT", qty=1))
    assert refusal.figures["index"] == 0
    assert false_figures(refusal.figures, ledger_state(stock)) == []
    assert "batch" not in refusal.detail


def test_later_request_of_a_batch_counts_the_requests_before_it(
    stock: Stock,
) -> None:
    stock.lot("receive 10")
    first = [Reserve(item="BOLT", qty=4, reference="J-1"), Issue(item="BOLT", qty=1)]
    refusal = refused_batch(stock, *first, Issue(item="BOLT", qty=6))
    assert (refusal.figures["index"], refusal.figures["free"]) == (2, "5")
    message = (
        "Nothing was posted. The figures include the 2 operations before this one in the request."
    )
    assert refusal.detail.endswith(message)
    assert str(refusal) == refusal.detail
    refusal = refused_batch(stock, first[0], Issue(item="BOLT", qty=7))
    assert refusal.detail.endswith(
        "The figures include the operation before this one in the request."
    )


def test_batch_refusal_names_reservations_of_the_same_batch(stock: Stock) -> None:
    held = stock.lot("receive 10, reserve 2 J-1", lot_code="L")
    refusal = refused_batch(
        stock,
        Reserve(item="BOLT", qty=5, reference="J-2"),
        Unreserve(reservation_id=stock.reserve(1, reference="J-0"), qty=1),
        Issue(item="BOLT", lots=[part(held, 4)]),
    )
    named = [
        (reservation["reference"], reservation["open_qty"])
        for reservation in refusal.figures["reservations"]
    ]
    assert named == [("J-1", "2"), ("J-2", "5")]
    assert refusal.figures["reserved"] == "7"


def test_duplicate_lot_code_in_a_batch_mentions_the_batch(stock: Stock) -> None:
    stock.item()
    twice = [Receive(item="BOLT", lot_code="L", qty=1)] * 2
    assert (
        "The figures include the operation before this one" in refused_batch(stock, *twice).detail
    )
