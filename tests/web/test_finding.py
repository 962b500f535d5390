"""Find anything by its name."""

from tests.web.people import words_of


def test_items_lots_reservations_and_doings_are_found(ada, stock):
    stock.lot("receive 10, reserve 4 BOLT-JOB", lot_code="BOLT-L1")
    words = words_of(ada.get("/search/?q=bolt").text)
    assert "BOLT Bolt · 6 pcs free" in words
    assert "BOLT-L1 BOLT · approved · 10 on hand" in words
    assert "BOLT-JOB BOLT · 4 pcs open" in words
    assert "Reserve" in words_of(ada.get("/search/?q=reser").text)
    assert "Nothing is called “zzz”." in words_of(ada.get("/search/?q=zzz").text)


def test_the_palette_gets_only_what_was_found(ada, stock):
    answer = ada.get("/search/?q=x", **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.text.lstrip().startswith('<ul class="found" id="found">')


def test_a_viewer_is_not_offered_what_they_may_not_do(person):
    assert "/receive/" not in person("vic").get("/search/?q=receive").text
