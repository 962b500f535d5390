"""The analysis pages and their files: movement, turnover, age and expiry."""

import csv
import io
from datetime import timedelta

import pytest

from inventory.common import clock
from tests.support.stock_builder import in_days, part
from tests.support.users import visible_text


@pytest.fixture
def warehouse(stock):
    stock.item("OIL", name="Motor oil", unit="l", decimals=1)
    lot = stock.lot("receive 10", lot_code="L-1", expires_on=in_days(5))
    stock.post("issue", item="BOLT", lots=[part(lot, 4)])
    stock.lot("receive 2.5", item="OIL", lot_code="B-1", expires_on=in_days(-2))
    return stock


def file_of(answer):
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_movement_shows_each_day_and_links_to_its_entries(ada, warehouse):
    page = ada.get("/analysis/")
    words = visible_text(page.text)
    today = clock.today().isoformat()
    assert "30 days" in words
    assert f"{today} 2 1 1" in words
    assert f'href="/ledger/?from={today}&amp;to={today}"' in page.text


def test_movement_of_one_item_is_in_its_unit(ada, warehouse):
    words = visible_text(ada.get("/analysis/?item=BOLT").text)
    assert f"{clock.today()} 10 4 6" in words
    assert "pcs per day" in words
    rows = file_of(ada.get("/analysis/movement.csv?item=OIL"))
    assert rows[0] == ["day", "received", "issued", "net"]
    assert rows[-1] == [clock.today().isoformat(), "2.5", "0", "2.5"]
    assert len(rows) == 31


def test_the_table_has_plain_values_for_the_chart(ada, warehouse):
    """analysis.js reads `data-value`."""
    page = ada.get("/analysis/?item=OIL").text
    assert 'data-plot="figures"' in page
    assert page.count('data-series="') == 2
    assert 'data-value="2.5"' in page


@pytest.mark.parametrize("path", ["/analysis/", "/analysis/ageing/", "/analysis/expiry/"])
def test_an_unknown_item_is_reported(ada, warehouse, path):
    words = visible_text(ada.get(path + "?item=NUT").text)
    assert "No item has the code “NUT”." in words


def test_movement_covers_at_most_one_year(ada, warehouse):
    rows = file_of(ada.get("/analysis/movement.csv?from=1999-01-01"))
    assert len(rows) == 1 + 366
    assert rows[-1][0] == clock.today().isoformat()


@pytest.mark.parametrize(
    "query",
    [
        "from=nonsense",
        "to=0001-01-01",
        "to=9999-12-31",
        "from=2030-01-01&to=2020-01-01",
        "from=%00",
    ],
)
def test_invalid_dates_are_no_error(ada, warehouse, query):
    for path in ("/analysis/", "/analysis/turnover/", "/analysis/movement.csv"):
        assert ada.get(f"{path}?{query}").status_code == 200


def test_turnover_shows_rate_and_days_of_stock_of_each_item(ada, warehouse):
    today = clock.today()
    period = f"from={today}&to={today}"
    words = visible_text(ada.get(f"/analysis/turnover/?{period}").text)
    assert "Bolt BOLT 4 pcs – 6 pcs 0.67 6 pcs 2 d" in words.replace("Turnover 0.67 ", "")
    rows = file_of(ada.get(f"/analysis/turnover.csv?{period}&q=bol"))
    assert rows[1:] == [["BOLT", "Bolt", "pcs", "4", "0", "6", "6", "0.667", "1.5"]]


def test_age_is_counted_from_the_receipt(ada, warehouse):
    words = visible_text(ada.get("/analysis/ageing/").text)
    assert "0 to 30 days 2 2.5 l 6 pcs" in words
    rows = file_of(ada.get("/analysis/ageing.csv?item=BOLT"))
    assert rows[1:] == [["0 to 30 days", "1", "6", "pcs"]]


def test_the_expiry_calendar_links_to_the_lots(ada, warehouse):
    page = ada.get("/analysis/expiry/").text
    day = clock.today() + timedelta(days=5)
    assert f'href="/lots/?expires={day}"' in page
    assert "1 expired" in visible_text(page)
    listed = visible_text(ada.get(f"/lots/?expires={day}").text)
    assert "L-1" in listed
    assert "B-1" not in listed
    rows = file_of(ada.get("/analysis/expiry.csv"))
    assert [row[1:] for row in rows[1:]] == [["1", "2.5", "0", "l"], ["1", "6", "0", "pcs"]]


def test_each_report_is_a_spreadsheet_and_others_are_not_found(ada, warehouse):
    for report in ("movement", "turnover", "ageing", "expiry"):
        answer = ada.get(f"/analysis/{report}.xlsx")
        assert answer.data.startswith(b"PK")
    assert ada.get("/analysis/secrets.csv").status_code == 404
    assert ada.get("/analysis/movement.exe").status_code == 404


def test_empty_reports_say_that_there_is_no_data(ada):
    assert "No stock" in visible_text(ada.get("/analysis/ageing/").text)
    assert "No items yet" in visible_text(ada.get("/analysis/turnover/").text)
