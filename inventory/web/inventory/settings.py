"""The settings page: links to all that is set up seldom."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask_login import current_user

from inventory.web import navigation

blueprint = Blueprint("settings", __name__, url_prefix="/settings")


@blueprint.get("/")
def index() -> str:
    """Show the settings that the user's role allows."""
    return render_template(
        "inventory/settings/index.html", groups=navigation.settings_of(current_user)
    )
