"""Registration, sign-in, sign-out and the choice of the theme."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory.accounts import login as accounts_login
from inventory.accounts import registration, sessions, two_factor
from inventory.common.errors import Refusal
from inventory.http.secret_keys import signing_keys
from inventory.web.auth import session as web_session
from inventory.web.auth.form_responses import Answer, render_form, rerender_form
from inventory.web.auth.forms import CodeForm, LoginForm, RegisterForm
from inventory.web.auth.permissions import public
from inventory.web.navigation import THEMES

blueprint = Blueprint("auth", __name__)

_ONE_YEAR = 365 * 24 * 3600


@blueprint.route("/register/", methods=["GET", "POST"])
@public
def register() -> Answer:
    """Show and handle the registration form."""
    form = RegisterForm()
    if form.validate_on_submit():
        try:
            return _register(form)
        except Refusal as refusal:
            return rerender_form("auth/register.html", form, refusal, **_register_context())
    return render_form("auth/register.html", form, **_register_context())


def _register(form: RegisterForm) -> Answer:
    account = registration.register(
        name=form.name.data,
        password=form.password.data,
        policy=current_app.config["REGISTRATION"],
        role=current_app.config["REGISTRATION_ROLE"],
        code=form.code.data or "",
        expected_code=current_app.config["SETUP_CODE"],
        address=request.remote_addr or "",
    )
    if account.is_usable:
        return _log_in(form)
    session["registered"] = account.name
    return redirect(url_for("auth.login"), 303)


def _register_context() -> dict[str, Any]:
    first = registration.is_first()
    return {
        "first": first,
        "closed": not first and current_app.config["REGISTRATION"] == registration.CLOSED,
        "needs_code": first and current_app.config["SETUP_CODE"] is not None,
        "waits": not first and current_app.config["REGISTRATION"] == registration.APPROVAL,
    }


@blueprint.route("/login/", methods=["GET", "POST"])
@public
def login() -> Answer:
    """Show and handle the sign-in form."""
    if current_user.is_authenticated:
        return redirect(web_session.safe_next(request.args.get("next")), 303)
    form = LoginForm()
    if form.validate_on_submit():
        try:
            return _log_in(form)
        except Refusal as refusal:
            return rerender_form("auth/login.html", form, refusal, **_login_context())
    if registration.is_first():
        return redirect(url_for("auth.register"), 303)
    return render_form("auth/login.html", form, **_login_context())


def _log_in(form: LoginForm | RegisterForm) -> Response:
    begun = accounts_login.log_in(
        name=form.name.data or "",
        password=form.password.data or "",
        **web_session.client_info(),
    )
    if isinstance(begun, accounts_login.PendingTwoFactor):
        web_session.wait_for_code(begun)
        return redirect(url_for("auth.code", next=request.args.get("next")), 303)
    return _enter(begun)


def _enter(begun: sessions.Session) -> Response:
    web_session.log_in_user(begun)
    return redirect(web_session.safe_next(request.args.get("next")), 303)


@blueprint.route("/login/code/", methods=["GET", "POST"])
@public
def code() -> Answer:
    """Show and handle the form of the second factor.

    Without a password check in the last minutes, redirect to the sign-in form.
    """
    half = web_session.waiting_for_code()
    if half is None:
        return redirect(url_for("auth.login", next=request.args.get("next")), 303)
    form = CodeForm()
    if form.validate_on_submit():
        try:
            keys = signing_keys(current_app)
            where = web_session.client_info()
            return _enter(two_factor.log_in(pending=half, code=form.code.data, keys=keys, **where))
        except Refusal as refusal:
            return rerender_form("auth/two_factor_code.html", form, refusal)
    return render_form("auth/two_factor_code.html", form)


def _login_context() -> dict[str, Any]:
    return {
        "registered": session.pop("registered", None),
        "may_register": current_app.config["REGISTRATION"] != registration.CLOSED,
    }


@blueprint.get("/logout/")
@public
def confirm_logout() -> Answer:
    """Ask for confirmation before signing out."""
    if not current_user.is_authenticated:
        return redirect(url_for("auth.login"), 303)
    return render_template("auth/logout.html")


@blueprint.post("/logout/")
@public
def logout() -> Answer:
    """Sign out."""
    web_session.log_out_user()
    return redirect(url_for("auth.login"), 303)


@blueprint.post("/theme/")
@public
def theme() -> Answer:
    """Store the theme in a cookie, so that pages render with it from the start."""
    chosen = request.form.get("theme", "")
    response = redirect(web_session.safe_next(request.form.get("next")), 303)
    response.set_cookie(
        "theme",
        chosen if chosen in THEMES else "",
        max_age=_ONE_YEAR,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
    )
    return response
