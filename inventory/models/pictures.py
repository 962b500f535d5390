"""Table of the pictures of items."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime


class ItemPicture(Base):
    """The picture of an item as JPEG, and its thumbnail; backups contain both."""

    __tablename__ = "item_pictures"

    item_id: Mapped[int] = mapped_column(
        sa.ForeignKey("items.id"), primary_key=True, autoincrement=False
    )
    #: Part of the picture's URL: another picture has another one.
    digest: Mapped[str] = mapped_column(sa.String(16))
    picture: Mapped[bytes] = mapped_column(sa.LargeBinary)
    thumbnail: Mapped[bytes] = mapped_column(sa.LargeBinary)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
