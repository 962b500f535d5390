from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.context_stock import ContextStock
from tests.support.users import Person


@pytest.fixture
def stock(app: Flask) -> ContextStock:
    return ContextStock(app)


@pytest.fixture
def person(app: Flask) -> Callable[[str], Person]:
    """Create a logged-in user; `person("ole")` has the role of that name in `ROLES`."""
    return lambda name: Person(app, name)


@pytest.fixture
def ada(person: Callable[[str], Person]) -> Person:
    return person("ada")
