"""The page of the floor app, its service worker and its camera worker."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Response, current_app, make_response, url_for

from inventory.web.auth.permissions import public, role_required
from inventory.web.floor.blueprint import blueprint
from inventory.web.floor.modules import get_module_files, render_page

#: Only the camera worker can compile WebAssembly; it can load only our own files.
_READER_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; base-uri 'none'"
)
#: Files that the page needs to open offline, besides its modules.
_SHELL = (
    "floor/classic/browser_check.js", "floor/floor.css", "floor/img/icons.svg",
    "floor/floor.webmanifest", "img/favicon.svg",
)  # fmt: skip


@blueprint.get("/")
@role_required("operator")
def index() -> Response:
    """Return the page: the same for all users, without session or stock data."""
    return render_page("floor/index.html", main="floor/main")


@blueprint.get("/worker.js")
@public
def worker() -> Response:
    """Return the service worker with the URLs of the files that it caches.

    A changed file has a new URL, which makes a new service worker.
    """
    shell = [url_for("static", filename=name) for name in (*get_module_files().values(), *_SHELL)]
    folder = Path(current_app.static_folder or "static", "floor", "classic")
    source = (folder / "service_worker.js").read_text("utf-8")
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
