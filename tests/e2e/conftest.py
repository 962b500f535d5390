from __future__ import annotations

import pytest
from flask import Flask

from tests.support.context_stock import ContextStock


@pytest.fixture
def stock(app: Flask) -> ContextStock:
    """Arranges in the database that the live server serves."""
    return ContextStock(app)
