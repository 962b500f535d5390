"""The dashboard: what needs attention, and the latest operations."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from flask import Blueprint, flash, redirect
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from inventory.common import clock
from inventory.common.errors import InvalidInput
from inventory.db import connection
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.queries import list_entries, list_items
from inventory.reports import overview
from inventory.reports.overview import Attention
from inventory.web import background_jobs, live_updates
from inventory.web.auth.permissions import role_required
from inventory.web.inventory import activity, items
from inventory.web.urls import url_for

blueprint = Blueprint("dashboard", __name__)

EXPIRING_DAYS = 30
#: Entries that are read for the latest operations; most operations have one or two.
_ENTRIES = 40
_MAX_SHOWN = 12


class Counter(NamedTuple):
    """A number of records that need attention, and the list of them."""

    word: str
    about: str
    number: int
    icon: str
    #: Color of a state (static/css/figures.css).
    state: str
    url: str


@live_updates.live_region("inventory.dashboard.index", "inventory/dashboard/_live.html")
def read_dashboard(query: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values of the page's live region."""
    conn, today = connection(), clock.today()
    until = today + timedelta(days=EXPIRING_DAYS)
    waiting = overview.attention(conn, today, expiring_before=until)
    entries = list_entries(conn, limit=_ENTRIES)
    done = activity.fold(entries.rows, is_cut=entries.next_cursor is not None)
    return {
        "counters": _counters(waiting, today),
        "most": overview.MOST_COUNTED,
        "activities": done[:_MAX_SHOWN],
        "is_empty": not done and not list_items(conn, limit=1).rows,
        "may_begin": items.CREATE.is_allowed(),
        "is_loading": background_jobs.is_running(background_jobs.LOAD_DEMO),
    }


def _counters(waiting: Attention, today: date) -> list[Counter]:
    since = waiting.quarantined_since
    age = (today - since.astimezone(clock.zone()).date()).days if since else 0
    return [
        Counter(
            _("At risk"), _("Reservations in lots on hold"), waiting.reservations_at_risk,
            "triangle-alert", "risk", url_for("inventory.reservations.index", state="risk"),
        ),
        Counter(
            _("In quarantine"),
            _("Oldest: %(days)s d", days=age) if since else _("Lots waiting for QC"),
            waiting.lots_in_quarantine, "circle-pause", "hold",
            url_for("inventory.lots.index", state="quarantine", sort="received"),
        ),
        Counter(
            _("Expired"), _("Lots still in stock"), waiting.expired_lots,
            "calendar-x", "old", url_for("inventory.lots.index", state="expired"),
        ),
        Counter(
            _("Expiring"), _("Within %(days)s days", days=EXPIRING_DAYS), waiting.expiring_lots,
            "clock", "hold", url_for("inventory.lots.index", state="expiring"),
        ),
        Counter(
            _("Low stock"), _("At or below the reorder point"), waiting.low_items,
            "arrow-down", "risk", url_for("inventory.reports.reorder"),
        ),
        Counter(
            _("Open jobs"), _("Jobs with reserved stock"), waiting.open_jobs,
            "bookmark", "info", url_for("inventory.reservations.index"),
        ),
    ]  # fmt: skip


class NextStep(NamedTuple):
    """A button for what the user's role does most."""

    word: Any
    endpoint: str
    icon: str
    values: dict[str, str]


_NEXT_STEPS = {
    "inspector": NextStep(
        _l("Review quarantine"), "inventory.lots.index", "shield-check",
        {"state": "quarantine", "sort": "received"},
    ),
    "operator": NextStep(_l("Receive"), "inventory.operations.receive", "package-plus", {}),
    "admin": NextStep(_l("Create item"), "inventory.items.create", "plus", {}),
}  # fmt: skip


@blueprint.get("/")
def index() -> Response:
    """Show the dashboard."""
    step = _NEXT_STEPS.get(current_user.role)
    return live_updates.render_live_page(
        "inventory/dashboard/index.html",
        step=step,
        step_url=url_for(step.endpoint, **step.values) if step else "",
    )


@blueprint.post("/demo/")
@role_required("admin")
def load_demo() -> Response:
    """Start to load the demo data into a site without items."""
    if list_items(connection(), limit=1).rows:
        raise InvalidInput(
            _("There are items already. Demo data is for an empty site."), field="items"
        )
    background_jobs.start(background_jobs.LOAD_DEMO)
    flash(_("Demo data is being loaded. This page shows it as it arrives."))
    return redirect(url_for("inventory.dashboard.index"), 303)
