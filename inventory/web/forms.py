"""The forms of the doors. What is typed is checked by the core; here is only its shape."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import DateField, PasswordField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, Optional

from inventory.accounts import ROLES

_NEEDED = "This is needed."
_ROLES = [SelectChoice(role, role.capitalize()) for role in ROLES]


def _needed() -> list[DataRequired]:
    return [DataRequired(_NEEDED)]


class LoginForm(FlaskForm):
    name = StringField("Name", _needed())
    password = PasswordField("Password", _needed())


class RegisterForm(FlaskForm):
    name = StringField("Name", _needed())
    password = PasswordField("Password", _needed())
    code = StringField("Setup code")


class PasswordForm(FlaskForm):
    current_password = PasswordField("Current password", _needed())
    password = PasswordField("New password", _needed())


class NewUserForm(FlaskForm):
    name = StringField("Name", _needed())
    password = PasswordField("First password", _needed())
    role = SelectField("Role", choices=_ROLES)


class TokenForm(FlaskForm):
    name = StringField("What it is for", _needed())
    role = SelectField("Role", choices=_ROLES)
    expires = DateField("Last day", [Optional()])
