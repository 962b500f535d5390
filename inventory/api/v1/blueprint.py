"""Where the endpoints of this version are gathered."""

from __future__ import annotations

from flask import Blueprint

from inventory.api.endpoints import Endpoints

v1 = Endpoints(Blueprint("api_v1", __name__, url_prefix="/api/v1"))
