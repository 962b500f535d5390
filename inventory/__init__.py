"""The inventory: a strict ledger of lot-tracked stock, with web, API and CLI."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import Flask, request

from inventory import api, cli, db, web
from inventory.common import clock
from inventory.config import Config
from inventory.http import (
    asgi,
    error_handlers,
    metrics,
    proxy,
    replica_routing,
    request_body,
    request_log,
)  # fmt: skip

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def create_app(config: Config | None = None, *, with_migrations: bool = True) -> Flask:
    """Create the Flask app from all its parts.

    Args:
        config: read from the environment if None.
        with_migrations: load Flask-Migrate; workers do without.
    """
    config = config or Config.from_env()
    app = Flask("inventory", root_path=str(config.root_path))
    app.config.from_mapping(config.to_flask())
    app.extensions["inventory"] = config
    clock.set_timezone(config.site_timezone)
    db.init_app(app)
    if with_migrations:
        from flask_migrate import Migrate  # Alembic takes 10 MB in each worker.

        Migrate(app, db.db, directory=str(config.root_path / "migrations"))
    error_handlers.init_app(app)
    web.init_app(app, config)
    api.init_app(app)
    replica_routing.init_app(app, config)
    metrics.init_app(app, config)
    cli.init_app(app)
    proxy.init_app(app, config)
    request_body.init_app(app)
    request_log.init_app(app, config)
    proxy.apply_url_prefix(app, config)
    return app


def create_asgi_app(app: Flask, config: Config) -> asgi.SlowClientMiddleware:
    """Return the app as the server runs it."""
    return asgi.SlowClientMiddleware(
        app.wsgi_app,
        threads=config.threads,
        limits=asgi.Limits(
            body_bytes=app.config["MAX_CONTENT_LENGTH"],
            larger_bytes=app.config["LARGER_BODIES"],
            body_seconds=config.body_seconds,
        ),
        knows=partial(_comes_from_a_user, app),
        prefix=config.url_prefix,
    )


def _comes_from_a_user(app: Flask, environ: WSGIEnvironment) -> bool:
    """Return whether a request, before its body, has a valid session or API token."""
    with app.request_context({**environ, "wsgi.input": BytesIO()}):
        try:
            return api.has_caller() if request.path.startswith("/api/") else web.has_user()
        except sa.exc.SQLAlchemyError:
            return False  # The app itself responds that the database is unreachable.
