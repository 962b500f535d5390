"""Tables of imports and of drafts of imports.

An import's row has what is needed to reverse it. A draft is an uploaded file that is not imported
yet; it is deleted when it is imported, or after a day.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models import Id


class Import(Base):
    """A finished import."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    file_name: Mapped[str] = mapped_column(sa.String(200))
    #: Digest of the parsed rows, whatever the format of the file.
    fingerprint: Mapped[bytes] = mapped_column(sa.LargeBinary(32), index=True)
    rows: Mapped[int]
    new: Mapped[int]
    changed: Mapped[int]
    same: Mapped[int]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The import's operation, if it changed stock.
    operation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("operations.id"), unique=True)
    #: The previous master data as JSON, if the import changed any.
    undo: Mapped[str | None] = mapped_column(sa.Text)
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ImportDraft(Base):
    """An uploaded file that is not imported yet."""

    __tablename__ = "import_drafts"

    #: A random id, so that it cannot be guessed.
    id: Mapped[str] = mapped_column(sa.String(43), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    file_name: Mapped[str] = mapped_column(sa.String(200))
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
    #: The meaning of each column and the formats of dates and numbers, as JSON.
    settings: Mapped[str] = mapped_column(sa.Text)
    #: The result of the last check, as JSON.
    report: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
