"""Language of a page: the user's setting, else the browser's, else the site's.

Texts are in English in the code and looked up in the catalogs of `inventory/translations`
(gettext). Templates use `_`, modules `gettext`, `ngettext` and `lazy_gettext` of Flask-Babel.
Refusals and warnings of the core are messages; `translate` writes them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, get_locale, get_translations
from flask_babel import gettext as _gettext

from inventory.common import clock, messages
from inventory.common.clock import Time
from inventory.common.languages import ENGLISH, LANGUAGES, Language
from inventory.common.quantity import ONE, Qty, format_qty, unit_of
from inventory.config import Config


def init_app(app: Flask, config: Config) -> None:
    """Install gettext in templates and modules."""
    app.config.setdefault(
        "BABEL_TRANSLATION_DIRECTORIES", str(config.root_path / "inventory" / "translations")
    )
    app.config.setdefault("LANGUAGES", LANGUAGES)
    Babel(app, configure_jinja=False, locale_selector=_choose)
    environment: Any = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    # Those of Flask-Babel look up the request's catalog for each text.
    environment.install_gettext_callables(
        gettext=lambda text: _catalog().gettext(text),
        ngettext=lambda one, many, number: _catalog().ngettext(one, many, number),
        pgettext=lambda context, text: _catalog().pgettext(context, text),
        npgettext=lambda context, one, many, number: _catalog().npgettext(
            context, one, many, number
        ),
        newstyle=True,
    )
    environment.finalize = _finalize
    environment.globals.update(language=current_language)
    environment.filters.update(translate=translate)


def current_language() -> Language:
    """Return the language of the request; English outside of one."""
    locale = get_locale()
    known: dict[str, Language] = current_app.config["LANGUAGES"] if locale else LANGUAGES
    return known.get(locale.language if locale else "en", ENGLISH)


def forget() -> None:
    """Choose the language anew, after the user of this request or their setting changed."""
    for name in ("catalog", "_flask_babel"):
        g.pop(name, None)


def _choose() -> str:
    if not has_request_context() or request.path.startswith("/api/"):
        return "en"  # Details of the API's problems are in English.
    known: dict[str, Language] = current_app.config["LANGUAGES"]
    # Only a user that is loaded already: an error page must not query the database.
    own: str | None = getattr(g.get("_login_user"), "language", None)
    # In the browser's order; de-AT is read as de.
    asked = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    wanted = own or next((tag for tag in asked if tag in known), current_app.config["LANGUAGE"])
    return wanted if wanted in known else "en"


def _catalog() -> Any:
    if not has_request_context():
        return get_translations()
    if "catalog" not in g:
        g.catalog = get_translations()
    return g.catalog


def translate(text: str) -> str:
    """Return a message of the core in the language of the request; other texts as they are."""
    return messages.translate(text, _Translator())


def _finalize(value: Any) -> Any:
    """Write the messages of the core in templates in the language of the request."""
    return translate(value) if type(value) is messages.Message else value


class _Translator:
    """Texts and figures in the language of the request."""

    gettext = staticmethod(_gettext)

    def ngettext(self, one: str, many: str, number: int) -> str:
        # Without the number: `messages` fills the values in.
        return str(get_translations().ungettext(one, many, number))

    def format(self, value: messages.Figure | date) -> str:
        if isinstance(value, Qty):
            return format_quantity(*value.content)
        if isinstance(value, Time):
            return format_datetime(datetime.fromisoformat(value.content[0]))
        return current_language().format_date(value) if isinstance(value, date) else str(value)


def format_quantity(qty: int | str, unit: str = "") -> str:
    """Return a quantity as text, not grouped, with its unit if it has one.

    Args:
        qty: in 10^-6 units, or as a plain decimal number.
    """
    plain = qty if isinstance(qty, str) else format_qty(qty)
    number = current_language().format_number(plain)
    return f"{number} {unit_of(ONE if plain == '1' else 0, unit)}" if unit else number


def format_date(day: date | None) -> str:
    """Return a date as the language writes it; "–" if None."""
    return current_language().format_date(day) if day else "–"


def format_datetime(when: datetime | None) -> str:
    """Return a time in the site's zone, to the minute; "–" if None."""
    return current_language().format_time(when.astimezone(clock.zone())) if when else "–"
