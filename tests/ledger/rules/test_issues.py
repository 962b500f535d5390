from tests.support.stock_builder import Stock, entry_lines, in_days, part


def test_a_free_issue_lowers_on_hand(stock: Stock) -> None:
    lot = stock.lot("receive 10, issue 4")
    assert stock.figures(lot) == "6 on hand, 0 reserved, 6 available"


def test_a_free_issue_never_takes_what_is_reserved(stock: Stock) -> None:
    lot = stock.lot("receive 10, reserve 8 JOB-7")
    for lots in (None, [part(lot, 3)]):
        refusal = stock.refused("INSUFFICIENT_STOCK", "issue", item="BOLT", qty=3, lots=lots)
        assert refusal.figures["free"] == "2"
        assert refusal.figures["reservations"][0]["reference"] == "JOB-7"


def test_an_issue_against_a_reservation_unreserves_then_issues(stock: Stock) -> None:
    stock.lot("receive 10", lot_code="L-1")
    reservation = stock.reserve(4)
    posting = stock.post("issue", reservation_id=reservation)
    assert entry_lines(posting) == ["UNRESERVE 4 of L-1: 10/0", "ISSUE 4 of L-1: 6/0"]
    assert stock.reservation_figures(reservation) == "4 reserved: 0 open, 4 issued, 0 unreserved"
    assert posting.operation.reference == "JOB"


def test_a_partial_issue_keeps_the_rest_reserved(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(4)
    stock.post("issue", reservation_id=reservation, qty=1)
    assert stock.figures(lot) == "9 on hand, 3 reserved, 6 available"
    assert stock.reservation_figures(reservation) == "4 reserved: 3 open, 1 issued, 0 unreserved"


def test_closing_the_remainder_unreserves_it(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(4)
    stock.post("issue", reservation_id=reservation, qty=1, close_remainder=True)
    assert stock.figures(lot) == "9 on hand, 0 reserved, 9 available"
    assert stock.reservation_figures(reservation) == "4 reserved: 0 open, 1 issued, 3 unreserved"


def test_more_than_is_open_cannot_be_issued(stock: Stock) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(4)
    refusal = stock.refused("OVER_ISSUE", "issue", reservation_id=reservation, qty=5)
    assert (refusal.figures["requested"], refusal.figures["open"]) == ("5", "4")
    stock.refused("OVER_ISSUE", "issue", reservation_id=reservation, lots=[part(lot, 5)])
    stock.post("issue", reservation_id=reservation)
    stock.refused("OVER_ISSUE", "issue", reservation_id=reservation)


def test_reservation_at_risk_cannot_be_issued_until_its_lot_is_approved(
    stock: Stock,
) -> None:
    lot = stock.lot("receive 10")
    reservation = stock.reserve(4)
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="check")
    refusal = stock.refused("QC_BLOCKED", "issue", reservation_id=reservation)
    assert refusal.figures["issuable"] == "0"
    stock.refused("QC_BLOCKED", "issue", reservation_id=reservation, lots=[part(lot, 1)])
    stock.post("decide_qc", lot_id=lot, status="APPROVED", reason="fine after all")
    stock.post("issue", reservation_id=reservation)


def test_a_reservation_in_an_expired_lot_cannot_be_issued(stock: Stock, monkeypatch) -> None:
    from inventory.common import clock

    stock.lot(expires_on=in_days(0))
    reservation = stock.reserve(4)
    tomorrow = in_days(1)
    monkeypatch.setattr(clock, "today", lambda: tomorrow)
    stock.refused("LOT_EXPIRED", "issue", reservation_id=reservation)


def test_an_issue_takes_the_usable_lots_of_a_reservation_first(stock: Stock) -> None:
    stock.lot("receive 5", lot_code="fine")
    held = stock.lot("receive 5", lot_code="held", expires_on=in_days(3))
    reservation = stock.reserve(8)
    stock.post("decide_qc", lot_id=held, status="QUARANTINE", reason="check")
    posting = stock.post("issue", reservation_id=reservation, qty=3)
    assert entry_lines(posting)[-1] == "ISSUE 3 of fine: 2/0"
    refusal = stock.refused("QC_BLOCKED", "issue", reservation_id=reservation)
    assert refusal.figures["issuable"] == "0"


def test_issue_needs_either_a_reservation_or_an_item(stock: Stock) -> None:
    stock.lot()
    reservation = stock.reserve(1)
    stock.refused("INVALID_INPUT", "issue", qty=1)
    stock.refused("INVALID_INPUT", "issue", item="BOLT", reservation_id=reservation, qty=1)
    stock.refused("INVALID_INPUT", "issue", item="BOLT", qty=1, close_remainder=True)
    stock.refused("INVALID_QTY", "issue", item="BOLT")


def test_scrap_and_supplier_return_take_from_any_lot(stock: Stock) -> None:
    for script, days in (
        ("receive 9, quarantine", None),
        ("receive 9, reject", None),
        ("receive 9", -1),
        ("receive 9", None),
    ):
        lot = stock.lot(script, expires_on=None if days is None else in_days(days))
        scrapped = stock.post("scrap", lot_id=lot, qty=4, reason="dented")
        returned = stock.post("return_to_supplier", lot_id=lot, qty=5, reason="dented")
        assert [scrapped.operation.kind, returned.operation.kind] == ["SCRAP", "SUPPLIER_RETURN"]
        assert stock.figures(lot) == "0 on hand, 0 reserved, 0 available"


def test_scrap_needs_a_reason(stock: Stock) -> None:
    lot = stock.lot()
    for reason in (None, "  "):
        refusal = stock.refused("INVALID_INPUT", "scrap", lot_id=lot, qty=1, reason=reason)
        assert refusal.figures["field"] == "reason"


def test_scrap_never_takes_what_is_reserved(stock: Stock) -> None:
    lot = stock.lot("receive 10, reserve 7")
    stock.refused("INSUFFICIENT_STOCK", "scrap", lot_id=lot, qty=4, reason="broken")
