"""Parse scans. tests/support/scans.json is shared with the parser in the browser."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.barcodes import Scan, gs1, internal_codes, parse_scan
from inventory.common.errors import InvalidCode
from inventory.http.json_codec import to_camel_case

SCANS = json.loads((Path(__file__).parents[2] / "tests/support/scans.json").read_text())
GTIN = "09521123456785"


def fields_of(scan: Scan) -> dict[str, Any]:
    return {
        name: value
        for name, value in to_camel_case(scan.to_dict()).items()
        if value not in (None, False)
    }


@pytest.mark.parametrize("row", SCANS, ids=[row["about"] for row in SCANS])
def test_scan_is_parsed_as_in_scans_json(row: dict[str, Any]) -> None:
    if "reads" in row:
        assert fields_of(parse_scan(row["raw"])) == row["reads"]
    else:
        with pytest.raises(InvalidCode) as caught:
            parse_scan(row["raw"])
        assert caught.value.figures["problem"] == row["refused"]


def test_scans_json_has_enough_distinct_cases() -> None:
    assert len({row["raw"] for row in SCANS}) == len(SCANS) > 90
    assert len({row["refused"] for row in SCANS if "refused" in row}) >= 8


def test_wrong_check_digit_error_has_the_expected_digit() -> None:
    with pytest.raises(InvalidCode, match="should be 5, not 7") as caught:
        parse_scan("]C10109521123456787")
    assert caught.value.figures["expected"] == "5"


def test_custom_separator_is_read_like_gs_only_if_configured() -> None:
    raw = f"01{GTIN}10ABC|17271231"
    assert parse_scan(raw, separator="|").expires_on == date(2027, 12, 31)
    with pytest.raises(InvalidCode):
        parse_scan(raw)
    assert parse_scan("A|B", separator="|").text == "A|B"


@pytest.mark.parametrize(
    ("raw", "readings"),
    [
        (f"01{GTIN}10ABC17271231", [f"(01){GTIN}(10)ABC(17)271231"]),
        (f"]C117271231{'10ABC'}01{GTIN}", [f"(17)271231(10)ABC(01){GTIN}"]),
        (f"01{GTIN}21SER10LOT", [f"(01){GTIN}(21)SER(10)LOT"]),
        (f"]C102{GTIN}37121047", [f"(02){GTIN}(37)12(10)47"]),
        # The field end is marked, or the AI that follows is in the message already.
        (f"01{GTIN}10ABC17271231\x1d21S", []),
        (f"01{GTIN}1727123110ABC17271231", []),
        (f"01{GTIN}10ABC17271331", []),
        (f"01{GTIN}10ABC", []),
        (f"(01){GTIN}(10)ABC17271231", []),
    ],
)
def test_lost_separator_gives_other_readings(raw: str, readings: list[str]) -> None:
    found = [reading.text for reading in parse_scan(raw).other_readings()]
    assert set(readings) <= set(found)
    assert bool(readings) == bool(found)


def test_scan_that_is_not_text_is_refused() -> None:
    for raw in (None, 5, b"L-001", ["L"]):
        with pytest.raises(InvalidCode):
            parse_scan(raw)


@given(st.text(max_size=600))
def test_any_text_is_parsed_or_refused(raw: str) -> None:
    try:
        found = parse_scan(raw)
    except InvalidCode:
        return
    assert found.text
    assert found.to_dict()["text"] == found.text


@given(st.text(alphabet="0123456789()\x1d]C1d2ABX", max_size=60))
def test_any_gs1_like_text_is_parsed_or_refused(raw: str) -> None:
    try:
        found = parse_scan(raw)
    except InvalidCode:
        return
    assert found.gtin is None or gs1.is_gtin(found.gtin)
    found.other_readings()


@given(st.integers(1, 2**63 - 1), st.text(min_size=1, max_size=64), st.text(min_size=1))
def test_internal_lot_code_is_parsed_back(id: int, item: str, lot: str) -> None:
    label = parse_scan(internal_codes.lot_content(id, item, lot)).own
    assert label
    assert (label.kind, label.id) == ("lot", id)
    assert label.is_of(item, lot)
    assert not label.is_of(item, lot + "x")


@given(st.text(min_size=1, max_size=64))
def test_internal_location_code_contains_the_location(location: str) -> None:
    content = internal_codes.location_content(location)
    if len(content) <= 512:
        label = parse_scan(content).own
        assert label
        assert (label.kind, label.location) == ("location", location)
    assert internal_codes.read(content[:-1] + ("0" if content[-1] != "0" else "1")) is None
