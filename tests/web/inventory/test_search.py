"""The search page, and the search field of the header."""

import re

from tests.support.users import visible_text


def test_items_lots_reservations_and_actions_are_found(ada, stock):
    stock.lot("receive 10, reserve 4 BOLT-JOB", lot_code="BOLT-L1")
    words = visible_text(ada.get("/search/?q=bolt").text)
    assert "BOLT Bolt · 6 pcs free" in words
    assert "BOLT-L1 BOLT · approved · 10 pcs on hand" in words
    assert "BOLT-JOB BOLT · 4 pcs open" in words
    assert "Reserve" in visible_text(ada.get("/search/?q=reser").text)
    assert "No results for “zzz”" in visible_text(ada.get("/search/?q=zzz").text)


def test_the_field_of_the_header_gets_the_results_only(ada, stock):
    answer = ada.get("/search/?q=x", **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.text.lstrip().startswith('<div class="found" id="found"')


def test_a_viewer_finds_no_actions_of_other_roles(person):
    assert "/receive/" not in person("vic").get("/search/?q=receive").text


def first_of(page):
    found = page.text.partition('id="found-here"')[2]
    return re.search(r'href="([^"]+)".*?<strong[^>]*>([^<]+)<', found, re.S)


def test_an_exact_match_comes_first(ada, stock):
    lot = stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")
    for number in range(8):
        stock.lot("receive 10, reserve 4 JOB-10", lot_code=f"L-1-{number}")
    assert first_of(ada.get("/search/?q=L-1")).groups() == (f"/lots/{lot}/", "L-1")
    assert first_of(ada.get("/search/?q=JOB-1"))[2] == "JOB-1"
    assert ada.get("/search/?q=L-1").text.count(f'href="/lots/{lot}/"') == 1


def test_an_exact_match_in_another_case_comes_first(ada, stock):
    stock.item("A-BOLT-M10X25")
    stock.lot("receive 10", item="BOLT-M10X25", lot_code="L-2026-7")
    stock.lot("receive 10", item="BOLT-M10X25", lot_code="A-L-2026-7")
    for q, code in (("bolt-m10x25", "BOLT-M10X25"), ("l-2026-7", "L-2026-7")):
        assert first_of(ada.get(f"/search/?q={q}"))[2] == code
    found = visible_text(ada.get("/search/?q=boltm10x25").text)
    assert "BOLT-M10X25" in found
    assert "A-BOLT-M10X25" in found


def test_words_are_found_in_any_order_without_signs_and_accents(ada, stock):
    stock.item("BOLT-M10X25", name="Hex bolt M10 × 25")
    stock.lot("receive 10, reserve 2 Zürich-47", item="BOLT-M10X25", lot_code="L-2026-7")
    for q, code in (
        ("m10 hex", "BOLT-M10X25"), ("l20267", "L-2026-7"), ("47 zurich", "Zürich-47"),
    ):  # fmt: skip
        assert first_of(ada.get(f"/search/?q={q}"))[2] == code
    assert "/audit/" in ada.get("/search/").text.partition('id="found-here"')[2]
    assert "/audit/" not in ada.get("/search/?q=---").text.partition('id="found-here"')[2]


def test_a_barcode_finds_its_item(ada, stock):
    stock.lot("receive 10", lot_code="L-1")
    stock.link("9521123456785")
    assert first_of(ada.get("/search/?q=9521123456785"))[2] == "BOLT"
    # A wrong check digit is no error.
    assert "No results for" in ada.get("/search/?q=(01)09521123456788").text


def test_the_response_contains_the_query_it_answers(ada, stock):
    assert 'data-q="L-1"' in ada.get("/search/?q=+L-1+").text


def test_ids_of_the_search_page_are_unique(ada, stock):
    names = re.findall(r'\sid="([^"]+)"', ada.get("/search/?q=x").text)
    assert len(names) == len(set(names))


def test_two_letters_find_items_and_exact_matches_only(ada, stock):
    stock.lot("receive 10, reserve 2 J", lot_code="L-1")
    stock.item("NUT-1")
    short = ada.get("/search/?q=-1")
    assert first_of(short)[2] == "NUT-1"
    assert "L-1" not in visible_text(short.text).split()
    assert "Type at least three characters" in short.text
    assert first_of(ada.get("/search/?q=J"))[2] == "J"
    assert "No results for" not in ada.get("/search/?q=qq").text
    dashed = ada.get("/search/?q=L-1").text
    assert "Type at least three characters" in dashed
    assert "Exact match L-1" in visible_text(dashed)
    assert "Type at least three characters" not in ada.get("/search/?q=L-12").text


def test_results_are_grouped_and_shown_once(ada, stock):
    stock.lot("receive 10, reserve 2 L-JOB", lot_code="L-1")
    found = visible_text(ada.get("/search/?q=L-1").text.partition('id="found-here"')[2])
    assert "Exact match L-1 BOLT" in found
    assert found.count("L-1 BOLT") == 1
    everything = visible_text(ada.get("/search/?q=bolt").text)
    assert "Exact match BOLT Bolt" in everything


def test_pages_are_found_by_the_beginnings_of_their_words(ada, person):
    def urls(page):
        return re.findall(r'<a href="([^"]+)"', page.text.partition('id="found-here"')[2])

    assert "/audit/" in urls(ada.get("/search/?q=log audit"))
    assert "/floor/" in urls(ada.get("/search/?q=tablet"))
    assert "/import/" in urls(ada.get("/search/?q=barcodes excel"))
    assert urls(ada.get("/search/?q=udit")) == []
    assert urls(person("vic").get("/search/?q=users")) == []
