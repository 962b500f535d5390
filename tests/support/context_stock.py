"""A `Stock` for tests that send requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from tests.support.stock_builder import Stock


class ContextStock:
    """A `Stock` that pushes an application context for each call only.

    The requests of a test client would share a context that stays open.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        with app.app_context():
            self._stock = Stock()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **fields: Any) -> Any:
            with self._app.app_context():
                return getattr(self._stock, name)(*args, **fields)

        return call
