"""Labels as ZPL, the language of label printers, at 203 dpi."""

from __future__ import annotations

from inventory.common.errors import InvalidInput
from inventory.common.messages import message
from inventory.labels.content import Label
from inventory.labels.paper_layouts import Layout
from inventory.labels.pdf import measure
from inventory.labels.text_fitting import DOT, PlacedLabel, fit

#: Characters that are written unchanged in a field; all others as hexadecimal UTF-8 bytes, above
#: all `^` and `~`, which begin commands.
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;/()+-#=*")


def to_zpl(labels: list[Label], layout: Layout) -> bytes:
    """Return the labels as ZPL.

    Raises:
        InvalidInput: the layout is a sheet, or the label is too small.
    """
    if not layout.is_single:
        raise InvalidInput(
            message("A label printer takes single labels: choose a size like 62x29, not a sheet."),
            field="layout",
        )
    width, height = layout.label
    known: dict[Label, str] = {}
    for label in labels:
        if label not in known:
            known[label] = _one(label, fit(label, width, height, measure), width, height)
    return "".join(known[label] for label in labels).encode("ascii")


def escaped(text: str) -> str:
    """Return the text as a field after ^FH accepts it."""
    return "".join(
        one if one in _SAFE else "".join(f"_{byte:02X}" for byte in one.encode()) for one in text
    )


def _one(label: Label, fitted: PlacedLabel, width: float, height: float) -> str:
    parts = ["^XA^CI28^LH0,0", f"^PW{_dots(width)}^LL{_dots(height)}", _symbol(label, fitted)]
    for word in fitted.words:
        high = max(_dots(word.size), 8)
        wide = max(round(high * 0.9), 8)
        place = f"^FO{_dots(word.x)},{_dots(word.y)}"
        parts.append(f"{place}^A0N,{high},{wide}^FH_^FD{escaped(word.text)}^FS")
    return "\n".join([*parts, "^XZ"]) + "\n"


def _symbol(label: Label, fitted: PlacedLabel) -> str:
    edge = fitted.matrix.quiet * fitted.dots
    place = f"^FO{_dots(fitted.x) + edge},{_dots(fitted.y) + edge}"
    if label.is_gs1:
        # `_1` is FNC1; an underscore in a lot number is doubled.
        message = label.typed.replace("_", "__")
        return f"{place}^BXN,{fitted.dots},200,0,0,6,_,1^FD_1{message}^FS"
    # Most printers print QR codes ten dots lower.
    return f"{place}^BQN,2,{fitted.dots}^FDMA,{label.code}^FS"


def _dots(millimetres: float) -> int:
    return round(millimetres / DOT)
