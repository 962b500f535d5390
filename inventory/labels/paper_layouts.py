"""Layouts of label paper: sheets with rows and columns, or single labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inventory.common.errors import InvalidInput
from inventory.common.messages import Message, message
from inventory.common.quantity import ONE, Qty

PAGES = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A layout in millimeters; `left` and `top` are the margins of the sheet."""

    name: str
    title: str
    page: tuple[float, float]
    label: tuple[float, float]
    columns: int = 1
    rows: int = 1
    left: float = 0.0
    top: float = 0.0
    gap: tuple[float, float] = (0.0, 0.0)

    @property
    def on_page(self) -> int:
        """Return the number of labels on a sheet."""
        return self.columns * self.rows

    @property
    def is_single(self) -> bool:
        """Return whether each page is one label."""
        return self.on_page == 1 and self.page == self.label

    def places(self, count: int, start: int = 1) -> Iterator[tuple[int, float, float]]:
        """Yield the page (from 0), the left and the top edge of each label.

        Args:
            start: the first free position of the first sheet, counted along the rows from 1.

        Raises:
            InvalidInput: `start` is not a position of the sheet.
        """
        if not 1 <= start <= self.on_page:
            raise InvalidInput(
                message(
                    "The first label is at position 1 to %(on_page)s of the sheet.",
                    on_page=self.on_page,
                ),
                field="start",
            )
        for place in range(start - 1, start - 1 + count):
            page, on_page = divmod(place, self.on_page)
            row, column = divmod(on_page, self.columns)
            x = self.left + column * (self.label[0] + self.gap[0])
            y = self.top + row * (self.label[1] + self.gap[1])
            yield page, x, y


def _mm(length: float) -> Qty:
    return Qty(round(length * 10) * ONE // 10)


def _sheet_title(paper: str, count: int, width: float, height: float) -> Message:
    return message(
        "%(paper)s, %(count)s labels of %(width)s × %(height)s mm",
        paper=paper,
        count=count,
        width=_mm(width),
        height=_mm(height),
    )


def _single(width: float, height: float) -> Layout:
    name = f"{width:g}x{height:g}"
    title = message(
        "Single labels, %(width)s × %(height)s mm", width=_mm(width), height=_mm(height)
    )
    return Layout(name=name, title=title, page=(width, height), label=(width, height))


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout(
            name="a4-3x8",
            title=_sheet_title("A4", 24, 63.5, 33.9),
            page=PAGES["a4"],
            label=(63.5, 33.9),
            columns=3,
            rows=8,
            left=7.25,
            top=12.9,
            gap=(2.5, 0.0),
        ),
        Layout(
            name="a4-2x7",
            title=_sheet_title("A4", 14, 99.1, 38.1),
            page=PAGES["a4"],
            label=(99.1, 38.1),
            columns=2,
            rows=7,
            left=4.65,
            top=15.15,
            gap=(2.5, 0.0),
        ),
        Layout(
            name="letter-3x10",
            title=_sheet_title("Letter", 30, 66.7, 25.4),
            page=PAGES["letter"],
            label=(66.675, 25.4),
            columns=3,
            rows=10,
            left=4.7625,
            top=12.7,
            gap=(3.175, 0.0),
        ),
        Layout(
            name="letter-2x5",
            title=_sheet_title("Letter", 10, 101.6, 50.8),
            page=PAGES["letter"],
            label=(101.6, 50.8),
            columns=2,
            rows=5,
            left=3.96875,
            top=12.7,
            gap=(4.7625, 0.0),
        ),
        _single(62, 29),
        _single(50, 25),
        _single(100, 50),
    )
}

_SIZE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)x([0-9]{1,3}(?:\.[0-9]{1,2})?)", re.ASCII)
_NUMBER = r"([0-9]{1,3}(?:\.[0-9]{1,3})?)"
_SHEET = re.compile(
    rf"(a4|letter):([1-9][0-9]?)x([1-9][0-9]?):{_NUMBER},{_NUMBER}:{_NUMBER},{_NUMBER}", re.ASCII
)


def layout_of(name: object) -> Layout:
    """Return the layout with this name or description.

    A description is `62x29`, or `a4:3x8:7.25,12.9:2.5,0`: page, columns and rows, margins left and
    top, gaps across and down; all in mm.

    Raises:
        InvalidInput: the layout is unknown or the label has an impossible size.
    """
    if isinstance(name, str):
        if name in LAYOUTS:
            return LAYOUTS[name]
        if size := _SIZE.fullmatch(name):
            return _fitting(_single(float(size[1]), float(size[2])))
        if sheet := _SHEET.fullmatch(name):
            return _fitting(_sheet(name, sheet))
    raise InvalidInput(
        message(
            "A layout is one of %(names)s; or a size in mm like 62x29; or a sheet like"
            " a4:3x8:7.25,12.9:2.5,0.",
            names=list(LAYOUTS),
        ),
        field="layout",
    )


def _sheet(name: str, found: re.Match[str]) -> Layout:
    page = PAGES[found[1]]
    columns, rows = int(found[2]), int(found[3])
    left, top, across, down = (float(found[place]) for place in range(4, 8))
    width = (page[0] - 2 * left - (columns - 1) * across) / columns
    height = (page[1] - 2 * top - (rows - 1) * down) / rows
    title = _sheet_title(found[1].upper(), columns * rows, width, height)
    return Layout(
        name=name,
        title=title,
        page=page,
        label=(width, height),
        columns=columns,
        rows=rows,
        left=left,
        top=top,
        gap=(across, down),
    )


def _fitting(layout: Layout) -> Layout:
    if not (20 <= layout.label[0] <= 300 and 10 <= layout.label[1] <= 300):
        raise InvalidInput(
            message(
                "A label is 20 to 300 mm wide and 10 to 300 mm high; this would be"
                " %(width)s × %(height)s mm.",
                width=_mm(layout.label[0]),
                height=_mm(layout.label[1]),
            ),
            field="layout",
        )
    return layout
