"""The admin's page of who may use the inventory, and as what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory import accounts, second_factor
from inventory.accounts import Account
from inventory.errors import InvalidInput, Refusal
from inventory.web.forms import NewUserForm
from inventory.web.roles import requires

blueprint = Blueprint("users", __name__, url_prefix="/users")


@blueprint.get("/")
@requires("admin")
def index() -> str:
    return _page(NewUserForm(formdata=None, role="operator"))


@blueprint.post("/")
@requires("admin")
def create() -> Response | tuple[str, int]:
    form = NewUserForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        made = accounts.create_user(
            name=form.name.data,
            password=form.password.data,
            role=form.role.data,
            by=current_user.id,
        )
    except InvalidInput as refusal:
        form[refusal.field].errors = [refusal.detail]
        return _page(form), 422
    flash(f"{made.name} can log in as {made.role}.")
    return redirect(url_for("users.index"), 303)


@blueprint.post("/<int:user_id>/approval/")
@requires("admin")
def approve(user_id: int) -> Response:
    return _change("{name} can log in as {role}.", accounts.approve, user_id, role=_role())


@blueprint.post("/<int:user_id>/role/")
@requires("admin")
def set_role(user_id: int) -> Response:
    return _change("{name} is {role} now.", accounts.set_role, user_id, role=_role())


@blueprint.post("/<int:user_id>/disabling/")
@requires("admin")
def disable(user_id: int) -> Response:
    return _change("{name} is logged out and kept out.", accounts.disable, user_id)


@blueprint.post("/<int:user_id>/enabling/")
@requires("admin")
def enable(user_id: int) -> Response:
    return _change("{name} can log in again.", accounts.enable, user_id)


@blueprint.post("/<int:user_id>/second-factor/reset/")
@requires("admin")
def reset_second_factor(user_id: int) -> Response:
    said = "{name} logs in by the password alone now, and can set up a second factor anew."
    return _change(said, second_factor.remove, user_id)


def _role() -> str:
    return request.form.get("role", "")


def _change(said: str, verb: Callable[..., Account], user_id: int, **values: Any) -> Response:
    try:
        account = verb(user_id=user_id, by=current_user.id, **values)
        flash(said.format(name=account.name, role=account.role))
    except Refusal as refusal:
        flash(refusal.detail, "bad")
    return redirect(url_for("users.index"), 303)


def _page(form: NewUserForm) -> str:
    people = accounts.list_accounts()
    return render_template(
        "users/index.html",
        form=form,
        waiting=[account for account in people if account.approved_at is None],
        people=[account for account in people if account.approved_at is not None],
        roles=accounts.ROLES,
    )
