"""Operations that a page offers beside its live region.

Each page with such a panel registers the function that returns its operations. The page and the
response to an operation show the same panel, so that the offers are those after the operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import current_app, url_for

from inventory.http.languages import lazy_gettext as _l

if TYPE_CHECKING:
    from inventory.web.operation_forms import FormAction


@dataclass(frozen=True)
class Panel:
    """The operations of a page, always in the same order."""

    actions: Sequence[FormAction]
    #: First values of the fields.
    initial: Mapping[str, str] = field(default_factory=dict)
    label: str = _l("Stock actions")
    #: The one that is open if the URL names none; the default is the first.
    usual: FormAction | None = None


Read = Callable[..., Panel]
_PANELS: dict[str, Read] = {}


def operation_panel(endpoint: str) -> Callable[[Read], Read]:
    """Decorator: register the function that returns a page's panel, called with its ids."""

    def mark(read: Read) -> Read:
        _PANELS[endpoint] = read
        return read

    return mark


def has_panel(endpoint: str) -> bool:
    """Return whether a page has a panel."""
    return endpoint in _PANELS


def panel_context(
    endpoint: str,
    ids: Mapping[str, Any],
    wanted: str,
    form_context: Callable[..., dict[str, Any]],
    kept: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the context of operations/_aside.html: the offers and the open form.

    Each of `offers` is (label, icon, url, is open). Only operations that the user's role allows are
    offered.

    Args:
        wanted: name of the operation to open, if it is offered.
        form_context: returns the context of an operation's form.
        kept: values that the wanted form keeps; they replace its first values.
    """
    panel = _PANELS[endpoint](**ids)
    offered = [action for action in panel.actions if action.is_allowed()]
    context: dict[str, Any] = {"panel_label": panel.label, "offers": [], "act": None}
    if not offered:
        return context
    page = url_for(endpoint, **ids)
    usual = panel.usual if panel.usual in offered else offered[0]
    action = next((action for action in offered if action.name == wanted), usual)
    offers = [(one.word, one.icon, f"{page}?do={one.name}#act", one is action) for one in offered]
    initial = dict(panel.initial) | dict(kept or {} if action.name == wanted else {})
    own = {name: value for name, value in ids.items() if name in parameters_of(action.endpoint)}
    return context | {"offers": offers, **form_context(action, page, initial, own)}


def parameters_of(endpoint: str) -> set[str]:
    """Return the names of the ids in a view's URL."""
    return next(iter(current_app.url_map.iter_rules(endpoint))).arguments
