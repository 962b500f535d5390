"""A language for tests: each text of the product has other letters and is longer.

A text with plain letters is data, or was not marked for translation.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import sqlalchemy as sa
from babel.messages.catalog import Catalog
from flask import Flask

from inventory import db
from inventory.common.languages import LANGUAGES, Language
from inventory.translations.update import extract, mo_of

CODE = "eo"
PSEUDO = Language(CODE, "Ṕśéúđó", ",", ".", "%d.%m.%Y")
_LETTERS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "áƀćđéƒǵħíĵķłḿńóƥɋŕśţúṽŵẋýźÁɃĆĐÉƑǴĦÍĴĶŁḾŃÓƤɊŔŚŢÚṼŴẊÝŹ",
)
_KEPT = re.compile(r"(%\(\w+\)s|%%|<[^>]*>|&\w+;)")


def pseudo(text: str) -> str:
    """Return a text with other letters; values and markup stay. A third longer, as in German."""
    parts = _KEPT.split(text)
    plain = "".join(part for part in parts if not _KEPT.fullmatch(part))
    changed = "".join(part if _KEPT.fullmatch(part) else part.translate(_LETTERS) for part in parts)
    return f"⟦{changed}{'·' * (len(plain) // 3)}⟧"


def translated(domain: str) -> Catalog:
    """Return the catalog of a domain in the pseudo language."""
    catalog = extract(domain)
    for message in catalog:
        if isinstance(message.id, tuple | list):
            message.string = tuple(pseudo(one) for one in message.id)
        elif message.id:
            message.string = pseudo(message.id)
    return catalog


def install(app: Flask, folder: Path) -> None:
    """Make the pseudo language the one of the site."""
    path = folder / CODE / "LC_MESSAGES" / "messages.mo"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(mo_of(translated("messages")))
    app.extensions["babel"].translation_directories.append(str(folder))
    app.config.update(LANGUAGES=LANGUAGES | {CODE: PSEUDO}, LANGUAGE=CODE)


def words_of_data(app: Flask) -> set[str]:
    """Return all words of all texts in the database, in lower case."""
    found: set[str] = set()
    with app.app_context():
        for table in db.db.metadata.sorted_tables:
            columns = [one for one in table.columns if isinstance(one.type, sa.String)]
            for row in db.connection().execute(sa.select(*columns)) if columns else ():
                found.update(words_in(" ".join(str(value or "") for value in row)))
    return found


def words_in(text: str) -> set[str]:
    """Return the words of plain letters, in lower case."""
    return {word.lower() for word in re.findall(r"(?<![^\W\d_])[A-Za-z]{2,}(?![^\W\d_])", text)}


class VisibleTexts(HTMLParser):
    """Collect the texts of a page that a user reads or hears."""

    #: Commands, keys and codes are the same in each language, and so is what is marked as English.
    SILENT = frozenset({"script", "style", "code", "kbd", "svg", "english"})
    #: Elements without an end tag.
    VOID = frozenset({"input", "meta", "link", "br", "hr", "img", "col", "use", "wbr", "source"})
    SPOKEN = ("title", "placeholder", "aria-label", "alt", "aria-roledescription")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        if "english" not in self._open:
            self.texts += [fields[name] or "" for name in self.SPOKEN if name in fields]
        if tag == "meta" and fields.get("name") == "description":
            self.texts.append(fields.get("content") or "")
        if tag not in self.VOID:
            self._open.append("english" if fields.get("lang") == "en" else tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self.SILENT & set(self._open):
            self.texts.append(data)
