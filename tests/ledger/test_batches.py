import pytest

from inventory import ledger
from inventory.common.errors import InvalidInput, Refusal
from inventory.ledger import Issue, Receive, Reserve, Split, Unreserve
from tests.support.stock_builder import Stock, entry_lines, key, part


def test_request_in_a_batch_sees_earlier_requests(stock: Stock) -> None:
    stock.item()
    posting = ledger.post(
        [
            Receive(item="BOLT", lot_code="L-1", qty=10),
            Reserve(item="BOLT", qty=6, reference="J"),
            Issue(item="BOLT", qty=4),
            Receive(item="BOLT", lot_code="L-1", qty=1, add_to_lot=True),
            Receive(item="BOLT", lot_code="L-2", qty=1),
        ],
        user_id=stock.user_id,
        key=key(),
    )
    assert entry_lines(posting) == [
        "RECEIVE 10 of L-1: 10/0",
        "RESERVE 6 of L-1: 10/6",
        "ISSUE 4 of L-1: 6/6",
        "RECEIVE 1 of L-1: 7/6",
        "RECEIVE 1 of L-2: 1/0",
    ]
    assert len(posting.operations) == 5


def test_refused_batch_posts_nothing_and_names_the_request(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    entries = stock.entries()
    one_key = key()
    requests = [
        Reserve(item="BOLT", qty=6, reference="J"),
        Issue(item="BOLT", qty=5),
        Issue(item="BOLT", qty=4),
    ]
    for replayed in (False, True):
        with pytest.raises(Refusal) as caught:
            ledger.post(requests, user_id=stock.user_id, key=one_key)
        assert caught.value.code == "INSUFFICIENT_STOCK"
        assert caught.value.figures["index"] == 1
        assert caught.value.replayed is replayed
    assert stock.entries() == entries
    assert stock.figures(lot) == "10 on hand, 0 reserved, 10 available"


def test_a_malformed_request_in_a_batch_is_named(stock: Stock) -> None:
    stock.item()
    with pytest.raises(InvalidInput) as caught:
        ledger.post(
            [Receive(item="BOLT", lot_code="L", qty=1), Receive(item="", lot_code="L", qty=1)],
            user_id=stock.user_id,
            key=key(),
        )
    assert caught.value.figures == {"index": 1, "field": "item"}


def test_same_lot_code_twice_in_a_batch_is_a_duplicate(stock: Stock) -> None:
    stock.item()
    with pytest.raises(Refusal, match="already exists"):
        ledger.post(
            [Receive(item="BOLT", lot_code="L", qty=1)] * 2, user_id=stock.user_id, key=key()
        )


def test_requests_of_a_batch_can_use_the_same_reservation(stock: Stock) -> None:
    lot = stock.lot("receive 10", lot_code="L")
    reservation = stock.reserve(6)
    ledger.post(
        [
            Issue(reservation_id=reservation, qty=2),
            Unreserve(reservation_id=reservation, qty=1),
            Issue(reservation_id=reservation, lots=[part(lot, 3)]),
            Split(lot_id=lot, qty=2, lot_code="L-a"),
        ],
        user_id=stock.user_id,
        key=key(),
    )
    assert stock.reservation_figures(reservation) == "6 reserved: 0 open, 5 issued, 1 unreserved"
    assert stock.figures(lot) == "3 on hand, 0 reserved, 3 available"


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_has_1_to_1000_requests(stock: Stock, count: int) -> None:
    with pytest.raises(InvalidInput):
        ledger.post(
            [Receive(item="BOLT", lot_code="L", qty=1)] * count, user_id=stock.user_id, key=key()
        )


def test_a_thousand_receipts_and_issues_fit_in_one_batch(stock: Stock) -> None:
    stock.item()
    receipts = [Receive(item="BOLT", lot_code=f"L-{n}", qty=2) for n in range(1000)]
    posting = ledger.post(receipts, user_id=stock.user_id, key=key())
    lots = [operation.entries[0].lot_id for operation in posting.operations]
    assert [operation.entries[0].lot_code for operation in posting.operations] == [
        receipt.lot_code for receipt in receipts
    ]
    issues = [Issue(item="BOLT", lots=[part(lot, 1)]) for lot in lots]
    ledger.post(issues, user_id=stock.user_id, key=key())
    assert stock.figures(lots[500]) == "1 on hand, 0 reserved, 1 available"
