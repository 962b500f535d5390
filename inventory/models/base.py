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


#: Keys by which lists are sorted, compared byte by byte on both databases.
SortKey = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")


def _one_of(column: str, values: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"
