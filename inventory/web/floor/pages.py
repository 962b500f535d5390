"""The page, and what makes it an application of its own on a tablet: worker and manifest."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Response, current_app, make_response, render_template, url_for

from inventory.http.security_headers import CONTENT_SECURITY_POLICY
from inventory.web.auth.permissions import public, role_required
from inventory.web.floor.blueprint import blueprint

#: The only addresses that the page makes into scripts are its own two workers.
_POLICY = CONTENT_SECURITY_POLICY.replace("trusted-types htmx", "trusted-types floor")
#: The reader of pictures alone may compile WebAssembly; it can reach nothing but our own files.
_READER_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; base-uri 'none'"
)
#: What the page needs to open without a connection.
_SHELL = (
    "floor.js", "floor/floor.css", "floor/img/icons.svg", "floor/floor.webmanifest",
    "img/favicon.svg",
)  # fmt: skip


@blueprint.get("/")
@role_required("operator")
def index() -> Response:
    """The same page for everybody: who is logged in, and all stock, come later."""
    response = make_response(render_template("floor/index.html"))
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@blueprint.get("/worker.js")
@public
def worker() -> Response:
    """The service worker, with the names of what it keeps: a new name makes it a new worker."""
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
    """The worker that reads codes in the camera's pictures, with a policy of its own."""
    response = make_response(current_app.view_functions["static"](filename="camera.js"))
    response.headers["Content-Security-Policy"] = _READER_POLICY
    return response
