"""Who may open which view. Nothing is open by accident: a view without a mark asks for a login.

    @blueprint.post("/lots/<int:lot_id>/reservations/")
    @requires("operator")
    def reserve(lot_id): …

`role_of(view)` tells a view's minimum role, for the guard, the menus, and the test that walks
all routes: PUBLIC, or one of accounts.ROLES.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from flask import Flask, current_app, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from inventory import audit
from inventory.accounts.users import ROLES
from inventory.common.errors import Forbidden
from inventory.http.error_handlers import wants_json
from inventory.web.htmx import is_htmx

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
EVERYBODY = "viewer"


def role_required(role: str) -> Callable[[View], View]:
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


class Missing(Enum):
    """What keeps a user from a view."""

    LOGIN = "a login"
    SECOND_FACTOR = "a second factor"
    ROLE = "a role"


def missing_for(user: Any, endpoint: str) -> Missing | None:
    """Find what the user of this request lacks to open a view; None where nothing is lacking.

    The only list of the conditions: for the request's own view and for every part of a page.
    """
    needed = role_of(current_app.view_functions[endpoint])
    if needed == PUBLIC:
        return None
    blueprint = endpoint.rpartition(".")[0]
    if not user.is_authenticated or (user.by_pin and blueprint != "floor"):
        return Missing.LOGIN
    if user.must_set_up and blueprint != "auth.two_factor":
        return Missing.SECOND_FACTOR
    return None if user.has_role(needed) else Missing.ROLE


def check_access() -> Any:
    """Before each request: turn strangers and lower roles away."""
    endpoint = request.endpoint or ""
    if endpoint not in current_app.view_functions:
        _load_current_user()
        return None
    missing = missing_for(current_user, endpoint)
    if missing is Missing.LOGIN:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    if missing is Missing.SECOND_FACTOR:
        return _redirect_to_2fa_setup()
    if missing is Missing.ROLE:
        require(current_user, role_of(current_app.view_functions[endpoint]))
    return None


def require_open(endpoint: str) -> None:
    """Check that the user of this request could open the view of an endpoint.

    Raises: Forbidden, which is audited where a role is lacking.
    """
    missing = missing_for(current_user, endpoint)
    if missing is Missing.ROLE:
        needed = role_of(current_app.view_functions[endpoint])
        require(current_user, needed, place=endpoint)
    if missing is not None:
        raise Forbidden(f"This needs {missing.value}.")


def _load_current_user() -> None:
    """So that the page for an address that is not there keeps its navigation."""
    bool(current_user)


def _redirect_to_2fa_setup() -> Response:
    """What somebody gets whose role asks for a second factor that is not there."""
    if wants_json():
        raise Forbidden("Your role needs a second factor. Set it up under Account first.")
    target = url_for("auth.two_factor.index")
    if is_htmx():
        return Response(status=403, headers={"HX-Redirect": target})
    return redirect(target, 303)


def require(user: Any, needed: str, *, place: str = "") -> None:
    """Raises Forbidden for a lower role, and has it written down: at `place`, usually here."""
    if user.has_role(needed):
        return
    place = place or request.endpoint or ""
    audit.record_denied_access(user_id=int(user.id), role=user.role, needed=needed, place=place)
    raise Forbidden(f"This needs the role {needed}; yours is {user.role}.")


def init_app(app: Flask) -> None:
    app.before_request(check_access)
