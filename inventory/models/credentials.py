"""The tables of logins: second factors, codes for when one is lost, and sessions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models import Id


class SecondFactor(Base):
    __tablename__ = "second_factors"

    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("users.id"), primary_key=True, autoincrement=False
    )
    #: Encrypted by a key that is made of the site's secret key.
    secret: Mapped[str] = mapped_column(sa.String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: None until a code has shown that the app has the secret: it asks for nothing until then.
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The last time step whose code was used: none is good twice.
    last_step: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class RecoveryCode(Base):
    """One of the codes that were shown once; only its hash is kept."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    code_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.UniqueConstraint("user_id", "code_hash"),)


class LoginSession(Base):
    """Where somebody is logged in."""

    __tablename__ = "login_sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    #: Of the random id in the cookie, which is kept nowhere else.
    id_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    #: The user's when it began: whatever ends all sessions moves that on.
    epoch: Mapped[int] = mapped_column(sa.Integer)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(sa.String(45))
    #: Its family alone, such as "Firefox on Android".
    browser: Mapped[str] = mapped_column(sa.String(60))
    #: What let its user in.
    by: Mapped[str] = mapped_column(sa.String(60))
