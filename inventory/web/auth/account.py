"""A user's own account: password, sessions and API tokens."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory.accounts import api_tokens, login, sessions, users
from inventory.common.errors import Refusal
from inventory.http import languages
from inventory.http.languages import gettext as _
from inventory.http.languages import ngettext, translate
from inventory.web.auth import session as web_session
from inventory.web.auth.form_responses import Answer, render_form, rerender_form
from inventory.web.auth.forms import LanguageForm, PasswordForm, TokenForm

blueprint = Blueprint("account", __name__, url_prefix="/account")

_PAGE = "auth/account/index.html"
_TOKENS = "auth/account/tokens.html"


@blueprint.get("/")
def index() -> Answer:
    """Show the account, its sessions and the password form."""
    return render_form(_PAGE, PasswordForm(), **_own())


@blueprint.post("/password/")
def change_password() -> Answer:
    """Change the password and end all other sessions."""
    form = PasswordForm()
    if not form.validate_on_submit():
        return render_form(_PAGE, form, **_own())
    try:
        changed = login.change_password(
            user_id=current_user.id,
            current=form.current_password.data or "",
            new=form.password.data or "",
            address=request.remote_addr or "",
        )
    except Refusal as refusal:
        return rerender_form(_PAGE, form, refusal, **_own())
    web_session.renew_session(changed)
    flash(_("Password changed. All other sessions were signed out."))
    return redirect(url_for("auth.account.index"), 303)


@blueprint.post("/language/")
def set_language() -> Response:
    """Set the language of the user's pages."""
    form = LanguageForm()
    if form.validate_on_submit():
        changed = users.set_language(
            user_id=current_user.id,
            language=form.language.data or None,
            actor_id=current_user.id,
        )
        current_user.language = changed.language
        languages.forget()
        flash(_("Language saved."))
    else:
        flash(_("Choose one of the languages."), "bad")
    return redirect(url_for("auth.account.index"), 303)


@blueprint.post("/sessions/end/")
def end_sessions() -> Answer:
    """End all sessions of the user, including this one."""
    users.end_sessions(user_id=current_user.id, actor_id=current_user.id)
    web_session.log_out_user()
    return redirect(url_for("auth.login"), 303)


@blueprint.post("/sessions/<int:number>/end/")
def end_session(number: int) -> Response:
    """End one session of the user."""
    try:
        sessions.end_one(user_id=current_user.id, number=number)
        flash(_("The session was signed out."))
    except Refusal as refusal:
        flash(translate(refusal.detail), "bad")
    return redirect(url_for("auth.account.index"), 303)


@blueprint.post("/sessions/others/end/")
def end_other_sessions() -> Response:
    """End all other sessions of the user."""
    count = sessions.end_others(user_id=current_user.id, this=web_session.current_id())
    if count:
        flash(
            ngettext(
                "Signed out %(num)s other session.", "Signed out %(num)s other sessions.", count
            )
        )
    else:
        flash(_("You have no other sessions."))
    return redirect(url_for("auth.account.index"), 303)


@blueprint.get("/tokens/")
def own_tokens() -> Answer:
    """Show the user's API tokens and the form for a new one."""
    return render_form(_TOKENS, _token_form(), **_tokens())


@blueprint.post("/tokens/")
def create_token() -> Answer:
    """Create a token and show it.

    Only its hash is stored, so the token cannot be shown again.
    """
    form = _token_form()
    if not form.validate_on_submit():
        return render_form(_TOKENS, form, **_tokens())
    last = form.expires.data
    try:
        token, secret = api_tokens.create_token(
            user_id=current_user.id,
            name=form.name.data,
            role=form.role.data,
            expires_at=api_tokens.end_of_day(last) if last else None,
            actor_id=current_user.id,
        )
    except Refusal as refusal:
        return rerender_form(_TOKENS, form, refusal, **_tokens())
    return render_form(_TOKENS, _token_form(blank=True), **_tokens(made=token, secret=secret))


@blueprint.post("/tokens/<int:token_id>/revocation/")
def revoke_token(token_id: int) -> Response:
    """Revoke one of the user's tokens."""
    ended = api_tokens.revoke_token(
        token_id=token_id, user_id=current_user.id, actor_id=current_user.id
    )
    flash(_("Token “%(token)s” revoked.", token=ended.name))
    return redirect(url_for("auth.account.own_tokens"), 303)


def _own() -> dict[str, Any]:
    account = users.get_account(user_id=current_user.id)
    return {
        "account": account,
        "language_form": LanguageForm(formdata=None, language=account.language or ""),
        "places": sessions.list_open(user_id=current_user.id, this=web_session.current_id()),
    }


def _token_form(*, blank: bool = False) -> TokenForm:
    form = TokenForm(formdata=None, role=current_user.role) if blank else TokenForm()
    form.role.choices = [
        choice for choice in form.role.choices if current_user.has_role(choice.value)
    ]
    if not form.is_submitted():
        form.role.data = current_user.role
    return form


def _tokens(made: api_tokens.Token | None = None, secret: str = "") -> dict[str, Any]:
    found = api_tokens.list_tokens(user_id=current_user.id)
    return {
        "made": made,
        "secret": secret,
        "working": [token for token in found if token.is_usable],
        "ended": [token for token in reversed(found) if not token.is_usable],
    }
