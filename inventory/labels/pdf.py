"""Labels as PDF: barcodes as vector squares, text in an embedded font."""

from __future__ import annotations

import functools
import io
import unicodedata
from pathlib import Path
from typing import Any

from inventory.labels.content import Label
from inventory.labels.paper_layouts import Layout
from inventory.labels.text_fitting import PlacedLabel, fit

FONTS = Path(__file__).with_name("fonts")
_FONTS = {False: "DejaVuSansCondensed", True: "DejaVuSansCondensed-Bold"}
_POINTS = 72 / 25.4
#: Replaces characters that the font does not have.
_MISSING = "\N{WHITE SQUARE}"
_RIGHT_TO_LEFT = {"R", "AL"}


def to_pdf(labels: list[Label], layout: Layout, *, start: int = 1) -> bytes:
    """Return the labels as PDF, the first at position `start` of the sheet.

    Raises:
        InvalidInput: a label does not fit, or `start` is not a position of the sheet.
    """
    from reportlab.pdfgen.canvas import Canvas

    _fonts()
    out = io.BytesIO()
    width, height = layout.page
    canvas = Canvas(out, pagesize=(width * _POINTS, height * _POINTS), invariant=1)
    canvas.setTitle("Labels")
    canvas.setViewerPreference("PrintScaling", "None")
    fitted: dict[Label, PlacedLabel] = {}
    on_page = 0
    for label, (page, x, y) in zip(labels, layout.places(len(labels), start), strict=True):
        if page > on_page:
            canvas.showPage()
            on_page = page
        if label not in fitted:
            fitted[label] = fit(label, *layout.label, measure)
        _draw(canvas, fitted[label], x, height - y)
    canvas.save()
    return out.getvalue()


def measure(text: str, bold: bool) -> float:
    """Return the width of a text at a height of 1."""
    return float(_fonts()[bold].stringWidth(_writable(text, bold), 1000)) / 1000


def _draw(canvas: Any, label: PlacedLabel, x: float, y: float) -> None:
    """Draw a label with its top left corner at x, y; PDF counts from the bottom."""
    module = label.module
    path = canvas.beginPath()
    for row, column, length in label.matrix.runs():
        path.rect(
            (x + label.x + column * module) * _POINTS,
            (y - label.y - (row + 1) * module) * _POINTS,
            length * module * _POINTS,
            module * _POINTS,
        )
    canvas.drawPath(path, stroke=0, fill=1)
    for word in label.words:
        canvas.setFont(_FONTS[word.bold], word.size * _POINTS)
        base = y - word.y - word.size * 0.93
        written = _writable(word.text, word.bold)
        canvas.drawString((x + word.x) * _POINTS, base * _POINTS, written)


def _writable(text: str, bold: bool) -> str:
    known = _fonts()[bold].face.charToGlyph
    return "".join(one if ord(one) in known else _MISSING for one in in_visual_order(text))


def in_visual_order(text: str) -> str:
    """Return the characters from left to right as they are written, Arabic letters joined.

    Source: Unicode Standard Annex #9. A PDF draws glyphs and knows neither direction nor joining.
    """
    if text.isascii() or not any(unicodedata.bidirectional(one) in _RIGHT_TO_LEFT for one in text):
        return text
    from arabic_reshaper import reshape
    from bidi import get_display

    return str(get_display(reshape(text)))


@functools.cache
def _fonts() -> dict[bool, Any]:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    found = {bold: TTFont(name, FONTS / f"{name}.ttf") for bold, name in _FONTS.items()}
    for font in found.values():
        pdfmetrics.registerFont(font)
    return found
