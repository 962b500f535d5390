from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask import Flask

from tests.support.context_stock import ContextStock


@pytest.fixture
def stock(app: Flask) -> ContextStock:
    """Set up data in the database of the live server."""
    return ContextStock(app)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give browser tests a second try on CI, where a busy machine can delay the browser.

    The summary names the tests that needed it. A test that fails twice fails.
    """
    if not os.environ.get("CI"):
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))
