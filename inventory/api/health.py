"""Health checks without a token; the responses contain no secrets."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, current_app

from inventory.api.endpoints import answer_json, skip_login_check
from inventory.db import db, schema_version, triggers
from inventory.http.error_handlers import problem

health = Blueprint("health", __name__, url_prefix="/health")


@health.get("/live", provide_automatic_options=False)
@skip_login_check
def live() -> Response:
    """Answer 200 while the process runs."""
    return answer_json({"status": "ok"})


@health.get("/ready", provide_automatic_options=False)
@skip_login_check
def ready() -> Response:
    """Answer 200 if the database is reachable, migrated and has all its triggers."""
    reason = _why_not_ready()
    return problem("NOT_READY", reason, {}) if reason else answer_json({"status": "ok"})


def _why_not_ready() -> str | None:
    try:
        with db.engine.connect() as connection:
            migrations = current_app.extensions["inventory"].root_path / "migrations"
            if not schema_version.schema_status(connection, migrations).is_current:
                return "The database is not at the version of this program: run its migrations."
            if missing := triggers.missing(connection):
                return f"The database does not guard the ledger: {', '.join(missing)} missing."
    except (sa.exc.SQLAlchemyError, OSError):
        return "The database does not answer."
    return None
