"""Who holds the tablet: it asks before it sends anything, and people take turns at it."""

from __future__ import annotations

from typing import Any

from flask import Response, request, session
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from inventory import clock, logins
from inventory.accounts import Account
from inventory.errors import Forbidden
from inventory.http_errors import problem
from inventory.web import sessions
from inventory.web.floor.routes import answer, blueprint, sent_object
from inventory.web.roles import public

#: The least role that works on the floor.
OPERATOR = "operator"


@blueprint.get("/session")
@public
def show_session() -> Response:
    """Who is logged in, and a fresh CSRF token; a stranger gets 401, and a token to log in with."""
    if not current_user.is_authenticated:
        figures = {"csrf_token": generate_csrf()}
        return problem("UNAUTHENTICATED", "Nobody is logged in on this tablet.", figures)
    return _session(current_user)


@blueprint.post("/session")
@public
def take_over() -> Response:
    """Log in on a tablet: whoever was logged in before is logged out. Raises what logins.log_in
    raises, and Forbidden for who does not work on the floor."""
    body = sent_object()
    begun = logins.log_in(
        name=_text(body.get("name")),
        password=_text(body.get("password")),
        address=request.remote_addr or "",
    )
    if not begun.account.may(OPERATOR):
        raise Forbidden(f"This needs the role {OPERATOR}; yours is {begun.account.role}.")
    _leave()
    sessions.begin(begun.account, session_id=begun.id)
    return _session(begun.account)


@blueprint.post("/session/end")
@public
def leave() -> Response:
    """Log out. What the tablet has not sent yet stays on it until its owner is back."""
    _leave()
    session.clear()
    return answer({"user": None, "csrf_token": generate_csrf()})


def _leave() -> None:
    if current_user.is_authenticated:
        logins.log_out(user_id=current_user.id, session_id=sessions.current_id())


def _session(account: Account | Any) -> Response:
    user = {"id": account.id, "name": account.name, "role": account.role}
    user["works"] = account.may(OPERATOR)
    return answer({"user": user, "csrf_token": generate_csrf(), "today": clock.today().isoformat()})


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
