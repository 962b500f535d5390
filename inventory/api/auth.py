"""Who calls: a bearer token, and nothing else. A browser's session opens nothing here."""

from __future__ import annotations

from flask import request

from inventory import audit
from inventory.accounts import api_tokens
from inventory.common.errors import Forbidden, Unauthenticated
from inventory.http.after_response import do_afterwards
from inventory.http.request_log import note_user


def require_caller(role: str) -> api_tokens.Caller:
    """Whose token comes with the request. Raises Unauthenticated, or Forbidden below the role."""
    caller = _authenticate()
    note_user(caller.user_id)
    require_role(caller, role)
    if caller.note:
        do_afterwards(api_tokens.note_use, token_id=caller.token_id)
    return caller


def has_caller() -> bool:
    """Whether a valid token comes with the request."""
    try:
        return bool(_authenticate())
    except Unauthenticated:
        return False


def _authenticate() -> api_tokens.Caller:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("Send an API token: Authorization: Bearer inv_…")
    return api_tokens.authenticate(secret.strip())


def require_role(caller: api_tokens.Caller, role: str) -> None:
    if not caller.may(role):
        audit.note_refusal(
            user_id=caller.user_id, role=caller.role, needed=role, place=request.endpoint or ""
        )
        raise Forbidden(
            f"This needs the role {role}; this token has {caller.role}.",
            needed=role,
            role=caller.role,
        )
