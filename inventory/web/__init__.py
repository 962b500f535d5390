"""Pages for people: this module fits the parts of the face together."""

from __future__ import annotations

import jinja2
from flask import Flask
from flask_compress import Compress
from flask_login import current_user
from flask_wtf import CSRFProtect

from inventory import http_security, passwords, registration, static_files
from inventory.config import Config
from inventory.web import (
    account,
    analysis,
    audits,
    auth,
    checkup,
    codes,
    dashboard,
    entries,
    exporting,
    files,
    filters,
    finding,
    floor,
    htmx,
    imports,
    items,
    labels,
    living,
    lots,
    operations,
    recalls,
    references,
    reports,
    reservations,
    roles,
    second_factor,
    sessions,
    shell,
    users,
    webhooks,
)

csrf = CSRFProtect()


def init_app(app: Flask, config: Config) -> None:
    """Headers, static files, templates, sessions, the guard, and the blueprints."""
    passwords.use_cost(time_cost=config.password_time_cost, memory_kib=config.password_memory_kib)
    app.config["SETUP_CODE"] = registration.expected_code(
        secret_key=config.secret_key,
        is_loopback=config.is_loopback,
        proxy_count=config.proxy_count,
    )
    _set_up_templates(app)
    http_security.init_app(app)
    static_files.init_app(app)
    roles.public(app.view_functions["static"])
    _compress(app)
    htmx.init_app(app)
    exporting.init_app(app)
    imports.init_app(app)
    sessions.init_app(app)
    # The guard before the CSRF check: an ended session is told so, not that a token is missing.
    roles.init_app(app)
    csrf.init_app(app)
    app.register_blueprint(auth.blueprint)
    app.register_blueprint(account.blueprint)
    app.register_blueprint(users.blueprint)
    app.url_value_preprocessor(living.refuse_numbers_beyond_the_database)
    for family in (
        dashboard,
        items,
        lots,
        reservations,
        references,
        entries,
        operations,
        finding,
        codes,
        labels,
        recalls,
        analysis,
        reports,
        files,
        webhooks,
        checkup,
        audits,
        second_factor,
    ):
        app.register_blueprint(family.blueprint)
    floor.init_app(app)


def has_user() -> bool:
    """Whether the request comes from a browser that is signed in."""
    return bool(current_user.is_authenticated)


def _set_up_templates(app: Flask) -> None:
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    filters.init_app(app)
    shell.init_app(app)


def _compress(app: Flask) -> None:
    app.config.setdefault("COMPRESS_ALGORITHM", ["br", "gzip"])
    app.config.setdefault("COMPRESS_BR_LEVEL", 4)
    app.config.setdefault("COMPRESS_MIMETYPES", ["text/html", "application/json", "text/csv"])
    Compress(app)
