"""Coordinates of the SVG line charts that templates draw."""

from __future__ import annotations

from typing import Any

from inventory.stock.history import DailyBalance

WIDTH, HEIGHT = 720, 160


def stepped_lines(days: list[DailyBalance]) -> dict[str, Any]:
    """Return two stepped lines, on hand and reserved, on one scale from zero."""
    most = max((day.on_hand for day in days), default=0)
    return {
        "days": days,
        "most": most,
        "width": WIDTH,
        "height": HEIGHT,
        "on_hand": _path([day.on_hand for day in days], most),
        "reserved": _path([day.reserved for day in days], most),
    }


def _path(values: list[int], maximum: int) -> str:
    """Return an SVG path of steps, each day equally wide."""
    wide = WIDTH / max(len(values), 1)
    points = []
    for number, value in enumerate(values):
        y = HEIGHT - (HEIGHT - 4) * value / maximum if maximum else HEIGHT
        points += [f"{number * wide:.1f} {y:.1f}", f"{(number + 1) * wide:.1f} {y:.1f}"]
    return "M" + " L".join(points)
