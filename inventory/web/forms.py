"""The forms of the doors. What is typed is checked by the core; here is only its shape."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

_NEEDED = "This is needed."


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


class EmptyForm(FlaskForm):
    """Only the CSRF token."""
