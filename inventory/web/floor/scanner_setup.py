"""Setting a scanner up: a symbol to scan, and what arrived of it."""

from __future__ import annotations

from flask import Response, abort, render_template

from inventory.web.auth.permissions import role_required
from inventory.web.floor.blueprint import blueprint

#: The lot stands in the middle: without FNC1 behind it, it swallows the date. Its letters are
#: those that keyboards of different countries put in different places.
CONTENT = "(01)09521123456785(10)XYZ-1(17)301231"
_KINDS = {"datamatrix": "DataMatrix", "code128": "Code128"}


@blueprint.get("/scanner/")
@role_required("operator")
def scanner() -> str:
    """A page that tells whether a scanner is set up as it should be."""
    return render_template("floor/scanner.html")


@blueprint.get("/scanner/<kind>.svg")
@role_required("operator")
def symbol(kind: str) -> Response:
    """The symbol to scan: a GS1 message with FNC1 behind the lot."""
    import zxingcpp

    if kind not in _KINDS:
        abort(404)
    chosen = zxingcpp.barcode_format_from_str(_KINDS[kind])
    image = zxingcpp.create_barcode(CONTENT, chosen, gs1=True).to_svg(add_quiet_zones=True)
    response = Response(image, content_type="image/svg+xml")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
