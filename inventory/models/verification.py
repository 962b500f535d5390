"""Table of the runs of `ledger verify`."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models import Id


class VerificationRun(Base):
    """The result of a run of `ledger verify`."""

    __tablename__ = "verification_runs"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ok: Mapped[bool] = mapped_column(sa.Boolean)
    entries: Mapped[int] = mapped_column(sa.BigInteger)
    detail: Mapped[str] = mapped_column(sa.Text)
