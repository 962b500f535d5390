"""Tables of webhooks: endpoints, events and deliveries."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models import Id


class LowItem(Base):
    """An item that was announced as low and has not recovered since."""

    __tablename__ = "low_items"

    item_id: Mapped[int] = mapped_column(
        sa.ForeignKey("items.id"), primary_key=True, autoincrement=False
    )
    since: Mapped[datetime] = mapped_column(UtcDateTime)


class WebhookEndpoint(Base):
    """A URL that receives events."""

    __tablename__ = "webhook_endpoints"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    url: Mapped[str] = mapped_column(sa.String(500))
    #: The secret is derived from the salt and the site's key; it is not stored.
    salt: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WebhookEvent(Base):
    """An event in the outbox, written in the transaction that caused it."""

    __tablename__ = "webhook_events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    #: The id that receivers see; it is the same for every attempt.
    message_id: Mapped[str] = mapped_column(sa.String(40), unique=True)
    type: Mapped[str] = mapped_column(sa.String(40))
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("items.id"))
    body: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class WebhookDelivery(Base):
    """The delivery of one event to one endpoint."""

    __tablename__ = "webhook_deliveries"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("webhook_events.id"))
    endpoint_id: Mapped[int] = mapped_column(sa.ForeignKey("webhook_endpoints.id"))
    attempts: Mapped[int] = mapped_column(sa.Integer)
    #: When the next attempt is due; None after delivery or after the last attempt.
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The result of the last attempt: an HTTP status, or why there was none.
    outcome: Mapped[str | None] = mapped_column(sa.String(200))

    __table_args__ = (sa.UniqueConstraint("event_id", "endpoint_id"),)
