"""Words of the search: without case, accents, dashes and other signs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.common.search_keys import (
    fold_for_search,
    item_key,
    lot_key,
    reservation_key,
    search_words,
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("AB-1", "ab1"), ("1.4301", "14301"), ("a_b/c+d", "abcd"), ("50 % acid", "50 acid"),
        ("a – b", "a b"), ("  two\u00a0\u2003blanks ", "two blanks"),
        ("soft\u00adhyphen", "softhyphen"), ("München", "munchen"), ("Mu\u0308nchen", "munchen"),
        ("Straße", "strasse"), ("STRAẞE", "strasse"), ("Łódź", "lodz"), ("Ærø", "aero"),
        ("İSTANBUL ılık", "istanbul ilik"), ("ΣΊΣΥΦΟΣ", "σισυφοσ"), ("Ёлка", "елка"),
        ("ABC １２", "abc 12"), ("½ m²", "12 m2"), ("M10 × 25", "m10x25"), ("M10 x 25", "m10x25"),
        ("M10×25", "m10x25"), ("2 x 4 x 8", "2x4x8"), ('1" × 3"', "1x3"), ("box 25", "box 25"),
        ("10 x", "10 x"), ("×", "x"), ("⌀ 20", "o 20"), ("O´Ring", "oring"), ("O'Ring", "oring"),
        ("O’Ring", "oring"), ("20 °C", "20 c"), ("Loctite™", "loctitetm"), ("…", ""), ("–", ""),
        ("→", ""), ("\u3164", ""), ("🔩 Bolt ✓", "🔩 bolt"), ("", ""),
    ],
)  # fmt: skip
def test_texts_are_folded(text: str, folded: str) -> None:
    assert fold_for_search(text) == folded
    assert fold_for_search(folded) == folded


def test_codes_are_one_word_each() -> None:
    assert item_key("AB 1", "Ball bearing, sealed") == "ab1 ball bearing sealed"
    assert lot_key("L 2026/01", "SUP-7 B") == "l202601 sup7b"
    assert lot_key("L-1", None) == "l1"
    assert reservation_key("Job 47 11") == "job4711"
    assert item_key("→", "Arrow") == "arrow"


def test_words_of_a_query_are_counted_once() -> None:
    assert search_words("Bolt - BOLT m10, m10") == ["bolt", "m10"]
    assert search_words(" -- %%% ") == []


@given(st.text(max_size=30), st.integers(0, 30), st.integers(0, 30))
def test_each_part_of_a_text_is_found(text: str, first: int, last: int) -> None:
    key = item_key("", text)
    assert all(word in key for word in search_words(text[first:last]))
    assert all(word in reservation_key(text) for word in search_words(text[first:last]))


@given(st.text(max_size=30))
def test_a_key_has_letters_digits_emoji_and_single_spaces_only(text: str) -> None:
    key = fold_for_search(text)
    words = re.sub("[\U0001f000-\U0001ffff]", "x", key).split(" ")
    assert all(map(str.isalnum, words)) or not key
    assert fold_for_search(key) == key
    assert fold_for_search(text.upper().lower()) == fold_for_search(text.lower())
