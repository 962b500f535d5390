"""Who calls: a bearer token, and nothing else. A browser's session opens nothing here."""

from __future__ import annotations

import logging

from flask import after_this_request, current_app, request
from werkzeug.wrappers import Response

from inventory import audit, tokens
from inventory.errors import Busy, Forbidden, Unauthenticated
from inventory.http_observing import note_user

log = logging.getLogger(__name__)


def require_caller(role: str) -> tokens.Caller:
    """Whose token comes with the request. Raises Unauthenticated, or Forbidden below the role."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("Send an API token: Authorization: Bearer inv_…")
    caller = tokens.authenticate(secret.strip())
    note_user(caller.user_id)
    require_role(caller, role)
    if caller.note:
        _note_use_afterwards(caller.token_id)
    return caller


def require_role(caller: tokens.Caller, role: str) -> None:
    if not caller.may(role):
        audit.note_refusal(
            user_id=caller.user_id, role=caller.role, needed=role, place=request.endpoint or ""
        )
        raise Forbidden(
            f"This needs the role {role}; this token has {caller.role}.",
            needed=role,
            role=caller.role,
        )


def _note_use_afterwards(token_id: int) -> None:
    """Write the use down when the answer has been sent: it delays and fails nothing."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def note() -> None:
        with app.app_context():
            try:
                tokens.note_use(token_id=token_id)
            except Busy:
                log.info("the last use of token %d was not noted: the database is busy", token_id)

    @after_this_request
    def note_when_closed(response: Response) -> Response:
        response.call_on_close(note)
        return response
