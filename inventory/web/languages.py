"""Languages of the pages.

Texts are in English in the code and looked up in the catalogs of `inventory/translations`
(gettext). Templates use `_`, modules `gettext`, `ngettext` and `lazy_gettext` of Flask-Babel.
"""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel

#: Languages that have a catalog, and English, by their own name.
LANGUAGES = {"en": "English"}


def init_app(app: Flask) -> None:
    """Install gettext in templates and modules."""
    app.config.setdefault(
        "BABEL_TRANSLATION_DIRECTORIES", f"{app.root_path}/inventory/translations"
    )
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    Babel(app)
