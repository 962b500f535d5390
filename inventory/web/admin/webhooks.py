"""Webhook endpoints and the state of their deliveries."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory.common.errors import Refusal
from inventory.db import connection
from inventory.http.languages import gettext as _
from inventory.http.secret_keys import signing_keys
from inventory.web.auth.form_responses import Answer, render_form, rerender_form
from inventory.web.auth.forms import WebhookForm
from inventory.web.auth.permissions import role_required
from inventory.webhooks import endpoints

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")

_PAGE = "admin/webhooks/index.html"


@blueprint.get("/")
@role_required("admin")
def index() -> Answer:
    """Show the endpoints and the latest deliveries."""
    return _show(WebhookForm(formdata=None))


@blueprint.post("/")
@role_required("admin")
def add() -> Answer:
    """Add an endpoint and show its secret.

    The secret is not stored and cannot be shown again.
    """
    form = WebhookForm()
    if not form.validate_on_submit():
        return _show(form)
    try:
        _, secret = endpoints.add_endpoint(url=form.url.data, key=_key(), user_id=current_user.id)
    except Refusal as refusal:
        return rerender_form(_PAGE, form, refusal, **_known())
    return _show(WebhookForm(formdata=None), secret=secret)


@blueprint.post("/<int:endpoint_id>/secret/")
@role_required("admin")
def renew(endpoint_id: int) -> Answer:
    """Replace an endpoint's secret and show the new one."""
    _, secret = endpoints.renew_secret(endpoint_id=endpoint_id, key=_key(), user_id=current_user.id)
    return _show(WebhookForm(formdata=None), secret=secret)


@blueprint.post("/<int:endpoint_id>/end/")
@role_required("admin")
def end(endpoint_id: int) -> Response:
    """End an endpoint: no more events are sent to it."""
    endpoints.end_endpoint(endpoint_id=endpoint_id, user_id=current_user.id)
    flash(_("Endpoint deleted."))
    return redirect(url_for("admin.webhooks.index"), 303)


@blueprint.post("/deliveries/<int:delivery_id>/replay/")
@role_required("admin")
def replay(delivery_id: int) -> Response:
    """Send a delivery again."""
    endpoints.replay(delivery_id=delivery_id, user_id=current_user.id)
    flash(_("The delivery is sent again within seconds."))
    return redirect(url_for("admin.webhooks.index"), 303)


def _key() -> str:
    return signing_keys(current_app)[0]


def _show(form: WebhookForm, secret: str = "") -> Answer:
    return render_form(_PAGE, form, **_known(secret))


def _known(secret: str = "") -> dict[str, object]:
    found = endpoints.list_endpoints(connection())
    return {
        "secret": secret,
        "endpoints": [one for one in found if one.ended_at is None],
        "deliveries": endpoints.list_deliveries(connection()),
    }
