"""A believable warehouse with a month of history, made through the ledger itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa

from inventory import accounts, catalog, clock, stock
from inventory.db import connection
from inventory.demo.goods import Good, goods
from inventory.demo.month import Month
from inventory.errors import InvalidInput
from inventory.quantity import format_qty, parse_qty

SEED = 4711


def load(
    *,
    user_id: int | None = None,
    days: int = 30,
    scale: float = 1.0,
    progress: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Fill an empty database; how much of what was made.

    `scale` is how busy the warehouse is (1.0: about 250 items and 800 lots). Without a user an
    account `demo` is made, which nobody can log in to. Raises InvalidInput when there are items.
    """
    if connection().execute(sa.select(stock.items.c.id).limit(1)).first():
        raise InvalidInput(
            "There are items already: the demo is for an empty database.", field="items"
        )
    made = user_id or _demo_user()
    chosen = goods() if scale >= 1 else goods()[:: max(1, round(1 / scale / 4))]
    month = Month(chosen, made, SEED, scale)
    first = clock.now().replace(hour=7, minute=0) - timedelta(days=days + 1)
    with clock.at(first - timedelta(hours=1)):
        _take_up(chosen, made)
    for day in range(days):
        month.day(first + timedelta(days=day))
        if progress is not None:
            progress(day + 1)
    if user_id is None:
        accounts.disable(user_id=made)
    return _counts(month)


def _demo_user() -> int:
    return accounts.create_user(name="demo", password=secrets.token_urlsafe(32), role="operator").id


def _take_up(chosen: list[Good], user_id: int) -> None:
    for number, good in enumerate(chosen):
        share = (0.3, 0.6, 1.2, 0, 0)[number % 5]
        micros = parse_qty(str(int(good.usual * share)), decimals=0, zero=True)
        catalog.create_item(
            user_id=user_id,
            key=f"demo-item-{good.code}",
            code=good.code,
            name=good.name,
            unit=good.unit,
            decimals=good.decimals,
            qc_required=good.qc,
            reorder_point=format_qty(micros) if micros else None,
        )


def _counts(month: Month) -> dict[str, int]:
    def count(table: sa.Table) -> int:
        return connection().execute(sa.select(sa.func.count()).select_from(table)).scalar_one()

    return {
        "items": count(stock.items),
        "lots": count(stock.lots),
        "reservations": count(stock.reservations),
        "operations": month.operations,
        "entries": count(stock.ledger),
    }
