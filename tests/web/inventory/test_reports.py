"""The report pages and their files."""

from datetime import timedelta

import pytest

from inventory.common import clock
from tests.support.users import visible_text


def test_items_to_reorder_are_listed_with_the_shortage(ada, stock):
    stock.item("BOLT", reorder_point="5")
    stock.item("NUT", reorder_point="5")
    stock.lot("receive 7, reserve 4 JOB-1", item="BOLT")
    stock.lot("receive 9", item="NUT")
    assert 'href="/reports/"' in ada.get("/").text
    assert 'href="/reports/reorder/"' in ada.get("/reports/").text
    words = visible_text(ada.get("/reports/reorder/").text)
    assert "Bolt BOLT 3 pcs 5 pcs 2 pcs 7 pcs 4 pcs 0 pcs" in words
    assert "NUT" not in words
    lines = ada.get("/reports/reorder/export.csv").text.splitlines()
    assert lines[1].startswith("BOLT,Bolt,pcs,3,5,2,7,4,0,20")
    assert len(lines) == 2


def test_an_empty_reorder_report_says_so(ada, stock):
    stock.lot()
    assert "Nothing to reorder" in ada.get("/reports/reorder/").text


@pytest.fixture
def past(stock):
    """BOLT received three days ago, NUT yesterday; today 5 BOLT received and 4 issued."""
    with clock.frozen_at(clock.now() - timedelta(days=3)):
        lot = stock.lot("receive 10", lot_code="L-1")
    with clock.frozen_at(clock.now() - timedelta(days=1)):
        stock.lot("receive 1", item="NUT", lot_code="N-1")
    stock.lot("receive 5, issue 4", lot_code="L-2")
    return lot


def days_ago(days):
    return (clock.now() - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def test_stock_is_reported_as_of_a_time(ada, past):
    for days, words in ((4, "Bolt BOLT 0 pcs"), (2, "Bolt BOLT 10 pcs"), (0, "Bolt BOLT 10 pcs")):
        assert words in visible_text(ada.get(f"/reports/stock/?at={days_ago(days)}").text)
    assert "Bolt BOLT 11 pcs 0 pcs 0 pcs 11 pcs Nut NUT" in visible_text(
        ada.get("/reports/stock/").text
    )
    assert "NUT" not in visible_text(ada.get("/reports/stock/?q=bolt").text)


def test_the_exports_contain_the_stock_as_of_a_time(ada, past):
    at = days_ago(2)
    answer = ada.get(f"/reports/stock/export.csv?at={at}")
    assert f'filename="stock-{at[:10]}.csv"' in answer.headers["Content-Disposition"]
    assert answer.text.splitlines()[1:] == ["BOLT,Bolt,pcs,10,0,10,0,10"]
    lines = ada.get("/reports/stock/lots.csv").text.splitlines()
    assert [line.split(",")[:4] + line.split(",")[5:6] for line in lines[1:]] == [
        ["BOLT", "L-1", "pcs", "APPROVED", "10"], ["BOLT", "L-2", "pcs", "APPROVED", "1"],
        ["NUT", "N-1", "pcs", "APPROVED", "1"],
    ]  # fmt: skip


def test_an_invalid_time_means_now(ada, past):
    for at in ("x", "9" * 40, "%00"):
        assert "Bolt BOLT 11 pcs" in visible_text(ada.get(f"/reports/stock/?at={at}").text)
