"""What the floor's page is made of: small, whole, and kept by its worker."""

import json
import re
from pathlib import Path

from inventory.http.static_files import BUNDLES

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "static" / "floor"
SCRIPTS = [path.read_text("utf-8") for path in sorted(FOLDER.glob("*.js"))]
TEMPLATES = [path.read_text("utf-8") for path in (ROOT / "templates/floor").glob("*.html")]


def shell_of(client):
    return json.loads(
        re.search(r"^const SHELL = (.*);$", client.get("/floor/worker.js").text, re.M)[1]
    )


def test_the_page_is_the_same_for_everybody_and_keeps_to_its_policy(person):
    first, second = (person(name).client.get("/floor/") for name in ("ole", "ira"))
    assert first.data == second.data
    assert "trusted-types floor" in first.headers["Content-Security-Policy"]
    assert "unsafe" not in first.headers["Content-Security-Policy"]
    assert first.headers["Cache-Control"] == "no-store"


def test_a_viewer_has_nothing_to_do_on_the_floor(person):
    assert person("vic").get("/floor/").status_code == 403


def test_the_worker_names_every_file_that_the_page_needs(person, client):
    shell = shell_of(client)
    for path in shell:
        assert client.get(path).status_code == 200, path
        assert re.search(r"\.[0-9a-f]{12}\.", path), "a new file must have a new name"
    page = person("ole").get("/floor/").text
    needed = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    assert {one for one in needed if not one.endswith(".png")} <= set(shell)


def test_the_worker_never_touches_a_write():
    code = (FOLDER / "service_worker.js").read_text("utf-8")
    assert 'request.method !== "GET"' in code.partition("respondWith")[0]


def test_the_page_is_light(person, stock, client):
    """At most 45 KB on the wire, cold, with what it asks for by itself (the camera aside)."""
    stock.lot("receive 10")
    ole = person("ole")
    packed = {"Accept-Encoding": "br"}
    paths = ["/floor/", "/floor/worker.js", "/floor/session", "/floor/snapshot", *shell_of(client)]
    sizes = {path: len(ole.get(path, **packed).data) for path in paths}
    assert sum(sizes.values()) + 300 * len(sizes) <= 45_000, sizes


def test_only_the_reader_of_pictures_may_compile_webassembly(person):
    ole = person("ole")
    policies = {
        path: ole.get(path).headers["Content-Security-Policy"]
        for path in ("/floor/camera.js", "/floor/", "/floor/worker.js", "/account/")
    }
    assert "script-src 'self' 'wasm-unsafe-eval';" in policies.pop("/floor/camera.js")
    assert "unsafe" not in str(policies)


def test_every_script_of_the_folder_is_sent():
    sent = {Path(name).name for name in sum(BUNDLES.values(), ())}
    own = {path.name for path in FOLDER.glob("*.js")}
    assert own - sent <= {"service_worker.js"}


def test_every_icon_that_the_page_names_is_in_its_sprite_and_no_other():
    there = set(re.findall(r'<symbol id="([^"]+)"', (FOLDER / "img/icons.svg").read_text("utf-8")))
    text = "\n".join(SCRIPTS + TEMPLATES)
    quoted = set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)*)"', text))
    named = set(re.findall(r'(?:glyph|icon)\("([a-z0-9-]+)"\)', text))
    assert named <= there
    assert there <= quoted


def test_the_icons_of_the_manifest_are_there(client):
    manifest = json.loads((FOLDER / "floor.webmanifest").read_text("utf-8"))
    for icon in manifest["icons"]:
        answer = client.get(f"/static/floor/{icon['src']}")
        assert answer.data.startswith(b"\x89PNG")
        width = int.from_bytes(answer.data[16:20], "big")
        assert icon["sizes"] == f"{width}x{width}"


def test_scripts_make_nothing_from_text():
    for script in SCRIPTS:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function", script
        )
