"""Health of the installation: checks, backups and maintenance."""

from __future__ import annotations

import json

from flask import Blueprint, abort, current_app, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from inventory import backups, doctor, ledger
from inventory.common import clock
from inventory.db import snapshot
from inventory.doctor import Verdict
from inventory.http.languages import gettext as _
from inventory.http.languages import ngettext
from inventory.verification import digests
from inventory.web import background_jobs
from inventory.web.auth.permissions import role_required

blueprint = Blueprint("health", __name__, url_prefix="/checkup")

MAX_BACKUPS = 20
REFRESH_SECONDS = 3


@blueprint.get("/")
@role_required("admin")
def index() -> Response:
    """Show the checks, the backups and the maintenance tasks.

    While a task runs, the browser loads the page again after some seconds.
    """
    config = current_app.extensions["inventory"]
    found = doctor.run_checks(config)
    kept = backups.found_in(config.backup_path)
    backing_up = background_jobs.is_running(background_jobs.BACK_UP)
    verifying = {one.path.name for one in kept if background_jobs.is_running(_reading(one))}
    rebuilding = background_jobs.is_running(background_jobs.REBUILD)
    page = render_template(
        "admin/health/index.html",
        checks=[one for verdict in reversed(Verdict) for one in found if one.verdict == verdict],
        wrong=sum(one.verdict == Verdict.ERROR for one in found),
        well=sum(one.verdict == Verdict.OK for one in found),
        look=sum(one.verdict == Verdict.WARNING for one in found),
        backups=kept[:MAX_BACKUPS],
        kept=len(kept),
        place=config.backup_path,
        backing_up=backing_up,
        failed=background_jobs.failed(background_jobs.BACK_UP),
        verifying=verifying,
        rebuilding=rebuilding,
    )
    response = current_app.make_response(page)
    if backing_up or verifying or rebuilding:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


@blueprint.post("/backups/")
@role_required("admin")
def back_up() -> Response:
    """Start a backup in the background."""
    background_jobs.start(background_jobs.BACK_UP)
    flash(_("Backup started. You can keep working."))
    return redirect(url_for("admin.health.index"), 303)


def _reading(backup: backups.Backup) -> tuple[str, ...]:
    return ("backup", "verify", str(backup.path))


@blueprint.post("/backups/<name>/verification/")
@role_required("admin")
def verify_backup(name: str) -> Response:
    """Start the verification of a backup in the background.

    `name` is compared with the listed backups and never used as a path.
    """
    for one in backups.found_in(current_app.extensions["inventory"].backup_path):
        if one.path.name == name:
            background_jobs.start(_reading(one))
            flash(_("Verifying %(name)s. This page shows the result.", name=name))
            return redirect(url_for("admin.health.index", _anchor="backups"), 303)
    abort(404)


@blueprint.post("/expired-reservations/")
@role_required("admin")
def expire() -> Response:
    """Expire the reservations that are past their expiry time."""
    done = ledger.expire_reservations()
    if done:
        flash(
            ngettext(
                "Unreserved %(num)s expired reservation.",
                "Unreserved %(num)s expired reservations.",
                done,
            )
        )
    else:
        flash(_("No reservation has expired."))
    return redirect(url_for("admin.health.index", _anchor="upkeep"), 303)


@blueprint.post("/read-cache/")
@role_required("admin")
def rebuild() -> Response:
    """Start to rebuild the read cache in the background."""
    background_jobs.start(background_jobs.REBUILD)
    flash(_("Rebuilding the read cache from the ledger. You can keep working."))
    return redirect(url_for("admin.health.index", _anchor="upkeep"), 303)


@blueprint.get("/digest.json")
@role_required("admin")
def digest() -> Response:
    """Return the signed balances of all lots as a JSON file to keep elsewhere."""
    with snapshot() as reader:
        made = digests.digest(reader, key=str(current_app.config["SECRET_KEY"]).encode())
    response = current_app.response_class(json.dumps(made), mimetype="application/json")
    name = f"digest-{clock.today().isoformat()}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
