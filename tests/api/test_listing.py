"""The list functions of `inventory.queries`: filters, search, pages and cursors."""

import base64
import itertools
import json
from datetime import timedelta

import pytest
from sqlalchemy import event

from inventory import catalog, queries
from inventory.common import clock
from inventory.common.errors import InvalidInput
from inventory.common.quantity import format_qty
from inventory.common.search_keys import fold_for_search
from inventory.db import connection, db
from tests.support.stock_builder import Stock, in_days, key, part


@pytest.fixture
def stock(app):
    with app.app_context():
        yield Stock()
        db.session.rollback()


def read(which, **filters):
    """Read all rows of a list page by page; every page but the last must be full."""
    found, cursor = [], None
    limit = filters.pop("limit", 2)
    while True:
        db.session.rollback()
        page = getattr(queries, f"list_{which}")(
            connection(), limit=limit, cursor=cursor, **filters
        )
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return found
        assert len(page.rows) == limit


def codes(**filters):
    return [row.item.code for row in read("items", **filters)]


def lot_codes(**filters):
    return [lot.lot_code for lot in read("lots", **filters)]


def references(**filters):
    return [row.reference for row in read("reservations", **filters)]


def entries(**filters):
    return [f"{row.txn_type} {format_qty(row.qty)}" for row in read("entries", **filters)]


# --- items ----------------------------------------------------------------------------------------


def test_items_are_listed_by_code_with_their_stock(stock):
    stock.lot("receive 10, reserve 4", item="BOLT")
    stock.lot("receive 7, quarantine", item="BOLT")
    for code in ("NUT", "AXLE", "a", "Ö", "SCREW"):
        stock.item(code)
    found = read("items")
    assert sorted(row.item.code for row in found) == sorted(
        ["AXLE", "BOLT", "NUT", "SCREW", "a", "Ö"]
    )
    assert codes(limit=3) == codes(limit=1) == codes(limit=200)
    (bolt,) = [row for row in found if row.item.code == "BOLT"]
    figures = (bolt.totals.on_hand, bolt.totals.reserved, bolt.totals.on_hold, bolt.totals.free)
    assert [format_qty(figure) for figure in figures] == ["17", "4", "7", "6"]


def test_an_item_is_low_if_free_is_at_or_below_the_reorder_point(stock):
    for code, script, point in (
        ("ABOVE", "receive 10", 9),
        ("AT", "receive 10", 10),
        ("BELOW", "receive 10, reserve 4", 7),
        ("HELD", "receive 10, quarantine", 0),
        ("NONE", "receive 10, issue 10", None),
        ("ZERO", "receive 10, issue 10", 0),
    ):
        stock.item(code, reorder_point=point)
        stock.lot(script, item=code)
    stock.item("EMPTY", reorder_point=1)
    stock.item("OLD", reorder_point=1)
    stock.lot("receive 5", item="OLD", expires_on=in_days(-1))
    catalog.update_item(user_id=stock.user_id, key=key(), item="EMPTY", archived=True)
    low = ["AT", "BELOW", "HELD", "OLD", "ZERO"]
    assert codes(low_stock=True) == low
    assert codes(low_stock=False) == ["ABOVE", "EMPTY", "NONE"]
    assert [row.item.code for row in read("items", archived=False) if row.is_low] == low


def test_items_are_filtered_by_archived(stock):
    stock.item("OLD")
    stock.item("NEW")
    catalog.update_item(user_id=stock.user_id, key=key(), item="OLD", archived=True)
    assert codes(archived=True) == ["OLD"]
    assert codes(archived=False) == ["NEW"]
    assert codes() == ["NEW", "OLD"]


def test_sums_of_the_largest_lots_are_exact(stock):
    max_qty = 10**12
    stock.item("SAND", decimals=6, reorder_point=max_qty)
    for _ in range(8):
        stock.lot(f"receive {max_qty}", item="SAND")
    stock.lot("receive 0.000001", item="SAND")
    (sand,) = read("items")
    assert format_qty(sand.totals.free) == f"{8 * max_qty}.000001"
    assert codes(low_stock=True) == []
    assert codes(low_stock=False) == ["SAND"]


@pytest.mark.parametrize(
    ("parts", "point", "low"),
    [
        (["0.6", "0.5"], "1.1", True),
        (["0.6", "0.5"], "1.099999", False),
        (["0.999999", "0.000001"], "1", True),
        (["0.999999", "0.000002"], "1", False),
        (["2"], "1.999999", False),
        (["1.999999"], "2", True),
    ],
)
def test_low_stock_is_exact_to_the_last_decimal(stock, parts, point, low):
    stock.item("SAND", decimals=6, reorder_point=point)
    for qty in parts:
        stock.lot(f"receive {qty}", item="SAND")
    assert codes(low_stock=low) == ["SAND"]
    assert codes(low_stock=not low) == []
    assert read("items")[0].is_low == low


# --- search ---------------------------------------------------------------------------------------

SPECIAL_CODES = [
    "a%b",
    "a_b",
    "a*b",
    "a?b",
    "a[b]",
    "a]b",
    "a^b",
    r"a\b",
    "a.b",
    "a+b",
    "a(b",
    "a{2}",
    "a|b",
    "$ab",
]


@pytest.mark.parametrize("code", SPECIAL_CODES)
def test_a_search_has_no_wildcards(stock, code):
    for other in (*SPECIAL_CODES, "axb", "a b c 2", "acb"):
        stock.item(other)
    alike = {other for other in SPECIAL_CODES if fold_for_search(other) == fold_for_search(code)}
    if code != "a{2}":
        alike.add("a b c 2")
    assert set(codes(q=code)) == set(codes(q=code.upper())) == alike


def test_a_search_ignores_case_in_every_script(stock):
    stock.item("X1", name="Große Öse")
    stock.item("X2", name="ГАЙКА")
    stock.item("X3", name="Ελλάς")
    stock.item("X4", name="螺栓 M8")
    for search, code in (
        ("größe"[:2], "X1"),
        ("öse", "X1"),
        ("ÖSE", "X1"),
        ("гайк", "X2"),
        ("ελλά", "X3"),
        ("螺栓 m8", "X4"),
        ("x4", "X4"),
    ):
        assert codes(q=search) == [code], search


def test_a_search_finds_codes_supplier_lots_and_references(stock):
    stock.lot("receive 1, reserve 1 JOB-7", lot_code="L-77", supplier_lot="SUP-9")
    stock.lot("receive 1, reserve 1 JOB-8", lot_code="L-78")
    assert lot_codes(q="l-77") == lot_codes(q="sup") == ["L-77"]
    assert references(q="job-8") == ["JOB-8"]
    assert codes(q="  ") == codes(q="") == codes(q="bolt") == ["BOLT"]
    assert codes(q="nothing") == []


def test_an_invalid_search_is_refused(stock):
    for q in ("\0", "x" * 101, 7):
        with pytest.raises(InvalidInput) as caught:
            read("items", q=q)
        assert caught.value.field == "q"


# --- lots -----------------------------------------------------------------------------------------


def test_lots_are_listed_newest_first(stock):
    for code in "ABCDE":
        stock.lot("receive 1", lot_code=code)
    assert lot_codes() == list("EDCBA")


def test_expiring_lots_are_listed_soonest_first(stock):
    for code, days in (("A", 5), ("B", 3), ("C", 3), ("D", None), ("E", 9), ("F", 3)):
        stock.lot("receive 1", lot_code=code, expires_on=None if days is None else in_days(days))
    assert lot_codes(expiring_before=in_days(9)) == ["B", "C", "F", "A"]
    assert lot_codes(expiring_before=in_days(3)) == []


def test_lots_are_filtered(stock):
    stock.lot("receive 1, quarantine", lot_code="Q")
    stock.lot("receive 1, issue 1", lot_code="E")
    stock.lot("receive 1", lot_code="N", item="NUT")
    assert lot_codes(item="NUT") == ["N"]
    assert lot_codes(item="NIX") == []
    assert lot_codes(qc_status="QUARANTINE") == ["Q"]
    assert lot_codes(with_stock=True) == ["N", "Q"]
    assert lot_codes(with_stock=False) == ["E"]
    assert lot_codes(item="BOLT", with_stock=True, qc_status="APPROVED") == []


def test_the_qc_history_of_a_lot_is_in_order(stock):
    lot = stock.lot("receive 1, approve, quarantine, reject", qc_required=True)
    db.session.rollback()
    found = queries.decisions_on(connection(), lot)
    assert [decision.status for decision in found] == [
        "QUARANTINE",
        "APPROVED",
        "QUARANTINE",
        "REJECTED",
    ]
    assert [decision.from_status for decision in found] == [
        None,
        "QUARANTINE",
        "APPROVED",
        "QUARANTINE",
    ]
    assert found[0].reason is None
    assert found[3].reason == "as the script says"
    assert found[3].user_name.startswith("clerk")


# --- reservations ---------------------------------------------------------------------------------


def test_reservations_are_filtered_newest_first(stock):
    stock.lot("receive 9, reserve 1 A, reserve 1 B", expires_on=in_days(3))
    stock.lot("receive 9, reserve 2 C, quarantine")
    stock.lot("receive 9", item="NUT")
    stock.reserve(2, item="NUT", reference="D")
    closed = stock.reserve(2, item="NUT", reference="E")
    stock.post("unreserve", reservation_id=closed)
    assert references() == list("EDCBA")
    assert references(open=True) == list("DCBA")
    assert references(open=False) == ["E"]
    assert references(at_risk=True) == ["C"]
    assert references(at_risk=False) == list("EDBA")
    assert references(item="NUT") == list("ED")
    assert references(reference="B") == ["B"]
    assert references(item="NUT", open=True, at_risk=False) == ["D"]


def test_a_reservation_is_at_risk_if_its_lot_is_expired(stock, monkeypatch):
    stock.lot("receive 9, reserve 1 A", expires_on=in_days(3))
    assert references(at_risk=True) == []
    later = clock.now() + timedelta(days=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert references(at_risk=True) == ["A"]


# --- entries --------------------------------------------------------------------------------------


def test_entries_are_filtered_newest_first(stock):
    lot = stock.lot("receive 9, reserve 1 A, issue 2")
    stock.lot("receive 5", item="NUT")
    reservation = stock.reserve(3, item="NUT", reference="N")
    stock.post("issue", reservation_id=reservation, qty=2)
    assert entries() == [
        "ISSUE 2", "UNRESERVE 2", "RESERVE 3", "RECEIVE 5", "ISSUE 2", "RESERVE 1", "RECEIVE 9",
    ]  # fmt: skip
    assert entries(item="BOLT") == entries(lot=lot) == ["ISSUE 2", "RESERVE 1", "RECEIVE 9"]
    assert entries(reservation=reservation) == ["ISSUE 2", "UNRESERVE 2", "RESERVE 3"]
    assert entries(type="RECEIVE") == ["RECEIVE 5", "RECEIVE 9"]
    assert entries(reference="A") == ["RESERVE 1"]
    assert entries(lot=lot, type="ISSUE", item="BOLT") == ["ISSUE 2"]


def test_entries_are_filtered_by_user_and_time(stock):
    stock.lot("receive 9")
    between = clock.now()
    other = Stock()
    other.lot("receive 8")
    name = read("entries")[0].user_name
    assert entries(user=name) == entries(user=name.upper()) == ["RECEIVE 8"]
    assert entries(user="nobody") == entries(user="\0") == []
    assert entries(since=between) == ["RECEIVE 8"]
    assert entries(until=between) == ["RECEIVE 9"]
    assert entries(since=between, until=between) == []
    last = read("entries")[0].timestamp
    assert entries(since=last) == ["RECEIVE 8"]
    assert entries(until=last) == ["RECEIVE 9"]


@pytest.mark.parametrize(
    "filters",
    [
        {"lot": 0}, {"lot": "1"}, {"lot": 2**63}, {"reservation": True}, {"type": "receive"},
        {"item": ""}, {"item": "\0"}, {"reference": "\0"}, {"since": "yesterday"}, {"limit": 0},
        {"limit": 201}, {"limit": "5"}, {"limit": True},
    ],
)  # fmt: skip
def test_an_invalid_filter_is_refused_with_its_field(stock, filters):
    with pytest.raises(InvalidInput) as caught:
        read("entries", **filters)
    assert caught.value.field == {"since": "from"}.get(*[next(iter(filters))] * 2)


# --- cursors --------------------------------------------------------------------------------------


def token(*content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def first_cursor(which="items", **filters):
    db.session.rollback()
    return getattr(queries, f"list_{which}")(connection(), limit=1, **filters).next_cursor


def test_a_cursor_includes_items_created_after_its_page(stock):
    for code in "BDF":
        stock.item(code)
    cursor = first_cursor()
    for code in "ACE":
        stock.item(code)
    db.session.rollback()
    rows = queries.list_items(connection(), cursor=cursor).rows
    assert [row.item.code for row in rows] == ["C", "D", "E", "F"]


@pytest.mark.parametrize(
    "cursor",
    ["x", "=", "é", "====", "W10", "bnVsbA", "e30", "a" * 5000, token(), token(1), token("x", "A"),
     token([[]]), "[" * 900, 7, "W10=", "W1 0"],
)  # fmt: skip
def test_an_invalid_cursor_is_refused(stock, cursor):
    with pytest.raises(InvalidInput) as caught:
        queries.list_items(connection(), cursor=cursor)
    assert caught.value.field == "cursor"


@pytest.mark.parametrize(
    "position",
    [
        [],
        ["a"],
        [1, 1],
        [None, 1],
        ["a", "b"],
        ["\0", 1],
        ["\ud800", 1],
        ["x" * 201, 1],
        [["a"], 1],
        [{}, 1],
        ["a", 0],
        ["a", 1, 1],
    ],
)
def test_a_forged_code_in_a_cursor_is_refused(stock, position):
    stock.item("A")
    stock.item("B")
    padded = first_cursor() + "=="
    mark, *_ = json.loads(base64.urlsafe_b64decode(padded))
    with pytest.raises(InvalidInput):
        queries.list_items(connection(), cursor=token(mark, *position))


@pytest.mark.parametrize("position", [[0], [-1], [2**63], [1.5], ["1"], [True], [10**4000]])
def test_a_forged_id_in_a_cursor_is_refused(stock, position):
    stock.lot("receive 2")
    stock.lot("receive 2")
    mark, _ = json.loads(base64.urlsafe_b64decode(first_cursor("lots") + "=="))
    with pytest.raises(InvalidInput):
        queries.list_lots(connection(), cursor=token(mark, *position))


def test_a_forged_date_in_a_cursor_is_refused(stock):
    for _ in range(2):
        stock.lot("receive 2", expires_on=in_days(1))
    filters = {"expiring_before": in_days(9)}
    mark, day, id = json.loads(base64.urlsafe_b64decode(first_cursor("lots", **filters) + "=="))
    assert day == str(in_days(1))
    for forged in ("tomorrow", 5, None, "2026-02-30"):
        with pytest.raises(InvalidInput):
            queries.list_lots(connection(), cursor=token(mark, forged, id), **filters)


def test_a_cursor_of_another_list_or_of_other_filters_is_refused(stock):
    for _ in range(3):
        stock.lot("receive 2")
    cursor = first_cursor("lots")
    with pytest.raises(InvalidInput, match="another list"):
        queries.list_entries(connection(), cursor=cursor)
    with pytest.raises(InvalidInput, match="other filters"):
        queries.list_lots(connection(), cursor=cursor, item="BOLT")


# --- cost -----------------------------------------------------------------------------------------


def test_lists_use_neither_count_nor_offset(app, stock):
    lot = stock.lot("receive 9, reserve 1 A, reserve 1 B", expires_on=in_days(1))
    stock.post("issue", item="BOLT", lots=[part(lot, 1)])
    statements = []
    db.session.rollback()
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2:4]))
    for flags in itertools.product([None, True, False], repeat=2):
        read("items", low_stock=flags[0], archived=flags[1], q="o", limit=1)
        read("lots", with_stock=flags[0], expiring_before=in_days(5), limit=1)
        read("reservations", open=flags[0], at_risk=flags[1], limit=1)
    read("entries", limit=1)
    assert len(statements) > 50
    for statement, values in statements:
        # SQLAlchemy adds OFFSET 0 on SQLite.
        assert "OFFSET" not in statement.upper() or values[-1] == 0
        assert "COUNT(" not in statement.upper()
