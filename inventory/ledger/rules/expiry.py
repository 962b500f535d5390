"""Reservations past their moment: given back before anything else is done with their lots.

Each is an operation of its own, of kind EXPIRY and in the name of the inventory itself, in the
transaction of the write that met it. The read cache finds them; what is given back comes from
the ledger.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock
from inventory.ledger.unit_of_work import PlannedOperation, UnitOfWork
from inventory.models import SYSTEM_KEY, Kind, Role, TxnType, User, table

users = table(User)

_FIND = sa.select(users.c.id, users.c.name).where(users.c.name_key == SYSTEM_KEY)


def release_expired(uow: UnitOfWork) -> int:
    """Plan what the expired reservations still hold to be given back; how many there are."""
    done = 0
    for reservation in uow.expired:
        lines = [line for line in reservation.lines if line.open]
        if not lines:
            continue
        assert reservation.expires_at is not None
        operation = PlannedOperation(
            Kind.EXPIRY,
            reference=reservation.reference,
            reason=f"The reservation ended at {reservation.expires_at:%Y-%m-%d %H:%M} UTC.",
            by_system=True,
        )
        uow.operations.append(operation)
        for line in lines:
            uow.append_entry(operation, TxnType.UNRESERVE, line.lot, line.open, reservation)
        done += 1
    return done


def system_user(tx: Connection) -> tuple[int, str]:
    """The account of the inventory itself, made when it is first needed: nobody can log in to
    it, and no list of accounts shows it."""
    if row := tx.execute(_FIND).first():
        return row.id, row.name
    now = clock.now()
    made = sa.insert(users).values(
        name="Inventory",
        name_key=SYSTEM_KEY,
        password_hash="!",  # noqa: S106 - no password has this hash
        role=str(Role.VIEWER),
        session_epoch=0,
        created_at=now,
        disabled_at=now,
    )
    return tx.execute(made.returning(users.c.id)).scalar_one(), "Inventory"
