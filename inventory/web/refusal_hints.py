"""Explanations of refusals, and buttons that resolve them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import url_for

from inventory.common.errors import Refusal
from inventory.common.lookalikes import case_key
from inventory.common.messages import Message, split_sentences
from inventory.common.quantity import Qty
from inventory.http.languages import format_quantity, translate
from inventory.http.languages import gettext as _

#: The field to correct, by the code of the refusal; default "qty".
_FOCUS = {
    "DUPLICATE_LOT": "lot_code",
    "DUPLICATE_ITEM": "code",
    "DUPLICATE_CODE": "code",
    "STALE_LOT": "counted",
    "QC_TRANSITION": "reason",
}


@dataclass(frozen=True)
class SuggestedAction:
    """A button that sends the form again with one value changed, or a link."""

    word: str
    name: str = ""
    value: str = ""
    url: str = ""


class ConfirmationNeeded(Refusal):
    """A form asks before it posts; `steps` are the answers, as actions."""


def explain(refusal: Refusal) -> tuple[str, list[str]]:
    """Return what was refused and the reasons: the parts of the refusal's sentence."""
    if refusal.code == "IDEMPOTENCY_KEY_REUSED":
        return _(
            "This form was posted before with other values. Nothing was posted now."
            " Send it again to post these values too."
        ), []
    what, *why = split_sentences(refusal.detail)
    return translate(what), [translate(reason) for reason in why]


def focus_of(refusal: Refusal) -> str:
    """Return the name of the field to focus."""
    if refusal.code == "LOOKS_LIKE":
        return str(refusal.figures["field"])
    return _FOCUS.get(refusal.code, "qty")


def suggested_actions(refusal: Refusal, fields: Any) -> list[SuggestedAction]:
    """Return the actions that the refusal's figures and the form's fields allow."""
    if isinstance(refusal, ConfirmationNeeded):
        return list(refusal.figures["steps"])
    figures = refusal.figures
    steps = [
        SuggestedAction(
            _("Use %(qty)s", qty=format_quantity(reading, figures["unit"])), "instead", reading
        )
        for reading in figures.get("readings", ())
    ]
    for name in ("free", "issuable", "open"):
        enough = figures.get(name, "0")
        if enough != "0" and "qty" in fields and _is_less(figures, enough):
            qty = format_quantity(enough, _unit_in(refusal.detail))
            steps.append(SuggestedAction(_("Use %(qty)s instead", qty=qty), "instead", enough))
            break
    if refusal.code == "DUPLICATE_LOT" and "add_to_lot" in fields:
        steps.append(_add_to_lot(figures))
    if refusal.code == "LOOKS_LIKE" and "allow_lookalike" in fields:
        if "add_to_lot" in fields and _is_in_another_case(figures, fields):
            steps.append(_add_to_lot(figures))
        is_item = figures["field"] == "code"
        word = _("Use this item code") if is_item else _("Use this lot number")
        steps.append(SuggestedAction(word, "allow_lookalike", "y"))
    if refusal.code == "OVER_ISSUE" and "besides" in fields:
        steps.append(SuggestedAction(_("Issue free stock"), "besides", "y"))
    if refusal.code == "OVER_RETURN" and "unmatched" in fields:
        steps.append(SuggestedAction(_("Post without a matching issue"), "unmatched", "y"))
    if refusal.code == "STALE_LOT":
        steps += [
            SuggestedAction(_("Use the counted quantity"), "resolution", "keep_counted"),
            SuggestedAction(_("Apply the difference"), "resolution", "keep_difference"),
        ]
    if refusal.code == "DUPLICATE_ITEM" or figures.get("field") == "code":
        url = url_for("inventory.items.index", q=figures["item"])
        steps.append(_view(figures["item"], url))
    return steps + _links(refusal)


def _unit_in(text: str) -> str:
    """Return the unit of the quantities in a message, or "" if it has none."""
    if not isinstance(text, Message):
        return ""
    quantities = (one for one in text.values.values() if isinstance(one, Qty))
    units = [one.content[1] for one in quantities if len(one.content) > 1]
    return next(filter(None, [*units, *map(_unit_in, text.parts)]), "")


def _add_to_lot(figures: dict[str, Any]) -> SuggestedAction:
    return SuggestedAction(_("Add to %(lot)s", lot=figures["lot_code"]), "add_to_lot", "y")


def _view(name: str, url: str) -> SuggestedAction:
    return SuggestedAction(_("View %(name)s", name=name), url=url)


def suggested_cuts(refusal: Refusal) -> list[dict[str, str]]:
    """Return the reservations to cut after a count below the reserved quantity.

    The latest reservation is cut first.
    """
    if "to_cut" not in refusal.figures:
        return []
    cuts, rest = [], Decimal(refusal.figures["to_cut"])
    for holder in reversed(refusal.figures["reservations"]):
        cut = min(rest, Decimal(holder["open_qty"]))
        cuts.append(holder | {"cut": f"{cut:f}"})
        rest -= cut
    return cuts


def _is_in_another_case(figures: dict[str, Any], fields: Any) -> bool:
    return case_key(figures["lot_code"]) == case_key(fields["lot_code"].data or "")


def _is_less(figures: dict[str, Any], enough: str) -> bool:
    return "requested" not in figures or figures["requested"] != enough


def _links(refusal: Refusal) -> list[SuggestedAction]:
    figures = refusal.figures
    links = []
    if refusal.code in ("QC_BLOCKED", "LOT_EXPIRED", "DUPLICATE_LOT", "LOOKS_LIKE", "STALE_LOT"):
        held = [lot for lot in figures.get("lots", ()) if lot.get("hold")] or [figures]
        links += [
            _view(lot["lot_code"], url_for("inventory.lots.lot", lot_id=lot["lot_id"]))
            for lot in held[:2]
            if lot.get("lot_id") and lot.get("lot_code")
        ]
    links += [
        _view(
            holder["reference"],
            url_for("inventory.reservations.reservation", reservation_id=holder["reservation_id"]),
        )
        for holder in figures.get("reservations", ())[:3]
    ]
    links += [
        SuggestedAction(
            _("View operation %(id)s", id=one["operation_id"]),
            url=url_for("inventory.operations.operation", operation_id=one["operation_id"]),
        )
        for one in figures.get("operations", ())[:3]
    ]
    return links
