"""Expired reservations: unreserved before anything else is done with their lots.

Each becomes an operation of kind EXPIRY by the system's account, in the transaction of the write
that found the reservation. The balance tables find it; the quantities come from the ledger.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock
from inventory.ledger.planned import PlannedOperation
from inventory.ledger.unit_of_work import UnitOfWork
from inventory.models import SYSTEM_KEY, Kind, Role, TxnType, User, table

users = table(User)

_FIND = sa.select(users.c.id, users.c.name).where(users.c.name_key == SYSTEM_KEY)


def release_expired(uow: UnitOfWork) -> int:
    """Plan UNRESERVE entries for the expired reservations.

    Returns:
        The number of reservations.
    """
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
    """Return the id and name of the system's account, creating it if needed.

    The account cannot sign in, and no list of users shows it.
    """
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
