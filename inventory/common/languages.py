"""The languages of pages and tablets, and how each writes numbers and dates.

Signs and date patterns are those of CLDR, except in English: there 2027-03-31 is used, since
03/04/2027 is another day in London than in New York.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Language:
    """A language; `name` is its own name for itself."""

    code: str
    name: str
    decimal_sign: str
    group_sign: str
    date_pattern: str

    def format_number(self, plain: str) -> str:
        """Return a plain decimal number with the language's decimal sign, not grouped."""
        return plain.replace(".", self.decimal_sign)

    def format_date(self, day: date) -> str:
        """Return a date with a year of four digits."""
        return f"{day:{self.date_pattern}}"

    def format_time(self, when: datetime) -> str:
        """Return date and time of day, to the minute; the caller chooses the zone."""
        return f"{when:{self.date_pattern} %H:%M}"


ENGLISH = Language("en", "English", ".", ",", "%Y-%m-%d")
LANGUAGES = {
    language.code: language
    for language in (
        ENGLISH,
        Language("de", "Deutsch", ",", ".", "%d.%m.%Y"),
        Language("es", "Español", ",", ".", "%d/%m/%Y"),
        Language("fr", "Français", ",", "\u202f", "%d/%m/%Y"),
    )
}
