"""Roles that views require. A view without a decorator requires sign-in.

    @blueprint.post("/lots/<int:lot_id>/reservations/")
    @role_required("operator")
    def reserve(lot_id): …

`role_of(view)` returns the minimum role of a view, PUBLIC or one of `users.ROLES`, for the
permission check, the menus and the test that walks all routes.
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
from inventory.http.languages import gettext as _
from inventory.http.languages import lazy_gettext as _l
from inventory.web.auth.forms import ROLE_NAMES
from inventory.web.htmx import is_htmx

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
DEFAULT_ROLE = "viewer"


def role_required(role: str) -> Callable[[View], View]:
    """Decorator: require at least this role."""
    assert role in ROLES, role

    def mark(view: View) -> View:
        view.minimum_role = role  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Decorator: no sign-in required (sign-in pages and their assets)."""
    view.minimum_role = PUBLIC  # type: ignore[attr-defined]
    return view


def role_of(view: Callable[..., Any]) -> str:
    """Return the minimum role of a view, or PUBLIC."""
    return getattr(view, "minimum_role", DEFAULT_ROLE)


class MissingRequirement(Enum):
    """What a user lacks to open a view."""

    LOGIN = "login"
    SECOND_FACTOR = "second factor"
    ROLE = "role"


_MISSING = {
    MissingRequirement.LOGIN: _l("Sign in to open this page."),
    MissingRequirement.SECOND_FACTOR: _l("Set up two-factor authentication to open this page."),
    MissingRequirement.ROLE: _l("Your role cannot open this page."),
}


def missing_for(user: Any, endpoint: str) -> MissingRequirement | None:
    """Return what the user of this request lacks to open a view, or None.

    All conditions are in this function; it checks the request's own view and each live region.
    """
    needed = role_of(current_app.view_functions[endpoint])
    if needed == PUBLIC:
        return None
    blueprint = endpoint.rpartition(".")[0]
    if not user.is_authenticated or (user.by_pin and blueprint != "floor"):
        return MissingRequirement.LOGIN
    if user.must_set_up and blueprint != "auth.two_factor":
        return MissingRequirement.SECOND_FACTOR
    return None if user.has_role(needed) else MissingRequirement.ROLE


def check_access() -> Any:
    """Before each request: deny access without sign-in or with too low a role."""
    endpoint = request.endpoint or ""
    if endpoint not in current_app.view_functions:
        _load_current_user()
        return None
    missing = missing_for(current_user, endpoint)
    if missing is MissingRequirement.LOGIN:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    if missing is MissingRequirement.SECOND_FACTOR:
        return _redirect_to_2fa_setup()
    if missing is MissingRequirement.ROLE:
        require(current_user, role_of(current_app.view_functions[endpoint]))
    return None


def require_open(endpoint: str) -> None:
    """Require that the user of this request could open the view of an endpoint.

    Raises:
        Forbidden: something is missing; a missing role is recorded in the audit log.
    """
    missing = missing_for(current_user, endpoint)
    if missing is MissingRequirement.ROLE:
        needed = role_of(current_app.view_functions[endpoint])
        require(current_user, needed, place=endpoint)
    if missing is not None:
        raise Forbidden(str(_MISSING[missing]))


def _load_current_user() -> None:
    """Load the user, so that the 404 page keeps its navigation."""
    bool(current_user)


def _redirect_to_2fa_setup() -> Response:
    """Return the response for a user whose role requires a second factor."""
    if wants_json():
        raise Forbidden(
            _("Your role requires two-factor authentication. Set it up under Account first.")
        )
    target = url_for("auth.two_factor.index")
    if is_htmx():
        return Response(status=403, headers={"HX-Redirect": target})
    return redirect(target, 303)


def require(user: Any, needed: str, *, place: str = "") -> None:
    """Require a role.

    Args:
        place: what was denied, for the audit log; the default is the current endpoint.

    Raises:
        Forbidden: the role is too low; recorded in the audit log.
    """
    if user.has_role(needed):
        return
    place = place or request.endpoint or ""
    audit.record_denied_access(user_id=int(user.id), role=user.role, needed=needed, place=place)
    raise Forbidden(
        _(
            "This action requires the role %(needed)s. Your role is %(role)s.",
            needed=ROLE_NAMES[needed],
            role=ROLE_NAMES[user.role],
        )
    )


def init_app(app: Flask) -> None:
    """Install the permission check."""
    app.before_request(check_access)
