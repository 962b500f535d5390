"""Who changed what outside the ledger: one append-only row for each change."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import clock
from inventory.models import Audit


def record(
    tx: Connection, *, user_id: int | None, action: str, subject: str, **detail: Any
) -> None:
    """Write it in the transaction of the change itself. `user_id` None: the command line."""
    tx.execute(
        sa.insert(Audit).values(
            at=clock.now(),
            user_id=user_id,
            action=action,
            subject=subject,
            detail=json.dumps(detail, sort_keys=True, ensure_ascii=False),
        )
    )
