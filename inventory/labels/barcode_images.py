"""Barcodes as a matrix of modules: GS1 DataMatrix or QR code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inventory.labels.content import Label

#: Width of the quiet zone in modules.
QUIET = {"datamatrix": 2, "qr": 4}


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of modules from the top, each from the left; True is dark."""

    rows: tuple[tuple[bool, ...], ...]
    quiet: int

    @property
    def modules(self) -> int:
        """Return the width in modules, including the quiet zone."""
        return len(self.rows) + 2 * self.quiet

    def runs(self) -> list[tuple[int, int, int]]:
        """Return the dark runs as (row, first column, length).

        The quiet zone is counted.
        """
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
    """Return the barcode of a label."""
    import zxingcpp

    if label.is_gs1:
        barcode = zxingcpp.create_barcode(
            label.code, zxingcpp.BarcodeFormat.DataMatrix, gs1=True, force_square=True
        )
        return _draw(barcode, QUIET[label.symbol])
    return qr_of(label.code)


def qr_of(text: str) -> Matrix:
    """Return a text as a QR code."""
    import zxingcpp

    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return _draw(barcode, QUIET["qr"])


def _draw(barcode: Any, quiet: int) -> Matrix:
    image: Any = barcode.to_image(1, add_quiet_zones=False)
    pixels: Any = memoryview(image).tolist()
    rows = tuple(tuple(value == 0 for value in row) for row in pixels)
    return Matrix(rows, quiet)
