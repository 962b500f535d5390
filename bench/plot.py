"""Draw throughput and latency over the size of the ledger as SVG, with logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _TOP = 360, 260, 52, 44
_COLORS = {
    "receive": "#11613a", "reserve": "#1c4a8c", "issue": "#913700",
    "stock of an item": "#614572", "50 items": "#734a00", "dashboard": "#a0181f",
}  # fmt: skip
_TITLES = (
    ("a second", "answers a second, 8 clients", 8),
    ("p95", "p95 in ms, 1 client", 1),
)
_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def draw(loads: dict[str, list[dict[str, Any]]]) -> str:
    """Return the SVG: for each database a row with throughput and latency."""
    panels, y = [], 30
    for kind, rows in loads.items():
        for column, (figure, title, clients) in enumerate(_TITLES):
            lines = _lines([row for row in rows if row["clients"] == clients], figure)
            x = _LEFT + column * (_WIDTH + 90)
            panels.append(_panel(x, y + _TOP, f"{_NAMES[kind]}: {title}", lines))
        y += _HEIGHT + 90
    width, height = 2 * (_WIDTH + 90) + 150, y
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="12">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f"{''.join(panels)}{_legend(width - 150)}</svg>\n"
    )


def _lines(rows: Sequence[dict[str, Any]], figure: str) -> dict[str, list[tuple[int, float]]]:
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        lines.setdefault(row["asked"], []).append((row["entries"], row[figure]))
    return lines


def _panel(x: int, y: int, title: str, lines: dict[str, list[tuple[int, float]]]) -> str:
    points = [point for line in lines.values() for point in line]
    parts = [f'<text x="{x}" y="{y - 16}" font-weight="bold">{escape(title)}</text>']
    if not points:
        return parts[0]
    left, right = (math.log10(end([at for at, _ in points])) for end in (min, max))
    low = math.floor(math.log10(min(value for _, value in points)))
    high = math.ceil(math.log10(max(value for _, value in points)))

    def position(at: float, value: float) -> tuple[float, float]:
        across = (math.log10(at) - left) / ((right - left) or 1)
        up = (math.log10(value) - low) / ((high - low) or 1)
        return x + across * _WIDTH, y + _HEIGHT - up * _HEIGHT

    for power in range(low, high + 1):
        _, line = position(10**left, 10**power)
        parts.append(
            f'<path d="M{x} {line:.1f}h{_WIDTH}" stroke="#d9dfe4"/>'
            f'<text x="{x - 8}" y="{line + 4:.1f}" text-anchor="end">{_short(10.0**power)}</text>'
        )
    for size in sorted({at for at, _ in points}):
        across, _ = position(size, 10**low)
        words = f"{size:,}"
        parts.append(
            f'<text x="{across:.1f}" y="{y + _HEIGHT + 18}" text-anchor="middle">{words}</text>'
        )
    for name, line_points in lines.items():
        path = " L".join("{:.1f} {:.1f}".format(*position(*point)) for point in line_points)
        color = _COLORS[name]
        parts.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        for point in line_points:
            cx, cy = position(*point)
            parts.append(f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="3" fill="{color}"/>')
    return "".join(parts)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _legend(x: int) -> str:
    return (
        "".join(
            f'<circle cx="{x}" cy="{78 + 22 * number}" r="4" fill="{color}"/>'
            f'<text x="{x + 12}" y="{82 + 22 * number}">{escape(name)}</text>'
            for number, (name, color) in enumerate(_COLORS.items())
        )
        + f'<text x="{x - 4}" y="{60}">over entries in the ledger</text>'
    )
