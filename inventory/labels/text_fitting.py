"""Layout of a label: the barcode at the left, the text lines beside it.

The barcode is as large as possible. Lengths are in millimeters. A module is a whole number of dots
of a 203 dpi printer, so that it is printed sharply and can be scanned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from inventory.common.errors import InvalidInput
from inventory.common.messages import message
from inventory.labels.barcode_images import Matrix, matrix_of
from inventory.labels.content import Label, Line

DOT = 25.4 / 203
PADDING = 1.5
#: A module has 2 to 10 dots: 0.25 to 1.25 mm.
_DOTS = (2, 10)
#: Height of normal text: the largest, the smallest before a line is dropped, and the smallest.
_BEST, _ENOUGH, _LEAST = 8.0, 2.0, 1.5
_LEADING = 1.2

#: Returns the width of (text, bold) at 1 mm of height.
Measure = Callable[[str, bool], float]


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text line with its left edge, top edge and height."""

    text: str
    bold: bool
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    """A label with all parts placed."""

    matrix: Matrix
    #: Left and top edge of the quiet zone, and dots per module.
    x: float
    y: float
    dots: int
    words: tuple[PlacedText, ...]

    @property
    def module(self) -> float:
        """Return the width of a module in millimeters."""
        return self.dots * DOT


def fit(label: Label, width: float, height: float, measure: Measure) -> PlacedLabel:
    """Place barcode and text on a label of this size.

    Raises:
        InvalidInput: the label is too small.
    """
    matrix = matrix_of(label)
    room = min(height - 2 * PADDING, (width - 3 * PADDING) * 0.5)
    dots = min(int(room / (matrix.modules * DOT)), _DOTS[1])
    if dots < _DOTS[0]:
        raise InvalidInput(
            message(
                "A label of %(width)s × %(height)s mm is too small for this code, which needs a"
                " square of %(side)s mm. Choose a larger label.",
                width=round(width),
                height=round(height),
                side=round(matrix.modules * DOT * 2),
            ),
            field="layout",
        )
    side = matrix.modules * dots * DOT
    left = 2 * PADDING + side
    words = _fit_words(label.lines, width - left - PADDING, height - 2 * PADDING, measure)
    if words is None:
        raise InvalidInput(
            message(
                "A label of %(width)s × %(height)s mm is too small for its text. Choose a larger"
                " one.",
                width=round(width),
                height=round(height),
            ),
            field="layout",
        )
    placed = tuple(
        PlacedText(word.text, word.bold, left + word.x, PADDING + word.y, word.size)
        for word in words
    )
    return PlacedLabel(matrix, PADDING, (height - side) / 2, dots, placed)


def _fit_words(
    lines: tuple[Line, ...], width: float, height: float, measure: Measure
) -> list[PlacedText] | None:
    """Place the lines as large as possible without breaking a code.

    Optional lines are dropped before the others get too small to read. None if it is impossible.
    """
    kept = list(lines)
    while True:
        size = _BEST
        best: list[PlacedText] | None = None
        while size >= (_ENOUGH if any(line.optional for line in kept) else _LEAST):
            words, used, broken = _set(kept, size, width, measure)
            if used <= height:
                best = best or _middle(words, (height - used) / 2)
                if not broken:
                    return _middle(words, (height - used) / 2)
            size -= 0.1
        if best:
            return best
        if not any(line.optional for line in kept):
            return None
        kept.remove([line for line in kept if line.optional][-1])


def _middle(words: list[PlacedText], down: float) -> list[PlacedText]:
    return [replace(word, y=word.y + down) for word in words]


def _set(
    lines: list[Line], size: float, width: float, measure: Measure
) -> tuple[list[PlacedText], float, bool]:
    """Return the lines at this size, their total height, and if a code was broken."""
    words, y, broken = [], 0.0, False
    for line in lines:
        high = max(size * line.size, _LEAST)
        parts = _parts(line, width / high, measure)
        broken = broken or (len(parts) > 1 and not line.optional)
        for part in parts:
            words.append(PlacedText(part, line.bold, 0.0, y, high))
            y += high * _LEADING
    return words, y, broken


def _parts(line: Line, width: float, measure: Measure) -> list[str]:
    """Split a line into parts of at most this width.

    A line that can be cut ends after the second part.
    """
    parts, rest = [], line.text
    while rest:
        end = len(rest)
        if measure(rest, line.bold) > width:
            end = max(1, _longest(rest, line.bold, width, measure))
            good = max(rest.rfind(" ", 1, end + 1), rest.rfind("(", 1, end + 1))
            end = good if good > 0 else end
        parts.append(rest[:end])
        rest = rest[end:].lstrip(" ")
        if line.can_truncate and len(parts) == 2 and rest:
            last = parts[1]
            while last and measure(last + "…", line.bold) > width:
                last = last[:-1]
            return [parts[0], last + "…"]
    return parts


def _longest(text: str, bold: bool, width: float, measure: Measure) -> int:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle], bold) <= width:
            low = middle
        else:
            high = middle - 1
    return low
