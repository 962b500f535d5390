"""The floor app's scripts: ES modules that import one another by name.

`static/floor/*.js` are modules, named `floor/outbox` for `outbox.js`. An import map in the page
gives each name the URL of its file, which contains a hash of the content.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from flask import Response, current_app, make_response, render_template, url_for
from jinja2.utils import htmlsafe_json_dumps

from inventory.common import clock
from inventory.http.languages import current_language
from inventory.http.security_headers import content_security_policy

#: Modules that are not the floor app's own.
_VENDORED = {"vendor/idb": "vendor/idb.js"}
_MESSAGES = "floor/messages"
_IMPORT = re.compile(r'^import (?:[^"]+ from )?"([^"]+)";', re.MULTILINE)


def get_module_files() -> dict[str, str]:
    """Return the file of each module below static/, by the name that scripts import.

    The catalog of texts is that of the request's language.
    """
    names = sorted(path.stem for path in (_static_folder() / "floor").glob("*.js"))
    files = _VENDORED | {f"floor/{name}": f"floor/{name}.js" for name in names}
    translated = f"floor/catalogs/{current_language().code}.js"
    if (_static_folder() / translated).exists():
        files[_MESSAGES] = translated
    return files


def render_page(template: str, *, main: str) -> Response:
    """Return a page that starts the module `main`.

    Its policy allows one inline script, the import map, and the page can create script URLs for
    its own workers only. All modules that `main` needs are preloaded: without that, the browser
    would find them one import after the other.
    """
    files = get_module_files()
    urls = {name: url_for("static", filename=file) for name, file in files.items()}
    import_map = htmlsafe_json_dumps({"imports": urls}, separators=(",", ":"))
    preloads = [urls[name] for name in find_needed_modules(main, files)]
    response = make_response(
        render_template(
            template,
            import_map=import_map,
            preloads=preloads,
            main_url=urls[main],
            site_zone=str(clock.zone()),
        )
    )
    response.headers["Content-Security-Policy"] = content_security_policy(
        inline_script=import_map, trusted_types="floor"
    )
    return response


def find_needed_modules(main: str, files: dict[str, str]) -> list[str]:
    """Return the modules that `main` imports, also through others."""
    needed = [main]
    for name in needed:
        path = _static_folder() / files[name]
        imported = _read_imports(path, path.stat().st_mtime_ns)
        needed += [module for module in imported if module not in needed]
    return needed[1:]


@functools.lru_cache(maxsize=128)
def _read_imports(path: Path, changed_ns: int) -> tuple[str, ...]:
    return tuple(_IMPORT.findall(path.read_text("utf-8")))


def _static_folder() -> Path:
    return Path(current_app.static_folder or "static")
