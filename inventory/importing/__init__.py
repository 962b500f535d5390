"""What is in spreadsheets today, brought in: items, opening stock, reorder points, codes, counts.

A file is read as a table of text (`read_table`), its columns are told apart (`guess`), its rows
understood (`read_rows`), checked as a whole (`check`: everything that is wrong, and nothing is
written), imported as a whole (`commit`), and taken back as a whole (`take_back`).
"""

from inventory.importing.cells import DATE_ORDERS, Style
from inventory.importing.kinds import KINDS, Field, Kind
from inventory.importing.limits import MOST_BYTES, MOST_ROWS
from inventory.importing.mapping import Reading, Row, Wrong, clean_mapping, guess, read_rows
from inventory.importing.reading import Table, read_table
from inventory.importing.running import (
    Imported,
    Report,
    Work,
    check,
    clean_reference,
    commit,
    get_import,
    list_imports,
    report_from,
    take_back,
)
from inventory.importing.templates import WRONG_HEADS, template_csv, template_xlsx, wrong_rows

__all__ = [
    "DATE_ORDERS",
    "KINDS",
    "MOST_BYTES",
    "MOST_ROWS",
    "WRONG_HEADS",
    "Field",
    "Imported",
    "Kind",
    "Reading",
    "Report",
    "Row",
    "Style",
    "Table",
    "Work",
    "Wrong",
    "check",
    "clean_mapping",
    "clean_reference",
    "commit",
    "get_import",
    "guess",
    "list_imports",
    "read_rows",
    "read_table",
    "report_from",
    "take_back",
    "template_csv",
    "template_xlsx",
    "wrong_rows",
]  # fmt: skip
