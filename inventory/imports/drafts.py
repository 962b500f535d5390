"""Uploaded files that are not imported yet; they are kept for a day."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory.common import clock
from inventory.common.errors import InvalidInput, NotFound
from inventory.common.messages import message
from inventory.db import atomic
from inventory.imports.cell_parsers import DATE_ORDERS, CellFormat
from inventory.imports.column_mapping import guess, read_rows, validate_mapping
from inventory.imports.file_readers import Table, read_table
from inventory.imports.file_types import KINDS, FileType
from inventory.imports.runner import ImportJob, Report, report_from, validate_reference
from inventory.models import table
from inventory.models.imports import ImportDraft

#: The ids that `secrets.token_urlsafe` makes.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
drafts = table(ImportDraft)

RETENTION = timedelta(days=1)
#: Drafts per user; a new one replaces the oldest.
_MAX_PER_USER = 5


@dataclass(slots=True)
class ReadSettings:
    """Settings for reading a file; `columns` maps fields to column headers."""

    columns: dict[str, str]
    sheet: str = ""
    dates: str = ""
    decimal_comma: bool = False
    reference: str | None = None

    @property
    def style(self) -> CellFormat:
        """Return the formats of the file."""
        return CellFormat(self.dates, self.decimal_comma)


@dataclass(frozen=True, slots=True)
class Draft:
    """An uploaded file, its settings, and the report of its last check."""

    id: str
    kind: FileType
    file_name: str
    content: bytes
    settings: ReadSettings
    #: Report of the last check with these settings.
    report: Report | None
    created_at: datetime

    def table(self) -> Table:
        """Return the table of the file."""
        return read_table(self.content, sheet=self.settings.sheet)

    def work(self) -> ImportJob:
        """Return the parsed rows.

        Raises:
            InvalidInput: a setting is invalid; the error names the field.
        """
        read = self.table()
        mapping = validate_mapping(self.kind, read.headers, self.settings.columns)
        reading = read_rows(self.kind, read, mapping, self.settings.style)
        reference = self.settings.reference
        return ImportJob(kind=self.kind, reading=reading, mapping=mapping, reference=reference)


def create_draft(*, user_id: int, kind: str, file_name: str, content: bytes) -> str:
    """Store a file as a draft of this user and return its id.

    Raises:
        InvalidInput: the file cannot be read.
    """
    if kind not in KINDS:
        raise InvalidInput(message("Choose what is in the file."), field="kind")
    read = read_table(content)
    settings = ReadSettings(guess(KINDS[kind], read.headers), read.sheet)
    name = " ".join(file_name.split())[:200] or "file"
    return _keep(user_id=user_id, kind=kind, file_name=name, content=content, settings=settings)


@atomic
def _keep(
    tx: Connection,
    *,
    user_id: int,
    kind: str,
    file_name: str,
    content: bytes,
    settings: ReadSettings,
) -> str:
    now = clock.now()
    mine = (
        sa.select(drafts.c.id)
        .where(drafts.c.user_id == user_id)
        .order_by(drafts.c.created_at.desc())
        .limit(_MAX_PER_USER - 1)
    )
    recent = list(tx.execute(mine).scalars())
    too_many = sa.and_(drafts.c.user_id == user_id, drafts.c.id.not_in(recent))
    tx.execute(sa.delete(drafts).where(sa.or_(drafts.c.created_at < now - RETENTION, too_many)))
    id = secrets.token_urlsafe(32)
    tx.execute(
        sa.insert(drafts).values(
            id=id, kind=kind, user_id=user_id, file_name=file_name, content=content,
            settings=_written(settings), created_at=now,
        )
    )  # fmt: skip
    return id


def read_draft(conn: Connection, id: str, *, user_id: int) -> Draft:
    """Return a draft of this user.

    Raises:
        NotFound: the draft does not exist or belongs to another user.
    """
    chosen = sa.select(drafts).where(drafts.c.id == id, drafts.c.user_id == user_id)
    row = conn.execute(chosen).first() if _ID.fullmatch(id) else None
    if row is None:
        raise NotFound(
            message(
                "This file was already imported or discarded, or is older than a day. Upload it"
                " again."
            )
        )
    report = report_from(json.loads(row.report)) if row.report else None
    settings = ReadSettings(**json.loads(row.settings))
    return Draft(
        row.id, KINDS[row.kind], row.file_name, row.content, settings, report, row.created_at
    )


def update_settings(draft: Draft, *, columns: dict[str, str], **chosen: Any) -> Draft:
    """Return the draft with other settings and without report; stores nothing.

    Raises:
        InvalidInput: a setting is invalid; the error names the field.
    """
    if chosen["dates"] not in DATE_ORDERS:
        raise InvalidInput(
            message("Choose whether the day or the month comes first."), field="dates"
        )
    reference = validate_reference(draft.kind, chosen["reference"])
    sheet = chosen["sheet"] or draft.settings.sheet
    settings = ReadSettings(columns, sheet, chosen["dates"], chosen["decimal_comma"], reference)
    if sheet != draft.settings.sheet:
        headers = read_table(draft.content, sheet=sheet).headers
        settings.columns = guess(draft.kind, headers)
    return Draft(
        draft.id, draft.kind, draft.file_name, draft.content, settings, None, draft.created_at
    )


@atomic
def save_check(tx: Connection, draft: Draft, report: Report | None) -> None:
    """Store the settings of a draft and the report of its check."""
    record = report and json.dumps(report.to_dict(), ensure_ascii=False)
    changes = {"settings": _written(draft.settings), "report": record}
    tx.execute(sa.update(drafts).where(drafts.c.id == draft.id).values(**changes))


@atomic
def delete_draft(tx: Connection, id: str, *, user_id: int) -> None:
    """Delete a draft if it exists."""
    if not _ID.fullmatch(id):
        return  # PostgreSQL refuses NUL even in a comparison
    tx.execute(sa.delete(drafts).where(drafts.c.id == id, drafts.c.user_id == user_id))


def _written(settings: ReadSettings) -> str:
    return json.dumps({name: getattr(settings, name) for name in ReadSettings.__dataclass_fields__})
