"""Reservations: the list, one of them, issuing it and giving it back."""

from tests.web.people import form_of, words_of


def test_open_reservations_are_listed_and_found(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1, reserve 3 ORDER-2")
    words = words_of(ada.get("/reservations/").text)
    assert "JOB-1" in words
    assert "ORDER-2" in words
    found = words_of(ada.get("/reservations/?q=order").text)
    assert "JOB-1" not in found
    assert "ORDER-2" in found


def test_closed_ones_are_under_all_and_those_at_risk_apart(ada, stock):
    lot = stock.lot("receive 10, reserve 4 JOB-1")
    reservation = stock.reserve("2", reference="JOB-2")
    stock.do("unreserve", reservation_id=reservation)
    assert "JOB-2" not in ada.get("/reservations/").text
    assert "JOB-2" in ada.get("/reservations/?state=all").text
    assert "Nothing is at risk" in ada.get("/reservations/?state=risk").text
    stock.do("decide", lot_id=lot, status="QUARANTINE", reason="Recall")
    assert "JOB-1" in ada.get("/reservations/?state=risk").text


def test_a_reservation_is_issued_in_part_and_its_rest_closed(ada, stock):
    stock.lot("receive 10, reserve 8 JOB-1")
    form = form_of(ada.get("/reservations/1/").text)
    assert form["qty"] == "8"
    assert ada.sends("/reservations/1/issue/", qty="3").status_code == 303
    refused = ada.sends("/reservations/1/issue/", qty="6")
    assert refused.status_code == 409
    assert 'name="instead" value="5"' in refused.text
    assert ada.sends("/reservations/1/issue/", qty="2", close_remainder="y").status_code == 303
    assert stock.promise(1) == "8 promised: 0 open, 5 issued, 3 given back"
    assert 'id="act"' not in ada.get("/reservations/1/").text


def test_a_reservation_is_given_back_in_part(ada, stock):
    stock.lot("receive 10, reserve 8 JOB-1")
    refused = ada.sends("/reservations/1/unreserve/", qty="9")
    assert refused.status_code == 409
    answer = ada.taps("/reservations/1/unreserve/", at="/reservations/1/", qty="3")
    assert "Gave back 3 of BOLT that were reserved for JOB-1." in words_of(answer.text)
    assert "5 pcs open" in words_of(answer.text)


def test_what_is_held_in_a_lot_on_hold_is_not_proposed_for_issue(ada, stock):
    lot = stock.lot("receive 5, reserve 5 JOB-1", lot_code="L-1")
    stock.do("decide", lot_id=lot, status="QUARANTINE", reason="Recall")
    words = words_of(ada.get("/reservations/1/").text)
    assert "At risk" in words
    assert "Give back" in words
    refused = ada.sends("/reservations/1/issue/", qty="5")
    assert refused.status_code == 409
    assert ">See L-1</a>" in refused.text


def test_a_viewer_sees_but_may_not_act(person, stock):
    stock.lot("receive 10, reserve 8 JOB-1")
    vic = person("vic")
    page = vic.get("/reservations/1/")
    assert page.status_code == 200
    assert 'id="act"' not in page.text
    fields = form_of(vic.get("/account/").text)
    assert vic.post("/reservations/1/issue/", fields).status_code == 403
    assert vic.post("/reservations/1/unreserve/", fields).status_code == 403
    assert vic.get("/reservations/9/").status_code == 404
