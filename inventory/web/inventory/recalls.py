"""Recalls: where a lot went, holding its remaining stock, lifting the hold."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory import ledger
from inventory.common import clock
from inventory.db import connection
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.reports.tables import recall_report
from inventory.stock import queries as stock
from inventory.stock.recall import MAX_SHOWN, decisions_of, lots_to_hold, recall
from inventory.web import live_updates
from inventory.web.auth.permissions import role_required
from inventory.web.downloads import download
from inventory.web.inventory import forms
from inventory.web.operation_forms import ActionResult, Answer, FormAction, handle, shown_panel
from inventory.web.operation_panel import Panel, operation_panel
from inventory.web.operation_summary import first_named, settlement_sentences

blueprint = Blueprint("recalls", __name__)


def _load_hold(form: Any, lot_id: int) -> dict[str, Any]:
    found = recall(connection(), lot_id)
    form.reason.data = form.reason.data or _("Recall of %(lot)s", lot=found.lot.lot_code)
    held = found.usable
    at_risk = [(one, lot, qty) for one, lot, qty in found.reserved if lot in held]
    return {"lot": found.lot, "held": held, "at_risk": at_risk}


def _load_release(form: Any, operation_id: int) -> dict[str, Any]:
    operation = stock.get_operation(connection(), operation_id)
    return {"operation": operation, "decided": decisions_of(connection(), operation_id)}


def _hold(form: Any, actor: dict[str, Any], lot_id: int) -> ledger.PostingResult:
    return ledger.hold(
        lot_id=lot_id, reason=form.reason.data, reference=form.reference.data or None, **actor
    )


def _release(form: Any, actor: dict[str, Any], operation_id: int) -> ledger.PostingResult:
    return ledger.release(operation_id=operation_id, reason=form.reason.data, **actor)


def _held(posting: ledger.PostingResult) -> ActionResult:
    return _done(posting, _("On hold: %(lots)s.", lots=_lots(posting)))


def _released(posting: ledger.PostingResult) -> ActionResult:
    return _done(posting, _("Approved again: %(lots)s.", lots=_lots(posting)))


def _lots(posting: ledger.PostingResult) -> str:
    decided = decisions_of(connection(), posting.operation.id)
    return first_named([one.lot_code for one in decided])


def _done(posting: ledger.PostingResult, text: str) -> ActionResult:
    url = url_for("inventory.operations.operation", operation_id=posting.operation.id)
    text = " ".join([text, *settlement_sentences(posting.details[0])])
    return ActionResult(text, url, _("View operation"))


HOLD = FormAction(
    endpoint="inventory.recalls.hold",
    word=_l("Put all lots on hold"),
    icon="lock",
    form=forms.HoldForm,
    fields="inventory/recalls/_hold_fields.html",
    load=_load_hold,
    send=_hold,
    done=_held,
    danger=True,
)
RELEASE = FormAction(
    endpoint="inventory.recalls.release",
    word=_l("Lift the hold"),
    icon="shield-check",
    form=forms.HoldForm,
    fields="inventory/recalls/_release_fields.html",
    load=_load_release,
    send=_release,
    done=_released,
    leaves=True,
)


@live_updates.live_region("inventory.recalls.index", "inventory/recalls/_live.html")
def read_recall(query: MultiDict[str, str], lot_id: int) -> dict[str, Any]:
    """Return the values of the page's live region."""
    found = recall(connection(), lot_id)
    return {
        "recall": found,
        "lot": found.lot,
        "movements": found.movements[:MAX_SHOWN],
        "more": max(len(found.movements) - MAX_SHOWN, 0),
        "today": clock.today(),
    }


@blueprint.get("/lots/<int:lot_id>/recall/")
def index(lot_id: int) -> Response:
    """Show where a lot went."""
    return live_updates.render_live_page("inventory/recalls/index.html", acting=shown_panel)


@operation_panel("inventory.recalls.index")
def read_panel(lot_id: int) -> Panel:
    """Return the hold, as long as there are lots to put on hold."""
    found = recall(connection(), lot_id)
    some = lots_to_hold(found.lot, [member.lot for member in found.family])
    return Panel([HOLD] if some else [], label=_("Recall"))


@blueprint.get("/lots/<int:lot_id>/recall/export.csv")
def export_csv(lot_id: int) -> Response:
    """Download the recall report."""
    found = recall(connection(), lot_id)
    report = recall_report(found)
    return download("csv", f"recall-{lot_id}", report.headers, report.rows)


@blueprint.route("/lots/<int:lot_id>/recall/hold/", methods=["GET", "POST"])
@role_required("inspector")
def hold(lot_id: int) -> Answer:
    """Show and post the form that puts the lots on hold."""
    return handle(HOLD, lot_id=lot_id)


@blueprint.route("/operations/<int:operation_id>/release/", methods=["GET", "POST"])
@role_required("inspector")
def release(operation_id: int) -> Answer:
    """Show and post the form that lifts the hold."""
    return handle(RELEASE, operation_id=operation_id)
