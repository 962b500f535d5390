"""URL converters: item codes, which can contain slashes, and row ids."""

from __future__ import annotations

from werkzeug.routing import BaseConverter


class ItemCode(BaseConverter):
    """An item code: any text that does not end in /stock, which is a path of its own."""

    regex = r"[^/].*?(?<!/stock)"
    part_isolating = False


class RowId(BaseConverter):
    """A row id: 1 to 18 ASCII digits.

    More digits than any row id has; digits of other scripts are not accepted.
    """

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)
