"""Order of codes and names: by the value of numbers, without case and accents."""

from __future__ import annotations

import random

import pytest

from inventory.common.sort_keys import MAX_KEY, natural_key


@pytest.mark.parametrize(
    "ordered",
    [
        ["A-1", "A-2", "A-10", "A-100"],
        ["A-01-2", "A-1-10", "A-2-1"],
        ["ab-1", "AB-2", "Ab-10", "Z"],
        ["Apfel", "Äpfel", "Az", "Öl", "Ole", "Zange"],
        ["Lot 9", "Lot 0010", "Lot 11"],
        ["1", "1a", "2", "10", "a"],
        ["ørn", "Orno", "p"],
    ],
)
def test_texts_are_sorted_as_people_do(ordered: list[str]) -> None:
    mixed = ordered[:]
    random.Random(7).shuffle(mixed)
    assert sorted(mixed, key=natural_key) == ordered


def test_a_key_fits_into_its_column() -> None:
    assert len(natural_key("1a" * 200)) == MAX_KEY
