from __future__ import annotations

import pytest
from flask import Flask

from tests.support.context_stock import ContextStock


@pytest.fixture
def stock(app: Flask) -> ContextStock:
    """Set up data in the database of the live server."""
    return ContextStock(app)
