"""The form beside a page: which operations are offered there, and which one is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request

from inventory.web.operation_forms import FormAction, form_context


def panel_context(
    acts: Sequence[FormAction], page: str, initial: dict[str, Any], **ids: Any
) -> dict[str, Any]:
    """What the aside of a page needs: `offers` as (word, icon, url, is open), and the open form.

    Only what the viewer may do is offered. `?do=` names the open one, else it is the first.
    """
    offered = [action for action in acts if action.is_allowed()]
    if not offered:
        return {"offers": [], "act": None}
    wanted = request.args.get("do", "")
    action = next((action for action in offered if action.name == wanted), offered[0])
    offers = [(one.word, one.icon, f"{page}?do={one.name}#act", one is action) for one in offered]
    own = ids if action.endpoint.rpartition(".")[0] == request.blueprint else {}
    return {"offers": offers, **form_context(action, initial=initial, **own)}
