"""Forms of sign-in, account and administration; the core checks their values."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_wtf import FlaskForm
from flask_wtf.form import _Auto
from wtforms import DateField, PasswordField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, Optional

from inventory.accounts.users import ROLES
from inventory.common.languages import LANGUAGES
from inventory.common.messages import message
from inventory.common.validation import FIRST_YEAR, LAST_YEAR
from inventory.http.languages import gettext, ngettext
from inventory.http.languages import lazy_gettext as _l

#: The roles as users read them.
ROLE_NAMES = {
    "viewer": _l("Viewer"),
    "operator": _l("Operator"),
    "inspector": _l("Inspector"),
    "admin": _l("Administrator"),
}
_ROLES = [SelectChoice(role, ROLE_NAMES[role]) for role in ROLES]


#: The days that date fields accept: years have four digits.
DAYS = {"min": f"{FIRST_YEAR}-01-01", "max": f"{LAST_YEAR}-12-31"}


def _needed() -> list[DataRequired]:
    return [DataRequired(_l("This field is required."))]


class _FieldTexts:
    """The texts of WTForms fields, from the catalogs of the pages."""

    TEXTS = (message("Not a valid choice."), message("Not a valid date value."))

    gettext = staticmethod(gettext)

    def ngettext(self, one: str, many: str, number: int) -> str:
        return ngettext(one, many, number)


class PageForm(FlaskForm):
    """Form that reads form data only, never JSON, so that all values are texts."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: FlaskForm) -> _FieldTexts:
            return _FieldTexts()

        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            if formdata is not _Auto:
                return formdata
            return request.form if request.method == "POST" else None


class LoginForm(PageForm):
    """Sign-in."""

    name = StringField(_l("Name"), _needed())
    password = PasswordField(_l("Password"), _needed())


class RegisterForm(PageForm):
    """Registration."""

    name = StringField(_l("Name"), _needed())
    password = PasswordField(_l("Password"), _needed())
    code = StringField(_l("Setup code"))


class LanguageForm(PageForm):
    """Language of the user's pages; empty follows the browser."""

    language = SelectField(_l("Language of pages and tablet"))

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.language.choices = [
            SelectChoice("", _l("Language of the browser")),
            *(SelectChoice(language.code, language.name) for language in LANGUAGES.values()),
        ]


class CodeForm(PageForm):
    """Code of the second factor."""

    code = StringField(_l("Code"), _needed())


class ConfirmPasswordForm(PageForm):
    """The password, asked again before a change to the second factor."""

    current_password = PasswordField(_l("Your password"), _needed())


class RemoveFactorForm(ConfirmPasswordForm):
    """Removal of the second factor."""

    code = StringField(_l("Code"), _needed())


class PasswordForm(PageForm):
    """Change of the user's own password."""

    current_password = PasswordField(_l("Current password"), _needed())
    password = PasswordField(_l("New password"), _needed())


class SetPasswordForm(PageForm):
    """New password for another user."""

    password = PasswordField(_l("New password"), _needed())


class NewUserForm(PageForm):
    """New user."""

    name = StringField(_l("Name"), _needed())
    password = PasswordField(_l("Initial password"), _needed())
    role = SelectField(_l("Role"), choices=_ROLES)


class TokenForm(PageForm):
    """New API token."""

    name = StringField(_l("Token name"), _needed())
    role = SelectField(_l("Role"), choices=_ROLES)
    expires = DateField(_l("Valid until"), [Optional()], render_kw=DAYS)


class WebhookForm(PageForm):
    """New webhook endpoint."""

    url = StringField(_l("Endpoint URL"), _needed())
