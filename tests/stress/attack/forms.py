"""Parse the forms of an HTML page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    action: str
    method: str = "get"
    is_file: bool = False
    #: The possible values of each field; one value if it is a text field.
    fields: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self, page_path: str) -> None:
        super().__init__()
        self.page_path, self.found = page_path, list[Form]()
        self.open: Form | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = {name: value or "" for name, value in attrs}
        name, value = fields.get("name", ""), fields.get("value", "")
        if tag == "form":
            action, method = (
                fields.get("action") or self.page_path,
                fields.get("method", "get").lower(),
            )
            self.open = Form(action, method)
            self.found.append(self.open)
        if self.open is None:
            return
        if tag == "select":
            self.select = name
            self.open.fields.setdefault(name, [])
        if tag == "option" and self.select:
            self.open.fields[self.select].append(value)
        if tag in ("input", "button", "textarea") and name:
            if fields.get("type") == "file":
                self.open.files.append(name)
            else:
                self.open.fields.setdefault(name, []).append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        if tag == "select":
            self.select = ""


def forms_of(html: str, page_path: str) -> list[Form]:
    parser = _Forms(page_path)
    parser.feed(html)
    return parser.found
