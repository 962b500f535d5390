from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from tests.stock import Stock
from tests.web.people import Person


@pytest.fixture
def person(app: Flask) -> Callable[[str], Person]:
    """`person("ole")`: somebody with the role that goes with the name, logged in."""
    return lambda name: Person(app, name)


@pytest.fixture
def ada(person: Callable[[str], Person]) -> Person:
    return person("ada")


@pytest.fixture
def stock(app: Flask) -> Iterator[Stock]:
    """Arranges and looks: within the context that it holds open."""
    with app.app_context():
        yield Stock()
