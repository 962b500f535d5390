"""Browser sessions: a signed cookie, checked against the database on each request.

A session ends 12 hours after the last activity, 7 days after sign-in, and at once when its row in
the database is deleted.
"""

from __future__ import annotations

import dataclasses
import re
import time
from typing import Any

from flask import Flask, abort, current_app, flash, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, login_user, logout_user
from werkzeug.wrappers import Response

from inventory.accounts import login, sessions
from inventory.accounts.users import Account
from inventory.http import languages
from inventory.http.after_response import run_after_response
from inventory.http.error_handlers import wants_json
from inventory.http.languages import gettext as _
from inventory.http.request_log import bind_user
from inventory.models import Role
from inventory.web import urls
from inventory.web.auth import form_drafts
from inventory.web.auth.form_responses import Answer, login_page
from inventory.web.htmx import is_htmx, is_poll, shown_url

IDLE_SECONDS = int(sessions.IDLE.total_seconds())
MAX_SECONDS = int(sessions.MAX_AGE.total_seconds())
#: Seconds for entering the second factor after a correct password.
CODE_SECONDS = 600
_RECORD_INTERVAL = 300
_SAFE_NEXT = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


class SessionUser(UserMixin):
    """The account of a request, as flask-login expects it."""

    def __init__(
        self, account: Account, *, must_set_up: bool = False, by_pin: bool = False
    ) -> None:
        self.id = account.id
        self.name = account.name
        self.role = account.role
        self.language = account.language
        self.has_role = account.has_role
        #: No page is open before a second factor is set up.
        self.must_set_up = must_set_up
        #: The session is valid for the floor app only.
        self.by_pin = by_pin


def init_app(app: Flask) -> None:
    """Install the login manager."""
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    manager = LoginManager()
    manager.session_protection = None
    manager.user_loader(_load)
    manager.unauthorized_handler(unauthorized_response)
    # LoginManager.init_app is not called: it would touch the session after each response, so that
    # no static file could be cached, and would query the database for each template, including
    # those of error pages.
    app.login_manager = manager  # type: ignore[attr-defined]


def log_in_user(begun: sessions.Session, *, by_pin: bool = False) -> None:
    """Start a new session of the account in this browser.

    A session that began with a PIN is valid for the floor app only, with the rights of an operator
    at most.
    """
    _end_stored_session()
    session.clear()
    g.pop("csrf_token", None)  # a page of this request needs a token of the new session
    session.permanent = True
    now = int(time.time())
    session.update(sid=begun.id, began=now, seen=now)
    if by_pin:
        session["by_pin"] = True
    login_user(_session_user(begun.account))
    languages.forget()
    del session["_id"]  # a hash of address and browser, for the session protection that is off


def log_out_user() -> None:
    """End the session of this browser, so that copies of its cookie are useless too."""
    _end_stored_session()
    logout_user()
    languages.forget()
    session.clear()


def _end_stored_session() -> None:
    """Delete the session's row, also if the user cannot open this page with it."""
    user_id, session_id = session.get("_user_id"), current_id()
    if user_id and session_id:
        sessions.log_out(user_id=int(user_id), session_id=session_id)


def wait_for_code(pending: login.PendingTwoFactor) -> None:
    """Remember a correct password until the second factor is entered.

    The user is not signed in by this.
    """
    session["half"] = [pending.user_id, pending.epoch, int(time.time())]


def waiting_for_code() -> login.PendingTwoFactor | None:
    """Return the sign-in that waits for its second factor, or None."""
    user_id, epoch, at = session.get("half") or (0, 0, 0)
    if not 0 <= time.time() - at <= CODE_SECONDS:
        return None
    return login.PendingTwoFactor(user_id=user_id, epoch=epoch)


def renew_session(account: Account) -> None:
    """Start a new session after a change that ended all sessions of the account."""
    log_in_user(sessions.renew_session(account=account, **client_info()))


def client_info() -> dict[str, str]:
    """Return the address and the browser of the request."""
    return {"address": request.remote_addr or "", "browser": request.user_agent.string}


def current_id() -> str:
    """Return the id of the current session, or ""."""
    return str(session.get("sid", ""))


def _load(user_id: str) -> SessionUser | None:
    now = time.time()
    if now - session.get("began", 0) > MAX_SECONDS:
        return None
    if now - session.get("seen", 0) > IDLE_SECONDS:
        return None
    if session.get("by_pin") and request.blueprint != "floor":
        return None
    found = sessions.find(user_id=int(user_id), session_id=current_id())
    if found is None:
        return None
    account = found.account
    if now - session["seen"] > _RECORD_INTERVAL and not is_poll():
        session["seen"] = int(now)
    if found.note and not is_poll():
        run_after_response(sessions.touch, session_id=found.id)
    bind_user(account.id)
    return _session_user(account)


def _session_user(account: Account) -> SessionUser:
    """Return the account as the user of a request in this session."""
    asked = account.role in current_app.config["TOTP_REQUIRED_ROLES"]
    return SessionUser(
        apply_session_limits(account),
        must_set_up=asked and not account.second_factor,
        by_pin=bool(session.get("by_pin")),
    )


def apply_session_limits(account: Account) -> Account:
    """Return the account with the rights that this session allows."""
    if session.get("by_pin") and account.has_role(Role.OPERATOR.value):
        return dataclasses.replace(account, role=Role.OPERATOR.value)
    return account


def unauthorized_response() -> Answer:
    """Return the response for a request without sign-in.

    After sign-in the browser returns to the page that it asked for. The sign-in page keeps the
    values of an operation's form; htmx sends such a form again without its headers.
    """
    if wants_json():
        abort(401)
    if is_htmx():
        target = url_for("auth.login", next=_current_page())
        return Response(status=401, headers={"HX-Redirect": target})
    is_small = (request.content_length or 0) <= 4 * form_drafts.MAX_BYTES
    if request.method == "POST" and is_small and (draft := form_drafts.encrypt_posted_form()):
        return login_page(draft, safe_next(request.form.get("back"))), 401
    if request.method == "POST":
        flash(_("Your input could not be kept. Nothing was posted."), "bad")
    here = urls.current_url() if request.method == "GET" else None
    return redirect(url_for("auth.login", next=here if here != urls.home_url() else None), 303)


def safe_next(value: Any) -> str:
    """Return the path to open next: one of this site, else the home page."""
    text = value if isinstance(value, str) else ""
    is_ours = text.startswith(urls.home_url()) and len(text) <= 2000 and _SAFE_NEXT.fullmatch(text)
    return text if is_ours else urls.home_url()


def _current_page() -> str | None:
    parts = shown_url()
    if parts is None:
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
