"""Generic form handling for ledger operations.

A `FormAction` declares the form, its template and the function that it calls. `handle` answers a
request: GET shows the form; POST validates it, calls the function under the form's key and answers
with a redirect, or for htmx with a new form and the live region. A refused form keeps its values
and gets a new key. After `Busy` the key stays, so that nothing is posted twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from inventory.common import clock
from inventory.common.errors import Busy, IdempotencyInProgress, InvalidInput, NotFound, Refusal
from inventory.http.error_handlers import answer_http
from inventory.http.languages import gettext as _
from inventory.http.languages import translate
from inventory.ledger import PostingResult
from inventory.models import Kind
from inventory.stock.entities import Operation
from inventory.web import (
    live_updates,
    operation_panel,
    operation_summary,
    refusal_hints,
    urls,
)
from inventory.web.auth.form_drafts import FormDraft, posted_owner
from inventory.web.auth.permissions import missing_for, role_of
from inventory.web.auth.session import safe_next
from inventory.web.htmx import wants_partial
from inventory.web.inventory.forms import OperationForm

_MALFORMED = (InvalidInput, NotFound)
_ACTIONS: dict[str, FormAction] = {}
#: Views that show drafts of other forms, by the endpoint that the form is sent to.
_RESTORERS: dict[str, Restorer] = {}
Answer = Response | str | tuple[str, int] | tuple[str, int, dict[str, str]]
Restorer = Callable[[FormDraft], Answer]


@dataclass(frozen=True)
class ActionResult:
    """The message after an operation, a link to its result, and what to undo."""

    text: str
    url: str
    word: str
    operation_id: int | None = None
    #: The page to open next, if it is not `url`.
    next_url: str = ""


@dataclass(frozen=True, kw_only=True)
class FormAction:
    """A form and the operation that it posts."""

    endpoint: str
    #: Name of the form: its heading, its tab and, without `button`, its button.
    word: str
    icon: str
    form: type[OperationForm]
    fields: str
    #: Reads the values that the fields show, and fills the choices: (form, **ids).
    load: Callable[..., dict[str, Any]]
    #: Calls the operation: (form, user_id and key, **ids).
    send: Callable[..., Any]
    #: Completes what was typed before it is validated: (form).
    prepare: Callable[[Any], Any] | None = None
    #: Returns the message and the link for the outcome of `send`.
    done: Callable[[Any], ActionResult] | None = None
    #: Fields that keep their values in the next form.
    keeps: tuple[str, ...] = ()
    #: Whether the browser leaves the form for the page with the result.
    leaves: bool = False
    danger: bool = False
    #: Text of the button, if it is not `word`.
    button: str = ""
    #: Whether the buttons post different values, so that Enter must not choose one.
    by_button: bool = False

    def __post_init__(self) -> None:
        _ACTIONS[self.endpoint] = self

    @property
    def name(self) -> str:
        """Return the name of the view function."""
        return self.endpoint.rpartition(".")[2]

    def kept_values(self, form: OperationForm) -> dict[str, str]:
        """Return the values that the next form has: those of `keeps`, and the item of its page."""
        is_fixed = "fixed" in form and form["fixed"].data
        names = (*self.keeps, *(("item", "fixed") if is_fixed else ()))
        return {name: str(form[name].data) for name in names if form[name].data}

    def is_allowed(self) -> bool:
        """Return whether the current user has the role that the view requires."""
        return bool(current_user.has_role(role_of(current_app.view_functions[self.endpoint])))


def form_context(
    action: FormAction, *, return_url: str = "", initial: dict[str, Any] | None = None, **ids: Any
) -> Any:
    """Return the context of operations/_form.html, for pages that include the form."""
    form = action.form(formdata=MultiDict(initial or {}))
    form.renew_key()
    form.back.data = return_url or urls.current_url()
    return _context(action, form, ids)


def _context(
    action: FormAction, form: OperationForm, ids: dict[str, Any], refusal: Refusal | None = None
) -> dict[str, Any]:
    context = {"act": action, "form": form, "refusal": None, "focus": "", "action": ""}
    context |= action.load(form, **ids)
    context["action"] = url_for(action.endpoint, **ids)
    is_page = (form.back.data or "").partition("?")[0] == context["action"]
    context["cancel"] = _page_of(ids) if is_page else ""
    if refusal is not None:
        what, why = refusal_hints.explain(refusal)
        context["refusal"] = {
            "what": what,
            "why": why,
            "steps": refusal_hints.suggested_actions(refusal, form),
            "cuts": refusal_hints.suggested_cuts(refusal),
            "is_question": isinstance(refusal, refusal_hints.ConfirmationNeeded),
        }
        context["focus"] = refusal_hints.focus_of(refusal)
    return context


#: The page that a form belongs to, by the name of its id.
_PAGES = {
    "lot_id": "inventory.lots.lot",
    "item_id": "inventory.items.item",
    "reservation_id": "inventory.reservations.reservation",
    "operation_id": "inventory.operations.operation",
    "import_id": "inventory.imports.index",
    "code_id": "inventory.items.index",
    "user_id": "admin.users.index",
}


def _page_of(ids: dict[str, Any]) -> str:
    """Return the page to return to from a form on a page of its own."""
    for name, endpoint in _PAGES.items():
        if name in ids:
            shown = {name: ids[name]} if name in operation_panel.parameters_of(endpoint) else {}
            return urls.url_for(endpoint, **shown)
    return urls.home_url()


def handle(action: FormAction, initial: dict[str, Any] | None = None, **ids: Any) -> Answer:
    """Answer GET and POST of an operation's form.

    `initial` holds the first values of the fields.
    """
    if request.method == "GET":
        initial = (initial or {}) | request.args.to_dict()
        context = form_context(action, return_url=initial.pop("back", ""), initial=initial, **ids)
        return _render(context | {"focus": "first"}, 200)
    form = action.form()
    for name, step in (("qty", "instead"), ("counted", "instead"), ("item", "instead_item")):
        if name in form and (instead := request.form.get(step)):
            form[name].data = instead
    if action.prepare is not None:
        action.prepare(form)
    if not form.validate():
        return _rerender_form(action, form, ids, 422)
    try:
        outcome = action.send(form, {"user_id": current_user.id, "key": form.key.data}, **ids)
    except (Busy, IdempotencyInProgress) as busy:
        return _busy_response(action, form, ids, busy)
    except Refusal as refusal:
        return _refuse(action, form, ids, refusal)
    done = (action.done or done_of_posting)(outcome)
    return _posted(action, form, ids, done)


def render_draft(draft: FormDraft, status: int = 200) -> Answer | None:
    """Return the form with the values and the key of a draft; nothing is posted.

    Returns:
        None if the current user cannot open the form (any more).

    Raises:
        Refusal: what the form is about is gone.
    """
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    try:
        endpoint, ids = adapter.match(draft.path, method="POST")
    except HTTPException:
        return None
    if not _is_restorable(endpoint) or missing_for(current_user, endpoint) is not None:
        return None
    if restore := _RESTORERS.get(endpoint):
        return restore(draft)
    action = _ACTIONS[endpoint]
    form = action.form(formdata=MultiDict(draft.values))
    context = _context(action, form, dict(ids))
    return _render(context | {"restored": True, "here": context["action"]}, status)


def restores(endpoint: str) -> Callable[[Restorer], Restorer]:
    """Decorator: the function shows the draft of a form that is not an operation's.

    The form has fields `key` and `owner` (`form_drafts.sign_owner`).
    """

    def register(restore: Restorer) -> Restorer:
        _RESTORERS[endpoint] = restore
        return restore

    return register


def _is_restorable(endpoint: str | None) -> bool:
    return endpoint in _ACTIONS or endpoint in _RESTORERS


def answer_stale_session(error: CSRFError) -> Any:
    """Answer a form of an earlier session of the same user: show it again, post nothing."""
    answer = None
    if _is_restorable(request.endpoint) and posted_owner() == current_user.id:
        draft = FormDraft(current_user.id, request.path, request.form.to_dict())
        answer = render_draft(draft, 400)
    return answer or answer_http(error)


def own_minutes() -> int | None:
    """Return how long the user can reverse own operations; None means all operations."""
    return None if current_user.has_role("admin") else current_app.config["UNDO_MINUTES"]


def can_undo(operation: Operation) -> bool:
    """Return whether the user can reverse the operation, as far as its user and age tell."""
    if operation.kind in (Kind.QC, Kind.REVERSAL) or not current_user.has_role("operator"):
        return False
    if (minutes := own_minutes()) is None:
        return True
    age = clock.now() - operation.recorded_at
    return operation.user_id == current_user.id and age <= timedelta(minutes=minutes)


def done_of_posting(posting: PostingResult) -> ActionResult:
    """Return the message, the link and the undo of a posted operation."""
    operation = posting.operation
    text = operation_summary.describe_operation(operation, posting.details[0])
    url = url_for("inventory.operations.operation", operation_id=operation.id)
    undo = operation.id if can_undo(operation) else None
    return ActionResult(text, url, _("View operation"), undo)


def _posted(
    action: FormAction, form: OperationForm, ids: dict[str, Any], done: ActionResult
) -> Answer:
    undo = done.operation_id
    there = done.next_url or done.url
    back = safe_next(form.back.data) if form.back.data and not action.leaves else there
    toast = _toast(done, undo=undo, back=back)
    from_toast = request.headers.get("HX-Target") == "div#toasts"
    if action.leaves and wants_partial() and not from_toast:
        flash(toast, "ready")
        return Response(status=204, headers={"HX-Redirect": there})
    if not wants_partial():
        flash(toast, "ready")
        return redirect(_without_form_values(action, form, back), 303)
    live = live_updates.render_current()
    if from_toast:
        context = {"toast": toast, "live": live, "panel_label": "", **(_current_panel() or {})}
        return render_template("inventory/operations/_undo_success.html", **context)
    kept = action.kept_values(form)
    parts = {"toast": toast, "live": live}
    if (panel := _current_panel(action, kept)) is not None:
        is_same = panel["act"] is action
        panel |= {"focus": "first"} if is_same else {"is_replaced": True}
        text = render_template("inventory/operations/_panel_success.html", **parts, **panel)
        return text, 200, {"HX-Retarget": "#panel", "HX-Reswap": "outerHTML"}
    context = form_context(action, return_url=form.back.data or "", initial=kept, **ids)
    context["focus"] = "first"
    return render_template("inventory/operations/_success.html", **parts, **context)


def shown_panel() -> dict[str, Any]:
    """Return the panel of the requested page; `?do=` selects the open operation.

    A page as of another time offers none.
    """
    assert request.endpoint is not None
    if request.args.get("at"):
        return {"act": None}
    wanted = request.args.get("do", "")
    ids = request.view_args or {}
    panel = operation_panel.panel_context(request.endpoint, ids, wanted, _panel_form)
    return panel | {"focus": "first"} if wanted and panel["act"] else panel


def _panel_form(
    action: FormAction, page: str, initial: dict[str, Any], ids: dict[str, Any]
) -> dict[str, Any]:
    here = urls.current_url() if request.method == "GET" else f"{page}?do={action.name}"
    context: dict[str, Any] = form_context(action, return_url=here, initial=initial, **ids)
    return context


def _current_panel(
    action: FormAction | None = None, kept: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return the panel of the page that the browser shows, as it is after an operation.

    The form of `action` stays open if it is still offered.

    Returns:
        None if the page has no panel, or if it was opened as of another time.
    """
    page = live_updates.shown_page()
    if page is None or not operation_panel.has_panel(page.endpoint) or page.query.get("at"):
        return None
    wanted = page.query.get("do", "") if action is None else action.name
    try:
        return operation_panel.panel_context(page.endpoint, page.ids, wanted, _panel_form, kept)
    except Refusal:
        return None


def _without_form_values(action: FormAction, form: OperationForm, url: str) -> str:
    """Return the URL of the next page with the values that the form keeps, and no others of it."""
    path, _, query = url.partition("?")
    if path != request.root_path + request.path:
        return url
    others = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name not in form
    ]
    kept = [*others, *action.kept_values(form).items()]
    return f"{path}?{urlencode(kept)}" if kept else path


def _toast(done: ActionResult, **values: Any) -> Markup:
    return Markup(render_template("inventory/operations/_toast.html", done=done, **values))  # noqa: S704


def _refuse(
    action: FormAction, form: OperationForm, ids: dict[str, Any], refusal: Refusal
) -> Answer:
    field = str(refusal.figures.get("field", ""))
    field = {"lots": "qty", "idempotency_key": ""}.get(field, field)
    status = 422 if isinstance(refusal, _MALFORMED) else 409
    has_choices = field in ("qty", "counted") and "readings" in refusal.figures
    is_of_field = field in form and form[field].type != "HiddenField" and not has_choices
    if isinstance(refusal, _MALFORMED) and is_of_field:
        form[field].errors = [translate(refusal.detail)]
        return _rerender_form(action, form, ids, status)
    return _rerender_form(action, form, ids, status, refusal)


def _rerender_form(
    action: FormAction,
    form: OperationForm,
    ids: dict[str, Any],
    status: int,
    refusal: Refusal | None = None,
) -> Answer:
    form.renew_key()
    if request.headers.get("HX-Target") == "div#toasts" and refusal is not None:
        return render_template("shared/_error_toast.html", detail=translate(refusal.detail)), status
    return _render(_context(action, form, ids, refusal), status)


def _busy_response(
    action: FormAction, form: OperationForm, ids: dict[str, Any], busy: Any
) -> Answer:
    """Return the form as it was posted, with its key, and reload nothing.

    The database can be unavailable for reads too.
    """
    detail = _(
        "%(reason)s Your input is still here. You can send it again: nothing is posted twice.",
        reason=translate(busy.detail),
    )
    status = 503 if isinstance(busy, Busy) else 409
    context = {
        "act": action,
        "form": form,
        "action": url_for(action.endpoint, **ids),
        "detail": detail,
    }
    template = (
        "inventory/operations/_busy.html" if wants_partial() else "inventory/operations/busy.html"
    )
    return render_template(template, **context), status, {"Retry-After": "2"}


def _render(context: dict[str, Any], status: int) -> Answer:
    template = (
        "inventory/operations/_form.html" if wants_partial() else "inventory/operations/form.html"
    )
    return render_template(template, **context), status
