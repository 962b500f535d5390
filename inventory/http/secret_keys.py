"""The site's secret keys: the one that signs, then those that are still accepted."""

from __future__ import annotations

from flask import Flask


def signing_keys(app: Flask) -> list[str]:
    return [str(app.config["SECRET_KEY"]), *map(str, app.config["SECRET_KEY_FALLBACKS"])]
