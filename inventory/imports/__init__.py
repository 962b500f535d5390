"""Import of spreadsheets: items, opening stock, reorder points, barcodes, counts.

`read_table` reads a file as a table of text, `guess` maps its columns to fields, `read_rows` parses
the rows. `check` reports all errors and writes nothing, `commit` imports all rows or none, and
`undo` reverts a whole import.

May import `exports`, `demo` and `doctor` and the layers below.
"""

from inventory.imports.cell_parsers import DATE_ORDERS, CellFormat
from inventory.imports.column_mapping import (
    CellError,
    ParsedRows,
    Row,
    guess,
    read_rows,
    validate_mapping,
)
from inventory.imports.file_readers import Table, read_table
from inventory.imports.file_templates import ERROR_HEADERS, template_csv, template_xlsx, wrong_rows
from inventory.imports.file_types import KINDS, Field, FileType
from inventory.imports.limits import MAX_BYTES, MAX_ROWS
from inventory.imports.runner import (
    ImportJob,
    ImportRecord,
    Report,
    check,
    commit,
    get_import,
    list_imports,
    report_from,
    undo,
    validate_reference,
)

__all__ = [
    "DATE_ORDERS",
    "ERROR_HEADERS",
    "KINDS",
    "MAX_BYTES",
    "MAX_ROWS",
    "CellError",
    "CellFormat",
    "Field",
    "FileType",
    "ImportJob",
    "ImportRecord",
    "ParsedRows",
    "Report",
    "Row",
    "Table",
    "check",
    "commit",
    "get_import",
    "guess",
    "list_imports",
    "read_rows",
    "read_table",
    "report_from",
    "template_csv",
    "template_xlsx",
    "undo",
    "validate_mapping",
    "validate_reference",
    "wrong_rows",
]  # fmt: skip
