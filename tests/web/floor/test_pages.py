"""Files of the floor app: size, content security policy, service worker and icons."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "static" / "floor"
SCRIPTS = [path.read_text("utf-8") for path in sorted(FOLDER.rglob("*.js"))]
TEMPLATES = [path.read_text("utf-8") for path in (ROOT / "templates/floor").glob("*.html")]


def shell_of(client):
    return json.loads(
        re.search(r"^const SHELL = (.*);$", client.get("/floor/worker.js").text, re.M)[1]
    )


def test_the_page_is_the_same_for_all_users_and_has_a_strict_policy(person):
    first, second = (person(name).client.get("/floor/") for name in ("ole", "ira"))
    assert first.data == second.data
    assert "trusted-types floor" in first.headers["Content-Security-Policy"]
    assert "unsafe" not in first.headers["Content-Security-Policy"]
    assert first.headers["Cache-Control"] == "no-store"


def test_a_viewer_cannot_open_the_floor_app(person):
    assert person("vic").get("/floor/").status_code == 403


def test_the_service_worker_caches_every_file_of_the_page(person, client):
    shell = shell_of(client)
    for path in shell:
        assert client.get(path).status_code == 200, path
        assert re.search(r"\.[0-9a-f]{12}\.", path), "the name must contain a hash of the content"
    page = person("ole").get("/floor/").text
    needed = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    assert {path for path in needed if not path.endswith(".png")} <= set(shell)


def test_the_service_worker_handles_get_requests_only():
    code = (FOLDER / "classic/service_worker.js").read_text("utf-8")
    assert 'request.method !== "GET"' in code.partition("respondWith")[0]


def test_the_page_loads_at_most_70_kb(person, stock, client):
    """Compressed, with an empty cache and all automatic requests, without the camera."""
    stock.lot("receive 10")
    ole = person("ole")
    compressed = {"Accept-Encoding": "br"}
    paths = ["/floor/", "/floor/worker.js", "/floor/session", "/floor/snapshot", *shell_of(client)]
    sizes = {path: len(ole.get(path, **compressed).data) for path in paths}
    assert sum(sizes.values()) + 300 * len(sizes) <= 70_000, sizes


def test_only_the_camera_worker_may_compile_webassembly(person):
    ole = person("ole")
    policies = {
        path: ole.get(path).headers["Content-Security-Policy"]
        for path in ("/floor/camera.js", "/floor/", "/floor/worker.js", "/account/")
    }
    assert "script-src 'self' 'wasm-unsafe-eval';" in policies.pop("/floor/camera.js")
    assert "unsafe" not in str(policies)


def test_the_sprite_has_exactly_the_icons_of_the_page():
    available = set(
        re.findall(r'<symbol id="([^"]+)"', (FOLDER / "img/icons.svg").read_text("utf-8"))
    )
    text = "\n".join(SCRIPTS + TEMPLATES)
    quoted = set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)*)"', text))
    named = set(re.findall(r'(?:glyph|icon)\("([a-z0-9-]+)"\)', text))
    assert named <= available
    assert available <= quoted


def test_the_icons_of_the_manifest_have_the_declared_size(client):
    manifest = json.loads((FOLDER / "floor.webmanifest").read_text("utf-8"))
    for icon in manifest["icons"]:
        answer = client.get(f"/static/floor/{icon['src']}")
        assert answer.data.startswith(b"\x89PNG")
        width = int.from_bytes(answer.data[16:20], "big")
        assert icon["sizes"] == f"{width}x{width}"


def test_scripts_create_no_markup_or_code_from_strings():
    for script in SCRIPTS:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function", script
        )
