"""Blueprint `inventory`, which nests the pages of stock."""

from __future__ import annotations

from flask import Blueprint

from inventory.web.inventory import (
    analytics,
    codes,
    dashboard,
    exports,
    help,
    imports,
    items,
    labels,
    ledger,
    lots,
    operations,
    pictures,
    recalls,
    references,
    reports,
    reservations,
    saved_views,
    search,
    settings,
)

blueprint = Blueprint("inventory", __name__)

for family in (
    dashboard,
    items,
    pictures,
    lots,
    reservations,
    references,
    ledger,
    operations,
    search,
    codes,
    labels,
    recalls,
    analytics,
    reports,
    exports,
    imports,
    saved_views,
    settings,
    help,
):
    blueprint.register_blueprint(family.blueprint)
