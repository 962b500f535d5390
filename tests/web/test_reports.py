"""The pages of reports, and their files."""

from tests.web.people import words_of


def test_what_has_to_be_bought_is_listed_with_how_much_is_short(ada, stock):
    stock.item("BOLT", reorder_point="5")
    stock.item("NUT", reorder_point="5")
    stock.lot("receive 7, reserve 4 JOB-1", item="BOLT")
    stock.lot("receive 9", item="NUT")
    assert 'href="/reports/"' in ada.get("/").text
    assert 'href="/reports/reorder/"' in ada.get("/reports/").text
    words = words_of(ada.get("/reports/reorder/").text)
    assert "BOLT Bolt 3 pcs 5 2 7 4 0" in words
    assert "NUT" not in words
    lines = ada.get("/reports/reorder/export.csv").text.splitlines()
    assert lines[1].startswith("BOLT,Bolt,pcs,3,5,2,7,4,0,20")
    assert len(lines) == 2


def test_nothing_to_reorder_is_said(ada, stock):
    stock.lot()
    assert "Nothing to reorder" in ada.get("/reports/reorder/").text
