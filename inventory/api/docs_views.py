"""The OpenAPI document, and its HTML page."""

from __future__ import annotations

from flask import Response, render_template, request

from inventory.api import docs_page
from inventory.api.endpoints import answer_json, skip_login_check
from inventory.api.openapi import document
from inventory.api.v1 import v1


@v1.blueprint.get("/openapi.json", provide_automatic_options=False)
@skip_login_check
def openapi() -> Response:
    """Return the OpenAPI document with the server's own URL."""
    return answer_json(document() | {"servers": [{"url": f"{request.root_path}/"}]})


@v1.blueprint.get("/docs", provide_automatic_options=False)
@skip_login_check
def docs() -> str:
    """Return the HTML page."""
    return render_template(
        "api/docs.html",
        introduction=docs_page.introduction(),
        sections=docs_page.sections(),
        codes=docs_page.codes(),
    )
