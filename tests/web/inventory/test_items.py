"""Items: the list, the page of an item with its lots, and its master data."""

import html
import re
from datetime import timedelta

import pytest

from inventory.common import clock
from tests.support.stock_builder import in_days
from tests.support.users import form_fields, visible_text


def test_an_item_is_created_and_its_page_opens(ada, stock):
    answer = ada.submit("/items/new/", code="BOLT", name="Bolt", unit="kg", decimals="2")
    assert answer.status_code == 303
    words = visible_text(ada.get(answer.location).text)
    assert "Bolt BOLT" in words
    assert "Item BOLT created. Next, receive a lot." in words


def test_a_code_that_exists_is_refused(ada, stock):
    stock.item("BOLT")
    answer = ada.submit("/items/new/", code="BOLT", name="Another")
    assert answer.status_code == 409
    assert "Item BOLT already exists." in visible_text(answer.text)


def test_a_code_that_looks_like_another_is_refused_until_it_is_confirmed(ada, stock):
    stock.item("BOLT")
    answer = ada.submit("/items/new/", code="B0LT", name="Another")
    assert answer.status_code == 409
    words = visible_text(answer.text)
    assert "B0LT looks like the existing item BOLT" in words
    assert "Use this item code View BOLT" in words
    answer = ada.post("/items/new/", form_fields(answer.text), allow_lookalike="y")
    assert answer.status_code == 303
    assert "B0LT" in ada.get("/items/").text


def test_an_invalid_field_shows_the_error_at_the_field(ada):
    answer = ada.submit("/items/new/", code="BOLT", name="Bolt", decimals="7")
    assert answer.status_code == 422
    assert 'id="decimals-error"' in answer.text


def test_an_item_is_edited_and_archived(ada, stock):
    stock.item("BOLT", qc_required=True, reorder_point="5")
    fields = form_fields(ada.get("/items/1/edit/").text)
    assert (fields["name"], fields["reorder_point"], fields["qc_required"]) == ("Bolt", "5", "y")
    assert ada.submit("/items/1/edit/", name="Better bolt", archived="y").status_code == 303
    assert "Better bolt" not in ada.get("/items/").text
    assert "Better bolt" in ada.get("/items/?state=archived").text


def test_an_item_shows_its_figures_and_its_lots(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")
    stock.lot("receive 3, quarantine", lot_code="L-2")
    words = visible_text(ada.get("/items/1/").text)
    assert "On hand pcs 13" in words
    assert "Reserved pcs 4" in words
    assert "Available pcs 9" in words
    assert "On hold pcs 3" in words
    assert "Free pcs 6" in words


def test_each_quantity_links_to_its_lots(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")
    stock.lot("receive 3, quarantine", lot_code="L-2")
    assert "?show=hold#lots" in ada.get("/items/1/").text
    for show, shown, hidden in (("hold", 2, 1), ("free", 1, 2), ("reserved", 1, 2)):
        page = ada.get(f"/items/1/?show={show}").text
        assert f'id="lot-{shown}-row"' in page
        assert f'id="lot-{hidden}-row"' not in page


def test_items_are_searched_by_code_and_name_and_paginated(ada, stock):
    for number in range(52):
        stock.item(f"B-{number:02d}", name="Left" if number % 2 else "Right")
    assert "B-49" in ada.get("/items/").text
    assert "B-51" not in ada.get("/items/").text
    page = ada.get("/items/").text
    more = re.search(r'href="([^"]+)"[^>]*>Show more', page)[1]
    longer = ada.get(f"/items/{more}").text
    assert "B-01" in longer
    assert "B-51" in longer
    assert "Show more" not in longer
    found = ada.get("/items/?q=b-07").text
    assert "B-07" in found
    assert "B-08" not in found
    assert "No items found" in ada.get("/items/?q=nothing%20such").text


def test_a_page_of_items_has_at_most_200_rows(ada, stock):
    for number in range(203):
        stock.item(f"B-{number:03d}")
    page = ada.get("/items/?rows=200&q=b-").text
    assert "B-199" in page
    assert "B-200" not in page
    after = html.unescape(re.search(r'href="([^"]+)" rel="next"', page)[1])
    last = ada.get(f"/items/{after}").text
    assert "B-202" in last
    assert 'href="?q=b-">First page' in last
    assert "B-199" not in last


@pytest.mark.parametrize("rows", ["0", "-1", "x", "٣", "9" * 5000, "1e3", ""])
def test_an_invalid_number_of_rows_is_ignored(ada, stock, rows):
    stock.item("B-1")
    assert "B-1" in ada.get("/items/", query_string={"rows": rows}).text


def test_a_viewer_cannot_edit_items(person, stock):
    stock.item("BOLT")
    vic = person("vic")
    assert "/items/new/" not in vic.get("/items/").text
    assert "/edit/" not in vic.get("/items/1/").text
    assert vic.get("/items/new/").status_code == 403
    assert person("ole").get("/items/1/edit/").status_code == 403
    assert vic.get("/items/9/").status_code == 404


def test_an_item_is_shown_as_of_an_earlier_time(ada, stock):
    lot = stock.lot("receive 10")
    when = stock.get_lot(lot).last_at.isoformat().replace("+", "%2B")
    stock.post("issue", item="BOLT", qty="4")
    for path in (f"/items/1/?at={when}", f"/lots/{lot}/?at={when}"):
        page = ada.get(path)
        assert "On hand pcs 10" in visible_text(page.text)
        assert "Stock and QC status as of" in visible_text(page.text)
        assert 'id="entry-2"' not in page.text
        assert 'id="act"' not in page.text
    assert "On hand pcs 0" in visible_text(ada.get(f"/lots/{lot}/?at=2020-01-01T00:00").text)
    assert "On hand pcs 6" in visible_text(ada.get("/items/1/?at=nonsense").text)


def test_a_lot_as_of_a_time_has_the_qc_status_and_expiry_of_that_time(ada, stock):
    lot = stock.lot("receive 10", expires_on=in_days(-1))
    when = stock.get_lot(lot).last_at.isoformat().replace("+", "%2B")
    stock.post("decide_qc", lot_id=lot, status="REJECTED", reason="Rust")
    assert "Rejected Expired" in visible_text(ada.get(f"/lots/{lot}/").text)
    then = visible_text(ada.get(f"/lots/{lot}/?at={when}").text)
    assert "Rejected" not in then
    assert "Rust" not in then
    before = (clock.now() - timedelta(days=9)).isoformat().replace("+", "%2B")
    assert "Not received yet" in visible_text(ada.get(f"/lots/{lot}/?at={before}").text)
    assert "On hand pcs 0" in visible_text(ada.get(f"/lots/{lot}/?at={before}").text)
    yesterday = visible_text(ada.get(f"/items/1/?at={when}").text)
    assert "On hold pcs 10" in yesterday


def test_an_item_shows_a_chart_of_its_stock(ada, stock):
    assert 'id="chart"' not in ada.get(f"/items/{stock.item('NUT') and 1}/").text
    stock.lot("receive 10, reserve 4, issue 3")
    page = ada.get("/items/2/").text
    assert 'aria-label="On hand: 0 pcs on' in page
    assert "7 pcs today, maximum 7 pcs" in page


def test_a_column_header_sorts_reverses_and_resets(ada, stock):
    stock.lot("receive 5", item="AXLE")
    stock.lot("receive 9", item="BOLT")
    for query, first, order, next_query in (
        ("", "AXLE", "", "?sort=-free"),
        ("?sort=-free", "BOLT", "descending", "?sort=free"),
        ("?sort=free", "AXLE", "ascending", "?"),
        ("?sort=nonsense", "AXLE", "", "?sort=-free"),
    ):
        page = ada.get(f"/items/{query}").text
        rows = page[page.index("<tbody>") :]
        assert rows.index(first) < rows.index("BOLT" if first == "AXLE" else "AXLE")
        header = re.search(r"<th[^>]*>(?=<a[^>]*>Free)", page).group()
        assert (f'aria-sort="{order}"' in header) == bool(order)
        assert f'id="sort-free" href="{next_query}"' in page


def test_the_items_export_has_the_order_of_the_list(ada, stock):
    stock.lot("receive 5", item="AXLE")
    stock.lot("receive 9", item="BOLT")
    lines = ada.get("/items/export.csv?sort=-free").text.splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == ["BOLT", "AXLE"]


def test_archiving_an_item_with_stock_asks_first(ada, stock):
    stock.lot("receive 120, reserve 30 JOB-1")
    asked = ada.submit("/items/1/edit/", archived="y", name="Old bolt")
    assert asked.status_code == 409
    words = visible_text(asked.text)
    assert "BOLT has stock: 120 pcs on hand, 30 pcs reserved." in words
    assert "An archived item can be issued but not received" in words
    fields = form_fields(asked.text)
    assert (fields["name"], fields["archived"]) == ("Old bolt", "y")
    assert "Archived" not in visible_text(ada.get("/items/1/").text)
    assert ada.post("/items/1/edit/", fields, confirmed="y").status_code == 303
    page = visible_text(ada.get("/items/1/").text)
    assert "Archived" in page
    assert "Old bolt" in page


def test_an_archived_item_with_stock_is_changed_without_a_question(ada, stock):
    stock.lot("receive 120")
    ada.submit("/items/1/edit/", archived="y", confirmed="y")
    assert ada.submit("/items/1/edit/", name="Old bolt").status_code == 303


def test_archiving_an_item_without_stock_asks_nothing(ada, stock):
    stock.lot("receive 10, issue 10")
    assert ada.submit("/items/1/edit/", archived="y").status_code == 303
    assert "Archived" in visible_text(ada.get("/items/1/").text)
