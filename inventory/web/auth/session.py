"""The session of a logged-in browser: a signed cookie, held against the database each time.

It ends 12 hours after its user last did something, 7 days after the login, and at once when
its row is gone (login_sessions.py).
"""

from __future__ import annotations

import dataclasses
import re
import time
from typing import Any

from flask import Flask, abort, current_app, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin
from werkzeug.wrappers import Response

from inventory.accounts import login, sessions
from inventory.accounts.users import Account
from inventory.http.after_response import run_after_response
from inventory.http.error_handlers import wants_json
from inventory.http.request_log import bind_user
from inventory.models import Role
from inventory.web import urls
from inventory.web.htmx import is_htmx, is_poll, shown_url

IDLE_SECONDS = int(sessions.IDLE.total_seconds())
LONGEST_SECONDS = int(sessions.LONGEST.total_seconds())
#: How long a right password waits for its code.
CODE_SECONDS = 600
_NOTED_EACH = 300
_SAFE_NEXT = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


class SessionUser(UserMixin):
    """The account behind a request, as flask-login wants it."""

    def __init__(
        self, account: Account, *, must_set_up: bool = False, by_pin: bool = False
    ) -> None:
        self.id = account.id
        self.name = account.name
        self.role = account.role
        self.has_role = account.has_role
        #: Nothing is open before a second factor is set up.
        self.must_set_up = must_set_up
        #: Good for the floor only.
        self.by_pin = by_pin


def init_app(app: Flask) -> None:
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    manager = LoginManager()
    manager.session_protection = None
    manager.user_loader(_load)
    manager.unauthorized_handler(unauthorized_response)
    # Not its init_app: that would touch the session after each answer (so that no static file
    # could be kept), and ask the database for each template, those of error pages too.
    app.login_manager = manager  # type: ignore[attr-defined]


def log_in_user(begun: sessions.Session, *, by_pin: bool = False) -> None:
    """Make this browser the account's; nothing of an earlier session remains. A session that
    began by a PIN is good for the floor only, and with the rights of an operator at most."""
    session.clear()
    session.permanent = True
    now = int(time.time())
    session.update(_user_id=str(begun.account.id), sid=begun.id, began=now, seen=now)
    if by_pin:
        session["by_pin"] = True


def wait_for_code(pending: login.PendingTwoFactor) -> None:
    """Remember for a while whose password was right: nothing is open by that."""
    session["half"] = [pending.user_id, pending.epoch, int(time.time())]


def waiting_for_code() -> login.PendingTwoFactor | None:
    """Whose password was right in this browser within the last minutes."""
    user_id, epoch, at = session.get("half") or (0, 0, 0)
    if not 0 <= time.time() - at <= CODE_SECONDS:
        return None
    return login.PendingTwoFactor(user_id=user_id, epoch=epoch)


def renew_session(account: Account) -> None:
    """Stay in, by a new session, where a change has just ended all of them."""
    log_in_user(sessions.renew_session(account=account, **client_info()))


def client_info() -> dict[str, str]:
    """From where the request comes, and in which browser."""
    return {"address": request.remote_addr or "", "browser": request.user_agent.string}


def current_id() -> str:
    return str(session.get("sid", ""))


def _load(user_id: str) -> SessionUser | None:
    now = time.time()
    if now - session.get("began", 0) > LONGEST_SECONDS:
        return None
    if now - session.get("seen", 0) > IDLE_SECONDS:
        return None
    if session.get("by_pin") and request.blueprint != "floor":
        return None
    found = sessions.find(user_id=int(user_id), session_id=current_id())
    if found is None:
        return None
    account = found.account
    if now - session["seen"] > _NOTED_EACH and not is_poll():
        session["seen"] = int(now)
    if found.note and not is_poll():
        run_after_response(sessions.touch, session_id=found.id)
    bind_user(account.id)
    asked = account.role in current_app.config["TOTP_REQUIRED_ROLES"]
    return SessionUser(
        apply_session_limits(account),
        must_set_up=asked and not account.second_factor,
        by_pin=bool(session.get("by_pin")),
    )


def apply_session_limits(account: Account) -> Account:
    """The account with the rights that this session gives it."""
    if session.get("by_pin") and account.has_role(Role.OPERATOR.value):
        return dataclasses.replace(account, role=Role.OPERATOR.value)
    return account


def unauthorized_response() -> Response:
    """What a stranger gets instead of a page; afterwards they come back to where they were."""
    if wants_json():
        abort(401)
    if is_htmx():
        target = url_for("auth.login", next=_current_page())
        return Response(status=401, headers={"HX-Redirect": target})
    here = urls.current_url() if request.method == "GET" else None
    return redirect(url_for("auth.login", next=here if here != urls.home_url() else None), 303)


def safe_next(value: Any) -> str:
    """Where to go on to: a path of this site, else its front page."""
    text = value if isinstance(value, str) else ""
    is_ours = text.startswith(urls.home_url()) and len(text) <= 2000 and _SAFE_NEXT.fullmatch(text)
    return text if is_ours else urls.home_url()


def _current_page() -> str | None:
    parts = shown_url()
    if parts is None:
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
