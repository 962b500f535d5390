"""The blueprint `auth`: sign-in, and nested in it the account and two-factor authentication."""

from __future__ import annotations

from inventory.web.auth import account, two_factor
from inventory.web.auth.login import blueprint

blueprint.register_blueprint(account.blueprint)
blueprint.register_blueprint(two_factor.blueprint)

__all__ = ["blueprint"]
