"""Blueprint `admin`, which nests the pages of administrators."""

from __future__ import annotations

from flask import Blueprint

from inventory.web.admin import audit_log, health, users, webhooks

blueprint = Blueprint("admin", __name__)

for family in (users, audit_log, health, webhooks):
    blueprint.register_blueprint(family.blueprint)
