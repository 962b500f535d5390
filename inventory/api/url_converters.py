"""What stands in paths: item codes, which may contain slashes, and the numbers of rows."""

from __future__ import annotations

from werkzeug.routing import BaseConverter


class ItemCode(BaseConverter):
    """Anything that does not end in /stock, which is a path of its own."""

    regex = r"[^/].*?(?<!/stock)"
    part_isolating = False


class RowId(BaseConverter):
    """A number of at most 18 digits, more than there will ever be rows; the digits of other
    scripts are none here."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)
