"""Simulated clock and posting of the sample data."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from inventory import ledger
from inventory.common import clock
from inventory.common.quantity import ONE
from inventory.db import connection
from inventory.demo.sample_items import SampleItem
from inventory.ledger import Request
from inventory.stock import queries as stock
from inventory.stock.entities import Lot, Operation


class Simulator:
    """Holds the items, the simulated time and the next number of each series."""

    def __init__(self, goods: Sequence[SampleItem], user_id: int, seed: int, scale: float) -> None:
        self.goods = {sample.code: sample for sample in goods}
        self.user_id = user_id
        self.random = random.Random(seed)
        self.scale = scale
        self.time = clock.now()
        self._until = self.time
        self._numbers = {"key": 0, "lot": 240, "job": 4710, "order": 1202, "po": 880, "return": 310}

    @property
    def today(self) -> date:
        """Return the date at the site."""
        return self.time.astimezone(clock.zone()).date()

    def start(self, when: datetime, *, minutes: int) -> None:
        """Set the time; all that follows is posted within this number of minutes."""
        self.time, self._until = when, when + timedelta(minutes=minutes)

    def post(self, requests: Sequence[Request]) -> tuple[Operation, ...]:
        """Post commands at the simulated time, then advance the time."""
        if not requests:
            return ()
        with clock.frozen_at(self.time):
            posting = ledger.post(requests, user_id=self.user_id, key=self.key())
        later = self.time + timedelta(seconds=self.random.uniform(40, 400))
        self.time = min(later, self._until)
        return posting.operations

    def key(self) -> str:
        """Return a new idempotency key."""
        return f"demo-{self.number('key'):05d}"

    def number(self, series: str) -> int:
        """Return the next number of a series."""
        self._numbers[series] += 1
        return self._numbers[series]

    def times(self, minimum: int, limit: int, *, always: bool = False) -> range:
        """Return a range whose length is how often something happens in a shift.

        In a small demo that is now and then, or at least once with `always`.
        """
        often = self.random.uniform(minimum, limit) * self.scale
        return range(max(int(often) + self.chance(often % 1), int(always)))

    def chance(self, share: float) -> bool:
        """Return True with this probability."""
        return self.random.random() < share

    def lots(self) -> list[Lot]:
        """Return the lots with stock, oldest first."""
        conn = connection()
        ids = [item.id for item in stock.read_items(conn, codes=list(self.goods))]
        return sorted(stock.get_stocked_lots(conn, ids), key=lambda lot: lot.id or 0)

    def free(self, lots: Iterable[Lot]) -> dict[str, int]:
        """Return the free quantity of each item, including items without stock."""
        free = dict.fromkeys(self.goods, 0)
        for lot in lots:
            free[lot.item.code] += lot.free(self.today)
        return free


def rough(micros: int, sample: SampleItem) -> int:
    """Round a quantity to two significant digits, like 24, 150 or 7.5."""
    step = max(10 ** max(len(str(micros)) - 2, 0), ONE // 10**sample.decimals)
    return int(micros // step * step)


def weighed(micros: int, sample: SampleItem) -> int:
    """Round a quantity to the item's decimals, as measured."""
    step = ONE // 10**sample.decimals
    return int(micros // step * step)
