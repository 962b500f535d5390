"""Language of a page: the user's setting, else the browser's, else the site's.

Texts are in English in the code and looked up in the catalogs of `inventory/translations`
(gettext). Templates use `_`, modules `gettext`, `ngettext` and `lazy_gettext` of this module:
those of Flask-Babel look up the request's catalog for each text, which doubles the time of a page.
Refusals and warnings of the core are messages; `translate` writes them.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from gettext import NullTranslations
from typing import Any

from flask import Flask, current_app, g, has_app_context, has_request_context, request
from flask_babel import Babel, get_locale, get_translations
from flask_babel.speaklater import LazyString
from markupsafe import Markup

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
    app.before_request(forget)
    app.teardown_request(forget)
    environment: Any = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.newstyle_gettext = True
    # Those of Jinja and Flask-Babel take 10 µs for each text, which is half of the time of a page.
    environment.globals.update(
        _=_text, gettext=_text, ngettext=_counted_text, pgettext=_text_of_context
    )
    environment.globals.update(language=current_language)
    environment.filters.update(translate=translate)


def current_language() -> Language:
    """Return the language of the request; English outside of one."""
    return _current().language


def forget(*_: Any) -> None:
    """Choose the language again: for a new request, or after its user or their setting changed."""
    _kept.set(None)
    if has_app_context():
        g.pop("_flask_babel", None)


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


class _Texts:
    """The catalog of a request, with its texts as markup; kept for the process."""

    def __init__(self, catalog: Any) -> None:
        self.catalog = catalog
        self._ready: dict[tuple[str, str], Markup] = {}

    def get(self, text: str, context: str = "") -> Markup:
        """Return a text without values."""
        found = self._ready.get((text, context))
        if found is None:
            translated = self.template(text, context)
            found = self._ready[text, context] = Markup(translated % {})  # noqa: S704
        return found

    def template(self, text: str, context: str = "") -> str:
        """Return a text with the names of its values."""
        if context:
            return str(self.catalog.pgettext(context, text))
        return str(self.catalog.gettext(text))


@dataclass(frozen=True, slots=True)
class _Current:
    language: Language
    texts: _Texts


#: Language and catalog of a request. `g` would take ten times as long, and pages have many texts.
_kept: ContextVar[_Current | None] = ContextVar("language", default=None)
_KNOWN_TEXTS: dict[int, _Texts] = {}
_ENGLISH = _Current(ENGLISH, _Texts(NullTranslations()))


def _current() -> _Current:
    kept = _kept.get()
    if kept is not None:
        return kept
    locale = get_locale()
    if locale is None:
        return _ENGLISH
    catalog = get_translations()  # Flask-Babel keeps it
    texts = _KNOWN_TEXTS.get(id(catalog)) or _KNOWN_TEXTS.setdefault(id(catalog), _Texts(catalog))
    language = current_app.config["LANGUAGES"].get(locale.language, ENGLISH)
    found = _Current(language, texts)
    if has_request_context():
        _kept.set(found)
    return found


def _text(text: str, /, **values: Any) -> Markup:
    """Return a text of a template; values are escaped, markup of the text is not."""
    texts = _current().texts
    return Markup(texts.template(text)) % values if values else texts.get(text)  # noqa: S704


def _text_of_context(context: str, text: str, /, **values: Any) -> Markup:
    texts = _current().texts
    if not values:
        return texts.get(text, context)
    return Markup(texts.template(text, context)) % values  # noqa: S704


def _counted_text(one: str, many: str, number: int, /, **values: Any) -> Markup:
    """Return a text that depends on a number; `%(num)s` is replaced by it."""
    found = Markup(_current().texts.catalog.ngettext(one, many, number))  # noqa: S704
    return found % ({"num": number} | values)


def gettext(text: str, **values: Any) -> str:
    """Return a text in the language of the request."""
    found = _current().texts.template(text)
    return found % values if values else found


def ngettext(one: str, many: str, number: int, **values: Any) -> str:
    """Return a text that depends on a number; `%(num)s` is replaced by it."""
    found: str = _current().texts.catalog.ngettext(one, many, number)
    return found % ({"num": number} | values)


def pgettext(context: str, text: str) -> str:
    """Return a text with a context that tells its meaning."""
    return _current().texts.template(text, context)


def lazy_gettext(text: str) -> LazyString:
    """Return a text that is translated when it is shown, for modules and classes."""
    return LazyString(gettext, text)


def lazy_pgettext(context: str, text: str) -> LazyString:
    """Return a text with a context that is translated when it is shown."""
    return LazyString(pgettext, context, text)


def translate(text: str) -> str:
    """Return a message of the core in the language of the request; other texts as they are."""
    return messages.translate(text, _Translator())


class _Translator:
    """Texts and figures in the language of the request."""

    def gettext(self, text: str) -> str:
        return _current().texts.template(text)

    def ngettext(self, one: str, many: str, number: int) -> str:
        # Without the number: `messages` fills the values in.
        return str(_current().texts.catalog.ngettext(one, many, number))

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
