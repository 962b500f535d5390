"""API tokens for tests with a server in a separate process."""

from __future__ import annotations

from inventory import create_app
from inventory.accounts import api_tokens, users
from inventory.config import Config
from inventory.db import db
from tests.support.servers import LiveServer


def admin_token(server: LiveServer, name: str = "program") -> str:
    """Create an administrator in the database of the server and return a token."""
    app = create_app(Config.from_env(server.environ))
    with app.app_context():
        user = users.create_user(name=name, password="a quiet warehouse", role="admin")
        _, secret = api_tokens.create_token(user_id=user.id, name="tests")
        db.session.remove()
        db.engine.dispose()
    return secret
