"""Imports: upload a file, map its columns, check it, import it, undo it."""

from __future__ import annotations

import io
import secrets
from typing import Any

from flask import (
    Blueprint,
    Flask,
    abort,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory import imports
from inventory.common.errors import InvalidInput, NotFound
from inventory.common.progress import Progress
from inventory.db import connection, db
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.http.languages import translate
from inventory.imports import KINDS, drafts
from inventory.imports.drafts import Draft
from inventory.ledger import PostingResult
from inventory.web.auth.form_drafts import FormDraft, sign_owner
from inventory.web.auth.permissions import role_required
from inventory.web.downloads import XLSX, download
from inventory.web.inventory import forms
from inventory.web.operation_forms import ActionResult, Answer, FormAction, handle, restores
from inventory.web.progress_stream import stream_progress

blueprint = Blueprint("imports", __name__, url_prefix="/import")

_SHOWN = 100
_PASTED = "pasted rows"


#: Largest request: a file and the form around it.
_LARGEST = imports.MAX_BYTES + 2**16


def init_app(app: Flask) -> None:
    """Allow larger request bodies for uploads."""
    app.config["LARGER_BODIES"] = {"/import/": _LARGEST}
    app.before_request(_let_files_be_larger)


def _let_files_be_larger() -> None:
    """Raise the size limits before the form is parsed; the role is checked next."""
    if request.endpoint == "inventory.imports.upload":
        request.max_content_length = _LARGEST
        request.max_form_memory_size = imports.MAX_BYTES


@blueprint.get("/")
@role_required("admin")
def index() -> Answer:
    """Show the upload form and the past imports."""
    return _index(kind=request.args.get("kind", ""))


@restores("inventory.imports.upload")
def restore_upload(form: FormDraft) -> Answer:
    """Show the upload form with the rows that were pasted before the session ended."""
    values = form.values
    return _index(kind=values.get("kind", ""), pasted=values.get("pasted", ""), is_restored=True)


def _index(
    *, kind: str, refusal: InvalidInput | None = None, pasted: str = "", is_restored: bool = False
) -> Answer:
    key = secrets.token_urlsafe(16)
    cursor = request.args.get("cursor") or None
    page = imports.list_imports(connection(), limit=20, cursor=cursor)
    done = request.args.get("done", "")
    done_id = forms.number_or_none(done)
    if done and done_id is None:
        abort(404)
    answer = render_template(
        "inventory/imports/index.html",
        kinds=list(KINDS.values()),
        kind=kind,
        done=imports.get_import(connection(), done_id) if done_id else None,
        nothing_new=request.args.get("none", "") in KINDS,
        gone="gone" in request.args,
        refusal=translate(refusal.detail) if refusal else "",
        wrong=refusal.field if refusal else "",
        pasted=pasted,
        key=key,
        owner=sign_owner(current_user.id, key),
        is_restored=is_restored,
        page=page,
        most_rows=imports.MAX_ROWS,
        most_mb=imports.MAX_BYTES // 2**20,
        more=None,
        after=page.next_cursor and url_for("inventory.imports.index", cursor=page.next_cursor),
        first=cursor and url_for("inventory.imports.index"),
    )
    return (answer, 422) if refusal else answer


@blueprint.post("/")
@role_required("admin")
def upload() -> Answer:
    """Store a file or pasted rows as a draft."""
    kind, pasted = request.form.get("kind", ""), request.form.get("pasted", "")
    name, content = "", b""
    if file := request.files.get("file"):
        with file.stream:
            name, content = file.filename or "", file.read()
    if not content and pasted.strip():
        name, content = _PASTED, pasted.encode()
    try:
        if not content and not name:
            raise InvalidInput(_("Choose a file or paste rows."), field="file")
        id = drafts.create_draft(
            user_id=current_user.id, kind=kind, file_name=name, content=content
        )
    except InvalidInput as refusal:
        db.session.rollback()
        return _index(kind=kind, refusal=refusal, pasted=pasted)
    return redirect(url_for("inventory.imports.draft", draft_id=id), 303)


@blueprint.get("/templates/<kind>.<ending>")
@role_required("admin")
def template(kind: str, ending: str) -> Response:
    """Download an empty file with the columns of an import."""
    if kind not in KINDS or ending not in ("csv", "xlsx"):
        abort(404)
    if ending == "csv":
        response = Response(imports.template_csv(KINDS[kind]), mimetype="text/csv")
        response.headers["Content-Disposition"] = f'attachment; filename="{kind}.csv"'
        return response
    file = io.BytesIO()
    imports.template_xlsx(file, KINDS[kind])
    file.seek(0)
    return send_file(file, mimetype=XLSX, as_attachment=True, download_name=f"{kind}.xlsx")


def _draft(draft_id: str) -> Draft:
    return drafts.read_draft(connection(), draft_id, user_id=current_user.id)


@blueprint.get("/files/<draft_id>/")
@role_required("admin")
def draft(draft_id: str) -> Answer:
    """Show a draft with its settings and its last report."""
    return _show(_draft(draft_id))


def _show(draft: Draft, refusal: InvalidInput | None = None) -> Answer:
    table = draft.table()
    report = draft.report
    answer = render_template(
        "inventory/imports/draft.html",
        draft=draft,
        table=table,
        samples={head: table.samples(number) for number, head in enumerate(table.headers)},
        report=report,
        shown=report.wrong[:_SHOWN] if report else [],
        wrong=refusal,
    )
    return (answer, 422) if refusal else answer


def _chosen_settings(draft: Draft) -> Draft:
    form = request.form
    names = {field.name: form.get(f"column-{field.name}", "") for field in draft.kind.fields}
    return drafts.update_settings(
        draft,
        columns={name: head for name, head in names.items() if head},
        sheet=form.get("sheet", ""),
        dates=form.get("dates", ""),
        decimal_comma="decimal_comma" in form,
        reference=form.get("reference"),
    )


@blueprint.post("/files/<draft_id>/check/")
@role_required("admin")
def check(draft_id: str) -> Answer:
    """Check the rows with the settings of the form, and store the report."""
    before = _draft(draft_id)
    try:
        said = _chosen_settings(before)
        if said.settings.sheet != before.settings.sheet:
            drafts.save_check(said, None)
            return redirect(url_for("inventory.imports.draft", draft_id=draft_id), 303)
        work = said.work()
    except InvalidInput as refusal:
        return _show(before, refusal)
    there = url_for("inventory.imports.draft", draft_id=draft_id, _anchor="report")
    db.session.rollback()

    def run(progress: Progress) -> str:
        report = imports.check(connection(), work, progress)
        db.session.rollback()
        drafts.save_check(said, report)
        return there

    return stream_progress(run)


@blueprint.post("/files/<draft_id>/commit/")
@role_required("admin")
def commit(draft_id: str) -> Answer:
    """Import the draft if its check finds no errors.

    The draft's id is the idempotency key: if it is sent twice, it is imported once.
    """
    try:
        found = _draft(draft_id)
    except NotFound:
        return redirect(url_for("inventory.imports.index", gone=1), 303)
    user_id = current_user.id
    there = url_for("inventory.imports.draft", draft_id=draft_id, _anchor="report")
    done, none = (
        url_for("inventory.imports.index", done=0),
        url_for("inventory.imports.index", none=found.kind.name),
    )
    work = found.work()
    db.session.rollback()

    def run(progress: Progress) -> str:
        report = imports.commit(
            work, file_name=found.file_name, user_id=user_id, key=draft_id, progress=progress
        )
        if report.wrong or report.done_before:
            drafts.save_check(found, report)
            return there
        drafts.delete_draft(draft_id, user_id=user_id)
        return done.replace("done=0", f"done={report.import_id}") if report.import_id else none

    return stream_progress(run)


@blueprint.post("/files/<draft_id>/drop/")
@role_required("admin")
def drop(draft_id: str) -> Response:
    """Delete a draft."""
    drafts.delete_draft(draft_id, user_id=current_user.id)
    return redirect(url_for("inventory.imports.index"), 303)


@blueprint.get("/files/<draft_id>/wrong.csv")
@role_required("admin")
def wrong(draft_id: str) -> Response:
    """Download the rows with errors."""
    found = _draft(draft_id)
    if found.report is None:
        abort(404)
    return download("csv", "wrong", imports.ERROR_HEADERS, imports.wrong_rows(found.report))


def _load_undo(form: Any, import_id: int) -> dict[str, Any]:
    return {"found": imports.get_import(connection(), import_id)}


def _undo(form: Any, actor: dict[str, Any], import_id: int) -> tuple[int, PostingResult | None]:
    found = imports.get_import(connection(), import_id)
    db.session.rollback()
    return import_id, imports.undo(found, reason=form.reason.data, **actor)


def _undone(outcome: tuple[int, PostingResult | None]) -> ActionResult:
    import_id, posting = outcome
    text = _("Import %(id)s was undone.", id=import_id)
    if posting is None:
        return ActionResult(text, url_for("inventory.imports.index"), _("View imports"))
    url = url_for("inventory.operations.operation", operation_id=posting.operation.id)
    index = url_for("inventory.imports.index")
    return ActionResult(text, url, _("View operation"), next_url=index)


UNDO = FormAction(
    endpoint="inventory.imports.undo", word=_l("Undo import"), icon="undo-2",
    form=forms.ReverseForm,
    fields="inventory/imports/_undo_fields.html", load=_load_undo, send=_undo, done=_undone,
    leaves=True, danger=True,
)  # fmt: skip


@blueprint.route("/<int:import_id>/undo/", methods=["GET", "POST"])
@role_required("admin")
def undo(import_id: int) -> Answer:
    """Show and post the form that undoes an import."""
    return handle(UNDO, import_id=import_id)
