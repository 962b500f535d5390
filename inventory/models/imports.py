"""The tables of imports: what was brought in, and files that are on their way in.

An import's row tells what would take it back. A draft is a file that somebody is still looking
at: it is gone when it was imported, or after a day.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models import Id


class Import(Base):
    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    file_name: Mapped[str] = mapped_column(sa.String(200))
    #: Over the rows as they were understood, whatever file they came in.
    fingerprint: Mapped[bytes] = mapped_column(sa.LargeBinary(32), index=True)
    rows: Mapped[int]
    new: Mapped[int]
    changed: Mapped[int]
    same: Mapped[int]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: What the ledger knows it as, where it moved stock.
    operation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("operations.id"), unique=True)
    #: Where it changed master data: what was before, as JSON.
    undo: Mapped[str | None] = mapped_column(sa.Text)
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ImportDraft(Base):
    __tablename__ = "import_drafts"

    #: Drawn by lot: whoever knows it was told it.
    id: Mapped[str] = mapped_column(sa.String(43), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    file_name: Mapped[str] = mapped_column(sa.String(200))
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
    #: Which column is what, and how dates and numbers are written, as JSON.
    settings: Mapped[str] = mapped_column(sa.Text)
    #: What the last check found, as JSON.
    report: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
