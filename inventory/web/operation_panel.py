"""The form beside a page: which operations are offered there, and which one is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request

from inventory.web.operation_forms import Act, show


def choose(acts: Sequence[Act], page: str, given: dict[str, Any], **ids: Any) -> dict[str, Any]:
    """What the aside of a page needs: `offers` as (word, icon, url, is open), and the open form.

    Only what the viewer may do is offered. `?do=` names the open one, else it is the first.
    """
    offered = [act for act in acts if act.may()]
    if not offered:
        return {"offers": [], "act": None}
    wanted = request.args.get("do", "")
    act = next((act for act in offered if act.name == wanted), offered[0])
    offers = [(one.word, one.icon, f"{page}?do={one.name}#act", one is act) for one in offered]
    own = ids if act.endpoint.rpartition(".")[0] == request.blueprint else {}
    return {"offers": offers, **show(act, given=given, **own)}
