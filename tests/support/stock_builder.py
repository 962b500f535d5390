"""Create and read stock in tests through the public functions; return figures as text.

lot = stock.lot("receive 10, reserve 4 JOB-1")
assert stock.figures(lot) == "10 on hand, 4 reserved, 6 available"
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from inventory import barcodes, catalog, ledger
from inventory.common import clock
from inventory.common.errors import Refusal
from inventory.common.lookalikes import look_key
from inventory.common.quantity import format_qty
from inventory.common.search_keys import item_key
from inventory.db import atomic, connection, db
from inventory.models import User
from inventory.stock import queries as stock
from inventory.stock import statements
from inventory.stock.entities import Lot, Reservation

_numbers = itertools.count(1)


def key() -> str:
    return uuid.uuid4().hex


@atomic
def add_user(tx: Any, *, name: str, role: str = "admin") -> int:
    return tx.execute(
        sa.insert(User)
        .values(
            name=name,
            name_key=name,
            password_hash="!",
            role=role,
            session_epoch=0,
            created_at=clock.now(),
            approved_at=clock.now(),
        )
        .returning(User.id)
    ).scalar_one()


class Stock:
    """Test data and operations of one user. Needs an application context."""

    def __init__(self) -> None:
        self.user_id = add_user(name=f"clerk-{next(_numbers)}")

    # Arrange

    def item(self, code: str = "BOLT", **fields: Any) -> str:
        fields.setdefault("name", code.title())
        catalog.create_item(user_id=self.user_id, key=key(), code=code, **fields)
        return code

    def many_items(self, codes: Sequence[str]) -> None:
        """Make the first item and insert the others like it, a hundred times as fast."""
        self.item(codes[0])
        [first] = connection().execute(sa.select(statements.items)).mappings()
        db.session.rollback()
        rows = [
            dict(first)
            | {"id": first["id"] + number, "code": code, "look_key": look_key(code)}
            | {"name": code.title(), "search_key": item_key(code, code.title())}
            for number, code in enumerate(codes[1:], start=1)
        ]
        with db.engine.connect().execution_options(write=True) as conn, conn.begin():
            conn.execute(sa.insert(statements.items), rows)

    def lot(self, script: str = "receive 10", *, item: str = "BOLT", **fields: Any) -> int:
        """Run a script of `receive|approve|reject|quarantine|reserve|issue|scrap QTY [REF]`."""
        if not stock.read_items(connection(), codes=[item]):
            self.item(item, qc_required=fields.pop("qc_required", False))
        db.session.rollback()
        lot_code = fields.pop("lot_code", f"L-{next(_numbers):03d}")
        lot_id = 0
        for step in script.split(","):
            verb, *words = step.split()
            if verb == "receive":
                added = {"add_to_lot": True} if lot_id else fields
                posting = self.post("receive", item=item, lot_code=lot_code, qty=words[0], **added)
                lot_id = posting.operation.entries[0].lot_id
            else:
                self._step(verb, words, item, lot_id)
        return lot_id

    def _step(self, verb: str, words: list[str], item: str, lot_id: int) -> None:
        statuses = {"approve": "APPROVED", "reject": "REJECTED", "quarantine": "QUARANTINE"}
        if verb in statuses:
            self.post(
                "decide_qc", lot_id=lot_id, status=statuses[verb], reason="as the script says"
            )
        elif verb == "reserve":
            self.reserve(words[0], item=item, lot=lot_id, reference=(words[1:] or ["JOB"])[0])
        elif verb == "issue":
            self.post("issue", item=item, lots=[part(lot_id, words[0])])
        elif verb == "scrap":
            self.post("scrap", lot_id=lot_id, qty=words[0], reason="broken")
        else:
            raise ValueError(verb)

    def link(self, code: str, item: str = "BOLT", qty: str = "1") -> None:
        barcodes.link(user_id=self.user_id, key=key(), code=code, item=item, qty=qty)

    # Act

    def post(self, verb: str, **fields: Any) -> ledger.PostingResult:
        fields.setdefault("key", key())
        fields.setdefault("user_id", self.user_id)
        return getattr(ledger, verb)(**fields)

    def reserve(
        self, qty: Any, *, item: str = "BOLT", lot: int | None = None, **fields: Any
    ) -> int:
        fields.setdefault("reference", "JOB")
        lots = None if lot is None else [part(lot, qty)]
        posting = self.post("reserve", item=item, qty=qty, lots=lots, **fields)
        return posting.details[0]["reservations"][0]["id"]

    def refused(self, code: str, verb: str, **fields: Any) -> Refusal:
        """Assert that the operation is refused with this code and writes nothing."""
        before = self.entries()
        with pytest.raises(Refusal) as caught:
            self.post(verb, **fields)
        assert caught.value.code == code, caught.value.detail
        assert self.entries() == before
        return caught.value

    # Read

    def entries(self) -> int:
        db.session.rollback()
        return (
            connection()
            .execute(sa.select(sa.func.count()).select_from(statements.ledger))
            .scalar_one()
        )

    def get_lot(self, lot_id: int) -> Lot:
        db.session.rollback()
        return stock.get_lot(connection(), lot_id)

    def history(self, lot_id: int) -> list[Any]:
        """Return the entries of the lot, oldest first."""
        db.session.rollback()
        chosen = statements.ENTRIES.where(statements.ledger.c.lot_id == lot_id)
        return list(connection().execute(chosen.order_by(statements.ledger.c.lot_seq)).all())

    def find_lot(self, lot_code: str) -> Lot:
        db.session.rollback()
        row = connection().execute(
            sa.select(statements.lots.c.id).where(statements.lots.c.lot_code == lot_code)
        )
        return self.get_lot(row.scalar_one())

    def figures(self, lot_id: int) -> str:
        lot = self.get_lot(lot_id)
        return (
            f"{format_qty(lot.on_hand)} on hand, {format_qty(lot.reserved)} reserved,"
            f" {format_qty(lot.available)} available"
        )

    def reservation(self, reservation_id: int) -> Reservation:
        db.session.rollback()
        return stock.get_reservation(connection(), reservation_id)

    def reservation_figures(self, reservation_id: int) -> str:
        found = self.reservation(reservation_id)
        return (
            f"{format_qty(found.qty)} reserved: {format_qty(found.open)} open,"
            f" {format_qty(found.issued)} issued, {format_qty(found.unreserved)} unreserved"
        )


def part(lot_id: int, qty: Any) -> ledger.LotQuantity:
    return ledger.LotQuantity(lot_id=lot_id, qty=qty)


def in_days(days: int) -> Any:
    return clock.today() + timedelta(days=days)


def entry_lines(posting: ledger.PostingResult) -> list[str]:
    """Return one line per entry of a posting: `RESERVE 4 of L-001: 10/4`.

    The last two figures are on hand and reserved after the entry.
    """
    return [
        f"{entry.txn_type} {format_qty(entry.qty)} of {entry.lot_code}:"
        f" {format_qty(entry.on_hand_after)}/{format_qty(entry.reserved_after)}"
        for operation in posting.operations
        for entry in operation.entries
    ]
