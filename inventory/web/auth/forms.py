"""The forms of the doors. What is typed is checked by the core; here is only its shape."""

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
    """A form of a page. Its fields are texts: JSON, which could make them anything, is not read."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            if formdata is not _Auto:
                return formdata
            return request.form if request.method == "POST" else None


class LoginForm(PageForm):
    name = StringField("Name", _needed())
    password = PasswordField("Password", _needed())


class RegisterForm(PageForm):
    name = StringField("Name", _needed())
    password = PasswordField("Password", _needed())
    code = StringField("Setup code")


class CodeForm(PageForm):
    code = StringField("Code", _needed())


class ConfirmPasswordForm(PageForm):
    """The password once more, before something that only its owner may do."""

    current_password = PasswordField("Your password", _needed())


class RemoveFactorForm(ConfirmPasswordForm):
    code = StringField("Code", _needed())


class PasswordForm(PageForm):
    current_password = PasswordField("Current password", _needed())
    password = PasswordField("New password", _needed())


class SetPasswordForm(PageForm):
    password = PasswordField("New password", _needed())


class NewUserForm(PageForm):
    name = StringField("Name", _needed())
    password = PasswordField("First password", _needed())
    role = SelectField("Role", choices=_ROLES)


class TokenForm(PageForm):
    name = StringField("What it is for", _needed())
    role = SelectField("Role", choices=_ROLES)
    expires = DateField("Last day", [Optional()])


class WebhookForm(PageForm):
    url = StringField("Address", _needed())
