"""User administration: approval, roles, passwords, second factors and tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory.accounts import api_tokens, throttling, two_factor, users
from inventory.accounts.users import Account
from inventory.common.errors import InvalidInput, Refusal
from inventory.http.languages import gettext as _
from inventory.http.languages import ngettext, translate
from inventory.web.auth.form_responses import Answer, render_form, rerender_form
from inventory.web.auth.forms import ROLE_NAMES, NewUserForm, SetPasswordForm
from inventory.web.auth.permissions import role_required

blueprint = Blueprint("users", __name__, url_prefix="/users")

_PASSWORD = "admin/users/password.html"  # noqa: S105 - a page


@blueprint.get("/")
@role_required("admin")
def index() -> str:
    """Show all users and the form for a new one."""
    return _page(NewUserForm(formdata=None, role="operator"))


@blueprint.post("/")
@role_required("admin")
def create() -> Response | tuple[str, int]:
    """Create a user."""
    form = NewUserForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        made = users.create_user(
            name=form.name.data,
            password=form.password.data,
            role=form.role.data,
            actor_id=current_user.id,
        )
    except InvalidInput as refusal:
        form[refusal.field].errors = [translate(refusal.detail)]
        return _page(form), 422
    role = ROLE_NAMES[made.role]
    flash(_("User %(name)s created with the role %(role)s.", name=made.name, role=role))
    return redirect(url_for("admin.users.index"), 303)


@blueprint.post("/<int:user_id>/approval/")
@role_required("admin")
def approve(user_id: int) -> Response:
    """Approve a registered user with a role."""

    def message(name: str, role: str) -> str:
        return _("User %(name)s approved with the role %(role)s.", name=name, role=role)

    return _change(message, users.approve, user_id, role=_role())


@blueprint.post("/<int:user_id>/role/")
@role_required("admin")
def set_role(user_id: int) -> Response:
    """Change a user's role."""

    def message(name: str, role: str) -> str:
        return _("User %(name)s now has the role %(role)s.", name=name, role=role)

    return _change(message, users.set_role, user_id, role=_role())


@blueprint.post("/<int:user_id>/disabling/")
@role_required("admin")
def disable(user_id: int) -> Response:
    """Disable a user and end the user's sessions."""

    def message(name: str, role: str) -> str:
        return _("User %(name)s disabled and signed out.", name=name)

    return _change(message, users.disable, user_id)


@blueprint.post("/<int:user_id>/enabling/")
@role_required("admin")
def enable(user_id: int) -> Response:
    """Enable a user again."""

    def message(name: str, role: str) -> str:
        return _("User %(name)s enabled. Sign-in is possible again.", name=name)

    return _change(message, users.enable, user_id)


@blueprint.post("/<int:user_id>/second-factor/reset/")
@role_required("admin")
def reset_second_factor(user_id: int) -> Response:
    """Remove a user's second factor."""

    def message(name: str, role: str) -> str:
        return _(
            "Two-factor authentication of %(name)s turned off. The user can set it up again.",
            name=name,
        )

    return _change(message, two_factor.remove, user_id)


@blueprint.get("/<int:user_id>/password/")
@role_required("admin")
def new_password(user_id: int) -> Answer:
    """Show the form for a new password."""
    return render_form(_PASSWORD, SetPasswordForm(), account=users.get_account(user_id=user_id))


@blueprint.post("/<int:user_id>/password/")
@role_required("admin")
def set_password(user_id: int) -> Answer:
    """Set a user's password and end the user's sessions.

    Administrators change their own password under Account, which asks for the current one.
    """
    if user_id == current_user.id:
        return redirect(url_for("auth.account.index"), 303)
    form, account = SetPasswordForm(), users.get_account(user_id=user_id)
    if not form.validate_on_submit():
        return render_form(_PASSWORD, form, account=account)
    try:
        users.set_password(user_id=user_id, password=form.password.data, actor_id=current_user.id)
    except Refusal as refusal:
        return rerender_form(_PASSWORD, form, refusal, account=account)
    flash(_("Password of %(name)s changed. All sessions were ended.", name=account.name))
    return redirect(url_for("admin.users.index"), 303)


@blueprint.post("/unlocking/")
@role_required("admin")
def unlock() -> Response:
    """Clear the sign-in throttle, so that blocked users can try again."""
    count = throttling.reset_throttle(actor_id=current_user.id)
    flash(
        ngettext(
            "Cleared %(num)s failed sign-in attempt.",
            "Cleared %(num)s failed sign-in attempts.",
            count,
        )
    )
    return redirect(url_for("admin.users.index"), 303)


@blueprint.get("/tokens/")
@role_required("admin")
def all_tokens() -> str:
    """Show the usable tokens of all users."""
    found = [token for token in api_tokens.list_tokens() if token.is_usable]
    return render_template("admin/users/tokens.html", tokens=found)


@blueprint.post("/tokens/<int:token_id>/revocation/")
@role_required("admin")
def revoke_token(token_id: int) -> Response:
    """Revoke a token of any user."""
    ended = api_tokens.revoke_token(token_id=token_id, actor_id=current_user.id)
    names = {"token": ended.name, "name": ended.user_name}
    flash(_("Token “%(token)s” of %(name)s revoked.", **names))
    return redirect(url_for("admin.users.all_tokens"), 303)


def _role() -> str:
    return request.form.get("role", "")


def _change(
    message: Callable[[str, str], str],
    verb: Callable[..., Account],
    user_id: int,
    **values: Any,
) -> Response:
    """Call a function that changes an account, and show the result or the refusal.

    Args:
        message: returns the result's text for the user's name and role.
    """
    try:
        account = verb(user_id=user_id, actor_id=current_user.id, **values)
        flash(message(account.name, ROLE_NAMES[account.role]))
    except Refusal as refusal:
        flash(translate(refusal.detail), "bad")
    return redirect(url_for("admin.users.index"), 303)


def _page(form: NewUserForm) -> str:
    people = users.list_accounts()
    return render_template(
        "admin/users/index.html",
        form=form,
        waiting=[account for account in people if account.approved_at is None],
        people=[account for account in people if account.approved_at is not None],
        roles=users.ROLES,
    )
