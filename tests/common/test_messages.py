from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, date, datetime
from typing import Any

import pytest

from inventory.common.clock import Time
from inventory.common.errors import InsufficientStock, refusal_from, refusal_to_json
from inventory.common.messages import (
    from_json,
    join_sentences,
    message,
    plural_message,
    to_json,
    translate,
)
from inventory.common.quantity import Qty

FREE = message("Only %(free)s free in %(lot)s.", free=Qty(1_500_000, "kg"), lot="L-1")
LOTS = plural_message("%(num)s lot: %(lots)s.", "%(num)s lots: %(lots)s.", 2, lots=["A", "B"])
DATED = message(
    "Until %(day)s, 100%% of %(what)s, at %(time)s.",
    day=date(2027, 3, 31),
    what=message("the lots"),
    time=Time(datetime(2027, 3, 31, 10, 42, tzinfo=UTC)),
)


class German:
    """A translator of a few sentences."""

    def gettext(self, text: str) -> str:
        return {
            "Only %(free)s free in %(lot)s.": "In %(lot)s sind nur %(free)s frei.",
            "the lots": "den Chargen",
        }.get(text, text)

    def ngettext(self, one: str, many: str, number: int) -> str:
        return "%(num)s Charge: %(lots)s." if number == 1 else "%(num)s Chargen: %(lots)s."

    def format(self, value: Any) -> str:
        return str(value).replace(".", ",") if isinstance(value, Qty) else f"<{value}>"


def test_a_message_is_its_english_text() -> None:
    assert FREE == "Only 1.5 kg free in L-1."
    assert LOTS == "2 lots: A, B."
    assert DATED == "Until 2027-03-31, 100% of the lots, at 2027-03-31 10:42."
    assert join_sentences(FREE, "", LOTS) == f"{FREE} {LOTS}"
    assert json.dumps(FREE) == '"Only 1.5 kg free in L-1."'


def test_a_message_is_translated_with_its_figures() -> None:
    german = German()
    assert translate(FREE, german) == "In L-1 sind nur 1,5 kg frei."
    assert translate(join_sentences(FREE, LOTS), german) == (
        "In L-1 sind nur 1,5 kg frei. 2 Chargen: A, B."
    )
    assert translate(DATED, german) == (
        "Until <2027-03-31>, 100% of den Chargen, at <2027-03-31 10:42>."
    )
    assert translate("A plain text", german) == "A plain text"


@pytest.mark.parametrize("text", [FREE, LOTS, DATED, join_sentences(FREE, LOTS, "end"), "plain"])
def test_a_stored_message_can_still_be_translated(text: str) -> None:
    read = from_json(json.loads(json.dumps(to_json(text))))
    assert read == text
    assert translate(read, German()) == translate(text, German())
    for copied in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert translate(copied, German()) == translate(text, German())


def test_a_stored_refusal_can_still_be_translated() -> None:
    stored = json.loads(json.dumps(refusal_to_json(InsufficientStock(FREE, free="1.5"))))
    read = refusal_from(stored)
    assert isinstance(read, InsufficientStock)
    assert (read.detail, read.figures) == (FREE, {"free": "1.5"})
    assert translate(read.detail, German()) == "In L-1 sind nur 1,5 kg frei."


def test_a_refusal_that_was_stored_as_a_text_stays_in_english() -> None:
    read = refusal_from({"code": "OVER_ISSUE", "detail": "Too much.", "figures": {}})
    assert translate(read.detail, German()) == "Too much."


@pytest.mark.parametrize(
    ("qty", "text"),
    [(Qty(1_000_000, "pcs"), "1 pc"), (Qty(2_000_000, "pcs"), "2 pcs"), (Qty(1_000_000), "1")],
)
def test_one_piece_is_a_pc(qty: Qty, text: str) -> None:
    assert qty == text
