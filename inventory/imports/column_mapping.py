"""Mapping of columns to fields, and parsing of rows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.common.errors import InvalidInput, Refusal
from inventory.common.messages import message
from inventory.imports.cell_parsers import CellFormat
from inventory.imports.cell_texts import reason_unreadable
from inventory.imports.file_readers import Table
from inventory.imports.file_types import Field, FileType

_ALIKE = 0.84


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell with an error: its line, column and value, and the reason."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A parsed row; empty cells are None."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """Parsed rows, rows with errors (`half`), and the cells with errors."""

    rows: list[Row]
    invalid_rows: list[Row]
    wrong: list[CellError]


def guess(kind: FileType, headers: Sequence[str]) -> dict[str, str]:
    """Return the column header of each field that can be guessed.

    Exact names come first, then similar ones.
    """
    free = {_folded(head): head for head in reversed(headers)}
    found: dict[str, str] = {}
    for alike in (False, True):
        for field in kind.fields:
            if field.name not in found and (head := _find(field, free, alike)):
                found[field.name] = free.pop(head)
    return found


def _find(field: Field, free: Mapping[str, str], alike: bool) -> str | None:
    for name in map(_folded, (field.name, field.label, *field.also)):
        if name in free:
            return name
        if alike and len(name) > 3 and (near := difflib.get_close_matches(name, free, 1, _ALIKE)):
            return near[0]
    return None


def _folded(head: str) -> str:
    return re.sub(r"[\W_]+", "", head.casefold())


def validate_mapping(
    kind: FileType, headers: Sequence[str], chosen: Mapping[str, str]
) -> dict[str, str]:
    """Return the mapping of fields to column headers.

    Raises:
        InvalidInput: a column is missing, unknown or used twice; the error names the field.
    """
    mapping: dict[str, str] = {}
    for field in kind.fields:
        head = chosen.get(field.name) or ""
        if head and head not in headers:
            raise InvalidInput(
                message("There is no column %(head)s in the file.", head=head), field=field.name
            )
        if head in mapping.values():
            raise InvalidInput(
                message("The column %(head)s is chosen twice.", head=head), field=field.name
            )
        if head:
            mapping[field.name] = head
        elif field.required:
            raise InvalidInput(
                message("Choose the column of “%(column)s”. It is required.", column=field.label),
                field=field.name,
            )
    return mapping


def read_rows(
    kind: FileType, table: Table, mapping: Mapping[str, str], style: CellFormat
) -> ParsedRows:
    """Parse all rows and collect all cells with errors."""
    columns = [
        (kind.field(name), head, table.headers.index(head)) for name, head in mapping.items()
    ]
    rows: list[Row] = []
    half: list[Row] = []
    wrong: list[CellError] = []
    lines: dict[tuple[Any, ...], int] = {}
    for line, written in table.rows:
        fields: dict[str, Any] = {field.name: None for field in kind.fields}
        before = len(wrong)
        for field, head, column in columns:
            value = written[column] if column < len(written) else ""
            try:
                fields[field.name] = _read(field, value, style)
            except Refusal as refusal:
                wrong.append(CellError(line, head, value[:80], refusal.detail))
        identity = tuple(fields[name] for name in kind.identity)
        first = lines.setdefault(identity, line)
        if len(wrong) > before:
            half.append(Row(line, fields))
            continue
        if first != line:
            head = mapping[kind.identity[-1]]
            reason = message("Line %(line)s is for the same record.", line=first)
            wrong.append(CellError(line, head, str(identity[-1]), reason))
            continue
        rows.append(Row(line, fields))
    return ParsedRows(rows, half, wrong)


def _read(field: Field, value: str, style: CellFormat) -> Any:
    if value:
        if reason := reason_unreadable(value):
            raise InvalidInput(reason, field=field.name)
        return field.read(value, field.name, style)
    if field.required:
        raise InvalidInput(
            message("“%(column)s” is missing.", column=field.label), field=field.name
        )
    return None
