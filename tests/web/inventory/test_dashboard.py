"""The dashboard, and polling for its changes."""

import re

import pytest

from inventory.web import background_jobs
from tests.support.stock_builder import in_days
from tests.support.users import form_fields, visible_text


def poll(person, path="/", tag=""):
    return person.get(path, **{"HX-Request": "true", "HX-Target": "div#live", "HX-PTag": tag})


def counters(person):
    """Return the number and the target of each counter."""
    found = re.findall(
        r'<a class="counter[^"]*" href="([^"]+)">\s*<span[^>]*>.*?</svg>([^<]+)</span>\s*'
        r"<strong>([^<]+)</strong>",
        person.get("/").text,
        re.S,
    )
    return {name: (number.strip(), url.replace("&amp;", "&")) for url, name, number in found}


def test_counters_tell_what_needs_attention_and_lead_to_its_list(ada, stock):
    stock.item("BOLT", reorder_point="100")
    lot = stock.lot("receive 10, reserve 4 JOB-1", lot_code="RISKY")
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="Recall")
    stock.lot("receive 3", lot_code="OLD", expires_on=in_days(-1))
    stock.lot("receive 3", lot_code="SOON", expires_on=in_days(5))
    stock.lot("receive 3", lot_code="LATE", expires_on=in_days(31))
    empty = stock.lot("receive 3", lot_code="EMPTY", expires_on=in_days(-1))
    stock.post("scrap", lot_id=empty, qty="3", reason="Expired")
    found = counters(ada)
    listed = {
        "At risk": "JOB-1",
        "In quarantine": "RISKY",
        "Expired": "OLD",
        "Expiring": "SOON",
        "Low stock": "BOLT",
        "Open jobs": "JOB-1",
    }
    assert {name: number for name, (number, _) in found.items()} == dict.fromkeys(listed, "1")
    codes = {"RISKY", "OLD", "SOON", "LATE", "EMPTY"}
    for name, code in listed.items():
        page = visible_text(ada.get(found[name][1]).text)
        assert code in page, name
        if code in codes:
            assert not [other for other in codes - {code} if other in page], name


def test_the_quarantine_begins_with_the_lot_that_waits_longest(ada, stock, monkeypatch):
    stock.lot("receive 3, quarantine", lot_code="FIRST")
    stock.lot("receive 3, quarantine", lot_code="SECOND")
    assert "Oldest: 0 d" in visible_text(ada.get("/").text)
    page = ada.get(counters(ada)["In quarantine"][1]).text
    assert page.index("FIRST") < page.index("SECOND")
    assert ada.get("/lots/?state=quarantine").text.index("FIRST") < page.index("SECOND")


def test_nothing_is_summed_over_items(ada, stock):
    stock.lot("receive 70000")
    stock.lot("receive 7000", item="NUT")
    assert "77000" not in visible_text(ada.get("/").text).replace(" ", "")


def test_latest_operations_are_folded(ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1", lot_code="L-1")
    stock.post("issue", reservation_id=1, qty="3")
    words = visible_text(ada.get("/").text.partition('id="latest"')[2])
    assert "Issue BOLT − 3 pcs L-1 JOB-1" in words
    assert "Reservation BOLT 4 pcs L-1 JOB-1" in words
    assert "Receipt BOLT + 10 pcs L-1" in words
    assert "Unreserve" not in words


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("ada", ["/items/new/"]),
        ("ole", ["/receive/"]),
        ("ira", ["/lots/?state=quarantine&amp;sort=received"]),
        ("vic", []),
    ],
)
def test_the_first_button_is_what_the_role_does(person, name, step):
    head = person(name).get("/").text.partition('class="page-head"')[2].partition('id="live"')[0]
    assert re.findall(r'<a [^>]*href="([^"]+)"', head) == step


def test_an_empty_inventory_shows_the_first_steps(ada, person):
    ole = person("ole")
    for path in ("/", "/items/"):
        page = ada.get(path).text
        assert "Create your first item" in visible_text(page)
        assert 'href="/items/new/">' in page.partition('id="live"')[2]
        assert "An administrator must create the first item" in visible_text(ole.get(path).text)
    assert "Load demo data" in visible_text(ada.get("/").text)
    assert "Load demo data" not in visible_text(ole.get("/").text)
    assert 'class="counters"' not in ada.get("/").text


def test_demo_data_is_for_an_empty_site_and_for_admins(ada, person, stock, monkeypatch):
    started = []
    monkeypatch.setattr(background_jobs, "start", started.append)
    assert person("ira").post("/demo/", form_fields(ada.get("/").text)).status_code in (400, 403)
    assert started == []
    assert ada.post("/demo/", form_fields(ada.get("/").text)).status_code == 303
    assert started == [background_jobs.LOAD_DEMO]
    stock.item("BOLT")
    assert ada.post("/demo/", form_fields(ada.get("/account/").text)).status_code == 422
    assert len(started) == 1


def test_a_poll_gets_the_live_part_or_304(ada, stock):
    stock.lot("receive 10")
    first = poll(ada)
    assert first.text.lstrip().startswith('<div class="stack" id="live"')
    assert poll(ada, tag=first.headers["HX-PTag"]).status_code == 304
    stock.post("issue", item="BOLT", qty="1")
    assert poll(ada, tag=first.headers["HX-PTag"]).status_code == 200


def test_invalid_queries_are_no_error(ada, stock):
    stock.item("BOLT")
    for query in ("?q=%00", "?q=" + "x" * 5000, "?unit=%27", "?do=nothing", "?q=%5B*"):
        assert ada.get(f"/{query}").status_code == 200, query
