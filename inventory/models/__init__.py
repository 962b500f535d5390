"""The tables: SQLAlchemy models that declare the schema; rows are read and written by Core.

May import `db` and the layers below.
"""

from __future__ import annotations

from inventory.models.accounts import (
    SYSTEM_KEY,
    ApiToken,
    KnownNetwork,
    LoginAttempt,
    TabletPin,
    User,
)
from inventory.models.audit import Audit
from inventory.models.base import Id, table
from inventory.models.enums import CodeKind, Kind, QcStatus, Role, TxnType
from inventory.models.ledger import InventoryLedger, LotCount, Operation, QcDecision, WriteRequest
from inventory.models.stock import Code, InventoryLot, Item, Reservation

__all__ = [
    "SYSTEM_KEY",
    "ApiToken",
    "Audit",
    "Code",
    "CodeKind",
    "Id",
    "InventoryLedger",
    "InventoryLot",
    "Item",
    "Kind",
    "KnownNetwork",
    "LoginAttempt",
    "LotCount",
    "Operation",
    "QcDecision",
    "QcStatus",
    "Reservation",
    "Role",
    "TabletPin",
    "TxnType",
    "User",
    "WriteRequest",
    "table",
]
