"""Authentication of API requests by bearer token; browser sessions do not count."""

from __future__ import annotations

from flask import request

from inventory import audit
from inventory.accounts import api_tokens
from inventory.common.errors import Forbidden, Unauthenticated
from inventory.http.after_response import run_after_response
from inventory.http.request_log import bind_user


def authenticate(role: str) -> api_tokens.ApiPrincipal:
    """Return the caller of the request's token.

    Raises:
        Unauthenticated: the token is missing or invalid.
        Forbidden: its role is too low.
    """
    caller = _authenticate()
    bind_user(caller.user_id)
    require_role(caller, role)
    if caller.note:
        run_after_response(api_tokens.touch_last_used, token_id=caller.token_id)
    return caller


def has_caller() -> bool:
    """Return whether the request has a valid token."""
    try:
        return bool(_authenticate())
    except Unauthenticated:
        return False


def _authenticate() -> api_tokens.ApiPrincipal:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("Send an API token: Authorization: Bearer inv_…")
    return api_tokens.authenticate(secret.strip())


def require_role(caller: api_tokens.ApiPrincipal, role: str) -> None:
    """Require a role of the caller.

    Raises:
        Forbidden: the role is too low; recorded in the audit log.
    """
    if not caller.has_role(role):
        audit.record_denied_access(
            user_id=caller.user_id, role=caller.role, needed=role, place=request.endpoint or ""
        )
        raise Forbidden(
            f"This needs the role {role}; this token has {caller.role}.",
            needed=role,
            role=caller.role,
        )
