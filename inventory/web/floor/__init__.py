"""The floor: tablets and scanners, with or without a connection.

The page is one for everybody and carries no stock: all of that comes as JSON, and is kept on the
tablet (static/floor/). Every answer below /floor/ but the page itself is for that script.
"""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from inventory.http_errors import problem
from inventory.web.floor import doors, looking, operating, pages, scanner
from inventory.web.floor.routes import blueprint

__all__ = ["blueprint", "doors", "init_app", "looking", "operating", "pages", "scanner"]


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.errorhandler(CSRFError)
def _ask_for_a_fresh_token(error: CSRFError) -> Response:
    """419: the session is another one than the tablet thinks. It asks who is logged in, and
    keeps what it was about to send."""
    return problem("SESSION_CHANGED", "Another session began meanwhile.", {})
