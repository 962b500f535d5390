"""Webhook endpoints: URLs that are notified of low and recovered stock.

Each delivery is signed according to the Standard Webhooks specification: `webhook-signature` is
`v1,` and the base64 of HMAC-SHA256 over "id.timestamp.body". An endpoint's secret is derived from
the site's secret key and a salt; it is not stored, and shown once. While the site changes its key,
deliveries have a signature for each accepted key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.common import clock
from inventory.common.errors import InvalidInput, NotFound
from inventory.common.messages import message
from inventory.common.validation import validate_text
from inventory.db import atomic
from inventory.stock.statements import items
from inventory.webhooks.low_stock import deliveries, endpoints, events

SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix, not a secret
MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook endpoint; `waiting` is the number of its waiting deliveries."""

    id: int
    url: str
    created_at: datetime
    ended_at: datetime | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery of one event to one endpoint."""

    id: int
    type: str
    item_id: int
    item_code: str
    url: str
    created_at: datetime
    attempts: int
    due_at: datetime | None
    delivered_at: datetime | None
    outcome: str | None

    @property
    def state(self) -> str:
        """Return "delivered", "waiting" or "given up"."""
        if self.delivered_at is not None:
            return "delivered"
        return "given up" if self.due_at is None else "waiting"


def add_endpoint(*, url: object, key: str, user_id: int | None) -> tuple[int, str]:
    """Create an endpoint.

    Returns:
        (endpoint id, secret).

    Raises:
        InvalidInput: the URL cannot be used.
    """
    cleaned, salt = validate_url(url), secrets.token_bytes(16)
    return _add(url=cleaned, salt=salt, user_id=user_id), derive_secret(salt, key)


def renew_secret(*, endpoint_id: int, key: str, user_id: int | None) -> tuple[int, str]:
    """Give an endpoint a new secret; the old one is invalid at once.

    Returns:
        (endpoint id, secret).

    Raises:
        NotFound: unknown endpoint, or it has ended.
    """
    salt = secrets.token_bytes(16)
    _change(endpoint_id, user_id=user_id, action="webhook secret renewed", values={"salt": salt})
    return endpoint_id, derive_secret(salt, key)


def end_endpoint(*, endpoint_id: int, user_id: int | None) -> None:
    """End an endpoint; its waiting deliveries are not sent.

    Raises:
        NotFound: unknown endpoint, or it has ended.
    """
    now = clock.now()
    _change(endpoint_id, user_id=user_id, action="webhook ended", values={"ended_at": now})


@atomic
def _add(tx: Connection, *, url: str, salt: bytes, user_id: int | None) -> int:
    values = {"url": url, "salt": salt, "user_id": user_id, "created_at": clock.now()}
    id = tx.execute(sa.insert(endpoints).values(**values).returning(endpoints.c.id)).scalar_one()
    # The audit log gets the host only, because path and query of a webhook URL are often secret.
    message = urlsplit(url).hostname
    audit.record(tx, user_id=user_id, action="webhook added", subject=f"webhook {id}", host=message)
    return int(id)


@atomic
def _change(
    tx: Connection, endpoint_id: int, *, user_id: int | None, action: str, values: dict[str, Any]
) -> None:
    changed = tx.execute(
        sa.update(endpoints)
        .where(endpoints.c.id == endpoint_id, endpoints.c.ended_at.is_(None))
        .values(**values)
    )
    if not changed.rowcount:
        raise NotFound(
            message(
                "There is no webhook endpoint number %(endpoint_id)s.", endpoint_id=endpoint_id
            ),
            webhook=endpoint_id,
        )
    if "ended_at" in values:
        waiting = sa.update(deliveries).where(deliveries.c.endpoint_id == endpoint_id)
        tx.execute(waiting.values(due_at=None))
    audit.record(tx, user_id=user_id, action=action, subject=f"webhook {endpoint_id}")


@atomic
def replay(tx: Connection, *, delivery_id: int, user_id: int | None) -> None:
    """Send a delivery again, whatever its state; its message id stays the same.

    Raises:
        NotFound: unknown delivery, or its endpoint has ended.
    """
    working = sa.select(endpoints.c.id).where(endpoints.c.ended_at.is_(None))
    changed = tx.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.endpoint_id.in_(working))
        .values(due_at=clock.now(), attempts=0, delivered_at=None)
    )
    if not changed.rowcount:
        raise NotFound(
            message("There is no delivery number %(delivery_id)s.", delivery_id=delivery_id),
            delivery=delivery_id,
        )
    audit.record(tx, user_id=user_id, action="webhook replayed", subject=f"delivery {delivery_id}")


def list_endpoints(conn: Connection) -> list[Endpoint]:
    """Return the endpoints, oldest first, ended ones last."""
    waiting = (
        sa.select(sa.func.count())
        .where(deliveries.c.endpoint_id == endpoints.c.id, deliveries.c.due_at.is_not(None))
        .label("waiting")
    )
    rows = conn.execute(
        sa.select(
            endpoints.c.id, endpoints.c.url, endpoints.c.created_at, endpoints.c.ended_at, waiting
        ).order_by(endpoints.c.ended_at.is_not(None), endpoints.c.id)
    )
    return [Endpoint(**row._mapping) for row in rows]


def list_deliveries(conn: Connection, *, waiting: bool = False) -> list[Delivery]:
    """Return the last deliveries, newest first."""
    chosen = (
        sa.select(
            deliveries.c.id, events.c.type, events.c.item_id,
            items.c.code.label("item_code"), endpoints.c.url, events.c.created_at,
            deliveries.c.attempts, deliveries.c.due_at, deliveries.c.delivered_at,
            deliveries.c.outcome,
        )
        .join(events, events.c.id == deliveries.c.event_id)
        .join(items, items.c.id == events.c.item_id)
        .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
        .order_by(deliveries.c.id.desc())
        .limit(MAX_SHOWN)
    )  # fmt: skip
    if waiting:
        chosen = chosen.where(deliveries.c.due_at.is_not(None))
    return [Delivery(**row._mapping) for row in conn.execute(chosen)]


def count_pending(conn: Connection) -> int:
    """Return the number of waiting deliveries."""
    waiting = sa.select(sa.func.count()).where(deliveries.c.due_at.is_not(None))
    return int(conn.execute(waiting).scalar_one())


def validate_url(url: object) -> str:
    """Return the URL: http or https, to any host.

    Raises:
        InvalidInput: another scheme, no host, or a user, fragment or space in it.
    """
    text = validate_text(url, field="url", max_length=500, required=True) or ""
    try:
        parts = urlsplit(text)
        is_fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine or parts.username or parts.fragment or not text.isascii() or " " in text:
        raise InvalidInput(
            message(
                "Enter a URL that begins with https:// or http:// and has a host, without a"
                " user, fragment or spaces."
            ),
            field="url",
        )
    return text


# --- signatures -----------------------------------------------------------------------------------


def derive_secret(salt: bytes, key: str) -> str:
    """Return an endpoint's secret, which the receiver checks signatures with."""
    made = hmac.digest(key.encode(), b"webhook-endpoint:" + salt, hashlib.sha256)
    return SECRET_PREFIX + base64.b64encode(made).decode()


def sign(secret: str, message_id: str, timestamp: int, body: str) -> str:
    """Return a signature of version 1 of the Standard Webhooks specification."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    content = f"{message_id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def headers_of(
    *, salt: bytes, keys: Sequence[str], message_id: str, timestamp: int, body: str
) -> dict[str, str]:
    """Return the headers of a delivery, with a signature for each key."""
    signatures = [sign(derive_secret(salt, key), message_id, timestamp, body) for key in keys]
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
