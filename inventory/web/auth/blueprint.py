"""Blueprint `auth`: sign-in, with account and two-factor pages nested in it."""

from __future__ import annotations

from inventory.web.auth import account, two_factor
from inventory.web.auth.login import blueprint

blueprint.register_blueprint(account.blueprint)
blueprint.register_blueprint(two_factor.blueprint)

__all__ = ["blueprint"]
