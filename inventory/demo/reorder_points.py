"""Reorder points of the sample items."""

from __future__ import annotations

from inventory import catalog
from inventory.common import clock
from inventory.common.quantity import format_qty
from inventory.db import connection
from inventory.demo.simulator import Simulator, rough, weighed
from inventory.stock import queries as stock

#: Enough items for a useful report, few enough to order in a day.
BELOW = 12


def review_reorder_points(simulator: Simulator) -> None:
    """Set reorder points so that about a dozen items are below theirs.

    Those are the items with the least free stock in proportion to their point.
    """
    free, points = simulator.free(simulator.lots()), _points(simulator)
    ratio = {code: free[code] / point for code, point in points.items()}
    for place, code in enumerate(sorted(ratio, key=lambda code: (ratio[code], code))):
        sample = simulator.goods[code]
        should_be_low = place < min(BELOW, len(ratio) // 6)
        if should_be_low and ratio[code] > 1:
            point = max(rough(free[code] * 5 // 4, sample), weighed(free[code], sample))
        elif not should_be_low and ratio[code] <= 1:
            point = rough(free[code] * 2 // 3, sample)
        else:
            continue
        with clock.frozen_at(simulator.time):
            catalog.update_item(
                user_id=simulator.user_id,
                key=simulator.key(),
                item=code,
                reorder_point=format_qty(point) if point else None,
            )


def _points(simulator: Simulator) -> dict[str, int]:
    found = stock.read_items(connection(), codes=list(simulator.goods))
    return {item.code: item.reorder_point for item in found if item.reorder_point}
