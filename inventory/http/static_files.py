"""Static files under names with a content hash, compressed once, cached forever.

`url_for("static", filename="css/style.css")` returns the hashed name. The files are few and small:
each is read at its first request and kept in memory.

The scripts of the pages with htmx are bundled for their order: htmx starts as soon as the browser
pauses for the next script, and an extension loaded later would miss the page it came with. The
camera worker is bundled because workers have no import map. The scripts of the floor app are
modules (inventory/web/floor/modules.py).
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
from flask import Flask, abort, request
from werkzeug.wrappers import Response

_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".wasm": "application/wasm",
          ".webmanifest": "application/manifest+json"}  # fmt: skip
_COMPRESSED = {"application/json", "application/manifest+json", "application/wasm"}
#: Bytes; no file system allows much longer names.
_MAX_NAME = 200
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"

BUNDLES = {
    "scripts.js": (
        "vendor/htmx.min.js",
        "vendor/hx-preload.min.js",
        "vendor/hx-ptag.min.js",
        "js/double_submit.js",
        "js/app.js",
        "js/search_field.js",
        "js/combobox.js",
        "js/help_dialog.js",
    ),
    # Rules for narrow screens and for paper replace those of the parts, so they come last.
    "css/style.css": tuple(
        f"css/{part}.css"
        for part in (
            "base",
            "layout",
            "header",
            "forms",
            "figures",
            "tables",
            "lists",
            "messages",
            "screens",
            "print",
        )
    ),
    "camera.js": ("vendor/zxing_reader.js", "floor/classic/camera_worker.js"),
}


@dataclass(frozen=True)
class Asset:
    """One or more files served under one name."""

    paths: tuple[Path, ...]
    digest: str
    type: str

    @property
    def is_compressible(self) -> bool:
        """Return whether compression makes the file smaller."""
        return self.type.startswith("text/") or "svg" in self.type or self.type in _COMPRESSED


class AssetManifest:
    """Files of the static folder, by plain and by hashed name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, tuple[int, Asset]] = {}

    def asset(self, name: str) -> Asset | None:
        """Return the file with this plain name; a changed file has a new digest."""
        paths = tuple(self._folder / part for part in BUNDLES.get(name, (name,)))
        if ".." in Path(name).parts or name.startswith("/") or "\0" in name:
            return None
        if len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME:
            return None
        if not all(path.is_file() for path in paths):
            return None
        changed = sum(path.stat().st_mtime_ns for path in paths)
        if name not in self._seen or self._seen[name][0] != changed:
            digest = hashlib.sha256(_read(paths)).hexdigest()[:12]
            self._seen[name] = (changed, Asset(paths, digest, _type_of(Path(name))))
        return self._seen[name][1]

    def hashed(self, name: str) -> str:
        """Return style.css as style.0123456789ab.css; unknown names are unchanged."""
        asset = self.asset(name)
        if asset is None:
            return name
        stem, dot, end = name.rpartition(".")
        return f"{stem}.{asset.digest}{dot}{end}"

    def find(self, name: str) -> tuple[Asset, bool] | None:
        """Return the file with this name, and whether the name contains its hash."""
        if asset := self.asset(name):
            return asset, False
        stem, _, end = name.rpartition(".")
        plain, _, digest = stem.rpartition(".")
        asset = self.asset(f"{plain}.{end}")
        return (asset, True) if asset and asset.digest == digest else None


def init_app(app: Flask) -> None:
    """Replace Flask's static view, and add hashes to its URLs."""
    library = AssetManifest(Path(app.static_folder or "static"))

    def serve(filename: str) -> Response:
        found = library.find(filename)
        if found is None:
            abort(404)
        return _respond(*found)

    def add_hash(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values:
            values["filename"] = library.hashed(values["filename"])

    app.view_functions["static"] = serve
    app.url_defaults(add_hash)


def _respond(asset: Asset, fixed: bool) -> Response:
    encoding = (
        request.accept_encodings.best_match(["br", "gzip"]) if asset.is_compressible else None
    )
    response = Response(_body(asset, encoding), content_type=asset.type)
    response.headers["Cache-Control"] = _FOR_EVER if fixed else _ASK_AGAIN
    if asset.is_compressible:
        response.headers["Vary"] = "Accept-Encoding"
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.set_etag(f"{asset.digest}-{encoding or 'plain'}")
    return response.make_conditional(request.environ)


@functools.lru_cache(maxsize=128)
def _body(asset: Asset, encoding: str | None) -> bytes:
    content = _read(asset.paths)
    if encoding == "br":
        return bytes(brotli.compress(content, quality=11))
    if encoding == "gzip":
        return gzip.compress(content, compresslevel=9, mtime=0)
    return content


def _read(paths: tuple[Path, ...]) -> bytes:
    between = b"\n;\n" if paths[0].suffix == ".js" else b"\n"
    return between.join(path.read_bytes() for path in paths)


def _type_of(path: Path) -> str:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    kind = kind or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
