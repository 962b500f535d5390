"""The squares of a code: GS1 DataMatrix or QR, as rows of dark and light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inventory.labels.content import Label

#: How many light modules each kind needs around it.
QUIET = {"datamatrix": 2, "qr": 4}


@dataclass(frozen=True, slots=True)
class Matrix:
    """`rows` from the top, each from the left; True is dark."""

    rows: tuple[tuple[bool, ...], ...]
    quiet: int

    @property
    def modules(self) -> int:
        """The modules from edge to edge, the quiet zone among them."""
        return len(self.rows) + 2 * self.quiet

    def runs(self) -> list[tuple[int, int, int]]:
        """The dark stretches: (row, first column, how many), the quiet zone counted."""
        found = []
        for y, row in enumerate(self.rows):
            x = 0
            while x < len(row):
                if not row[x]:
                    x += 1
                    continue
                end = row.index(False, x) if False in row[x:] else len(row)
                found.append((y + self.quiet, x + self.quiet, end - x))
                x = end
        return found


def matrix_of(label: Label) -> Matrix:
    """The code of a label as its squares."""
    import zxingcpp

    if label.is_gs1:
        barcode = zxingcpp.create_barcode(
            label.code, zxingcpp.BarcodeFormat.DataMatrix, gs1=True, force_square=True
        )
        return _draw(barcode, QUIET[label.symbol])
    return qr_of(label.code)


def qr_of(text: str) -> Matrix:
    """Any text as a QR code."""
    import zxingcpp

    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return _draw(barcode, QUIET["qr"])


def _draw(barcode: Any, quiet: int) -> Matrix:
    image: Any = barcode.to_image(1, add_quiet_zones=False)
    pixels: Any = memoryview(image).tolist()
    rows = tuple(tuple(value == 0 for value in row) for row in pixels)
    return Matrix(rows, quiet)
