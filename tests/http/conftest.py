"""Fixtures shared with tests/web."""

from tests.web.conftest import ada, person, stock

__all__ = ["ada", "person", "stock"]
