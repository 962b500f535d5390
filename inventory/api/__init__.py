"""The API for programs: JSON under /api/, and the health checks under /health/.

May import `reports`, `imports` and `http` and the layers below.
"""

from __future__ import annotations

from flask import Flask

from inventory.api import docs_views  # noqa: F401 - declares its routes
from inventory.api.auth import has_caller
from inventory.api.health import health
from inventory.api.url_converters import ItemCode, RowId
from inventory.api.v1 import v1 as version_1

__all__ = ["has_caller", "init_app"]


def init_app(app: Flask) -> None:
    """Register the blueprints and the URL converters."""
    app.url_map.converters |= {"item_code": ItemCode, "row_id": RowId}
    # A doubled slash is an unknown URL (404), not a redirect.
    app.url_map.merge_slashes = False
    for blueprint in (version_1.blueprint, health):
        # Browsers send no API token by themselves, so CSRF is impossible.
        app.extensions["csrf"].exempt(blueprint)
        app.register_blueprint(blueprint)
