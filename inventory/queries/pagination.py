"""Pages of long lists by the key of the last row, without OFFSET or a count.

A cursor encodes where a page ended. It has only positions, each validated like any other input, so
that a forged cursor gives no access beyond the list.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Generic, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import validation
from inventory.common.errors import InvalidInput
from inventory.common.messages import message
from inventory.common.sort_keys import MAX_KEY
from inventory.queries.page_reads import Reads

MAX_ROWS = 200
USUAL_ROWS = 50
_MAX_CURSOR = 1000

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of a list, and the cursor of the next page; None on the last page."""

    rows: list[Row]
    next_cursor: str | None


def validate_limit(limit: object) -> int:
    """Return the number of rows of a page, 1 to MOST_ROWS."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_ROWS:
        raise InvalidInput(
            message("A page has 1 to %(max_rows)s rows.", max_rows=MAX_ROWS), field="limit"
        )
    return limit


@dataclass(frozen=True, slots=True)
class CursorScope:
    """A list with its filters, which a cursor belongs to.

    `keys` validate the parts of a position.
    """

    name: str
    filters: dict[str, Any]
    keys: tuple[Callable[[Any], Any], ...]

    def cursor_after(self, position: Sequence[Any]) -> str:
        """Return the cursor of the rows after this position."""
        written = [value.isoformat() if isinstance(value, date) else value for value in position]
        content = json.dumps([self._mark, *written], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")

    def position_of(self, cursor: object) -> tuple[Any, ...] | None:
        """Return the position in a cursor; None for the first page.

        Raises:
            InvalidInput: the cursor is malformed, or belongs to another list or other filters.
        """
        if cursor is None or cursor == "":
            return None
        try:
            mark, *values = _decode(cursor)
            if mark != self._mark:
                raise InvalidInput(
                    message("This cursor belongs to another list, or to other filters."),
                    field="cursor",
                )
            return tuple(key(value) for key, value in zip(self.keys, values, strict=True))
        except (ValueError, TypeError, RecursionError, binascii.Error):
            raise InvalidInput(
                message("This is not a cursor. Use the nextCursor of the previous page."),
                field="cursor",
            ) from None

    @property
    def _mark(self) -> str:
        content = json.dumps([self.name, self.filters], sort_keys=True, default=str)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _decode(cursor: object) -> list[Any]:
    if not isinstance(cursor, str) or len(cursor) > _MAX_CURSOR or not cursor.isascii():
        raise ValueError
    padded = cursor + "=" * (-len(cursor) % 4)
    content = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    if not isinstance(content, list) or not content:
        raise ValueError
    return content


def id_key(value: Any) -> int:
    """Validate an id in a cursor."""
    return validation.validate_id(value, field="cursor")


def date_key(value: Any) -> date:
    """Validate a date in a cursor."""
    return date.fromisoformat(value)


def datetime_key(value: Any) -> datetime:
    """Validate a timestamp in a cursor and return it in UTC."""
    when = datetime.fromisoformat(value)
    if when.tzinfo is None:
        raise ValueError
    return when.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class SortOrder:
    """Columns that order a list and identify a row, with their validators.

    `falls` means descending.
    """

    columns: tuple[sa.ColumnElement[Any], ...]
    keys: tuple[Callable[[Any], Any], ...]
    falls: bool = False

    def apply(self, chosen: sa.Select[Any], after: Sequence[Any] | None) -> sa.Select[Any]:
        """Order the query, start after the position and add the position's columns."""
        named = [column.label(f"at_{number}") for number, column in enumerate(self.columns)]
        order = [column.desc() if self.falls else column.asc() for column in self.columns]
        chosen = chosen.add_columns(*named).order_by(*order)
        return chosen if after is None else chosen.where(self._beyond(after))

    def position(self, row: Any) -> Sequence[Any]:
        """Return the position of a row of such a query."""
        return tuple(row[-len(self.columns) :])

    def _beyond(self, after: Sequence[Any]) -> sa.ColumnElement[bool]:
        pairs = zip(self.columns, after, strict=True)
        values = [sa.literal(value, column.type) for column, value in pairs]
        here: Any = sa.tuple_(*self.columns) if len(values) > 1 else self.columns[0]
        there: Any = sa.tuple_(*values) if len(values) > 1 else values[0]
        return cast(sa.ColumnElement[bool], here < there if self.falls else here > there)


def int_key(value: Any) -> int:
    """Validate a 64-bit integer in a cursor."""
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise ValueError
    return value


def sort_key(value: Any) -> str:
    """Validate a key of `common.sort_keys` in a cursor."""
    if not isinstance(value, str) or len(value) > MAX_KEY or "\0" in value:
        raise ValueError
    value.encode()  # a UnicodeEncodeError is a ValueError
    return value


def read_page(
    conn: Connection,
    chosen: sa.Select[Any],
    place: CursorScope,
    limit: object,
    position: Callable[[Any], Sequence[Any]],
    read: Callable[[Connection, Sequence[int]], list[Row]],
) -> Page[Row]:
    """Read one page.

    Selects one row more than requested: if it exists, another page follows.

    Args:
        chosen: selects the ids of the rows in order.
        position: returns the position of a selected row.
        read: returns the records of the ids.
    """
    limit = validate_limit(limit)
    rows = conn.execute(chosen.limit(limit + 1)).all()
    more = len(rows) > limit
    rows = rows[:limit]
    cursor = place.cursor_after(position(rows[-1])) if more else None
    return Page(read(conn, [row.id for row in rows]) if rows else [], cursor)


def all_pages(
    reads: Reads, read: Callable[..., Page[Row]], /, *about: Any, **filters: Any
) -> Iterator[Row]:
    """Yield every row of a list, page by page.

    Calls `read(conn, *about, **filters, limit=, cursor=)`.
    """
    cursor: str | None = None
    while True:
        page = reads(partial(_read_from, read, about, filters, cursor))
        yield from page.rows
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


def _read_from(
    read: Callable[..., Page[Row]],
    about: Sequence[Any],
    filters: Mapping[str, Any],
    cursor: str | None,
    conn: Connection,
) -> Page[Row]:
    return read(conn, *about, **filters, limit=MAX_ROWS, cursor=cursor)


def in_order(found: Iterable[Any], ids: Sequence[int]) -> list[Any]:
    """Return the records in the order of the ids."""
    by_id = {one.id: one for one in found}
    return [by_id[id] for id in ids if id in by_id]
