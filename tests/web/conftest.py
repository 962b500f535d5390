from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.stock import Stock
from tests.web.people import Person


class Backroom:
    """The little warehouse of tests/stock.py, with a context for each call: one that stayed open
    would be shared by the requests of everybody."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        with app.app_context():
            self._stock = Stock()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **facts: Any) -> Any:
            with self._app.app_context():
                return getattr(self._stock, name)(*args, **facts)

        return call


@pytest.fixture
def stock(app: Flask) -> Backroom:
    return Backroom(app)


@pytest.fixture
def person(app: Flask) -> Callable[[str], Person]:
    """`person("ole")`: somebody with the role that goes with the name, logged in."""
    return lambda name: Person(app, name)


@pytest.fixture
def ada(person: Callable[[str], Person]) -> Person:
    return person("ada")
