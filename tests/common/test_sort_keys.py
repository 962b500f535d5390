from __future__ import annotations

from inventory.common.sort_keys import natural_key


def test_numbers_sort_by_value_and_letters_without_case() -> None:
    codes = ["B-1", "a-10", "A-2", "A-1-10", "A-1-9"]
    assert sorted(codes, key=natural_key) == ["A-1-9", "A-1-10", "A-2", "a-10", "B-1"]
