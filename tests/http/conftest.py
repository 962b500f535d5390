"""The web fixtures serve here too."""

from tests.web.conftest import ada, person, stock

__all__ = ["ada", "person", "stock"]
