"""Registration, sign-in, sign-out and the choice of the theme."""

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

from inventory.accounts import login as accounts_login
from inventory.accounts import registration, sessions, two_factor
from inventory.common.errors import Refusal
from inventory.http.languages import gettext as _
from inventory.http.languages import translate
from inventory.http.secret_keys import signing_keys
from inventory.web.auth import form_drafts
from inventory.web.auth import session as web_session
from inventory.web.auth.form_responses import (
    Answer,
    login_context,
    login_page,
    render_form,
    rerender_form,
)
from inventory.web.auth.forms import CodeForm, LoginForm, RegisterForm
from inventory.web.auth.permissions import public
from inventory.web.navigation import THEMES
from inventory.web.operation_forms import render_draft

blueprint = Blueprint("auth", __name__)

_CODE = "auth/two_factor_code.html"
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
        return _continue()
    if "again" in request.form:
        return login_page(*_kept())
    form = LoginForm()
    if form.validate_on_submit():
        try:
            return _log_in(form)
        except Refusal as refusal:
            return rerender_form("auth/login.html", form, refusal, **login_context(*_kept()))
    if registration.is_first():
        return redirect(url_for("auth.register"), 303)
    return render_form("auth/login.html", form, **login_context(*_kept()))


def _kept() -> tuple[str, str | None]:
    """Return the draft that the sign-in pages keep, and the page to open next."""
    return request.form.get("draft", ""), request.args.get("next")


def _log_in(form: LoginForm | RegisterForm) -> Answer:
    begun = accounts_login.log_in(
        name=form.name.data or "",
        password=form.password.data or "",
        **web_session.client_info(),
    )
    if isinstance(begun, accounts_login.PendingTwoFactor):
        web_session.wait_for_code(begun)
        if request.form.get("draft"):
            return render_form(_CODE, CodeForm(formdata=None), **_code_context())
        return redirect(url_for("auth.code", next=request.args.get("next")), 303)
    return _enter(begun)


def _enter(begun: sessions.Session) -> Answer:
    web_session.log_in_user(begun)
    return _continue()


def _continue() -> Answer:
    """Open the next page, or the form that was sent after the session ended."""
    text, next_url = _kept()
    if (draft := form_drafts.decrypt_draft(text)) is None:
        if text:
            flash(_("Your input could not be kept. Nothing was posted."), "bad")
    elif draft.user_id != current_user.id:
        flash(_("Another user opened the form. Nothing was posted."), "bad")
    else:
        try:
            if (answer := render_draft(draft)) is not None:
                return answer
            flash(_("You can no longer open that form. Nothing was posted."), "bad")
        except Refusal as refusal:
            flash(_("%(reason)s Nothing was posted.", reason=translate(refusal.detail)), "bad")
    return redirect(web_session.safe_next(next_url), 303)


@blueprint.route("/login/code/", methods=["GET", "POST"])
@public
def code() -> Answer:
    """Show and handle the form of the second factor.

    Without a password check in the last minutes, redirect to the sign-in form.
    """
    half = web_session.waiting_for_code()
    if half is None and request.form.get("draft"):
        return login_page(*_kept())
    if half is None:
        return redirect(url_for("auth.login", next=request.args.get("next")), 303)
    form = CodeForm()
    if form.validate_on_submit():
        try:
            keys = signing_keys(current_app)
            where = web_session.client_info()
            return _enter(two_factor.log_in(pending=half, code=form.code.data, keys=keys, **where))
        except Refusal as refusal:
            return rerender_form(_CODE, form, refusal, **_code_context())
    return render_form(_CODE, form, **_code_context())


def _code_context() -> dict[str, Any]:
    draft, next_url = _kept()
    return {"draft": draft, "action": url_for("auth.code", next=next_url)}


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
