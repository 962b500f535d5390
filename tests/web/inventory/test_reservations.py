"""Reservations: the list, the page of a reservation, issuing and unreserving."""

import re
from datetime import timedelta

import pytest

from inventory.common import clock
from tests.support.users import Person, form_fields, visible_text


def test_open_reservations_are_listed_and_searched(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1, reserve 3 ORDER-2")
    words = visible_text(ada.get("/reservations/").text)
    assert "JOB-1" in words
    assert "ORDER-2" in words
    found = visible_text(ada.get("/reservations/?q=order").text)
    assert "JOB-1" not in found
    assert "ORDER-2" in found


def test_reservations_are_filtered_by_state(ada, stock):
    lot = stock.lot("receive 10, reserve 4 JOB-1")
    reservation = stock.reserve("2", reference="JOB-2")
    stock.post("unreserve", reservation_id=reservation)
    assert "JOB-2" not in ada.get("/reservations/").text
    assert "JOB-2" in ada.get("/reservations/?state=all").text
    assert "No reservations at risk" in ada.get("/reservations/?state=risk").text
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="Recall")
    assert "JOB-1" in ada.get("/reservations/?state=risk").text


def test_a_reservation_is_issued_in_part_and_the_rest_unreserved(ada, stock):
    stock.lot("receive 10, reserve 8 JOB-1")
    assert ada.submit("/reservations/1/issue/", qty="3").status_code == 303
    refused = ada.submit("/reservations/1/issue/", qty="6")
    assert refused.status_code == 409
    assert 'name="instead" value="5"' in refused.text
    assert ada.submit("/reservations/1/issue/", qty="2", close_remainder="y").status_code == 303
    assert stock.reservation_figures(1) == "8 reserved: 0 open, 5 issued, 3 unreserved"
    assert 'id="act"' not in ada.get("/reservations/1/").text


@pytest.mark.parametrize(
    ("verb", "word", "outcome"),
    [
        ("issue", "Issue all", "8 reserved: 0 open, 8 issued, 0 unreserved"),
        ("unreserve", "Unreserve all", "8 reserved: 0 open, 3 issued, 5 unreserved"),
    ],
)
def test_the_quantity_is_empty_and_a_button_posts_all(ada, stock, verb, word, outcome):
    stock.lot("receive 10, reserve 8 JOB-1")
    page = f"/reservations/1/?do={verb}"
    assert form_fields(ada.get(page).text)["qty"] == ""
    answer = ada.submit_htmx("/reservations/1/issue/", at="/reservations/1/", qty="3")
    assert form_fields(answer.text)["qty"] == ""
    shown = ada.get(page).text
    assert f"{word} 5 pcs" in visible_text(shown)
    assert re.findall(r'name="instead" value="(\d+)"', shown) == ["5"]
    assert ada.post(f"/reservations/1/{verb}/", form_fields(shown), instead="5").status_code == 303
    assert stock.reservation_figures(1) == outcome
    assert f"{word} " not in visible_text(ada.get(f"/reservations/1/{verb}/").text)


def test_a_form_prefilled_by_its_url_is_empty_after_posting(ada, stock):
    stock.lot("receive 10, reserve 8 JOB-1")
    page = "/reservations/1/issue/?qty=3&note=now"
    assert form_fields(ada.get(page).text)["qty"] == "3"
    assert ada.submit("/reservations/1/issue/", page=page).location == "/reservations/1/issue/"
    page = "/receive/?item=BOLT&qty=5&lot_code=L-9"
    assert ada.submit("/receive/", page=page).location == "/receive/"


def test_issue_all_is_not_offered_if_a_part_is_on_hold(ada, stock):
    lot = stock.lot("receive 5, reserve 5 JOB-1", lot_code="L-1")
    stock.lot("receive 9, reserve 3 JOB-2", lot_code="L-2")
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="Recall")
    assert "Issue all " not in visible_text(ada.get("/reservations/1/issue/").text)
    assert "Issue all 3 pcs" in visible_text(ada.get("/reservations/2/issue/").text)


def test_a_reservation_is_unreserved_in_part(ada, stock):
    stock.lot("receive 10, reserve 8 JOB-1")
    refused = ada.submit("/reservations/1/unreserve/", qty="9")
    assert refused.status_code == 409
    answer = ada.submit_htmx("/reservations/1/unreserve/", at="/reservations/1/", qty="3")
    assert "Unreserved 3 pcs of BOLT for JOB-1." in visible_text(answer.text)
    assert "5 pcs open" in visible_text(answer.text)


def test_a_reservation_at_risk_cannot_be_issued(ada, stock):
    lot = stock.lot("receive 5, reserve 5 JOB-1", lot_code="L-1")
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="Recall")
    words = visible_text(ada.get("/reservations/1/").text)
    assert "At risk" in words
    assert "Unreserve" in words
    refused = ada.submit("/reservations/1/issue/", qty="5")
    assert refused.status_code == 409
    assert ">View L-1</a>" in refused.text


def test_a_viewer_can_see_but_not_post(person, stock):
    stock.lot("receive 10, reserve 8 JOB-1")
    vic = person("vic")
    page = vic.get("/reservations/1/")
    assert page.status_code == 200
    assert 'id="act"' not in page.text
    fields = form_fields(vic.get("/account/").text)
    assert vic.post("/reservations/1/issue/", fields).status_code == 403
    assert vic.post("/reservations/1/unreserve/", fields).status_code == 403
    assert vic.get("/reservations/9/").status_code == 404


# --- by reference ---------------------------------------------------------------------------------


def test_open_reservations_are_grouped_by_reference_at_risk_first(ada, stock):
    stock.lot("receive 9, reserve 2 JOB-1", lot_code="L-1")
    lot = stock.lot("receive 9, reserve 3 JOB-2", lot_code="L-2")
    stock.reserve("4", reference="JOB-1")
    stock.post("issue", reservation_id=1, qty="1")
    words = visible_text(ada.get("/reservations/").text)
    assert words.index("JOB-1") < words.index("JOB-2")
    assert "JOB-1 2 open reservations, waiting since today" in words
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="Recall")
    words = visible_text(ada.get("/reservations/").text)
    assert words.index("JOB-2 At risk") < words.index("JOB-1")


def test_the_list_by_reference_is_paginated(ada, stock):
    names = [f"JOB-{number:02}" for number in range(25)]
    stock.lot("receive 99, " + ", ".join(f"reserve 1 {name}" for name in names))
    first = ada.get("/reservations/").text
    assert [name for name in names if f">{name}<" in first] == names[:20]
    more = re.search(r'href="([^"]+)"[^>]*>Show more', first)[1]
    longer = ada.get(f"/reservations/{more}").text
    assert [name for name in names if f">{name}<" in longer] == names
    assert "Show more" not in longer
    assert ada.get("/reservations/?cursor=nonsense").status_code == 422


def test_all_reservations_of_a_reference_are_issued_at_once(ada, stock):
    stock.lot("receive 9, reserve 2 JOB-1", lot_code="L-1")
    stock.lot("receive 9", lot_code="L-2")
    stock.reserve("3", reference="JOB-1")
    page = "/references/issue/?reference=JOB-1"
    assert visible_text(ada.get(page).text).count("BOLT Bolt") == 2
    fields = form_fields(ada.get(page).text)
    answer = ada.post("/references/issue/", fields)
    assert answer.location == "/reservations/"
    assert "Issued 2 reservations for JOB-1." in ada.get("/reservations/").text
    assert stock.reservation_figures(1) == "2 reserved: 0 open, 2 issued, 0 unreserved"
    assert stock.reservation_figures(2) == "3 reserved: 0 open, 3 issued, 0 unreserved"
    assert ada.post("/references/issue/", fields).location == "/reservations/"
    assert stock.reservation_figures(2) == "3 reserved: 0 open, 3 issued, 0 unreserved"
    assert ada.get(page).status_code == 404


def test_the_lines_of_a_reference_are_in_the_order_of_their_locations(ada, stock):
    for lot_code, location in (
        ("L-1", "A-10"), ("L-2", "B-1"), ("L-10", "A-2"), ("L-9", "A-2"), ("L-3", None)
    ):  # fmt: skip
        stock.lot("receive 2, reserve 1 JOB-1", lot_code=lot_code, location=location)
    page = ada.get("/references/issue/?reference=JOB-1").text
    table = re.search(r'<table class="table pick-list">.*?</table>', page, re.DOTALL)[0]
    lines = re.findall(r"(?:[AB]-\d+|–) (L-\d+)", visible_text(table))
    assert lines == ["L-9", "L-10", "L-1", "L-2", "L-3"]
    assert visible_text(table).count("1 pc") == 5


def test_issuing_a_reference_leaves_stock_on_hold_reserved(ada, stock):
    lot = stock.lot("receive 9, reserve 2 JOB-1", lot_code="L-1")
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="Recall")
    stock.lot("receive 9, reserve 3 JOB-1", lot_code="L-2")
    page = ada.get("/references/issue/?reference=JOB-1")
    assert "These lines cannot be issued now and stay reserved: 2 pcs of BOLT in L-1" in (
        visible_text(page.text)
    )
    ada.post("/references/issue/", form_fields(page.text))
    assert stock.reservation_figures(1) == "2 reserved: 2 open, 0 issued, 0 unreserved"
    assert stock.reservation_figures(2) == "3 reserved: 0 open, 3 issued, 0 unreserved"


def test_issuing_a_reference_is_refused_if_a_reservation_changed(ada, stock):
    stock.lot("receive 9, reserve 2 JOB-1, reserve 3 JOB-1")
    fields = form_fields(ada.get("/references/issue/?reference=JOB-1").text)
    stock.post("unreserve", reservation_id=2, qty="1")
    answer = ada.post("/references/issue/", fields)
    assert answer.status_code == 409
    assert stock.reservation_figures(1) == "2 reserved: 2 open, 0 issued, 0 unreserved"
    again = form_fields(answer.text)
    assert again["parts"] == "1:1:2 2:1:2"
    assert ada.post("/references/issue/", again).status_code == 303


def test_all_reservations_of_a_reference_are_unreserved(ada, stock):
    lot = stock.lot("receive 9, reserve 2 JOB-1, reserve 3 JOB-1")
    stock.post("issue", reservation_id=1, qty="1")
    fields = form_fields(ada.get("/references/unreserve/?reference=JOB-1").text)
    assert ada.post("/references/unreserve/", fields, reason="cancelled").status_code == 303
    assert stock.figures(lot) == "8 on hand, 0 reserved, 8 available"


def test_forged_parts_of_a_reference_are_refused(ada, stock):
    stock.lot("receive 9, reserve 2 JOB-1")
    fields = form_fields(ada.get("/references/issue/?reference=JOB-1").text)
    for parts in ("", "1", "x:y:z", "1:1", "1:1:x", "1:1:2:3", "9" * 30 + ":1:1", "2:1:1"):
        answer = ada.post("/references/issue/", fields, parts=parts)
        assert answer.status_code in (409, 422), parts
    assert stock.reservation_figures(1) == "2 reserved: 2 open, 0 issued, 0 unreserved"


def test_a_viewer_is_not_offered_issue_all(person, stock):
    stock.lot("receive 9, reserve 2 JOB-1")
    vic = person("vic")
    page = vic.get("/reservations/").text
    assert "JOB-1" in page
    assert "Issue all" not in page


def test_a_reservation_expires_at_the_end_of_its_day(ada, stock):
    lot = stock.lot("receive 10")
    today = clock.today()
    form = {"item": "BOLT", "qty": "4", "reference": "JOB-1"}
    refused = ada.submit("/reserve/", **form, expires_at=str(today - timedelta(days=1)))
    assert "would expire in the past" in refused.text
    assert ada.submit("/reserve/", **form, expires_at=str(today)).status_code == 303
    assert stock.reservation(1).expires_at == clock.end_of_day(today)
    assert "Expired" not in visible_text(ada.get("/reservations/1/").text)
    with clock.frozen_at(clock.end_of_day(today) + timedelta(hours=2, minutes=59)):
        ole = Person(ada.app, "ole")
        page = visible_text(ole.get("/reservations/1/").text)
        assert "Expired 2 h ago" in page
        assert "The next operation on these lots unreserves" in page
        assert "/reservations/1/issue/" not in ole.get("/reservations/1/").text
        assert "/reservations/1/unreserve/" in ole.get("/reservations/1/").text
        for path in ("/reservations/", "/reservations/?state=all", f"/lots/{lot}/", "/items/1/"):
            assert "Expired 2 h ago" in visible_text(ole.get(path).text), path
        assert "Issue all" not in visible_text(ole.get("/reservations/").text)
        result = ada.app.test_cli_runner().invoke(args=["reservations", "expire"])
        assert result.output == "1 expired reservations were unreserved.\n"
        assert "Expired" not in visible_text(ole.get("/reservations/1/").text)
        assert "Reservation expired" in visible_text(ole.get("/ledger/").text)
        assert "Inventory" in visible_text(ole.get("/ledger/").text)
    assert stock.figures(lot) == "10 on hand, 0 reserved, 10 available"


def test_a_reservation_that_was_issued_in_part_is_shown_as_closed_partly_issued(ada, stock):
    stock.lot("receive 20, reserve 20 JOB-1")
    stock.post("unreserve", reservation_id=1, qty=3)
    stock.post("issue", reservation_id=1, qty=12, close_remainder=True)
    assert "Closed, partly issued" in visible_text(ada.get("/reservations/1/").text)
