"""The doors: register, log in, log out; and what people do with their own account."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from inventory import accounts, logins, registration
from inventory.errors import Forbidden, InvalidInput, Refusal, Unauthenticated
from inventory.web import sessions
from inventory.web.forms import LoginForm, PasswordForm, RegisterForm
from inventory.web.roles import public
from inventory.web.shell import THEMES

blueprint = Blueprint("auth", __name__)

_ONE_YEAR = 365 * 24 * 3600

Answer = Response | str | tuple[str, int] | tuple[str, int, dict[str, str]]


@blueprint.route("/register/", methods=["GET", "POST"])
@public
def register() -> Answer:
    form = RegisterForm()
    if form.validate_on_submit():
        try:
            return _register(form)
        except Refusal as refusal:
            return _again("auth/register.html", form, refusal, **_door())
    return _show("auth/register.html", form, **_door())


def _register(form: RegisterForm) -> Answer:
    account = registration.register(
        name=form.name.data,
        password=form.password.data,
        policy=current_app.config["REGISTRATION"],
        role=current_app.config["REGISTRATION_ROLE"],
        code=form.code.data or "",
        expected_code=current_app.config["SETUP_CODE"],
    )
    if account.is_usable:
        return _log_in(form)
    session["registered"] = account.name
    return redirect(url_for("auth.login"), 303)


def _door() -> dict[str, Any]:
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
    if current_user.is_authenticated:
        return redirect(sessions.safe_next(request.args.get("next")), 303)
    form = LoginForm()
    if form.validate_on_submit():
        try:
            return _log_in(form)
        except Refusal as refusal:
            return _again("auth/login.html", form, refusal, **_welcome())
    if registration.is_first():
        return redirect(url_for("auth.register"), 303)
    return _show("auth/login.html", form, **_welcome())


def _log_in(form: LoginForm | RegisterForm) -> Response:
    begun = logins.log_in(
        name=form.name.data or "",
        password=form.password.data or "",
        address=request.remote_addr or "",
    )
    sessions.begin(begun.account, session_id=begun.id)
    return redirect(sessions.safe_next(request.args.get("next")), 303)


def _welcome() -> dict[str, Any]:
    return {
        "registered": session.pop("registered", None),
        "may_register": current_app.config["REGISTRATION"] != registration.CLOSED,
    }


@blueprint.get("/logout/")
@public
def confirm_logout() -> Answer:
    if not current_user.is_authenticated:
        return redirect(url_for("auth.login"), 303)
    return render_template("auth/logout.html")


@blueprint.post("/logout/")
@public
def logout() -> Answer:
    if current_user.is_authenticated:
        logins.log_out(user_id=current_user.id, session_id=sessions.current_id())
    session.clear()
    return redirect(url_for("auth.login"), 303)


@blueprint.get("/account/")
def account() -> Answer:
    return _show("auth/account.html", PasswordForm(), account=_own())


@blueprint.post("/account/password/")
def change_password() -> Answer:
    form = PasswordForm()
    if not form.validate_on_submit():
        return _show("auth/account.html", form, account=_own())
    try:
        changed = logins.change_password(
            user_id=current_user.id,
            current=form.current_password.data or "",
            new=form.password.data or "",
            address=request.remote_addr or "",
        )
    except Refusal as refusal:
        return _again("auth/account.html", form, refusal, account=_own())
    sessions.begin(changed, session_id=sessions.current_id())
    flash("Password changed. Every other device was logged out.")
    return redirect(url_for("auth.account"), 303)


@blueprint.post("/account/sessions/end/")
def end_sessions() -> Answer:
    accounts.end_sessions(user_id=current_user.id, by=current_user.id)
    session.clear()
    return redirect(url_for("auth.login"), 303)


@blueprint.post("/theme/")
@public
def theme() -> Answer:
    """Light, dark, or as the system has it: a cookie, so that no page flashes in another."""
    chosen = request.form.get("theme", "")
    response = redirect(sessions.safe_next(request.form.get("next")), 303)
    response.set_cookie(
        "theme",
        chosen if chosen in THEMES else "",
        max_age=_ONE_YEAR,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
    )
    return response


def _own() -> accounts.Account:
    return accounts.get_account(user_id=current_user.id)


def _show(template: str, form: FlaskForm, **values: Any) -> Answer:
    status = 422 if form.errors else 200
    return render_template(template, form=form, refusal=None, **values), status


def _again(template: str, form: FlaskForm, refusal: Refusal, **values: Any) -> Answer:
    """The same form with what was typed (never passwords) and why it was refused."""
    status = 422
    headers: dict[str, str] = {}
    if isinstance(refusal, InvalidInput) and refusal.field in form:
        form[refusal.field].errors = [refusal.detail]
        refusal_shown = None
    else:
        refusal_shown = refusal.detail
    if isinstance(refusal, logins.TooManyAttempts):
        status, headers = 429, {"Retry-After": str(refusal.figures["retry_after"])}
    elif isinstance(refusal, Unauthenticated):
        status = 401
    elif isinstance(refusal, Forbidden):
        status = 403
    return render_template(template, form=form, refusal=refusal_shown, **values), status, headers
