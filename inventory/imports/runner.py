"""Check, commit, list and undo imports, each as a whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit, ledger
from inventory.common import clock, validation
from inventory.common.errors import NotFound, NotReversible
from inventory.common.messages import from_json, message, to_json
from inventory.common.progress import SILENT, Progress
from inventory.db import atomic
from inventory.idempotency import store
from inventory.idempotency.fingerprint import digest
from inventory.idempotency.run_once import run_once
from inventory.imports import barcodes, items, stock
from inventory.imports.column_mapping import CellError, ParsedRows, Row
from inventory.imports.file_types import FileType
from inventory.imports.row_checks import RowCheckResult, item_suggester, with_suggestion
from inventory.models import table
from inventory.models.imports import Import
from inventory.queries.pagination import CursorScope, Page
from inventory.stock.queries import find_items
from inventory.stock.statements import operations, users

imports = table(Import)

#: Notes in a report; they do not prevent the import.
_MAX_NOTES = 200


@dataclass(frozen=True, slots=True)
class RowNote:
    """A line that needs attention."""

    line: int
    text: str


@dataclass(slots=True)
class Report:
    """Result of a check or an import; `import_id` is set if it was imported."""

    kind: str
    rows: int
    new: int = 0
    changed: int = 0
    same: int = 0
    wrong: list[CellError] = field(default_factory=list)
    notes: list[RowNote] = field(default_factory=list)
    import_id: int | None = None
    operation_id: int | None = None
    #: The earlier import of exactly these rows, if nothing is left to do.
    done_before: int | None = None

    @property
    def writes(self) -> int:
        """Return the number of rows that write something."""
        return self.new + self.changed

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        record = asdict(self)
        for shown in record["wrong"]:
            shown["reason"] = to_json(shown["reason"])
        for shown in record["notes"]:
            shown["text"] = to_json(shown["text"])
        return record


def report_from(record: dict[str, Any]) -> Report:
    """Return the report of JSON data."""
    wrong = [CellError(**one | {"reason": from_json(one["reason"])}) for one in record.pop("wrong")]
    notes = [RowNote(one["line"], from_json(one["text"])) for one in record.pop("notes")]
    return Report(**record, wrong=wrong, notes=notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """The rows to import; `mapping` maps fields to column headers."""

    kind: FileType
    reading: ParsedRows
    mapping: dict[str, str]
    reference: str | None = None

    @property
    def rows(self) -> list[Row]:
        """Return the parsed rows."""
        return self.reading.rows

    @property
    def fingerprint(self) -> bytes:
        """Return the hash of kind, reference and rows."""
        return digest([self.kind.name, self.reference, [row.values for row in self.rows]])


def validate_reference(kind: FileType, value: str | None) -> str | None:
    """Return the reference, or None if the kind has none.

    Raises:
        InvalidInput: the reference is too long or has invalid characters.
    """
    reference = validation.validate_text(value, field="reference", max_length=100)
    return reference if kind.moves_stock else None


def check(conn: Connection, job: ImportJob, progress: Progress = SILENT) -> Report:
    """Report all errors of the rows and what the import would do.

    Writes nothing and takes no locks.
    """
    judgement = _check_rows(conn, job, lock=False, progress=progress)
    return _report(conn, job, judgement)


def commit(
    job: ImportJob, *, file_name: str, user_id: int, key: str, progress: Progress = SILENT
) -> Report:
    """Import all rows in one transaction, or none if any has an error.

    Importing the same rows again changes nothing.

    Raises:
        IdempotencyKeyReused: the key was used for another import.
        Busy: the database stayed locked or is unavailable.
    """
    key = store.validate_key(key)
    name = " ".join(file_name.split())[:200] or "file"
    try:
        with store.map_key_lock_timeout():
            return _commit(job, file_name=name, user_id=user_id, key=key, progress=progress)
    except _Refused as refused:
        return refused.report


class _Refused(Exception):
    """Rolls the transaction back and carries the report."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.kind)
        self.report = report


@atomic
def _commit(
    tx: Connection, job: ImportJob, *, file_name: str, user_id: int, key: str, progress: Progress
) -> Report:
    request: dict[str, Any] = {"user_id": user_id, "key": key, "fingerprint": job.fingerprint}
    known = store.find_outcome(tx, **request)
    if known.outcome is not None:
        return report_from(known.outcome["import"])
    judgement = _check_rows(tx, job, lock=True, progress=progress)
    report = _report(tx, job, judgement)
    if report.wrong or report.done_before or not report.writes + _counted(judgement):
        raise _Refused(report)
    now = clock.now()
    undo = None
    if job.kind.moves_stock:
        report.operation_id = stock.write(
            tx, judgement, user_id=user_id, user_name=known.user_name, progress=progress
        )
    else:
        writer = barcodes.write if job.kind.name == "codes" else items.write
        undo = writer(tx, judgement, user_id=user_id, now=now, progress=progress)
    report.import_id = tx.execute(
        sa.insert(imports)
        .values(
            kind=job.kind.name,
            file_name=file_name,
            fingerprint=job.fingerprint,
            rows=report.rows,
            new=report.new,
            changed=report.changed,
            same=report.same,
            user_id=user_id,
            recorded_at=now,
            operation_id=report.operation_id,
            undo=undo and json.dumps(undo, separators=(",", ":")),
        )
        .returning(imports.c.id)
    ).scalar_one()
    subject = f"import {report.import_id}"
    audit.record(tx, user_id=user_id, action="imported", subject=subject, file=file_name,
                 kind=job.kind.name, rows=report.rows)  # fmt: skip
    written = [report.operation_id] if report.operation_id else []
    outcome = {"operations": written, "import": report.to_dict()}
    store.store_outcome(tx, outcome=outcome, at=now, **request)
    return report


def _counted(judgement: RowCheckResult) -> int:
    """Return the number of counts; one without a difference is stored too."""
    plan = judgement.plan
    return len(plan.operation.counts) if hasattr(plan, "operation") else 0


def _check_rows(
    conn: Connection, job: ImportJob, *, lock: bool, progress: Progress
) -> RowCheckResult:
    if job.kind.name == "codes":
        return barcodes.check_rows(conn, job.rows, lock=lock, progress=progress)
    rest: dict[str, Any] = {"kind": job.kind.name, "lock": lock, "progress": progress}
    if job.kind.moves_stock:
        return stock.check_rows(conn, job.rows, reference=job.reference, **rest)
    return items.check_rows(conn, job.rows, **rest)


def _report(conn: Connection, job: ImportJob, judgement: RowCheckResult) -> Report:
    """Return the report, with errors in the order of lines."""
    refused = [
        _wrong(job, job.rows[index], field, reason) for index, field, reason in judgement.refused
    ]
    notes = [RowNote(job.rows[index].line, said) for index, said in judgement.notes[:_MAX_NOTES]]
    wrong = [*job.reading.wrong, *_unknown_items(conn, job), *refused]
    report = Report(
        job.kind.name,
        len(job.rows) + len({one.line for one in job.reading.wrong}),
        judgement.new,
        judgement.changed,
        judgement.same,
        sorted(wrong, key=lambda one: one.line),
        notes,
    )
    if job.kind.name == "counts" and (before := _standing(conn, job.fingerprint)):
        report.done_before = before
        report.new = report.changed = 0
        report.same, report.wrong = report.rows, list(job.reading.wrong)
    return report


def _unknown_items(conn: Connection, job: ImportJob) -> list[CellError]:
    """Return the unknown items of rows that already have errors."""
    named = [row for row in job.reading.invalid_rows if row.values.get("item")]
    known = find_items(conn, [row.values["item"] for row in named])
    suggester = item_suggester(conn)
    return [
        _wrong(
            job,
            row,
            "item",
            with_suggestion(message("There is no item %(item)s.", item=code), suggester.near(code)),
        )
        for row in named
        if (code := row.values["item"]) not in known
    ]


def _wrong(job: ImportJob, row: Row, field: str, reason: str) -> CellError:
    """Return the error of a row.

    An error that is about no single cell is reported at the last identifying field.
    """
    field = field if field in row.values else job.kind.identity[-1]
    value = row.values[field]
    column = job.mapping.get(field) or job.kind.field(field).label
    return CellError(row.line, column, "" if value is None else str(value)[:80], reason)


def _standing(conn: Connection, fingerprint: bytes) -> int | None:
    """Return the import of exactly these rows that was not undone, or None."""
    undoing = operations.alias("undoing")
    chosen = (
        sa.select(imports.c.id)
        .join(undoing, undoing.c.reverses_id == imports.c.operation_id, isouter=True)
        .where(imports.c.fingerprint == fingerprint, undoing.c.id.is_(None))
        .order_by(imports.c.id.desc())
        .limit(1)
    )
    return conn.execute(chosen).scalar()


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """A past import."""

    id: int
    kind: str
    file_name: str
    rows: int
    new: int
    changed: int
    same: int
    user_name: str
    recorded_at: datetime
    operation_id: int | None
    is_undone: bool


_undoing = operations.alias("undoing")
_IMPORTED = (
    sa.select(
        imports.c.id,
        imports.c.kind,
        imports.c.file_name,
        imports.c.rows,
        imports.c.new,
        imports.c.changed,
        imports.c.same,
        users.c.name.label("user_name"),
        imports.c.recorded_at,
        imports.c.operation_id,
        sa.or_(imports.c.taken_back_at.is_not(None), _undoing.c.id.is_not(None)).label("is_undone"),
    )
    .join(users, users.c.id == imports.c.user_id)
    .join(_undoing, _undoing.c.reverses_id == imports.c.operation_id, isouter=True)
    .order_by(imports.c.id.desc())
)


def list_imports(
    conn: Connection, *, limit: int = 50, cursor: str | None = None
) -> Page[ImportRecord]:
    """Return past imports, newest first."""
    place = CursorScope(
        "imports", {}, (lambda value: validation.validate_id(value, field="cursor"),)
    )
    chosen = _IMPORTED.limit(limit + 1)
    if (position := place.position_of(cursor)) is not None:
        chosen = chosen.where(imports.c.id < position[0])
    rows = [_to_imported(row) for row in conn.execute(chosen)]
    more = len(rows) > limit
    return Page(rows[:limit], place.cursor_after([rows[limit - 1].id]) if more else None)


def get_import(conn: Connection, import_id: int) -> ImportRecord:
    """Return one import.

    Raises:
        NotFound: there is no import with this id.
    """
    row = conn.execute(_IMPORTED.where(imports.c.id == import_id)).first()
    if row is None:
        raise NotFound(
            message("There is no import number %(import_id)s.", import_id=import_id),
            import_id=import_id,
        )
    return _to_imported(row)


def _to_imported(row: Any) -> ImportRecord:
    return ImportRecord(**{**row._mapping, "is_undone": bool(row.is_undone)})


def undo(
    found: ImportRecord, *, user_id: int, key: str, reason: str | None = None
) -> ledger.PostingResult | None:
    """Undo a whole import.

    Stock is reversed by a ledger operation, which is returned; master data is restored to its
    previous values.

    Raises:
        NotReversible: it was undone already, or its records were used since.
    """
    if found.operation_id is not None:
        return ledger.reverse(
            operation_id=found.operation_id, reason=reason, user_id=user_id, key=key
        )
    fields = {
        "import_id": found.id,
        "reason": validation.validate_text(reason, field="reason", max_length=500),
    }
    run_once(_undo, user_id=user_id, key=key, fields=fields, dry_run=False)
    return None


def _undo(
    tx: Connection, *, user_id: int, now: datetime, import_id: int, reason: str | None
) -> dict[str, Any]:
    chosen = sa.select(imports).where(imports.c.id == import_id).with_for_update()
    row = tx.execute(chosen).one()
    if row.taken_back_at is not None:
        raise NotReversible(message("This import was already undone."), operations=[])
    taker = barcodes.undo if row.kind == "codes" else items.undo
    taker(tx, json.loads(row.undo), user_id=user_id)
    tx.execute(sa.update(imports).where(imports.c.id == import_id).values(taken_back_at=now))
    subject = f"import {import_id}"
    audit.record(tx, user_id=user_id, action="import taken back", subject=subject, reason=reason)
    return {"import_id": import_id}
