"""Route read-only pages to a read replica (DATABASE_READ_URL)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, g, request, session

from inventory import db
from inventory.common import clock
from inventory.config import Config
from inventory.db.replica import SHOWN_LAG, ReadReplica, enable_lsn_tracking, pop_last_lsn

#: Blueprints of the pages that show stock. Sign-in, accounts, the API and the floor app use the
#: primary: they authenticate, or have no session that could keep a position. Downloads use the
#: primary because they are read while they are sent.
_FAMILIES = (
    "inventory.dashboard", "inventory.items", "inventory.lots", "inventory.reservations",
    "inventory.references", "inventory.ledger", "inventory.operations", "inventory.search",
    "inventory.codes", "inventory.analytics", "inventory.reports", "inventory.recalls",
)  # fmt: skip
_POSITION = "wal"


def init_app(app: Flask, config: Config) -> None:
    """Wrap the views of these pages if a read replica is configured."""
    if not config.database_read_url:
        return
    standby = ReadReplica(db.new_engine(config.database_read_url, threads=config.threads))
    app.extensions["standby"] = standby
    enable_lsn_tracking()
    for endpoint, view in app.view_functions.items():
        if endpoint.rpartition(".")[0] in _FAMILIES and "csv" not in endpoint:
            app.view_functions[endpoint] = _route_to_replica(standby, view)
    app.after_request(_keep_position)


def _route_to_replica(standby: ReadReplica, view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    def read(*args: Any, **kwargs: Any) -> Any:
        if request.method != "GET" or "export" in (request.endpoint or ""):
            return view(*args, **kwargs)
        try:
            with standby.connection(session.get(_POSITION)) as lag:
                if lag is not None and lag > SHOWN_LAG:
                    g.behind = clock.now() - timedelta(seconds=lag)
                if lag is not None:
                    return view(*args, **kwargs)
        except sa.exc.DBAPIError:
            standby.mark_unavailable()  # connection lost, or query canceled: use the primary
            g.pop("behind", None)
        return view(*args, **kwargs)

    return read


def _keep_position(response: Response) -> Response:
    """Store the WAL position of a write in the session.

    The user's own pages are never older than that write.
    """
    if (position := pop_last_lsn()) is not None and session.get("sid"):
        session[_POSITION] = position
    return response
