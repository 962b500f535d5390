"""Tables of users, sign-in attempts, tablet PINs and API tokens."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from inventory.db import Base, UtcDateTime
from inventory.models.base import Id, _one_of
from inventory.models.enums import Role

#: The `name_key` of the system's account. The key of a user's name is never in capitals, so that no
#: user can register or sign in under this name or look it up.
SYSTEM_KEY = "SYSTEM"


class User(Base):
    """A user's account."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    name_key: Mapped[str] = mapped_column(sa.String(400), unique=True)
    password_hash: Mapped[str] = mapped_column(sa.String(255))
    role: Mapped[str] = mapped_column(sa.String(20))
    #: The user's choice; without one, pages use the browser's language.
    language: Mapped[str | None] = mapped_column(sa.String(10))
    session_epoch: Mapped[int] = mapped_column(sa.Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.CheckConstraint(_one_of("role", Role), "role"),)


class LoginAttempt(Base):
    """A sign-in attempt or registration, counted by the limits of all processes."""

    __tablename__ = "login_attempts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    name_key: Mapped[str] = mapped_column(sa.String(400))
    address: Mapped[str] = mapped_column(sa.String(64))


class KnownNetwork(Base):
    """A network from which a user signed in."""

    __tablename__ = "known_networks"

    network: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TabletPin(Base):
    """A user's PIN for one tablet of the floor app."""

    __tablename__ = "tablet_pins"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    #: Hash of the secret that the tablet stores.
    tablet: Mapped[str] = mapped_column(sa.String(64))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    pin_hash: Mapped[str] = mapped_column(sa.String(255))
    #: The user's `session_epoch` when the PIN was set: what ends all sessions ends the PIN too.
    session_epoch: Mapped[int]
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (sa.UniqueConstraint("tablet", "user_id"),)


class ApiToken(Base):
    """An API token; only its hash is stored."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    role: Mapped[str] = mapped_column(sa.String(20))
    #: The first characters of the token, so that users can tell their tokens apart.
    prefix: Mapped[str] = mapped_column(sa.String(20))
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.CheckConstraint(_one_of("role", Role), "role"),)
