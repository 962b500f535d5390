"""Tokens for tests that speak to a server in a process of its own."""

from __future__ import annotations

from inventory import accounts, create_app, tokens
from inventory.config import Config
from inventory.db import db
from tests.servers import LiveServer


def admin_token(server: LiveServer, name: str = "program") -> str:
    """A token of a new admin, made beside the running server."""
    app = create_app(Config.from_env(server.environ))
    with app.app_context():
        user = accounts.create_user(name=name, password="a quiet warehouse", role="admin")
        _, secret = tokens.create_token(user_id=user.id, name="tests")
        db.session.remove()
        db.engine.dispose()
    return secret
