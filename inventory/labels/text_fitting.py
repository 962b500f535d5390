"""What of a label goes where: the code at the left, as large as it can be, the words beside it.

Everything in millimetres. A module of the code is a whole number of a 203 dpi printer's dots, so
that it prints crisply there and decodes everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from inventory.common.errors import InvalidInput
from inventory.labels.barcode_images import Matrix, matrix_of
from inventory.labels.content import Label, Line

DOT = 25.4 / 203
PADDING = 1.5
#: A module has 2 to 10 dots: 0.25 to 1.25 mm.
_DOTS = (2, 10)
#: The height of ordinary words where there is room, before something is left out, and at least.
_BEST, _ENOUGH, _LEAST = 8.0, 2.0, 1.5
_LEADING = 1.2

#: How wide a text is at 1 mm of height: (text, bold).
Measure = Callable[[str, bool], float]


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A line of text where it stands: left edge, top edge, and height."""

    text: str
    bold: bool
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    matrix: Matrix
    #: Edge of the code's quiet zone, and how many dots a module has.
    x: float
    y: float
    dots: int
    words: tuple[PlacedText, ...]

    @property
    def module(self) -> float:
        return self.dots * DOT


def fit(label: Label, width: float, height: float, measure: Measure) -> PlacedLabel:
    """Everything in its place. Raises InvalidInput where the label is too small for it."""
    matrix = matrix_of(label)
    room = min(height - 2 * PADDING, (width - 3 * PADDING) * 0.5)
    dots = min(int(room / (matrix.modules * DOT)), _DOTS[1])
    if dots < _DOTS[0]:
        raise InvalidInput(
            f"A label of {width:.0f} × {height:.0f} mm is too small for this code: it needs"
            f" {matrix.modules * DOT * 2:.0f} mm in the square. Choose a larger one.",
            field="layout",
        )
    side = matrix.modules * dots * DOT
    left = 2 * PADDING + side
    words = _fit_words(label.lines, width - left - PADDING, height - 2 * PADDING, measure)
    if words is None:
        raise InvalidInput(
            f"A label of {width:.0f} × {height:.0f} mm is too small for what must stand on it."
            " Choose a larger one.",
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
    """As large as they fit with no code broken; what may go, goes before the rest gets too small
    to read."""
    kept = list(lines)
    while True:
        size = _BEST
        best: list[PlacedText] | None = None
        while size >= (_ENOUGH if any(line.may for line in kept) else _LEAST):
            words, used, broken = _set(kept, size, width, measure)
            if used <= height:
                best = best or _middle(words, (height - used) / 2)
                if not broken:
                    return _middle(words, (height - used) / 2)
            size -= 0.1
        if best:
            return best
        if not any(line.may for line in kept):
            return None
        kept.remove([line for line in kept if line.may][-1])


def _middle(words: list[PlacedText], down: float) -> list[PlacedText]:
    return [replace(word, y=word.y + down) for word in words]


def _set(
    lines: list[Line], size: float, width: float, measure: Measure
) -> tuple[list[PlacedText], float, bool]:
    """The words at that size, how high they are in all, and whether a code had to be broken."""
    words, y, broken = [], 0.0, False
    for line in lines:
        high = max(size * line.size, _LEAST)
        parts = _parts(line, width / high, measure)
        broken = broken or (len(parts) > 1 and not line.may)
        for part in parts:
            words.append(PlacedText(part, line.bold, 0.0, y, high))
            y += high * _LEADING
    return words, y, broken


def _parts(line: Line, width: float, measure: Measure) -> list[str]:
    """The line in parts that are not wider; what may be cut is cut after the second."""
    parts, rest = [], line.text
    while rest:
        end = len(rest)
        if measure(rest, line.bold) > width:
            end = max(1, _longest(rest, line.bold, width, measure))
            good = max(rest.rfind(" ", 1, end + 1), rest.rfind("(", 1, end + 1))
            end = good if good > 0 else end
        parts.append(rest[:end])
        rest = rest[end:].lstrip(" ")
        if line.cut and len(parts) == 2 and rest:
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
