"""The page of the floor app, its service worker and its camera worker."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Response, current_app, make_response, render_template, url_for

from inventory.http.security_headers import CONTENT_SECURITY_POLICY
from inventory.web.auth.permissions import public, role_required
from inventory.web.floor.blueprint import blueprint

#: The page creates script URLs for its own two workers only.
_POLICY = CONTENT_SECURITY_POLICY.replace("trusted-types htmx", "trusted-types floor")
#: Only the camera worker can compile WebAssembly; it can load only our own files.
_READER_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; base-uri 'none'"
)
#: Files that the page needs to open offline.
_SHELL = (
    "floor.js", "floor/floor.css", "floor/img/icons.svg", "floor/floor.webmanifest",
    "img/favicon.svg",
)  # fmt: skip


@blueprint.get("/")
@role_required("operator")
def index() -> Response:
    """Return the page: the same for all users, without session or stock data."""
    response = make_response(render_template("floor/index.html"))
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@blueprint.get("/worker.js")
@public
def worker() -> Response:
    """Return the service worker with the URLs of the files that it caches.

    A changed file has a new URL, which makes a new service worker.
    """
    shell = [url_for("static", filename=name) for name in _SHELL]
    source = Path(current_app.static_folder or "static", "floor", "service_worker.js").read_text(
        "utf-8"
    )
    extra = [url_for("floor.camera"), url_for("static", filename="vendor/zxing_reader.wasm")]
    text = f"const SHELL = {json.dumps(shell)};\nconst EXTRA = {json.dumps(extra)};\n{source}"
    response = Response(text, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/camera.js")
@public
def camera() -> Response:
    """Return the worker that reads barcodes from camera images.

    It has a content security policy of its own.
    """
    response = make_response(current_app.view_functions["static"](filename="camera.js"))
    response.headers["Content-Security-Policy"] = _READER_POLICY
    return response
