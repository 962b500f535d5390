"""Rules of templates and static files: content security policy, sizes and icons."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

import pytest

from inventory.http.static_files import BUNDLES
from inventory.web.inventory import forms

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STATIC = ROOT / "static"

FORBIDDEN = {
    "inline style": r"<style|\sstyle\s*=",
    # The policy of the floor app's pages has the hash of their import map.
    "inline script": r'<script(?! type="importmap">{{ import_map }}</script>)(?![^>]*\ssrc=)',
    "event attribute": r"\son[a-z]+\s*=",
    "hx-on": r"\shx-on",
    "js: value": r"""=\s*["'](js|javascript):""",
    "trigger filter": r"""hx-trigger\s*=\s*["'][^"']*\[""",
    "|safe": r"\|\s*safe\b",
}


def _code(path):
    return re.sub(r"{#.*?#}", "", path.read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_has_nothing_that_the_policy_blocks(path):
    found = [name for name, pattern in FORBIDDEN.items() if re.search(pattern, _code(path))]
    assert not found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_is_small(path):
    max_lines = 130 if path.name.startswith("_") else 200
    assert path.read_text("utf-8").count("\n") <= max_lines


def test_lines_of_templates_have_at_most_120_characters():
    long_lines = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in TEMPLATES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > 120
    ]
    assert long_lines == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_post_form_has_a_csrf_token(path):
    for form in re.findall(r"<form\b.*?</form>", _code(path), flags=re.DOTALL):
        if 'method="post"' in form:
            assert "csrf" in form, form


def test_a_partial_lists_its_inputs_first():
    for path in TEMPLATES:
        if path.name.startswith("_"):
            assert path.read_text("utf-8").startswith("{# "), path


_ICON_PATTERNS = (
    r"""\bicon\(\s*["']([a-z0-9-]+)["']""",
    r"""\bicon\([^()]*\belse ["']([a-z0-9-]+)["']""",
    r"""\bchip\(\s*["'][a-z]*["'], ["']([a-z0-9-]+)["']""",
    r"""\bsubmit\(\s*"[^"]*", ["']([a-z0-9-]+)["']""",
    r"""\bempty\(\s*["']([a-z0-9-]+)["']""",
)


def test_every_icon_of_a_template_is_in_the_sprite():
    sprite = (STATIC / "img/icons.svg").read_text("utf-8")
    available = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    code = "\n".join(map(_code, TEMPLATES))
    named = {name for pattern in _ICON_PATTERNS for name in re.findall(pattern, code)}
    assert {"x", "circle-check", "triangle-alert"} <= named
    assert named <= available


def test_vendored_files_match_their_listed_hashes():
    listed = dict(
        re.findall(
            r"^\| (\S+\.(?:js|css|wasm)) \|.*`([A-Za-z0-9+/=]{64})` \|$",
            (STATIC / "vendor/README.md").read_text("utf-8"),
            flags=re.MULTILINE,
        )
    )
    assert set(listed) == {path.name for path in (STATIC / "vendor").iterdir()} - {"README.md"}
    for name, pinned in listed.items():
        digest = hashlib.sha384((STATIC / "vendor" / name).read_bytes()).digest()
        assert base64.b64encode(digest).decode() == pinned, name


def test_the_style_sheet_of_all_pages_has_at_most_9_kib():
    parts = (STATIC / path for path in BUNDLES["css/style.css"])
    assert len(gzip.compress(b"\n".join(part.read_bytes() for part in parts), 9)) <= 9 * 1024


#: Properties of a form element that htmx or the browser uses; a field of the name would hide them.
OF_A_FORM = {
    "action", "after", "append", "before", "children", "closest", "elements", "encoding",
    "enctype", "insertAdjacentElement", "isConnected", "matches", "method", "noValidate",
    "parentElement", "parentNode", "prepend", "querySelector", "remove", "replaceWith",
    "requestSubmit", "reset", "submit", "target",
}  # fmt: skip


def test_no_field_hides_a_property_of_its_form() -> None:
    kinds = [kind for kind in vars(forms).values() if isinstance(kind, type)]
    fields = {name for kind in kinds for name in vars(kind) if not name.startswith("_")}
    assert not fields & OF_A_FORM
