"""Scanner setup: a test symbol, and a page that shows what the scanner sends."""

from __future__ import annotations

from flask import Response, abort

from inventory.web.auth.permissions import role_required
from inventory.web.floor.blueprint import blueprint
from inventory.web.floor.modules import render_page

#: The lot number is in the middle: without FNC1 after it, the scanner sends the date as part of it.
#: Its letters are those whose keys differ between the keyboards of different countries.
CONTENT = "(01)09521123456785(10)XYZ-1(17)301231"
_KINDS = {"datamatrix": "DataMatrix", "code128": "Code128"}


@blueprint.get("/scanner/")
@role_required("operator")
def scanner() -> Response:
    """Show the page that checks the settings of a scanner."""
    return render_page("floor/scanner.html", main="floor/scanner_setup")


@blueprint.get("/scanner/<kind>.svg")
@role_required("operator")
def symbol(kind: str) -> Response:
    """Return the symbol to scan: a GS1 message with FNC1 after the lot number."""
    import zxingcpp

    if kind not in _KINDS:
        abort(404)
    chosen = zxingcpp.barcode_format_from_str(_KINDS[kind])
    image = zxingcpp.create_barcode(CONTENT, chosen, gs1=True).to_svg(add_quiet_zones=True)
    response = Response(image, content_type="image/svg+xml")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
