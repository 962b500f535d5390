"""What stands in paths: item codes, which may contain slashes, and the numbers of rows."""

from __future__ import annotations

from werkzeug.routing import BaseConverter, ValidationError

from inventory.text import MAX_ID


class ItemCode(BaseConverter):
    """Anything that does not end in /stock, which is a path of its own."""

    regex = r"[^/].*?(?<!/stock)"
    part_isolating = False


class RowId(BaseConverter):
    """1 to 2^63 - 1; the digits of other scripts are none here."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        if int(value) > MAX_ID:
            raise ValidationError
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)
