"""Allocation: the lots that a quantity is taken from. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from inventory.stock.entities import Lot

STRATEGIES = ("fefo", "fifo")


def sort_by_strategy(lots: Iterable[Lot], strategy: str) -> list[Lot]:
    """Return the lots in the order of the strategy.

    FEFO: earliest expiry first, undated last, then oldest receipt, then lot code. FIFO: oldest
    receipt first, then lot code.
    """
    return sorted(lots, key=_fefo if strategy == "fefo" else _fifo)


def allocate(lots: Iterable[Lot], qty: int, *, today: date) -> list[tuple[Lot, int]]:
    """Spread `qty`, or as much of it as fits, over the lots' free stock, in order.

    Args:
        qty: in 10^-6 units.
        today: the site's date.

    Returns:
        (lot, quantity) pairs.
    """
    taken: list[tuple[Lot, int]] = []
    for lot in lots:
        part = min(qty, lot.free(today))
        if part > 0:
            taken.append((lot, part))
            qty -= part
        if qty == 0:
            break
    return taken


def _fefo(lot: Lot) -> tuple[Any, ...]:
    return (lot.expires_on is None, lot.expires_on or date.max, lot.received_at, lot.lot_code)


def _fifo(lot: Lot) -> tuple[Any, ...]:
    return (lot.received_at, lot.lot_code)
