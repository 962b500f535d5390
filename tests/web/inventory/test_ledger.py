"""The Ledger page: list, filters, verification and single entries."""

import re

import pytest

from inventory.db import db
from inventory.web import background_jobs
from tests.support.servers import wait_until
from tests.support.users import visible_text


def test_entries_are_shown_newest_first_with_their_balances(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")
    page = ada.get("/ledger/").text
    assert page.index('id="entry-2"') < page.index('id="entry-1"')
    assert "Reserve L-1 BOLT 4 pcs 10 pcs 4 pcs JOB-1" in visible_text(page)


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
        ("user=ada&kind=RESERVATION", set()),
        ("user=ada&reference=JOB-1", set()),
        ("kind=RESERVATION&reference=JOB-1", {2}),
    ],
)
def test_filters_are_read_from_the_url(ada, stock, query, shown):
    stock.lot("receive 10, reserve 4 JOB-1")
    stock.lot("receive 1", item="NUT")
    page = ada.get(f"/ledger/?{query}").text
    assert {number for number in (1, 2, 3) if f'id="entry-{number}"' in page} == shown


def test_an_entry_has_its_own_url(ada, stock):
    stock.lot("receive 10")
    assert "/operations/1/#entry-1" in ada.get("/ledger/").text
    assert 'id="entry-1"' in ada.get("/operations/1/").text


def test_an_empty_ledger_shows_the_first_step(ada):
    assert "Receive your first lot to post" in visible_text(ada.get("/ledger/").text)


# --- verifying ------------------------------------------------------------------------------------


def verify(person):
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', person.get("/account/").text)[1]
    return person.post("/ledger/verification/", {"csrf_token": csrf})


def page_after_verification(app, person):
    """Wait until the verification is done and return the text of the page."""
    with app.app_context():
        wait_until(
            lambda: not background_jobs.is_running(background_jobs.VERIFY),
            "it never ends",
            seconds=60,
        )
    return visible_text(person.get("/ledger/").text)


def test_an_admin_can_verify_the_ledger(app, ada, stock):
    stock.lot("receive 12, reserve 4 JOB-1")
    assert "Not verified yet" in visible_text(ada.get("/ledger/").text)
    assert verify(ada).location == "/ledger/"
    assert "2 entries verified, 0 differences" in page_after_verification(app, ada)


def test_verification_names_the_differing_table(app, ada, stock):
    stock.lot("receive 12")
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM lot_heads")
    verify(ada)
    assert "1 entries verified, 1 difference: lot_heads" in page_after_verification(app, ada)


def test_only_an_admin_can_verify(person):
    ole = person("ole")
    assert "/ledger/verification/" not in ole.get("/ledger/").text
    assert verify(ole).status_code == 403


# --- entries --------------------------------------------------------------------------------------


def test_an_entry_is_found_by_its_number(ada, stock):
    stock.lot("receive 12, reserve 4 JOB-1")
    answer = ada.get("/ledger/2/")
    assert answer.location == "/operations/2/?entry=2#entry-2"
    assert 'id="entry-2"' in ada.get("/operations/2/").text
    assert ada.get("/ledger/3/").status_code == 404
