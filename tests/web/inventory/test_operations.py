"""Receive, reserve, issue, return and undo on pages, without scripts and with htmx."""

import pytest

from inventory import ledger
from inventory.barcodes import internal_codes
from inventory.common.errors import Busy
from tests.support.stock_builder import in_days
from tests.support.users import form_fields, visible_text


def test_a_receipt_redirects_back_and_shows_its_result(ada, stock):
    stock.item("BOLT")
    answer = ada.submit("/receive/?item=BOLT", lot_code="L-1", qty="2", location="A-1")
    assert answer.status_code == 303
    page = ada.get(answer.location)
    assert "Received 2 pcs of BOLT into L-1." in visible_text(page.text)
    lot = stock.find_lot("L-1")
    assert (stock.figures(lot.id), lot.location) == ("2 on hand, 0 reserved, 2 available", "A-1")


def test_with_htmx_the_response_has_an_empty_form_and_the_changes(ada, stock):
    stock.item("BOLT")
    before = form_fields(ada.get("/receive/?item=BOLT").text)
    answer = ada.submit_htmx("/receive/?item=BOLT", at="/items/1/", lot_code="L-1", qty="2")
    assert answer.status_code == 200
    after = form_fields(answer.text)
    assert (after["lot_code"], after["qty"]) == ("", "")
    assert after["key"] not in ("", before["key"])
    assert '<hx-partial hx-target="#toasts"' in answer.text
    assert '<hx-partial hx-target="#live"' in answer.text
    assert 'id="lot-1-row"' in answer.text


def test_a_form_sent_twice_is_posted_once_with_the_same_response(ada, stock):
    stock.item("BOLT")
    fields = form_fields(ada.get("/receive/?item=BOLT").text) | {"lot_code": "L-1", "qty": "2"}
    headers = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "form#act"}
    first, second = (ada.client.post("/receive/", data=fields, headers=headers) for _ in range(2))
    assert stock.entries() == 1
    assert "Received 2 pcs of BOLT into L-1." in visible_text(first.text)
    assert "Received 2 pcs of BOLT into L-1." in visible_text(second.text)


def test_a_reused_key_with_other_values_is_refused_and_replaced(ada, stock):
    stock.item("BOLT")
    fields = form_fields(ada.get("/receive/?item=BOLT").text) | {"lot_code": "L-1", "qty": "2"}
    ada.post("/receive/", fields)
    answer = ada.post("/receive/", fields, lot_code="L-2")
    assert answer.status_code == 409
    assert "posted before with other values" in answer.text
    assert ada.post("/receive/", form_fields(answer.text)).status_code == 303
    assert stock.find_lot("L-2").on_hand == 2_000_000


def test_a_refusal_keeps_the_form_and_offers_a_possible_quantity(ada, stock):
    stock.lot("receive 24, reserve 15 JOB-7", lot_code="L-3")
    answer = ada.submit("/reserve/", item="BOLT", qty="20", reference="JOB-8")
    assert answer.status_code == 409
    words = visible_text(answer.text)
    assert "Only 9 pcs of BOLT free, 20 pcs requested." in words
    assert "15 pcs reserved for JOB-7" in words
    fields = form_fields(answer.text)
    assert (fields["qty"], fields["reference"]) == ("20", "JOB-8")
    assert 'name="instead" value="9"' in answer.text
    assert "Use 9 pcs instead" in words
    assert ">View JOB-7</a>" in answer.text
    assert ada.post("/reserve/", fields, instead="9").status_code == 303
    assert stock.get_lot(1).reserved == 24_000_000


def test_the_invalid_field_has_the_focus(ada, stock):
    stock.lot("receive 5")
    answer = ada.submit_htmx("/reserve/", item="BOLT", qty="6", reference="JOB-8")
    assert answer.status_code == 409
    field = answer.text[answer.text.index('id="qty"') - 200 :][:400]
    assert "autofocus" in field


def test_an_invalid_quantity_shows_the_error_at_its_field(ada, stock):
    stock.lot("receive 5")
    answer = ada.submit("/reserve/", item="BOLT", qty="1,23,567", reference="JOB-8")
    assert answer.status_code == 422
    assert 'id="qty-error"' in answer.text
    assert "without thousands separators" in visible_text(answer.text)


def test_a_quantity_with_two_readings_is_refused_and_stays_in_the_form(ada, stock):
    stock.item()
    for text in ("1.000", "1,000"):
        answer = ada.submit("/receive/", item="BOLT", lot_code="L", qty=text)
        assert answer.status_code == 422
        assert f"{text} can be read in two ways. Enter 1 or 1000." in visible_text(answer.text)
        assert f'value="{text}"' in answer.text
        assert "Use 1 pc Use 1000 pcs" in visible_text(answer.text)
    assert stock.entries() == 0


def test_one_of_two_readings_can_be_posted_with_a_click(ada, stock):
    stock.item()
    fields = {"item": "BOLT", "lot_code": "L", "qty": "1.000"}
    refused = ada.submit("/receive/", **fields)
    answer = ada.post("/receive/", form_fields(refused.text), **fields, instead="1000")
    assert answer.status_code == 303
    assert stock.find_lot("L").on_hand == 1_000_000_000
    lot = stock.find_lot("L").id
    counted = ada.submit(f"/lots/{lot}/count/", counted="1,000", reason="x")
    assert "Use 1 pc Use 1000 pcs" in visible_text(counted.text)


def test_a_decimal_comma_is_read_on_every_form(ada, stock):
    stock.item("OIL", unit="l", decimals=1)
    ada.submit("/receive/", item="OIL", lot_code="L", qty="12,5")
    assert stock.find_lot("L").on_hand == 12_500_000
    lot = stock.find_lot("L").id
    ada.submit(f"/lots/{lot}/count/", counted="11,5", lot_seq="1", reason="spilled")
    assert stock.find_lot("L").on_hand == 11_500_000


def test_an_issue_for_a_job_takes_what_is_reserved_for_it(ada, stock):
    stock.lot("receive 5, reserve 5 JOB-2", lot_code="SA")
    stock.lot("receive 5", lot_code="SB")
    answer = ada.submit_htmx("/issue/", item="BOLT", qty="3", reference="JOB-2")
    assert "from SA, reserved for JOB-2." in visible_text(answer.text)
    answer = ada.submit("/issue/", item="BOLT", qty="4", reference="JOB-2")
    assert answer.status_code == 409
    assert "2 pcs of BOLT reserved for JOB-2 can be issued" in visible_text(answer.text)
    assert 'name="besides" value="y"' in answer.text
    ada.submit("/issue/", item="BOLT", qty="4", reference="JOB-2", besides="y")
    assert stock.find_lot("SB").on_hand == 1_000_000


def test_an_unknown_item_shows_the_error_at_its_field(ada, stock):
    answer = ada.submit("/receive/", item="NONE", lot_code="L", qty="1")
    assert answer.status_code == 422
    assert "There is no item NONE." in visible_text(answer.text)
    assert 'id="item-error"' in answer.text


@pytest.mark.parametrize("typed", ["1e400", "9" * 5000, "٣", "NaN", "-1", "0", "1\0"])
def test_an_invalid_quantity_is_refused_and_nothing_is_posted(ada, stock, typed):
    stock.lot("receive 5")
    answer = ada.submit("/issue/", item="BOLT", qty=typed)
    assert answer.status_code == 422
    assert stock.entries() == 1


def test_an_existing_lot_code_is_refused_until_adding_is_confirmed(ada, stock):
    stock.lot("receive 5", lot_code="L-1")
    answer = ada.submit("/receive/", item="BOLT", lot_code="L-1", qty="2")
    assert answer.status_code == 409
    assert "already exists" in answer.text
    assert ada.post("/receive/", form_fields(answer.text), add_to_lot="y").status_code == 303
    assert stock.get_lot(1).on_hand == 7_000_000


def test_a_lot_code_that_looks_like_another_is_refused_until_it_is_confirmed(ada, stock):
    lot = stock.lot("receive 5", lot_code="L-1")
    answer = ada.submit("/receive/", item="bolt", lot_code="l-1", qty="2")
    assert answer.status_code == 409
    words = visible_text(answer.text)
    assert "l-1 looks like L-1, an existing lot of BOLT" in words
    assert "Add to L-1 Use this lot number View L-1" in words
    assert ada.post("/receive/", form_fields(answer.text), add_to_lot="y").status_code == 303
    assert stock.figures(lot) == "7 on hand, 0 reserved, 7 available"
    answer = ada.submit("/receive/", item="BOLT", lot_code="L-I", qty="3")
    assert "Add to" not in visible_text(answer.text)
    assert ada.post("/receive/", form_fields(answer.text), allow_lookalike="y").status_code == 303
    assert stock.find_lot("L-I").on_hand == 3_000_000
    answer = ada.submit(f"/lots/{lot}/split/", qty="1", lot_code="l-i")
    assert answer.status_code == 409
    answer = ada.post(f"/lots/{lot}/split/", form_fields(answer.text), allow_lookalike="y")
    assert answer.status_code == 303


def test_the_first_expiring_lot_is_used_unless_a_lot_is_selected(ada, stock):
    stock.item("BOLT")
    stock.lot("receive 5", lot_code="LATE", expires_on=in_days(90))
    stock.lot("receive 5", lot_code="SOON", expires_on=in_days(9))
    page = visible_text(ada.get("/reserve/?item=BOLT").text)
    assert "Automatic: SOON first" in page
    ada.submit("/reserve/", item="BOLT", qty="2", reference="A")
    ada.submit("/reserve/?item=BOLT", qty="3", reference="B", lot_id="1")
    assert (stock.find_lot("SOON").reserved, stock.find_lot("LATE").reserved) == (
        2_000_000,
        3_000_000,
    )


def test_an_issue_without_reservation_uses_free_stock_only(ada, stock):
    stock.lot("receive 10, reserve 8")
    assert ada.submit("/issue/", item="BOLT", qty="3").status_code == 409
    assert ada.submit("/issue/", item="BOLT", qty="2", reference="JOB-1").status_code == 303
    assert stock.figures(1) == "8 on hand, 8 reserved, 0 available"


def test_a_customer_return_needs_a_reason(ada, stock):
    stock.item("BOLT")
    typed = {"item": "BOLT", "lot_code": "R-1", "qty": "1", "unmatched": "y"}
    assert ada.submit("/customer-return/", **typed).status_code == 422
    assert ada.submit("/customer-return/", **typed, reason="Wrong size").status_code == 303


def test_a_customer_return_of_more_than_went_out_keeps_the_form(ada, stock):
    stock.lot("receive 10, issue 3", lot_code="L-1")
    typed = {"item": "BOLT", "lot_code": "L-1", "reason": "Wrong size"}
    answer = ada.submit("/customer-return/", qty="4", **typed)
    assert answer.status_code == 409
    assert (
        "3 pcs of L-1 were issued, 0 pcs were returned: 4 pcs cannot be returned"
        in visible_text(answer.text)
    )
    assert 'value="Wrong size"' in answer.text
    assert ada.submit("/customer-return/", qty="3", **typed).status_code == 303
    answer = ada.submit("/customer-return/", qty="2", **typed, unmatched="y", quarantine="y")
    assert stock.find_lot("L-1-R1").qc_status == "QUARANTINE"


def test_a_busy_response_keeps_the_key_of_the_form(ada, stock, monkeypatch):
    stock.lot("receive 10")

    def busy(**fields):
        raise Busy

    fields = form_fields(ada.get("/issue/?item=BOLT").text) | {"qty": "4", "reference": "JOB-1"}
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "issue", busy)
        answer = ada.post("/issue/", fields)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    again = form_fields(answer.text)
    assert (again["key"], again["qty"], again["reference"]) == (fields["key"], "4", "JOB-1")
    assert ada.post("/issue/", again).status_code == 303
    assert stock.get_lot(1).on_hand == 6_000_000


def test_an_operation_shows_its_entries_and_can_be_undone(ada, stock):
    stock.lot("receive 10", lot_code="L-1")
    page = ada.get("/operations/1/").text
    assert "L-1" in page
    assert "/operations/1/reversal/" in page
    answer = ada.submit("/operations/1/reversal/", reason="Counted twice")
    assert answer.status_code == 303
    assert stock.figures(1) == "0 on hand, 0 reserved, 0 available"
    assert "Reverses" in ada.get(answer.location).text


def test_a_receipt_of_issued_stock_cannot_be_undone(ada, stock):
    stock.lot("receive 10, issue 4")
    answer = ada.submit("/operations/1/reversal/")
    assert answer.status_code == 409
    assert "View operation 2" in visible_text(answer.text)


def test_an_operator_can_undo_own_recent_operations_only(ada, person, stock):
    stock.item("BOLT")
    ole, vic = person("ole"), person("vic")
    answer = ole.submit_htmx("/receive/", item="BOLT", lot_code="L-1", qty="2")
    assert "Undo" in answer.text
    assert "/operations/1/reversal/" in ole.get("/operations/1/").text
    assert "/operations/1/reversal/" not in vic.get("/operations/1/").text
    assert vic.get("/operations/1/reversal/").status_code == 403
    ada.submit("/receive/", item="BOLT", lot_code="L-2", qty="2")
    assert "/operations/2/reversal/" not in ole.get("/operations/2/").text
    answer = ole.submit("/operations/2/reversal/")
    assert "only administrators can reverse what others posted" in visible_text(answer.text)
    assert ole.submit("/operations/1/reversal/").status_code == 303
    assert stock.figures(1) == "0 on hand, 0 reserved, 0 available"


@pytest.mark.parametrize("path", ["/receive/", "/reserve/", "/issue/", "/customer-return/"])
def test_operations_refuse_viewers_and_anonymous_users(client, person, path):
    vic = person("vic")
    assert vic.get(path).status_code == 403
    fields = form_fields(vic.get("/account/").text)
    assert vic.post(path, fields).status_code == 403
    assert client.get(path).location == f"/login/?next={path}"


def test_an_operation_without_the_csrf_token_is_refused(ada, stock):
    stock.item("BOLT")
    answer = ada.client.post("/receive/", data={"item": "BOLT", "lot_code": "L", "qty": "1"})
    assert answer.status_code == 400
    assert stock.entries() == 0


@pytest.mark.parametrize(
    "path",
    [
        f"/lots/{2**63}/", f"/items/{10**30}/", f"/operations/{2**63}/",
        f"/reservations/{2**63}/issue/",
        "/ledger/?cursor=x", "/ledger/?item=%00", "/ledger/?from=9999-12-31&to=9999-12-31",
        "/ledger/?user=%F0%9F%92%A9", "/items/1/?at=9999-12-31T23:59:59", "/items/?cursor=%FF",
        "/items/1/?at=0001-01-01T00:00:00%2B14:00", "/search/?q=%00%27%22", "/receive/?item=%00",
        "/reserve/?item=BOLT&lot_id=x", "/lots/1/count/?lot_seq=x", "/items/1/?show=x&do=x",
    ],
)  # fmt: skip
def test_invalid_urls_cause_no_server_error(ada, stock, path):
    stock.lot("receive 5")
    assert ada.get(path).status_code in (200, 404, 422)


def test_forged_fields_cause_no_server_error(ada, stock):
    lot = stock.lot("receive 5")
    for path, typed in [
        (f"/lots/{lot}/move/", {"instead": "3", "location": "A"}),
        (f"/lots/{lot}/count/", {"counted": "5", "lot_seq": "9" * 5000}),
        (f"/lots/{lot}/count/", {"counted": "5", "lot_seq": "77"}),
        (f"/lots/{lot}/count/", {"counted": "5", "cut-" + "9" * 18: "1"}),
        (f"/lots/{lot}/count/", {"counted": "5", "resolution": "x"}),
        (f"/lots/{lot}/decision/", {"status": "\0", "reason": "x"}),
        ("/reserve/", {"item": "BOLT", "qty": "1", "reference": "A", "lot_id": "9" * 5000}),
        ("/receive/", {"item": "BOLT", "lot_code": "a\0b", "qty": "1", "key": "x" * 999}),
        ("/receive/", {"item": "BOLT", "lot_code": "L", "qty": "1", "key": ""}),
        ("/receive/", {"item": "BOLT", "lot_code": "L", "qty": "1", "back": "https://evil.test"}),
    ]:
        answer = ada.submit(path, **typed)
        assert answer.status_code in (303, 400, 404, 409, 422), (path, typed)
        assert "evil" not in (answer.location or "")


def test_a_similar_item_code_is_proposed_and_accepted(ada, stock):
    stock.item("BOLT-M8")
    answer = ada.submit("/receive/", item="olt-m8", lot_code="L", qty="1")
    assert answer.status_code == 422
    assert 'name="instead_item" value="BOLT-M8"' in answer.text
    assert "Use BOLT-M8" in visible_text(answer.text)
    again = ada.post("/receive/", form_fields(answer.text), instead_item="BOLT-M8")
    assert again.status_code == 303
    assert stock.find_lot("L").item.code == "BOLT-M8"


def test_the_proposed_items_match_the_typed_text(ada, stock):
    for number in range(40):
        stock.item(f"ABOVE-{number:02d}")
    stock.item("ZINC")
    assert 'data-value="ZINC"' not in ada.get("/receive/").text
    assert 'data-value="ZINC"' in ada.get("/receive/?item=zi").text


@pytest.fixture
def scanned(stock):
    stock.item("BOLT-M8", name="Hex bolt")
    stock.lot("receive 10", item="BOLT-M8", lot_code="L-1")
    lot = stock.lot("receive 10", item="BOLT-M8", lot_code="L-2")
    stock.link("9521123456785", item="BOLT-M8")
    return lot


@pytest.mark.parametrize("text", ["bolt-m8", "Hex bolt", "hex BOLT", "9521123456785", " BOLT-M8 "])
@pytest.mark.parametrize("verb", ["receive", "reserve"])
def test_the_item_field_takes_codes_names_and_barcodes(ada, stock, scanned, verb, text):
    typed = {"item": text, "qty": "1", "reference": "JOB-1", "lot_code": "L-9"}
    assert ada.submit(f"/{verb}/", **typed).status_code == 303
    assert "Hex bolt" in visible_text(ada.get(f"/{verb}/?item={text}").text)


def test_the_label_of_a_lot_fills_item_and_lot(ada, stock, scanned):
    label = internal_codes.lot_content(scanned, "BOLT-M8", "L-2")
    assert ada.submit("/issue/", item=label, qty="3").status_code == 303
    assert stock.get_lot(scanned).on_hand == 7 * 10**6
    assert ada.submit("/receive/", item=label, qty="3", add_to_lot="y").status_code == 303
    assert stock.get_lot(scanned).on_hand == 10 * 10**6


def test_an_unknown_item_can_be_created_by_who_may(ada, person, stock):
    refused = ada.submit("/receive/", item="NEW 1", lot_code="L-1", qty="1")
    assert 'href="/items/new/?code=NEW+1"' in refused.text
    assert form_fields(ada.get("/items/new/?code=NEW+1").text)["code"] == "NEW 1"
    ole = person("ole")
    assert "/items/new/" not in ole.submit("/receive/", item="NEW 1", lot_code="L-1", qty="1").text
