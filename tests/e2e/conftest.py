from __future__ import annotations

import pytest
from flask import Flask

from tests.support.raw_sql import Backroom


@pytest.fixture
def stock(app: Flask) -> Backroom:
    """Arranges in the database that the live server serves."""
    return Backroom(app)
