"""Column types and helpers that all tables share."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from inventory.db import Base

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def table(model: type[Base]) -> sa.Table:
    """Return the table of a model, for Core statements."""
    assert isinstance(model.__table__, sa.Table)
    return model.__table__


def _one_of(column: str, values: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"
