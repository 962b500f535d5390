"""Session of the floor app: current user, sign-in by password or PIN, sign-out."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, current_app, request, url_for
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from inventory.accounts import login, pins, sessions, two_factor
from inventory.accounts.sessions import Session
from inventory.accounts.users import Account
from inventory.common import clock
from inventory.common.errors import Forbidden, InvalidInput
from inventory.http.error_handlers import problem
from inventory.http.languages import gettext as _
from inventory.http.secret_keys import signing_keys
from inventory.web.auth import session as web_session
from inventory.web.auth.permissions import public, require
from inventory.web.floor.blueprint import answer, blueprint, json_body

#: The lowest role that can use the floor app.
OPERATOR = "operator"
#: Cookie that identifies a tablet.
_TABLET = "tablet"
_A_YEAR = 366 * 24 * 3600


@blueprint.get("/session")
@public
def show_session() -> Response:
    """Return the user and a new CSRF token.

    Without sign-in the response is 401, with a token to sign in with.
    """
    if not current_user.is_authenticated:
        figures = {"csrf_token": generate_csrf()}
        detail = _("No user is signed in on this tablet.")
        return problem("UNAUTHENTICATED", detail, figures)
    return _session(current_user)


@blueprint.post("/session")
@public
def log_in() -> Response:
    """Sign in on a tablet by password or PIN; the previous user is signed out.

    With the password, a new PIN for this tablet can be set.

    Raises:
        InvalidInput: the new PIN is invalid, or the code of the second factor is missing.
        Forbidden: the role is too low for the floor app.
        Refusal: any of `login.log_in`, `two_factor.log_in` and `pins.log_in`.
    """
    body = json_body()
    new_pin = body.get("newPin") or None
    if new_pin is not None:
        pins.validate_pin(new_pin, field="newPin")
    actor = {"name": _text(body.get("name")), **web_session.client_info()}
    secret, tablet = _text(body.get("password")), request.cookies.get(_TABLET, "")
    by_pin = pins.is_pin(secret)
    if by_pin:
        begun = pins.log_in(pin=secret, tablet=tablet, **actor)
    else:
        begun = _log_in(secret, actor, body.get("code"))
    try:
        require(begun.account, OPERATOR)
    except Forbidden:
        sessions.log_out(user_id=begun.account.id, session_id=begun.id)
        raise
    web_session.log_in_user(begun, by_pin=by_pin)
    response = _session(web_session.apply_session_limits(begun.account))
    if new_pin is not None and not by_pin:
        tablet = tablet or secrets.token_urlsafe(32)
        pins.set_pin(account=begun.account, pin=new_pin, tablet=tablet)
        _set_device_cookie(response, tablet)
    return response


def _log_in(password: str, actor: dict[str, str], code: object) -> Session:
    """Sign in by password, and by the code if the user has a second factor."""
    begun = login.log_in(password=password, **actor)
    if not isinstance(begun, login.PendingTwoFactor):
        return begun
    if not code:
        raise InvalidInput(_("Enter the code from your authenticator app."), field="code")
    keys = signing_keys(current_app)
    return two_factor.log_in(pending=begun, code=code, keys=keys, **web_session.client_info())


def _set_device_cookie(response: Response, tablet: str) -> None:
    """Set the cookie that a PIN of this tablet is bound to; scripts cannot read it."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(
        _TABLET, tablet, max_age=_A_YEAR, path=url_for("floor.index"), secure=secure, httponly=True,
        samesite="Strict",
    )  # fmt: skip


@blueprint.post("/session/end")
@public
def log_out() -> Response:
    """Sign out. Unsent operations stay on the tablet until their user is back."""
    web_session.log_out_user()
    return answer({"user": None, "csrf_token": generate_csrf()})


def _session(account: Account | Any) -> Response:
    user = {"id": account.id, "name": account.name, "role": account.role}
    user["works"] = account.has_role(OPERATOR)
    return answer({"user": user, "csrf_token": generate_csrf(), "today": clock.today().isoformat()})


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
