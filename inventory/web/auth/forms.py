"""Forms of sign-in, account and administration; the core checks their values."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_wtf import FlaskForm
from flask_wtf.form import _Auto
from wtforms import DateField, PasswordField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, Optional

from inventory.accounts.users import ROLES

_NEEDED = "This is needed."
_ROLES = [SelectChoice(role, role.capitalize()) for role in ROLES]


def _needed() -> list[DataRequired]:
    return [DataRequired(_NEEDED)]


class PageForm(FlaskForm):
    """Form that reads form data only, never JSON, so that all values are texts."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            if formdata is not _Auto:
                return formdata
            return request.form if request.method == "POST" else None


class LoginForm(PageForm):
    """Sign-in."""

    name = StringField("Name", _needed())
    password = PasswordField("Password", _needed())


class RegisterForm(PageForm):
    """Registration."""

    name = StringField("Name", _needed())
    password = PasswordField("Password", _needed())
    code = StringField("Setup code")


class CodeForm(PageForm):
    """Code of the second factor."""

    code = StringField("Code", _needed())


class ConfirmPasswordForm(PageForm):
    """The password, asked again before a change to the second factor."""

    current_password = PasswordField("Your password", _needed())


class RemoveFactorForm(ConfirmPasswordForm):
    """Removal of the second factor."""

    code = StringField("Code", _needed())


class PasswordForm(PageForm):
    """Change of the user's own password."""

    current_password = PasswordField("Current password", _needed())
    password = PasswordField("New password", _needed())


class SetPasswordForm(PageForm):
    """New password for another user."""

    password = PasswordField("New password", _needed())


class NewUserForm(PageForm):
    """New user."""

    name = StringField("Name", _needed())
    password = PasswordField("First password", _needed())
    role = SelectField("Role", choices=_ROLES)


class TokenForm(PageForm):
    """New API token."""

    name = StringField("What it is for", _needed())
    role = SelectField("Role", choices=_ROLES)
    expires = DateField("Last day", [Optional()])


class WebhookForm(PageForm):
    """New webhook endpoint."""

    url = StringField("Address", _needed())
