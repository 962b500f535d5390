"""Small writes after the response was sent; they neither delay nor fail it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import after_this_request, current_app
from werkzeug.wrappers import Response

from inventory.common.errors import Busy

log = logging.getLogger(__name__)


def run_after_response(verb: Callable[..., Any], /, **values: Any) -> None:
    """Call a function after the response was sent; skip it if the database is busy."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def note() -> None:
        with app.app_context():
            try:
                verb(**values)
            except Busy:
                log.info("%s was not noted: the database is busy", verb.__name__)

    @after_this_request
    def note_when_closed(response: Response) -> Response:
        response.call_on_close(note)
        return response
