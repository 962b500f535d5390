"""Sample data: a warehouse with a month of history, posted through the ledger.

May import `queries`, `labels` and `backups` and the layers below.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta

import sqlalchemy as sa

from inventory import catalog
from inventory.accounts import users
from inventory.common import clock
from inventory.common.errors import InvalidInput
from inventory.common.quantity import ONE, format_qty
from inventory.db import connection
from inventory.demo.month import SHIFT, Month
from inventory.demo.sample_items import SampleItem, sample_items
from inventory.demo.simulator import Simulator, rough
from inventory.stock import statements

SEED = 4711
USER_NAME = "demo"


def load(
    *,
    user_id: int | None = None,
    days: int = 30,
    scale: float = 1.0,
    progress: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Fill an empty database and return the number of rows of each kind.

    The same clock produces the same warehouse.

    Args:
        user_id: the user of all operations; the default is a new account `demo`, which is disabled
            at the end.
        days: length of the history.
        scale: how busy the warehouse is; 1.0 gives about 250 items and 800 lots.
        progress: called after each shift with the number of shifts done.

    Raises:
        InvalidInput: the database already has items.
    """
    if connection().execute(sa.select(statements.items.c.id).limit(1)).first():
        raise InvalidInput(
            "There are items already: the demo is for an empty database.", field="items"
        )
    made = _demo_user() if user_id is None else user_id
    chosen = sample_items()[:: max(1, round(scale**-0.5))]
    shifts = _shifts(clock.now(), days)
    month = Month(Simulator(chosen, made, SEED, scale))
    with clock.frozen_at(shifts[0] - timedelta(hours=4)):
        _create_items(chosen, made)
    month.seed_opening_stock(shifts[0] - timedelta(hours=3))
    for number, start in enumerate(shifts, 1):
        month.shift(start, number)
        if progress is not None:
            progress(number)
    month.close()
    if user_id is None:
        users.disable(user_id=made)
    return _counts()


def _shifts(now: datetime, days: int) -> list[datetime]:
    """Return the start of each shift, on working days at the site.

    The last shift ended two minutes ago, so that the demo looks current at any hour.
    """
    zone = clock.zone()
    today = now.astimezone(zone).date()
    before = [today - timedelta(days=ago) for ago in range(days - 1, 0, -1)]
    early = [datetime.combine(day, time(7), zone) for day in before if day.weekday() < 5]
    return [start.astimezone(now.tzinfo) for start in early] + [now - SHIFT - timedelta(minutes=2)]


def _demo_user() -> int:
    password = secrets.token_urlsafe(32)
    return users.create_user(name=USER_NAME, password=password, role="operator").id


def _create_items(chosen: Sequence[SampleItem], user_id: int) -> None:
    for number, good in enumerate(chosen):
        share = (0.1, 0.2, 0.3, 0, 0)[number % 5]
        point = rough(int(good.usual * ONE * share), good)
        catalog.create_item(
            user_id=user_id,
            key=f"demo-item-{good.code}",
            code=good.code,
            name=good.name,
            unit=good.unit,
            decimals=good.decimals,
            qc_required=good.qc,
            reorder_point=format_qty(point) if point else None,
        )


def _counts() -> dict[str, int]:
    def count(table: sa.Table) -> int:
        return connection().execute(sa.select(sa.func.count()).select_from(table)).scalar_one()

    tables = {
        "items": statements.items,
        "lots": statements.lots,
        "reservations": statements.reservations,
        "operations": statements.operations,
        "entries": statements.ledger,
    }
    return {word: count(table) for word, table in tables.items()}
