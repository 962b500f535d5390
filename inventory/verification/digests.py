"""Digest of every lot's last entry, to store outside this machine.

A hash chain cannot show that its last entries were cut off. An earlier digest can.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock
from inventory.stock.statements import ledger, lots
from inventory.verification.findings import Finding

_last = (
    sa.select(sa.func.max(ledger.c.lot_seq))
    .where(ledger.c.lot_id == lots.c.id)
    .correlate(lots)
    .scalar_subquery()
)
_BALANCES = (
    sa.select(lots.c.id, ledger.c.lot_seq, ledger.c.hash)
    .join_from(lots, ledger, sa.and_(ledger.c.lot_id == lots.c.id, ledger.c.lot_seq == _last))
    .order_by(lots.c.id)
)


def digest(conn: Connection, *, key: bytes) -> dict[str, Any]:
    """Return each lot's last sequence number and hash, signed with the key."""
    balances = [[id, seq, bytes(hash).hex()] for id, seq, hash in conn.execute(_BALANCES)]
    at = clock.now().isoformat().replace("+00:00", "Z")
    return {"at": at, "lots": balances, "signature": _signature(at, balances, key)}


def balances_hash(balances: Iterable[tuple[int, int, bytes]]) -> str:
    """Return one hash over all lots' last entries, ordered by lot id.

    It is equal for two databases with the same ledger.
    """
    sum_ = hashlib.sha256()
    for id, seq, hash in balances:
        sum_.update(f"{id} {seq} {bytes(hash).hex()}\n".encode())
    return sum_.hexdigest()


def balances_hash_of(conn: Connection) -> str:
    """Return `balances_hash` of the database."""
    rows = conn.execution_options(yield_per=5000).execute(_BALANCES)
    return balances_hash((id, seq, hash) for id, seq, hash in rows)


def is_genuine(kept: Mapping[str, Any], *, key: bytes) -> bool:
    """Return whether the digest was made with this key and is unchanged."""
    try:
        signature = _signature(kept["at"], kept["lots"], key)
        return hmac.compare_digest(signature, str(kept["signature"]))
    except (KeyError, TypeError):
        return False


def differences(conn: Connection, kept: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the lots whose entries differ from the digest."""
    at_seq = sa.select(ledger.c.hash).where(
        ledger.c.lot_id == sa.bindparam("lot_id"), ledger.c.lot_seq == sa.bindparam("lot_seq")
    )
    for lot_id, lot_seq, expected in kept["lots"]:
        found = conn.execute(at_seq, {"lot_id": lot_id, "lot_seq": lot_seq}).scalar()
        told = "nothing" if found is None else bytes(found).hex()
        if told != expected:
            what = f"entry {lot_seq} is not what it was at {kept['at']}"
            yield Finding("inventory_ledger", f"lot {lot_id}", what, expected, told)


def _signature(at: str, balances: Any, key: bytes) -> str:
    content = json.dumps([at, balances], separators=(",", ":")).encode()
    return hmac.new(key, content, hashlib.sha256).hexdigest()
