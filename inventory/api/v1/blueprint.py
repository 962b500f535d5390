"""Registry and blueprint of API version 1."""

from __future__ import annotations

from flask import Blueprint

from inventory.api.endpoints import EndpointRegistry

v1 = EndpointRegistry(Blueprint("api_v1", __name__, url_prefix="/api/v1"))
