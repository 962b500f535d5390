"""Sentences with named figures: English text that a page can write in another language.

The core raises refusals and warnings with messages. A `Message` is its English text, so logs, the
command line and the API use it as it is. It remembers its template and its figures, from which
`translate` writes it in the language of a user.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar, Protocol, Self


class Figure(str):
    """A value of a message that each language writes in its own way, such as a quantity.

    The text is the English one. `content` has what a translator needs, ready for JSON.
    """

    __slots__ = ("content",)
    kind: ClassVar[str]
    content: list[Any]
    _kinds: ClassVar[dict[str, type[Figure]]] = {}

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return what copies are made of."""
        return tuple(self.content)

    def __init_subclass__(cls, *, kind: str) -> None:
        cls.kind = kind
        Figure._kinds[kind] = cls

    @classmethod
    def of_content(cls, kind: str, content: list[Any]) -> Figure:
        """Return the figure of this kind and content."""
        found = cls._kinds[kind]
        return found(*content)


class Translator(Protocol):
    """Writes texts and figures in one language."""

    def gettext(self, text: str) -> str:
        """Return the translation of a template."""

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Return the translation of a template for a number."""

    def format(self, value: Figure | date) -> str:
        """Return a figure in the language's notation."""


class Message(str):
    """An English text that can be translated."""

    __slots__ = ("number", "parts", "plural", "template", "values")
    template: str
    plural: str
    number: int
    values: dict[str, Any]
    #: The messages that this one is made of; then it has no template.
    parts: tuple[str, ...]

    def __new__(
        cls,
        text: str,
        *,
        template: str = "",
        plural: str = "",
        number: int = 0,
        values: dict[str, Any] | None = None,
        parts: tuple[str, ...] = (),
    ) -> Self:
        self = super().__new__(cls, text)
        self.template, self.plural, self.number = template, plural, number
        self.values, self.parts = values or {}, parts
        return self


def message(template: str, /, **values: Any) -> Message:
    """Return a message; `%(name)s` in the template is replaced by a value.

    Values can be texts, numbers, dates, figures, other messages, and lists of these.
    """
    return Message(_fill(template, values), template=template, values=values)


def plural_message(one: str, many: str, number: int, /, **values: Any) -> Message:
    """Return a message whose words depend on a number; `%(num)s` is replaced by it."""
    values["num"] = number
    text = _fill(one if number == 1 else many, values)
    return Message(text, template=one, plural=many, number=number, values=values)


def join_sentences(*texts: str) -> Message:
    """Return the texts that are not empty as one message, with spaces between them."""
    parts = tuple(text for text in texts if text)
    return Message(" ".join(parts), parts=parts)


def split_sentences(text: str) -> list[str]:
    """Return the texts that `join_sentences` joined; other texts alone."""
    return list(text.parts) if isinstance(text, Message) and text.parts else [text]


def translate(text: str, translator: Translator) -> str:
    """Return a message in the translator's language; other texts stay as they are."""
    if not isinstance(text, Message):
        return text
    if text.parts:
        return " ".join(translate(part, translator) for part in text.parts)
    if text.plural:
        template = translator.ngettext(text.template, text.plural, text.number)
    else:
        template = translator.gettext(text.template)
    values = {name: _translate_value(value, translator) for name, value in text.values.items()}
    return _fill(template, values)


def to_json(text: str) -> Any:
    """Return a text or message as JSON values; `from_json` reads them."""
    if not isinstance(text, Message):
        return str(text)
    if text.parts:
        return {"parts": [to_json(part) for part in text.parts]}
    values = {name: _value_to_json(value) for name, value in text.values.items()}
    found = {"text": text.template, "values": values}
    return found | ({"plural": text.plural, "number": text.number} if text.plural else {})


def from_json(content: Any) -> str:
    """Return the text or message of JSON values that `to_json` wrote."""
    if isinstance(content, str):
        return content
    if "parts" in content:
        return join_sentences(*(from_json(part) for part in content["parts"]))
    values = {name: _value_from_json(value) for name, value in content["values"].items()}
    if "plural" not in content:
        return message(content["text"], **values)
    values.pop("num", None)
    return plural_message(content["text"], content["plural"], content["number"], **values)


def _fill(template: str, values: dict[str, Any]) -> str:
    if not values:
        return template
    return template % {name: _as_text(value) for name, value in values.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_as_text(one) for one in value)
    return str(value)


def _translate_value(value: Any, translator: Translator) -> Any:
    if isinstance(value, Message):
        return translate(value, translator)
    if isinstance(value, list | tuple):
        return [_translate_value(one, translator) for one in value]
    if isinstance(value, Figure | date):
        return translator.format(value)
    return value


def _value_to_json(value: Any) -> Any:
    if isinstance(value, Message):
        return {"message": to_json(value)}
    if isinstance(value, Figure):
        return {value.kind: value.content}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, list | tuple):
        return [_value_to_json(one) for one in value]
    return value if isinstance(value, int) else str(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "message": from_json,
    "date": date.fromisoformat,
}


def _value_from_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_value_from_json(one) for one in value]
    if not isinstance(value, dict):
        return value
    [(kind, content)] = value.items()
    return _READERS[kind](content) if kind in _READERS else Figure.of_content(kind, content)
