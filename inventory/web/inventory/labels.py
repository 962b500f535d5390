"""Labels: choose lots, items or locations and a paper, then print."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory import labels
from inventory.common import clock
from inventory.common.errors import Refusal, TooManyDownloads
from inventory.db import connection
from inventory.http.languages import translate
from inventory.queries import list_lots
from inventory.stock import queries as stock
from inventory.web.auth.form_responses import Answer
from inventory.web.downloads import download_slot
from inventory.web.inventory.forms import number_or_none
from inventory.web.list_params import search_param

blueprint = Blueprint("labels", __name__, url_prefix="/labels")

#: Lots offered for selection.
_OFFERED = 30
_KINDS = {"pdf": "application/pdf", "zpl": "application/vnd.zebra-zpl"}


@dataclass
class PrintOptions:
    """The choices of the label form."""

    lots: list[int] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    locations: str = ""
    layout: str = "62x29"
    custom: str = ""
    start: str = "1"
    copies: str = "1"
    qty: bool = False
    kind: str = "pdf"

    @property
    def paper(self) -> labels.Layout:
        """Return the layout of the chosen or the custom paper.

        Raises:
            InvalidInput: the custom size is invalid.
        """
        return labels.layout_of(self.custom.strip().lower() or self.layout)


def _chosen(form: MultiDict[str, str]) -> PrintOptions:
    return PrintOptions(
        lots=[id for value in form.getlist("lot") if (id := number_or_none(value))],
        items=[value for value in form.getlist("item") if value.strip()],
        locations=form.get("locations", ""),
        layout=form.get("layout", "62x29"),
        custom=form.get("custom", ""),
        start=form.get("start", "1"),
        copies=form.get("copies", "1"),
        qty="qty" in form,
        kind=form.get("kind", "pdf"),
    )


@blueprint.get("/")
def index() -> Answer:
    """Show the form.

    The query preselects: `?lot=7&lot=8`, `?operation=17` (all its lots), `?item=BOLT-M8`.
    """
    choice = _chosen(request.args)
    if operation_id := number_or_none(request.args.get("operation")):
        entries = stock.get_operation(connection(), operation_id).entries
        choice.lots += dict.fromkeys(entry.lot_id for entry in entries)
    return _page(choice)


@blueprint.post("/")
def make() -> Response | Answer:
    """Return the labels as a file, or the form with the refusal."""
    choice = _chosen(request.form)
    try:
        with download_slot():
            content = _print(choice)
    except TooManyDownloads:
        raise
    except Refusal as refusal:
        return _page(choice, refusal), 422
    response = Response(content, mimetype=_KINDS["zpl" if choice.kind == "zpl" else "pdf"])
    name = f"labels.{'zpl' if choice.kind == 'zpl' else 'pdf'}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _print(choice: PrintOptions) -> bytes:
    conn = connection()
    places = [line for line in choice.locations.splitlines() if line.strip()]
    wanted = [
        *labels.lot_labels(conn, dict.fromkeys(choice.lots), with_qty=choice.qty),
        *labels.item_labels(conn, dict.fromkeys(choice.items)),
        *labels.location_labels(places),
    ]
    made = labels.copies_of(wanted, number_or_none(choice.copies) or 0)
    if choice.kind == "zpl":
        return labels.to_zpl(made, choice.paper)
    return labels.to_pdf(made, choice.paper, start=number_or_none(choice.start) or 0)


def _page(choice: PrintOptions, refusal: Refusal | None = None) -> str:
    q = search_param(request.args)
    conn = connection()
    offered = (
        [] if choice.lots and not q else list_lots(conn, q=q, with_stock=True, limit=_OFFERED).rows
    )
    chosen = stock.read_lots(conn, choice.lots)
    ids = {lot.id for lot in chosen}
    wrong = str(refusal.figures.get("field", "")) if refusal else ""
    return render_template(
        "inventory/labels/index.html",
        choice=choice,
        chosen=ids,
        lots=chosen + [lot for lot in offered if lot.id not in ids],
        layouts=list(labels.LAYOUTS.values()),
        q=q,
        today=clock.today(),
        refusal=translate(refusal.detail) if refusal else "",
        wrong=wrong,
    )
