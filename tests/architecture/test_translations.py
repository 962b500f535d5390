"""The catalogs have each text of the code, complete and compiled; scripts have no other texts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from inventory.common.languages import LANGUAGES as KNOWN
from inventory.translations import update
from inventory.translations.update import DOMAINS, LANGUAGES, SCRIPTS

#: Placeholders, markup and commands, which a translation keeps.
_KEPT = re.compile(r"%\(\w+\)s|%%|</?\w+[^>]*>|`[^`]*`")
_SENTENCE = re.compile(r"(?<![\w.#\[-])[A-Za-z]{2,} [a-z]{2,}")
STATIC = Path(update.ROOT) / "static"


def forms_of(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, tuple | list) else (str(text),)


def kept_in(text: str) -> list[str]:
    return sorted(_KEPT.findall(text))


def test_each_language_but_english_has_catalogs() -> None:
    assert {*LANGUAGES, "en"} == set(KNOWN)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_has_exactly_the_texts_of_the_code(language: str, domain: str) -> None:
    """`make messages` brings the catalogs up to date."""
    path = update.po_path(language, domain)
    assert path.read_bytes() == update.po_of(update.updated(language, domain))


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str, domain: str) -> None:
    assert [one.id for one in update.untranslated(update.read(language, domain))] == []


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_values_markup_and_commands(language: str, domain: str) -> None:
    wrong = [one.string for one in update.read(language, domain) if one.id and not keeps(one)]
    assert wrong == []


def keeps(one: Message) -> bool:
    texts, translations = forms_of(one.id), forms_of(one.string)
    known = {part for text in texts for part in kept_in(text)}
    optional = {"%(num)s", "%(n)s"} if len(texts) > 1 else set()
    return len(texts) == len(translations) and all(
        set(kept_in(text)) - optional <= set(kept_in(translation)) <= known
        for text, translation in zip(texts, translations, strict=True)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogs_are_up_to_date(language: str) -> None:
    pages, scripts = (update.read(language, domain) for domain in DOMAINS)
    mo_path = update.po_path(language, "messages").with_suffix(".mo")
    assert mo_path.read_bytes() == update.mo_of(pages)
    assert (SCRIPTS / f"{language}.js").read_text("utf-8") == update.script_of(scripts)


def unmarked_sentences(script: str) -> list[str]:
    """Return the texts of several words that are no argument of `t` or `tn`."""
    code = re.sub(r"^\s*//.*$|/\*.*?\*/| // .*$", "", script, flags=re.MULTILINE)
    return [
        found[0]
        for found in _TEXT.finditer(code)
        if _SENTENCE.search(re.sub(r"\$\{[^}]*\}", "", found[0]))
        and not _MARK.search(code[: found.start()])
    ]


_TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`')
_MARK = re.compile(r'(?:\bt\(|\btn\(|\btn\(\s*"[^"]*",)\s*(?:"[^"]*" \+\s*)*$')


@pytest.mark.parametrize(
    "path", sorted((STATIC / "floor").glob("*.js")), ids=lambda path: path.stem
)
def test_a_script_of_the_tablet_has_no_unmarked_sentence(path: Path) -> None:
    assert unmarked_sentences(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", sorted((STATIC / "js").glob("*.js")), ids=lambda path: path.stem)
def test_a_script_of_the_pages_has_no_sentence(path: Path) -> None:
    """Its texts are in data attributes of the page; selectors and names are in lower case."""
    found = unmarked_sentences(path.read_text("utf-8"))
    assert [text for text in found if text[1].isupper()] == []


def test_a_sentence_that_is_not_marked_is_found() -> None:
    marked = 't("Lot not found."); tn("%(n)s lot here", "%(n)s lots here", n); // A comment here'
    assert unmarked_sentences(marked) == []
    assert unmarked_sentences('say("Lot not found.")') == ['"Lot not found."']
    assert unmarked_sentences("say(`Lot ${lot} not found`)") == ["`Lot ${lot} not found`"]
