"""Tables of users, sign-in attempts, tablet PINs and API tokens."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models.base import Id, _one_of
from inventory.models.enums import Role

#: The `name_key` of the account in whose name the inventory itself writes. What a person's name
#: folds to is never in capitals, so nobody can register as it, log in as it or look it up.
SYSTEM_KEY = "SYSTEM"


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    name_key: Mapped[str] = mapped_column(sa.String(400), unique=True)
    password_hash: Mapped[str] = mapped_column(sa.String(255))
    role: Mapped[str] = mapped_column(sa.String(20))
    session_epoch: Mapped[int] = mapped_column(sa.Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.CheckConstraint(_one_of("role", Role), "role"),)


class LoginAttempt(Base):
    """A refused login, kept for the throttle that all processes share."""

    __tablename__ = "login_attempts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    name_key: Mapped[str] = mapped_column(sa.String(400))
    address: Mapped[str] = mapped_column(sa.String(64))


class TabletPin(Base):
    """Somebody's PIN, good on one tablet of the floor only, after a login with the password."""

    __tablename__ = "tablet_pins"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    #: The hash of the secret that the tablet keeps.
    tablet: Mapped[str] = mapped_column(sa.String(64))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    pin_hash: Mapped[str] = mapped_column(sa.String(255))
    #: The user's epoch when it was set: whatever ends all sessions ends it too.
    session_epoch: Mapped[int]
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (sa.UniqueConstraint("tablet", "user_id"),)


class ApiToken(Base):
    """A program's key to the API; the token itself is shown once and kept only as its hash."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    role: Mapped[str] = mapped_column(sa.String(20))
    #: How the token begins, so that people can tell theirs apart.
    prefix: Mapped[str] = mapped_column(sa.String(20))
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.CheckConstraint(_one_of("role", Role), "role"),)
