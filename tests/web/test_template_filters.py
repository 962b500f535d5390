"""Template filters for quantities, dates and times."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from inventory.common import clock
from inventory.http.languages import format_date, format_datetime
from inventory.web.template_filters import figure

ONE = 10**6


@pytest.mark.parametrize(
    ("micros", "plain", "groups"),
    [
        (0, "0", 1),
        (12_500_000, "12.5", 1),
        (1, "0.000001", 1),
        (9999 * ONE, "9999", 1),
        (12_345 * ONE, "12345", 2),
        (1_234_567 * ONE + 500_000, "1234567.5", 3),
        (10**12 * ONE, "1" + "0" * 12, 5),
        (-5 * ONE, "−5", 1),
    ],
)
def test_a_quantity_is_grouped_on_screen_but_copied_without_groups(micros, plain, groups):
    shown = figure(micros)
    assert Markup(shown).striptags() == plain
    assert shown.count("<span") == groups


def test_a_time_is_shown_in_the_time_zone_of_the_site():
    clock.set_timezone(ZoneInfo("Asia/Tokyo"))
    try:
        assert format_datetime(datetime(2026, 12, 31, 23, 5, tzinfo=UTC)) == "2027-01-01 08:05"
    finally:
        clock.set_timezone(UTC)
    assert format_datetime(None) == "–"


def test_a_date_is_shown_in_iso_format():
    assert format_date(date(2027, 3, 31)) == "2027-03-31"
    assert format_date(None) == "–"
