"""A user's own second factor: setup, confirmation, removal and recovery codes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory.accounts import login, two_factor, users
from inventory.common.errors import Forbidden, Refusal
from inventory.http.languages import gettext as _
from inventory.http.secret_keys import signing_keys
from inventory.labels.barcode_images import qr_of
from inventory.web.auth import session as web_session
from inventory.web.auth.form_responses import Answer, render_form, rerender_form
from inventory.web.auth.forms import ROLE_NAMES, CodeForm, ConfirmPasswordForm, RemoveFactorForm

blueprint = Blueprint("two_factor", __name__, url_prefix="/account/second-factor")

_PAGE = "auth/two_factor/index.html"
_SET_UP = "auth/two_factor/setup.html"
_CODES = "auth/two_factor/codes.html"


@blueprint.get("/")
def index() -> Answer:
    """Show the state of the second factor."""
    form = ConfirmPasswordForm(formdata=None)
    return render_form(_PAGE, form, **_known(shown=form))


@blueprint.post("/set-up/")
def begin() -> Answer:
    """Check the password and show the new secret."""
    form = ConfirmPasswordForm()
    if not form.validate_on_submit():
        return render_form(_PAGE, form, **_known(shown=form))
    try:
        _require_password(form)
        secret = two_factor.begin_setup(user_id=current_user.id, keys=_keys())
    except Refusal as refusal:
        return rerender_form(_PAGE, form, refusal, **_known(shown=form))
    return render_form(_SET_UP, CodeForm(formdata=None), **_setup_context(secret))


@blueprint.post("/confirmation/")
def confirm() -> Answer:
    """Confirm the new secret with a code, and show the recovery codes."""
    form = CodeForm()
    secret = two_factor.pending_secret(user_id=current_user.id, keys=_keys())
    if secret is None:
        return redirect(url_for("auth.two_factor.index"), 303)
    if not form.validate_on_submit():
        return render_form(_SET_UP, form, **_setup_context(secret))
    try:
        account, codes = two_factor.confirm(
            user_id=current_user.id, code=form.code.data, keys=_keys()
        )
    except Refusal as refusal:
        return rerender_form(_SET_UP, form, refusal, **_setup_context(secret))
    web_session.renew_session(account)
    return render_form(_CODES, form, codes=codes, is_new=True)


@blueprint.post("/codes/")
def renew_codes() -> Answer:
    """Replace the recovery codes and show the new ones."""
    form = ConfirmPasswordForm()
    if not form.validate_on_submit():
        return render_form(_PAGE, form, **_known(shown=form))
    try:
        _require_password(form)
        codes = two_factor.new_codes(user_id=current_user.id)
    except Refusal as refusal:
        return rerender_form(_PAGE, form, refusal, **_known(shown=form))
    return render_form(_CODES, form, codes=codes, is_new=False)


@blueprint.post("/removal/")
def remove() -> Answer:
    """Remove the second factor."""
    form = RemoveFactorForm(prefix="removal-")
    if not form.validate_on_submit():
        return render_form(_PAGE, form, **_known(removal=form))
    try:
        if _is_demanded():
            raise Forbidden(
                _(
                    "The role %(role)s requires two-factor authentication.",
                    role=ROLE_NAMES[current_user.role],
                )
            )
        _require_password(form)
        actor = {"user_id": current_user.id, "address": request.remote_addr or ""}
        two_factor.require_code(code=form.code.data, keys=_keys(), **actor)
        account = two_factor.remove(user_id=current_user.id, actor_id=current_user.id)
    except Refusal as refusal:
        return rerender_form(_PAGE, form, refusal, **_known(removal=form))
    web_session.renew_session(account)
    flash(_("Two-factor authentication turned off. All other sessions were signed out."))
    return _home()


def _home() -> Response:
    return redirect(url_for("auth.two_factor.index"), 303)


def _require_password(form: ConfirmPasswordForm) -> None:
    login.require_password(
        user_id=current_user.id,
        current=form.current_password.data or "",
        address=request.remote_addr or "",
    )


def _is_demanded() -> bool:
    return current_user.role in current_app.config["TOTP_REQUIRED_ROLES"]


def _keys() -> list[str]:
    return signing_keys(current_app)


def _known(
    *, shown: ConfirmPasswordForm | None = None, removal: RemoveFactorForm | None = None
) -> dict[str, Any]:
    """Return the values of the page: the submitted form, and the other one empty."""
    return {
        "state": two_factor.state_of(current_user.id),
        "is_demanded": _is_demanded(),
        "shown": shown or ConfirmPasswordForm(formdata=None),
        "removal": removal or RemoveFactorForm(formdata=None, prefix="removal-"),
    }


def _setup_context(secret: str) -> dict[str, Any]:
    account = users.get_account(user_id=current_user.id)
    site = current_app.config["SITE_NAME"]
    address = two_factor.provisioning_uri(secret, name=account.name, site=site)
    matrix = qr_of(address)
    return {
        "secret": " ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
        "modules": matrix.modules,
        "drawing": "".join(f"M{x} {y}h{length}v1h-{length}z" for y, x, length in matrix.runs()),
    }
