"""Who may open which view. Nothing is open by accident: a view without a mark asks for a login.

    @blueprint.post("/lots/<int:lot_id>/reservations/")
    @requires("operator")
    def reserve(lot_id): …

`role_of(view)` tells a view's minimum role, for the guard, the menus, and the test that walks
all routes: PUBLIC, or one of accounts.ROLES.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory import audit
from inventory.accounts import ROLES
from inventory.errors import Forbidden
from inventory.http_errors import is_program
from inventory.web.htmx import is_htmx

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
EVERYBODY = "viewer"


def requires(role: str) -> Callable[[View], View]:
    """Mark a view with the least role that may open it."""
    assert role in ROLES, role

    def mark(view: View) -> View:
        view.minimum_role = role  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Mark a view that strangers may open: the doors, and what the doors are made of."""
    view.minimum_role = PUBLIC  # type: ignore[attr-defined]
    return view


def role_of(view: Callable[..., Any]) -> str:
    return getattr(view, "minimum_role", EVERYBODY)


def guard() -> Any:
    """Before each request: turn strangers and lower roles away."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        _load_who_asks()
        return None
    if role_of(view) == PUBLIC:
        return None
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    if current_user.must_set_up and request.blueprint != "second_factor":
        return _lead_to_set_up()
    require(current_user, role_of(view))
    return None


def _load_who_asks() -> None:
    """So that the page for an address that is not there keeps its navigation."""
    bool(current_user)


def _lead_to_set_up() -> Response:
    """What somebody gets whose role asks for a second factor that is not there."""
    if is_program():
        raise Forbidden("Your role needs a second factor. Set it up under Account first.")
    target = url_for("second_factor.index")
    if is_htmx():
        return Response(status=403, headers={"HX-Redirect": target})
    return redirect(target, 303)


def require(user: Any, needed: str) -> None:
    """Raises Forbidden for a lower role, and has it written down."""
    if user.may(needed):
        return
    place = request.endpoint or ""
    audit.note_refusal(user_id=int(user.id), role=user.role, needed=needed, place=place)
    raise Forbidden(f"This needs the role {needed}; yours is {user.role}.")


def init_app(app: Flask) -> None:
    app.before_request(guard)
