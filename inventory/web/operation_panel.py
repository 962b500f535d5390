"""The form beside a page: the offered operations, and the open one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request

from inventory.web.operation_forms import FormAction, form_context


def panel_context(
    acts: Sequence[FormAction], page: str, initial: dict[str, Any], **ids: Any
) -> dict[str, Any]:
    """Return the context of a page's aside: the offers and the open form.

    Each of `offers` is (label, icon, url, is open). Only operations that the user's role allows are
    offered. `?do=` selects the open one; the default is the first.
    """
    offered = [action for action in acts if action.is_allowed()]
    if not offered:
        return {"offers": [], "act": None}
    wanted = request.args.get("do", "")
    action = next((action for action in offered if action.name == wanted), offered[0])
    offers = [(one.word, one.icon, f"{page}?do={one.name}#act", one is action) for one in offered]
    own = ids if action.endpoint.rpartition(".")[0] == request.blueprint else {}
    return {"offers": offers, **form_context(action, initial=initial, **own)}
