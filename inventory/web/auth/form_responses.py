"""Responses with a sign-in or account form."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from inventory.accounts import registration, throttling
from inventory.common.errors import Forbidden, InvalidInput, Refusal, Unauthenticated
from inventory.http.languages import translate
from inventory.web.auth.forms import LoginForm

Answer = Response | str | tuple[str, int] | tuple[str, int, dict[str, str]]


def login_page(draft: str, next_url: str | None) -> str:
    """Return an empty sign-in page that keeps a draft."""
    context = login_context(draft, next_url)
    return render_template(
        "auth/login.html", form=LoginForm(formdata=None), refusal=None, **context
    )


def login_context(draft: str, next_url: str | None) -> dict[str, Any]:
    """Return what the sign-in page needs besides its form."""
    return {
        "registered": session.pop("registered", None),
        "may_register": current_app.config["REGISTRATION"] != registration.CLOSED,
        "draft": draft,
        "action": url_for("auth.login", next=next_url),
    }


def render_form(template: str, form: FlaskForm, **values: Any) -> Answer:
    """Return the page with the form; status 422 if the form has errors."""
    status = 422 if form.errors else 200
    return render_template(template, form=form, refusal=None, **values), status


def rerender_form(template: str, form: FlaskForm, refusal: Refusal, **values: Any) -> Answer:
    """Return the page with the form's values, except passwords, and the refusal."""
    status = 422
    headers: dict[str, str] = {}
    if isinstance(refusal, InvalidInput) and refusal.field in form:
        form[refusal.field].errors = [translate(refusal.detail)]
        refusal_shown = None
    else:
        refusal_shown = translate(refusal.detail)
    if isinstance(refusal, throttling.TooManyAttempts):
        status, headers = 429, {"Retry-After": str(refusal.figures["retry_after"])}
    elif isinstance(refusal, Unauthenticated):
        status = 401
    elif isinstance(refusal, Forbidden):
        status = 403
    return render_template(template, form=form, refusal=refusal_shown, **values), status, headers
