"""Browser pages: register the blueprints, templates, sessions and filters.

May import `reports`, `imports` and `http` and the layers below.
"""

from __future__ import annotations

import jinja2
from flask import Flask
from flask_compress import Compress
from flask_login import current_user
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from inventory.accounts import passwords, registration
from inventory.config import Config
from inventory.http import languages, security_headers, static_files
from inventory.web import (
    downloads,
    floor,
    htmx,
    live_updates,
    navigation,
    operation_forms,
    template_filters,
    urls,
)
from inventory.web.admin.blueprint import blueprint as admin
from inventory.web.auth import permissions
from inventory.web.auth import session as web_session
from inventory.web.auth.blueprint import blueprint as auth
from inventory.web.inventory import imports, saved_views
from inventory.web.inventory.blueprint import blueprint as inventory

csrf = CSRFProtect()


def init_app(app: Flask, config: Config) -> None:
    """Install headers, static files, templates, sessions, permissions and blueprints."""
    passwords.configure(time_cost=config.password_time_cost, memory_kib=config.password_memory_kib)
    app.config["SETUP_CODE"] = registration.expected_code(
        secret_key=config.secret_key,
        is_loopback=config.is_loopback,
        proxy_count=config.proxy_count,
    )
    languages.init_app(app, config)
    _set_up_templates(app)
    security_headers.init_app(app)
    static_files.init_app(app)
    permissions.public(app.view_functions["static"])
    _compress(app)
    htmx.init_app(app)
    downloads.init_app(app)
    imports.init_app(app)
    saved_views.init_app(app)
    web_session.init_app(app)
    # The permission check runs before the CSRF check: an expired session is then reported as such,
    # not as a missing CSRF token.
    permissions.init_app(app)
    csrf.init_app(app)
    app.register_error_handler(CSRFError, operation_forms.answer_stale_session)
    app.url_value_preprocessor(live_updates.reject_out_of_range_ids)
    for blueprint in (auth, inventory, admin):
        app.register_blueprint(blueprint)
    floor.init_app(app)


def has_user() -> bool:
    """Return whether the request comes from a signed-in browser."""
    return bool(current_user.is_authenticated)


def _set_up_templates(app: Flask) -> None:
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    template_filters.init_app(app)
    urls.init_app(app)
    navigation.init_app(app)


def _compress(app: Flask) -> None:
    app.config.setdefault("COMPRESS_ALGORITHM", ["br", "gzip"])
    app.config.setdefault("COMPRESS_BR_LEVEL", 4)
    types = ["text/html", "text/javascript", "application/json", "text/csv"]
    app.config.setdefault("COMPRESS_MIMETYPES", types)
    Compress(app)
