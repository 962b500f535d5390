"""Keys of codes: equal for codes that people cannot tell apart, different for others."""

from __future__ import annotations

import string
import unicodedata

import pytest

from inventory.common import lookalikes
from inventory.common.lookalikes import case_key, find_invisible, look_key
from inventory.common.validation import InvalidInput, validate_new_code


@pytest.mark.parametrize(
    ("code", "twin"),
    [
        ("AB-1", "ab-1"),
        ("AB-1", "АВ-1"),
        ("AB-1", "ав-1"),
        ("AB-1", "ＡＢ－１"),
        ("AB-1", "AB‐1"),
        ("AB-1", "AB—1"),
        ("AB-1", "A\u00adB-1"),
        ("AB-1", "A\u200dB-1"),
        ("AB 1", "AB\u00a01"),
        ("AB 1", "AB  1"),
        ("AB 1", "AB1"),
        ("A0", "AO"),
        ("LOT-1", "LOT-I"),
        ("LOT-1", "LOT-|"),
        ("anna", "ɑnna"),
        ("anna", "ᴀɴɴᴀ"),
        ("Ä1", "A\u03081"),
        ("Ӓ1", "Ä1"),
        ("straße", "STRASSE"),
        ("Σ1", "σ1"),
        ("2x4", "2×4"),
    ],
)
def test_codes_that_look_alike_have_one_key(code: str, twin: str) -> None:
    assert look_key(code) == look_key(twin)


@pytest.mark.parametrize(
    ("code", "other"),
    [("M8", "M6"), ("SHIRT-L", "SHIRT-1"), ("Ä", "A"), ("é", "e"), ("A-1", "A-11"), ("山", "川")],
)
def test_codes_that_can_be_told_apart_have_different_keys(code: str, other: str) -> None:
    assert look_key(code) != look_key(other)


def test_the_keys_of_ascii_codes_agree_with_the_list_of_confusables() -> None:
    for character in string.printable.strip() + " ":
        listed = lookalikes._prototypes().get(character.upper(), character.upper())
        expected = "".join("l" if one in "lI1|" else one for one in listed if one != " ")
        if character in "%":
            expected = "%"  # º/₀ is no shape of a code
        assert look_key(character) == expected, character
        assert look_key(f"{character}Ж") == look_key(character) + look_key("Ж"), character


def test_case_keys_keep_lookalike_letters_apart() -> None:
    assert case_key("Hex  Bolt") == case_key("hex\u00a0bolt")
    assert case_key("LOT-1") != case_key("LOT-I")


HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u17b4\u180e\u200b\u200d\u200e\u202e\u2060\u2065\u2800\u3164"
    "\ufe0f\ufeff\uffa0\ufff0\ufffc\ue000"
    "\U00013441\U00016fe4\U0001d159\U0001d173\U000e0041\U000e0fff\U000f0000"
)


@pytest.mark.parametrize("character", HIDDEN)
def test_a_new_code_has_visible_characters_only(character: str) -> None:
    assert find_invisible(f"A{character}B") == character
    with pytest.raises(InvalidInput, match="invisible character: U\\+"):
        validate_new_code(f"A{character}B", field="code")


def test_letters_marks_and_emoji_are_visible() -> None:
    text = "Schraube Ä é ñ Ж Σ 山 コード رمز क्षि 🔩 ½ № ™"
    assert find_invisible(unicodedata.normalize("NFC", text)) is None


def test_any_blank_in_a_new_code_is_one_space() -> None:
    assert validate_new_code(" A\u00a0\u2003 B\u3000C ", field="code") == "A B C"


def test_a_key_fits_into_an_index() -> None:
    assert len(look_key("\ufdfa" * 64)) <= lookalikes.MAX_KEY
    assert look_key("\ufdfa" * 64) != look_key("\ufdfa" * 63)
