"""Bring the catalogs up to date: `python -m inventory.translations.update`.

New texts are added without a translation, unused ones are removed, and all are compiled. The exit
status is 1 if a translation is missing.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
DOMAINS = ("messages", "scripts")
#: Rule of the plural forms of each language, as in C. CLDR has a third form for millions in Spanish
#: and French, which no text needs.
_PLURALS = {"de": "(n != 1)", "es": "(n != 1)", "fr": "(n > 1)"}
LANGUAGES = tuple(_PLURALS)
SCRIPTS = ROOT / "static" / "floor" / "catalogs"
#: Catalogs have no real dates: a run that changes no text changes no file.
_DATE = datetime(2026, 1, 1, tzinfo=UTC)
_KEYWORDS: dict[str, Any] = DEFAULT_KEYWORDS | {
    "message": None,
    "plural_message": (1, 2),
    "_l": None,
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
    "t": None,
    "tn": (1, 2),
}
_JINJA = {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
#: Folder, pattern of files, method and options, by domain.
_SOURCES: dict[str, list[tuple[str, str, str, dict[str, str]]]] = {
    "messages": [
        ("inventory", "**.py", "python", {}),
        ("templates", "**.html", "jinja2", _JINJA),
    ],
    "scripts": [("static/floor", "**.js", "javascript", {})],
}


def extract(domain: str) -> Catalog:
    """Return all texts of the code, without translations."""
    catalog = _empty(None)
    for folder, pattern, method, options in _SOURCES[domain]:
        found = extract_from_dir(
            ROOT / folder,
            method_map=[(pattern, method)],
            options_map={pattern: options},
            keywords=_KEYWORDS,
        )
        for name, _line, text, _comments, context in sorted(found, key=lambda one: one[:2]):
            if text and any(text if isinstance(text, tuple) else (text,)):
                catalog.add(text, locations=[(f"{folder}/{name}", 0)], context=context)
    return catalog


def po_path(language: str, domain: str) -> Path:
    """Return the path of a catalog."""
    return FOLDER / language / "LC_MESSAGES" / f"{domain}.po"


def read(language: str, domain: str) -> Catalog:
    """Return a catalog with its translations; empty if there is none yet."""
    path = po_path(language, domain)
    if not path.exists():
        return _with_two_forms(_empty(language), language)
    with path.open("rb") as file:
        return _with_two_forms(read_po(file, locale=language, domain=domain), language)


def updated(language: str, domain: str) -> Catalog:
    """Return the catalog with exactly the texts of the code."""
    catalog = read(language, domain)
    catalog.update(extract(domain), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.creation_date = catalog.revision_date = _DATE
    return _with_two_forms(catalog, language)


def po_of(catalog: Catalog) -> bytes:
    """Return the catalog as it is stored."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100, sort_output=True, include_lineno=False)
    return buffer.getvalue()


def mo_of(catalog: Catalog) -> bytes:
    """Return the compiled catalog."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def script_of(catalog: Catalog) -> str:
    """Return the module floor/messages with the catalog.

    The plural rule of a catalog is an expression of C, which JavaScript reads as well.
    """
    missing = {str(message.id) for message in untranslated(catalog)}
    texts: dict[str, Any] = {}
    for message in sorted(catalog, key=lambda one: str(one.id)):
        key = message.id[0] if isinstance(message.id, tuple | list) else message.id
        if key and str(message.id) not in missing:
            texts[key] = message.string
    rows = json.dumps(texts, ensure_ascii=False, indent=0)
    rule = catalog.plural_expr.strip("()").replace("!=", "!==")
    module = (SCRIPTS.parent / "messages.js").read_text("utf-8")
    english = "const catalog = {};\nconst plural = (n) => Number(n !== 1);\n"
    assert english in module
    translated = f"const catalog = {rows};\nconst plural = (n) => Number({rule});\n"
    return "// Written by `make messages`.\n" + module.replace(english, translated)


def untranslated(catalog: Catalog) -> Iterator[Message]:
    """Yield the texts without a translation, or with an incomplete one."""
    for message in catalog:
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.id and (message.fuzzy or not all(strings)):
            yield message


def main() -> int:
    """Update and compile all catalogs; report what is missing."""
    missing = 0
    for domain in DOMAINS:
        for language in LANGUAGES:
            catalog = updated(language, domain)
            path = po_path(language, domain)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(po_of(catalog))
            if domain == "scripts":
                SCRIPTS.mkdir(exist_ok=True)
                (SCRIPTS / f"{language}.js").write_text(script_of(catalog), "utf-8")
            else:
                path.with_suffix(".mo").write_bytes(mo_of(catalog))
            open_ones = list(untranslated(catalog))
            missing += len(open_ones)
            print(f"{language} {domain}: {len(catalog)} texts, {len(open_ones)} untranslated")
    return 1 if missing else 0


def _with_two_forms(catalog: Catalog, language: str) -> Catalog:
    catalog.mime_headers = [("Plural-Forms", f"nplurals=2; plural={_PLURALS[language]};")]
    for message in catalog:
        if isinstance(message.id, tuple | list) and isinstance(message.string, tuple | list):
            message.string = tuple(message.string[:2])
    return catalog


def _empty(language: str | None) -> Catalog:
    return Catalog(
        locale=language,
        project="Inventory",
        version="1",
        copyright_holder="the authors",
        msgid_bugs_address="the authors",
        last_translator="the authors",
        language_team="the authors",
        charset="utf-8",
        header_comment="# Texts of the inventory; docs/translating.md says how to edit them.",
        fuzzy=False,
        creation_date=_DATE,
        revision_date=_DATE,
    )


if __name__ == "__main__":
    sys.exit(main())
