"""The dashboard, and polling for its changes."""

import re
from datetime import timedelta

import pytest

from inventory.common import clock
from tests.support.stock_builder import in_days
from tests.support.users import form_fields, visible_text


def poll(person, path="/", tag=""):
    return person.get(path, **{"HX-Request": "true", "HX-Target": "div#live", "HX-PTag": tag})


def test_the_tiles_show_sums_per_unit(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1")
    stock.lot("receive 3, quarantine")
    stock.item("OIL", unit="l", decimals=1)
    stock.lot("receive 2.5", item="OIL")
    words = visible_text(ada.get("/?unit=pcs").text)
    assert "On hand pcs 13 Reserved pcs 4 Available pcs 9 On hold pcs 3 Free pcs 6" in words
    assert "On hand l 2.5" in visible_text(ada.get("/?unit=l").text)


def test_open_issues_are_listed_with_links(ada, stock):
    stock.item("BOLT", reorder_point="100")
    lot = stock.lot("receive 10, reserve 4 JOB-1", lot_code="RISKY")
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="Recall")
    stock.lot("receive 3", lot_code="OLD", expires_on=in_days(-1))
    page = ada.get("/").text
    words = visible_text(page)
    assert "At risk JOB-1" in words
    assert "Quarantine RISKY" in words
    assert "Expired OLD" in words
    assert "Low BOLT" in words
    assert 'href="/reservations/1/"' in page


def test_an_empty_inventory_shows_the_first_step(ada, person):
    ole = person("ole")
    for path in ("/", "/items/"):
        page = ada.get(path).text
        assert "Create your first item" in visible_text(page)
        assert 'href="/items/new/">' in page.partition('id="live"')[2]
        assert "flask demo load" in page
        assert "An administrator must create the first item" in visible_text(ole.get(path).text)
    assert "Needs attention" not in ada.get("/").text
    assert 'id="act"' not in person("vic").get("/").text


def test_a_poll_gets_the_live_part_or_304(ada, stock):
    stock.lot("receive 10")
    first = poll(ada)
    assert first.text.lstrip().startswith('<div class="stack" id="live"')
    assert poll(ada, tag=first.headers["HX-PTag"]).status_code == 304
    stock.post("issue", item="BOLT", qty="1")
    assert poll(ada, tag=first.headers["HX-PTag"]).status_code == 200


def test_a_search_shows_matching_items_only(ada, stock):
    stock.item("BOLT")
    stock.item("NUT")
    found = poll(ada, "/?q=nu").text
    assert "NUT" in found
    assert "BOLT" not in found
    assert "Needs attention" not in found


def test_invalid_queries_are_no_error(ada, stock):
    stock.item("BOLT")
    for query in ("?q=%00", "?q=" + "x" * 5000, "?unit=%27", "?do=nothing", "?q=%5B*"):
        assert ada.get(f"/{query}").status_code == 200, query


def test_old_reservations_are_listed(ada, person, stock, monkeypatch):
    lot = stock.lot("receive 10, reserve 4 JOB-1")
    assert "reserved since" not in visible_text(ada.get("/").text)
    later = clock.now() + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    stock.reserve(1, reference="JOB-2")
    ira = person("ira")  # the earlier session has expired
    words = visible_text(ira.get("/").text)
    assert "Waiting JOB-1 4 pcs of BOLT, reserved since" in words
    assert "JOB-2" not in words[: words.index("Items")]
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="recall")
    assert "reserved since" not in visible_text(ira.get("/").text), "listed as at risk instead"


@pytest.mark.parametrize("verb", ["receive", "reserve", "issue"])
def test_an_operation_can_be_posted_on_the_dashboard(ada, stock, verb):
    stock.lot("receive 10", lot_code="L-1")
    page = ada.get(f"/?do={verb}").text
    target = re.search(r'<form[^>]*id="act"[^>]*action="([^"]+)" hx-post="([^"]+)"', page)
    assert target.groups() == (f"/{verb}/", f"/{verb}/")
    typed = {"item": "BOLT", "qty": "2", "reference": "JOB-1", "lot_code": "L-2"}
    answer = ada.post(target[1], form_fields(page), **typed)
    assert (answer.status_code, answer.location) == (303, f"/?do={verb}")
