"""The admin's page of the installation: its check-up, and its backups."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from inventory import backups, checkup
from inventory.checkup import Verdict
from inventory.web import errands
from inventory.web.roles import requires

blueprint = Blueprint("checkup", __name__, url_prefix="/checkup")

MOST_BACKUPS = 20


@blueprint.get("/")
@requires("admin")
def index() -> str:
    config = current_app.extensions["inventory"]
    found = checkup.examine(config)
    kept = backups.found_in(config.backup_path)
    return render_template(
        "checkup/index.html",
        checks=[one for verdict in reversed(Verdict) for one in found if one.verdict == verdict],
        wrong=sum(one.verdict == Verdict.WRONG for one in found),
        well=sum(one.verdict == Verdict.OK for one in found),
        look=sum(one.verdict == Verdict.LOOK for one in found),
        backups=kept[:MOST_BACKUPS],
        kept=len(kept),
        place=config.backup_path,
        backing_up=errands.is_running(errands.BACK_UP),
        failed=errands.failed(errands.BACK_UP),
    )


@blueprint.post("/backups/")
@requires("admin")
def back_up() -> Response:
    errands.start(errands.BACK_UP)
    flash("A backup is being made. You may go on working.")
    return redirect(url_for("checkup.index"), 303)
