"""Views of lists that a user saved: filters and order under a name."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock, validation
from inventory.common.errors import InvalidInput, NotFound
from inventory.common.messages import message
from inventory.db import atomic
from inventory.models import table
from inventory.models.saved_views import SavedView as SavedViewRow

MAX_VIEWS = 20
_MAX_QUERY = 1000

_views = table(SavedViewRow)


@dataclass(frozen=True, slots=True)
class SavedView:
    """A saved view; `path` and `query` are parts of its URL."""

    id: int
    path: str
    name: str
    query: str


def list_views(conn: Connection, *, user_id: int, path: str) -> list[SavedView]:
    """Return the user's views of a list, the oldest first."""
    rows = conn.execute(
        sa.select(_views.c.id, _views.c.path, _views.c.name, _views.c.query)
        .where(_views.c.user_id == user_id, _views.c.path == path)
        .order_by(_views.c.id)
    )
    return [SavedView(row.id, row.path, row.name, row.query) for row in rows]


@atomic
def save_view(tx: Connection, *, user_id: int, path: str, name: object, query: str) -> int:
    """Save a view, in place of the user's view of the same list and name.

    Returns:
        The id of the view.

    Raises:
        InvalidInput: no name, a query that is too long, or MAX_VIEWS of this list are saved.
        Busy: the database is locked for too long, full or unreachable.
    """
    named = validation.validate_text(name, field="name", max_length=60, required=True)
    if len(query) > _MAX_QUERY:
        raise InvalidInput(message("The filters of this view are too long."), field="query")
    own = sa.and_(_views.c.user_id == user_id, _views.c.path == path)
    tx.execute(sa.delete(_views).where(own, _views.c.name == named))
    count = tx.execute(sa.select(sa.func.count()).select_from(_views).where(own)).scalar_one()
    if count >= MAX_VIEWS:
        raise InvalidInput(
            message("A list can have at most %(most)s saved views.", most=MAX_VIEWS), field="name"
        )
    values = {"user_id": user_id, "path": path, "name": named, "query": query}
    saved: int = tx.execute(
        sa.insert(_views).values(**values, created_at=clock.now()).returning(_views.c.id)
    ).scalar_one()
    return saved


@atomic
def delete_view(tx: Connection, *, user_id: int, view_id: int) -> str:
    """Delete a view of the user.

    Returns:
        The name of the view.

    Raises:
        NotFound: the user has no such view.
        Busy: the database is locked for too long, full or unreachable.
    """
    name: str | None = tx.execute(
        sa.delete(_views)
        .where(_views.c.user_id == user_id, _views.c.id == view_id)
        .returning(_views.c.name)
    ).scalar_one_or_none()
    if name is None:
        raise NotFound(message("This view was deleted already."), view_id=view_id)
    return name
