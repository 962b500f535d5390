from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.common.errors import InvalidQty
from inventory.common.quantity import MAX, ONE, TypedQty, format_qty, parse_qty
from tests.support.quantities import CASES


@pytest.mark.parametrize(
    ("written", "decimals", "micros"),
    [
        ("1", 0, 1_000_000), ("1.0", 0, 1_000_000), (" 7 ", 0, 7_000_000), ("0.000001", 6, 1),
        ("12.50", 2, 12_500_000), (3, 0, 3_000_000), (Decimal("1E+2"), 0, 100_000_000),
        (Decimal("0.5"), 1, 500_000), ("1000000000000", 0, MAX), ("007", 0, 7_000_000),
    ],
)  # fmt: skip
def test_what_is_written_is_read_exactly(written: object, decimals: int, micros: int) -> None:
    assert parse_qty(written, decimals=decimals) == micros


@pytest.mark.parametrize(
    "written",
    ["", " ", "0", "0.0", "-1", "+1", "1e2", "1,5", "1.", ".5", "NaN", "inf", "1_0", "0x1", "１",
     "1.5", "1000000000000.000001", "1000000000001", "9" * 5000, None, True, 1.5, Decimal("NaN"),
     Decimal("Infinity"), Decimal("1E+400"), Decimal("1E-400"), 10**400, [], "1\n"],
)  # fmt: skip
def test_anything_else_is_refused(written: object) -> None:
    with pytest.raises(InvalidQty) as caught:
        parse_qty(written, decimals=0)
    assert caught.value.field == "qty"


def test_zero_is_fine_where_it_means_something() -> None:
    assert parse_qty("0.00", decimals=0, allow_zero=True) == 0


@given(st.integers(1, MAX))
def test_what_is_formatted_reads_back(micros: int) -> None:
    assert parse_qty(format_qty(micros), decimals=6) == micros


@given(st.integers(1, MAX), st.integers(0, 6))
def test_nothing_is_ever_rounded(micros: int, decimals: int) -> None:
    exact = micros % 10 ** (6 - decimals) == 0
    try:
        assert parse_qty(format_qty(micros), decimals=decimals) == micros
        assert exact
    except InvalidQty:
        assert not exact


def test_there_are_enough_cases_of_typed_quantities() -> None:
    assert len(CASES) == len({(text, decimals) for text, decimals, _ in CASES}) >= 100


@pytest.mark.parametrize(("text", "decimals", "meant"), CASES)
def test_a_typed_quantity_is_read_or_refused(text, decimals, meant):
    if isinstance(meant, str):
        read = parse_qty(TypedQty(text), decimals=decimals, allow_zero=True)
        assert format_qty(read) == meant
        return
    with pytest.raises(InvalidQty) as caught:
        parse_qty(TypedQty(text), decimals=decimals, unit="pcs", allow_zero=True)
    assert caught.value.figures.get("readings", []) == (meant or [])
    assert all(reading in caught.value.detail for reading in meant or [])


def test_programs_write_decimal_points_only():
    assert parse_qty("1.000", decimals=0) == ONE
    with pytest.raises(InvalidQty):
        parse_qty("1,5", decimals=1)
