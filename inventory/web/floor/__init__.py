"""The floor app: tablets and scanners, online and offline.

The page is the same for all users and contains no stock: stock is loaded as JSON and kept on the
tablet (static/floor/). All other responses below /floor/ are for its script.
"""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from inventory.http.error_handlers import problem
from inventory.http.languages import gettext as _
from inventory.web.floor import (  # noqa: F401 - they declare routes
    lookup,
    operations,
    pages,
    scanner_setup,
    session,
)
from inventory.web.floor.blueprint import blueprint


def init_app(app: Flask) -> None:
    """Register the blueprint."""
    app.register_blueprint(blueprint)


@blueprint.errorhandler(CSRFError)
def _csrf_token_expired(error: CSRFError) -> Response:
    """Answer 419: the session is not the one that the tablet knows.

    The tablet then loads the session again and keeps its unsent operations.
    """
    return problem("SESSION_CHANGED", _("The session on this tablet has changed."), {})
