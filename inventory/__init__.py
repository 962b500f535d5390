"""The inventory: a strict ledger of lot-tracked stock, and the faces that ask it."""

from __future__ import annotations

from flask import Flask

from inventory import (
    api,
    cli,
    clock,
    db,
    http_bodies,
    http_errors,
    http_front,
    http_metrics,
    http_observing,
    http_standby,
    web,
)  # fmt: skip
from inventory.config import Config


def create_app(config: Config | None = None, *, migrates: bool = True) -> Flask:
    """The only place that knows every part. One that only serves is spared what migrates."""
    config = config or Config.from_env()
    app = Flask("inventory", root_path=str(config.root_path))
    app.config.from_mapping(config.to_flask())
    app.extensions["inventory"] = config
    clock.use_zone(config.site_timezone)
    db.init_app(app)
    if migrates:
        from flask_migrate import Migrate  # Alembic: 10 MB in each worker

        Migrate(app, db.db, directory=str(config.root_path / "migrations"))
    http_errors.init_app(app)
    web.init_app(app, config)
    api.init_app(app)
    http_standby.init_app(app, config)
    http_metrics.init_app(app, config)
    cli.init_app(app)
    http_front.init_app(app, config)
    http_bodies.init_app(app, at_once=config.threads)
    http_observing.init_app(app, config)
    http_front.mount(app, config)
    return app
