"""The list of lots, and the page of a lot with each of its operations."""

import pytest

from tests.support.stock_builder import in_days
from tests.support.users import form_fields, visible_text


def test_a_lot_shows_its_status_quantities_and_entries(ada, stock):
    lot = stock.lot("receive 10, approve, reserve 4 JOB-1", qc_required=True, lot_code="L-1")
    words = visible_text(ada.get(f"/lots/{lot}/").text)
    assert "Approved" in words
    assert "Receive" in words
    assert "10 pcs on hand, 4 pcs reserved" in words
    assert "JOB-1" in words


@pytest.mark.parametrize(
    ("page", "label"),
    [
        ("decision", "QC decision"),
        ("count", "Count lot"),
        ("move", "Move lot"),
        ("split", "Split lot"),
        ("scrap", "Scrap stock"),
        ("supplier-return", "Supplier return"),
    ],
)
def test_a_form_on_its_own_page_names_its_lot(ada, stock, page, label):
    lot = stock.lot("receive 10", lot_code="L-1")
    assert f"BOLT L-1 {label} L-1 Bolt" in visible_text(ada.get(f"/lots/{lot}/{page}/").text)


def test_forms_of_reservations_operations_and_items_name_them_too(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")
    for path, words in (
        ("/reservations/1/issue/", "Jobs JOB-1 Issue BOLT Bolt"),
        ("/reservations/1/unreserve/", "Jobs JOB-1 Unreserve BOLT Bolt"),
        ("/operations/1/reversal/", "Ledger Receipt 1 Reverse operation Receipt 1"),
        ("/items/1/edit/", "Items BOLT Edit item Bolt"),
    ):
        assert words in visible_text(ada.get(path).text), path


def test_rejecting_a_lot_needs_a_reason_and_approving_does_not(ada, stock):
    lot = stock.lot("receive 10", qc_required=True)
    assert ada.submit(f"/lots/{lot}/decision/", status="APPROVED").status_code == 303
    refused = ada.submit(f"/lots/{lot}/decision/", status="REJECTED")
    assert refused.status_code == 422
    assert 'id="reason-error"' in refused.text
    ada.submit(f"/lots/{lot}/decision/", status="REJECTED", reason="Cracks")
    assert stock.get_lot(lot).qc_status == "REJECTED"
    assert "Cracks" in ada.get(f"/lots/{lot}/").text


def test_the_decision_form_shows_the_affected_reservations(ada, stock):
    lot = stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")
    stock.lot("receive 9", lot_code="L-2")
    page = visible_text(ada.get(f"/lots/{lot}/decision/").text)
    assert "JOB-1 4 pcs" in page
    answer = ada.submit(
        f"/lots/{lot}/decision/", status="QUARANTINE", reason="Recall", on_reservations="reallocate"
    )
    assert answer.status_code == 303
    assert stock.figures(2) == "9 on hand, 4 reserved, 5 available"


@pytest.mark.parametrize("before", ["", ", quarantine"])
def test_a_decision_form_offers_to_keep_move_or_unreserve(ada, stock, before):
    lot = stock.lot(f"receive 9, reserve 4 J1, reserve 5 J2{before}", lot_code="A")
    stock.lot("receive 6", lot_code="B")
    page = ada.get(f"/lots/{lot}/decision/").text
    words = visible_text(page)
    assert "J1 4 pcs" in words
    assert "J2 5 pcs" in words
    assert "Free in other lots: 6 pcs" in words
    for handling in ("keep", "reallocate", "unreserve"):
        assert f'name="on_reservations" type="radio" value="{handling}"' in page


def test_a_decision_reports_moved_and_at_risk_reservations(ada, stock):
    lot = stock.lot("receive 9, reserve 4 J1, reserve 5 J2, quarantine", lot_code="A")
    stock.lot("receive 6", lot_code="B")
    fields = {"status": "REJECTED", "reason": "Rust", "on_reservations": "reallocate"}
    answer = ada.submit_htmx(f"/lots/{lot}/decision/", at=f"/lots/{lot}/", **fields)
    toast = (
        "Lot A is rejected. Moved to other lots: J1 4 pcs to B, J2 2 pcs to B."
        " Still reserved, at risk: J2 3 pcs."
    )
    assert toast in visible_text(answer.text)
    listed = "Moved J1 4 pcs to B Moved J2 2 pcs to B At risk J2 3 pcs still reserved in A"
    operation = answer.text.partition('href="/operations/')[2].partition("/")[0]
    for text in (
        answer.text,
        ada.get(f"/lots/{lot}/").text,
        ada.get(f"/operations/{operation}/").text,
    ):
        assert listed in visible_text(text)
    # The page of the lot shows the current state, the page of the operation the state after it.
    stock.post("unreserve", reservation_id=2)
    assert "J2 3 pcs still reserved in A" not in visible_text(ada.get(f"/lots/{lot}/").text)
    assert "J2 3 pcs still reserved in A" in visible_text(ada.get(f"/operations/{operation}/").text)


def test_a_decision_reports_unreserved_reservations(ada, stock):
    lot = stock.lot("receive 9, reserve 4 J1", lot_code="A")
    fields = {"status": "QUARANTINE", "reason": "Rust", "on_reservations": "unreserve"}
    answer = ada.submit_htmx(f"/lots/{lot}/decision/", at=f"/lots/{lot}/", **fields)
    assert "Lot A is in quarantine. Unreserved: J1 4 pcs." in visible_text(answer.text)
    assert "Unreserved J1 4 pcs in A" in visible_text(answer.text)


def test_a_toast_names_at_most_three_reservations(ada, stock):
    steps = ", ".join(f"reserve 1 J{number}" for number in range(1, 6))
    lot = stock.lot(f"receive 9, {steps}", lot_code="A")
    answer = ada.submit_htmx(
        f"/lots/{lot}/decision/", at=f"/lots/{lot}/", status="REJECTED", reason="x"
    )
    message = "Still reserved, at risk: J1 1 pc, J2 1 pc, J3 1 pc and 2 more."
    assert message in visible_text(answer.text)


def test_a_count_that_unreserves_too_little_proposes_enough(ada, stock):
    lot = stock.lot("receive 10, reserve 4 JOB-1, reserve 5 JOB-2")
    answer = ada.submit(f"/lots/{lot}/count/", counted="3", reason="Missing")
    fields = form_fields(answer.text)
    answer = ada.post(f"/lots/{lot}/count/", fields | {"cut-1": "1", "cut-2": "1"})
    assert answer.status_code == 409
    fields = form_fields(answer.text)
    assert (fields["cut-2"], fields["cut-1"]) == ("5", "1")
    assert ada.post(f"/lots/{lot}/count/", fields).status_code == 303


def test_an_invalid_decision_is_refused(ada, stock):
    lot = stock.lot("receive 10")
    answer = ada.submit(f"/lots/{lot}/decision/", status="APPROVED")
    assert answer.status_code == 409
    assert ada.submit(f"/lots/{lot}/decision/", status="LOVED").status_code == 422


def test_a_count_adjusts_the_lot(ada, stock):
    lot = stock.lot("receive 10", lot_code="L-1")
    answer = ada.submit_htmx(f"/lots/{lot}/count/", counted="8", reason="Monthly")
    assert "Counted L-1: adjusted to 8 pcs on hand." in visible_text(answer.text)
    answer = ada.submit_htmx(f"/lots/{lot}/count/", counted="0", reason="Missing")
    assert answer.status_code == 200
    assert stock.figures(lot) == "0 on hand, 0 reserved, 0 available"


def test_a_count_that_differs_needs_a_reason(ada, stock):
    lot = stock.lot("receive 10", lot_code="L-1")
    page = visible_text(ada.get(f"/lots/{lot}/count/").text)
    assert "Required if the count differs from 10 pcs" in page
    answer = ada.submit(f"/lots/{lot}/count/", counted="8", reason=" ")
    assert answer.status_code == 422
    assert "8 pcs counted, 10 pcs on hand. Enter a reason" in visible_text(answer.text)
    assert stock.figures(lot) == "10 on hand, 0 reserved, 10 available"
    assert ada.submit(f"/lots/{lot}/count/", counted="10").status_code == 303
    assert ada.submit(f"/lots/{lot}/count/", counted="8", reason="Damaged").status_code == 303
    assert stock.figures(lot) == "8 on hand, 0 reserved, 8 available"


def test_a_count_is_compared_with_the_figure_that_was_shown(ada, stock):
    lot = stock.lot("receive 10")
    fields = form_fields(ada.get(f"/lots/{lot}/count/").text) | {"counted": "10"}
    stock.post("issue", item="BOLT", qty="2")
    answer = ada.post(f"/lots/{lot}/count/", fields)
    assert answer.status_code == 409
    answer = ada.post(f"/lots/{lot}/count/", form_fields(answer.text), resolution="keep_counted")
    assert answer.status_code == 303


def test_a_count_of_a_changed_lot_asks_what_to_keep(ada, stock):
    lot = stock.lot("receive 10")
    typed = {"counted": "9", "reason": "Missing"}
    fields = form_fields(ada.get(f"/lots/{lot}/count/").text) | typed
    stock.post("issue", item="BOLT", qty="2")
    answer = ada.post(f"/lots/{lot}/count/", fields)
    assert answer.status_code == 409
    assert "Apply the difference" in answer.text
    answer = ada.post(f"/lots/{lot}/count/", form_fields(answer.text), resolution="keep_difference")
    assert answer.status_code == 303
    assert stock.figures(lot) == "7 on hand, 0 reserved, 7 available"


def test_a_count_below_reserved_names_the_reservations_to_reduce(ada, stock):
    lot = stock.lot("receive 10, reserve 4 JOB-1, reserve 5 JOB-2")
    answer = ada.submit(f"/lots/{lot}/count/", counted="6", reason="Missing")
    assert answer.status_code == 409
    fields = form_fields(answer.text)
    assert (fields["cut-2"], fields["cut-1"]) == ("3", "0")
    assert ada.post(f"/lots/{lot}/count/", fields).status_code == 303
    assert stock.figures(lot) == "6 on hand, 6 reserved, 0 available"
    assert stock.reservation(2).open == 2_000_000


@pytest.mark.parametrize("path", ["scrap", "supplier-return"])
def test_scrap_and_supplier_return_need_a_reason(ada, stock, path):
    lot = stock.lot("receive 10, reject", qc_required=True)
    assert ada.submit(f"/lots/{lot}/{path}/", qty="3").status_code == 422
    assert ada.submit(f"/lots/{lot}/{path}/", qty="11", reason="Broken").status_code == 409
    assert ada.submit(f"/lots/{lot}/{path}/", qty="3", reason="Broken").status_code == 303
    assert stock.get_lot(lot).on_hand == 7_000_000


def test_a_lot_is_split_and_moved(ada, stock):
    lot = stock.lot("receive 10", lot_code="L-1", location="A-1")
    assert ada.submit(f"/lots/{lot}/split/", qty="4", lot_code="L-1").status_code == 409
    assert ada.submit(f"/lots/{lot}/split/", qty="4", lot_code="L-1b").status_code == 303
    child = stock.find_lot("L-1b")
    answer = ada.submit_htmx(f"/lots/{child.id}/move/", location="B-2")
    assert "Moved L-1b to B-2." in visible_text(answer.text)
    assert "L-1" in visible_text(ada.get(f"/lots/{child.id}/").text)
    assert stock.get_lot(child.id).location == "B-2"


def test_each_role_sees_the_operations_it_can_post(person, stock):
    lot = stock.lot("receive 10", qc_required=True)
    path = f"/lots/{lot}/"
    assert 'id="act"' not in person("vic").get(path).text
    ole = person("ole")
    assert f"{path}?do=decide" not in ole.get(path).text
    assert f"{path}?do=count" in ole.get(path).text
    assert ole.get(f"{path}decision/").status_code == 403
    ira = person("ira")
    assert ira.submit(f"{path}decision/", status="APPROVED").status_code == 303


@pytest.mark.parametrize("name", ["decision", "count", "move", "split", "scrap", "supplier-return"])
def test_operations_refuse_viewers_anonymous_users_and_unknown_lots(
    client, person, ada, stock, name
):
    lot = stock.lot("receive 1")
    vic = person("vic")
    fields = form_fields(vic.get("/account/").text)
    assert vic.post(f"/lots/{lot}/{name}/", fields).status_code == 403
    assert client.get(f"/lots/{lot}/{name}/").status_code == 303
    assert ada.get(f"/lots/77/{name}/").status_code == 404
    assert ada.get("/lots/77/").status_code == 404


def test_lots_are_filtered_by_state_and_searched_by_code(ada, stock):
    stock.lot("receive 10", lot_code="FINE")
    stock.lot("receive 10, quarantine", lot_code="HELD")
    assert "HELD" in ada.get("/lots/").text
    held = ada.get("/lots/?state=quarantine").text
    assert "HELD" in held
    assert "FINE" not in held
    assert "FINE" in ada.get("/lots/?q=fin").text
    assert "No lots found" in ada.get("/lots/?state=expiring").text


def test_a_lot_shows_its_reservations_with_their_quantity_in_it(ada, stock):
    lot = stock.lot("receive 4", lot_code="L-1", expires_on=in_days(5))
    stock.lot("receive 20", lot_code="L-2", expires_on=in_days(9))
    stock.reserve("10", reference="JOB-1")
    words = visible_text(ada.get(f"/lots/{lot}/").text)
    assert "JOB-1 4 pcs 10 pcs 0 of 10" in words


def test_a_lot_without_free_stock_has_no_reserve_form(ada, stock):
    taken = stock.lot("receive 4, reserve 4 JOB-1", lot_code="L-1")
    free = stock.lot("receive 4", lot_code="L-2")
    assert f"/lots/{taken}/?do=reserve#act" not in ada.get(f"/lots/{taken}/").text
    assert f"/lots/{free}/?do=reserve#act" in ada.get(f"/lots/{free}/").text


def test_the_decision_form_says_whether_a_reason_is_needed(ada, stock):
    new = stock.lot("receive 10", qc_required=True)
    assert "Required to reject the lot" in ada.get(f"/lots/{new}/").text
    quarantined = stock.lot("receive 10, approve, quarantine", lot_code="L-2")
    rejected = stock.lot("receive 10, reject", lot_code="L-3")
    for lot in (quarantined, rejected):
        page = ada.get(f"/lots/{lot}/").text
        assert "Required to reject" not in page
        assert "Saved in the QC history" in page


def _edit(person, lot, **typed):
    return person.submit(f"/lots/{lot}/edit/", page=f"/lots/{lot}/?do=edit", **typed)


def test_a_mistyped_expiry_date_is_changed_on_the_lots_page(ada, stock):
    lot = stock.lot("receive 10", expires_on=in_days(30), supplier_lot="S-1", location="A-1")
    page = ada.get(f"/lots/{lot}/").text
    assert "Edit lot" in visible_text(page)
    shown = form_fields(ada.get(f"/lots/{lot}/?do=edit").text)
    assert (shown["supplier_lot"], shown["location"]) == ("S-1", "A-1")
    assert shown["expires_on"] == str(in_days(30))
    answer = _edit(ada, lot, expires_on="2031-03-31", supplier_lot="S-2", location="A-2")
    assert answer.status_code == 303
    changed = stock.get_lot(lot)
    assert str(changed.expires_on) == "2031-03-31"
    assert (changed.supplier_lot, changed.location) == ("S-2", "A-2")
    log = visible_text(ada.get("/audit/").text)
    assert "Lot edited" in log
    assert "S-1" in log


def test_an_edit_changes_only_what_was_typed(ada, stock):
    lot = stock.lot("receive 10", location="A-1")
    fields = form_fields(ada.get(f"/lots/{lot}/?do=edit").text)
    ada.submit(f"/lots/{lot}/move/", location="B-7")
    assert ada.post(f"/lots/{lot}/edit/", fields, supplier_lot="S-2").status_code == 303
    assert stock.get_lot(lot).location == "B-7"
    assert stock.get_lot(lot).supplier_lot == "S-2"


def test_an_edit_can_clear_all_fields(ada, stock):
    lot = stock.lot("receive 10", expires_on=in_days(30), supplier_lot="S-1", location="A-1")
    _edit(ada, lot, expires_on="", supplier_lot="", location="")
    changed = stock.get_lot(lot)
    assert (changed.expires_on, changed.supplier_lot, changed.location) == (None, None, None)


def test_only_inspectors_change_an_expiry_date(person, stock):
    lot = stock.lot("receive 10", expires_on=in_days(30))
    ole = person("ole")
    page = ole.get(f"/lots/{lot}/?do=edit").text
    assert 'name="expires_on"' not in page
    assert "Inspectors can change the expiry date." in visible_text(page)
    assert _edit(ole, lot, supplier_lot="S-2").status_code == 303
    refused = _edit(ole, lot, expires_on="2031-03-31")
    assert refused.status_code == 409
    assert "This action requires the role Inspector" in visible_text(refused.text)
    assert stock.get_lot(lot).expires_on == in_days(30)
    assert _edit(person("ira"), lot, expires_on="2031-03-31").status_code == 303
    assert person("vic").get(f"/lots/{lot}/edit/").status_code == 403


def test_a_refused_edit_keeps_what_was_typed(ada, stock):
    lot = stock.lot("receive 10")
    answer = _edit(ada, lot, expires_on="0027-03-31", location="A-3")
    assert answer.status_code == 422
    assert "in the year 27" in visible_text(answer.text)
    assert form_fields(answer.text)["location"] == "A-3"
    assert _edit(ada, lot, shown="[1]").status_code == 422


def test_an_edit_that_makes_a_lot_expire_says_so(ada, stock):
    lot = stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")
    page = f"/lots/{lot}/"
    answer = ada.submit_htmx(f"{page}edit/", at=f"{page}?do=edit", expires_on="2020-01-01")
    assert "Changes to lot L-1 saved. The lot has expired." in visible_text(answer.text)
    assert "At risk" in visible_text(answer.text)
