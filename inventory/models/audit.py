"""The table of the audit log."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models.base import Id


class Audit(Base):
    """A change outside the ledger: master data, users, roles, tokens, sign-ins."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))
    action: Mapped[str] = mapped_column(sa.String(60))
    subject: Mapped[str] = mapped_column(sa.String(120), index=True)
    detail: Mapped[str] = mapped_column(sa.Text, default="{}")

    __table_args__ = (
        sa.Index("ix_audit_user_id", "user_id", "id"),
        sa.Index("ix_audit_action", "action", "id"),
    )
