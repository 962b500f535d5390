"""Secret keys of the site."""

from __future__ import annotations

from flask import Flask


def signing_keys(app: Flask) -> list[str]:
    """Return the key that signs, then the older keys that are still accepted."""
    return [str(app.config["SECRET_KEY"]), *map(str, app.config["SECRET_KEY_FALLBACKS"])]
