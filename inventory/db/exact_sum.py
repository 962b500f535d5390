"""The sum of a BIGINT column, whatever its size.

PostgreSQL adds up BIGINT as NUMERIC. SQLite stops with "integer overflow" above 2^63: whole units
and fractions are added up apart there, and put together in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from inventory.common.quantity import ONE


class _AnySize(sa.types.UserDefinedType[int]):
    """The result of `exact_sum`: an int, 0 if there were no rows."""

    cache_ok = True

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], int]:
        def to_int(value: Any) -> int:
            if not isinstance(value, str):
                return int(value or 0)
            units, rest = value.split()
            return int(units) * ONE + int(rest)

        return to_int


class exact_sum(GenericFunction[int]):
    """Sum of a quantity in 10^-6 units, as a Python int of any size; 0 without rows."""

    type = _AnySize()
    inherit_cache = True


@compiles(exact_sum)
def _numeric_sum(function: Any, compiler: Any, **kw: Any) -> str:
    return f"sum({compiler.process(function.clauses, **kw)})"


@compiles(exact_sum, "sqlite")
def _sum_of_parts(function: Any, compiler: Any, **kw: Any) -> str:
    units, rest = (
        f"CAST(sum(({compiler.process(function.clauses, **kw)}) {sign} {ONE}) AS TEXT)"
        for sign in "/%"
    )
    return f"{units} || ' ' || {rest}"
