"""The floor: tablets and scanners, with or without a connection.

The page is one for everybody and carries no stock: all of that comes as JSON, and is kept on the
tablet (static/floor/). Every answer below /floor/ but the page itself is for that script.
"""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from inventory.http.error_handlers import problem
from inventory.web.floor import (  # noqa: F401 - they declare routes
    lookup,
    operations,
    pages,
    scanner_setup,
    session,
)
from inventory.web.floor.blueprint import blueprint


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.errorhandler(CSRFError)
def _csrf_token_expired(error: CSRFError) -> Response:
    """419: the session is another one than the tablet thinks. It asks who is logged in, and
    keeps what it was about to send."""
    return problem("SESSION_CHANGED", "Another session began meanwhile.", {})
