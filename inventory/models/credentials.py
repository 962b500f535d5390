"""Tables of two-factor authentication, recovery codes and sessions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models import Id


class SecondFactor(Base):
    """A user's two-factor secret."""

    __tablename__ = "second_factors"

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("users.id"), primary_key=True, autoincrement=False
    )
    #: Encrypted with a key that is derived from the site's secret key.
    secret: Mapped[str] = mapped_column(sa.String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: None until a first code shows that the app has the secret; until then no code is required.
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The last time step whose code was used, because each code works once.
    last_step: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class RecoveryCode(Base):
    """A recovery code; only its hash is stored."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    code_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.UniqueConstraint("user_id", "code_hash"),)


class LoginSession(Base):
    """A session of a signed-in user."""

    __tablename__ = "login_sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    #: Hash of the random id in the cookie; the id itself is not stored.
    id_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    #: The user's `session_epoch` when the session began; raising the user's ends all sessions.
    epoch: Mapped[int] = mapped_column(sa.Integer)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(sa.String(45))
    #: The browser's family only, such as "Firefox on Android".
    browser: Mapped[str] = mapped_column(sa.String(60))
    #: How the user signed in, such as "password" or "PIN".
    by: Mapped[str] = mapped_column(sa.String(60))
