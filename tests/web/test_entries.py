"""The ledger's page."""

import pytest

from tests.web.people import words_of


def test_entries_are_shown_newest_first_with_their_balances(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")
    page = ada.get("/ledger/").text
    assert page.index('id="entry-2"') < page.index('id="entry-1"')
    assert "Reserve L-1 BOLT 4 10 4 JOB-1" in words_of(page)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("item=BOLT", {1, 2}),
        ("type=RESERVE", {2}),
        ("reference=JOB-1", {2}),
        ("user=ada", set()),
        ("from=2020-01-01&to=2020-01-02", set()),
        ("from=2020-01-01", {1, 2, 3}),
        ("type=LOVE", {1, 2, 3}),
    ],
)
def test_each_filter_is_in_the_url(ada, stock, query, shown):
    stock.lot("receive 10, reserve 4 JOB-1")
    stock.lot("receive 1", item="NUT")
    page = ada.get(f"/ledger/?{query}").text
    assert {number for number in (1, 2, 3) if f'id="entry-{number}"' in page} == shown


def test_an_entry_has_an_address_of_its_own(ada, stock):
    stock.lot("receive 10")
    assert "/operations/1/#entry-1" in ada.get("/ledger/").text
    assert 'id="entry-1"' in ada.get("/operations/1/").text


def test_an_empty_ledger_says_how_it_begins(ada):
    assert "Its first entry is the first lot" in words_of(ada.get("/ledger/").text)
