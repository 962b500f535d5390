"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "inventory"
SOURCES = sorted(PACKAGE.rglob("*.py"))

#: Faces may ask the core; the core knows none of them, and no request.
FACES = ("inventory.web", "inventory.api", "inventory.cli")
FORBIDDEN_IN_CORE = ("flask", "flask_login", "flask_wtf", "wtforms", "click", "jinja2", "werkzeug")
#: The edge: what may know Flask. Everything else is core.
EDGE = re.compile(r"inventory(\.(web|api)(\..*)?|\.(cli\w*|serve|http_\w+|static_files))?$")


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def starts(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_arrows_point_from_faces_to_core(path: Path) -> None:
    module, imports = module_of(path), imports_of(path)
    if module == "inventory":
        return
    ours = {name for name in imports if name.startswith("inventory.")}
    if not EDGE.match(module):
        assert not [name for name in ours if EDGE.match(name)], "the core imports a face"
        if module != "inventory.db":
            outside = [name for name in imports if starts(name, FORBIDDEN_IN_CORE)]
            assert not outside, "the core knows no request"
    for face in FACES:
        if starts(module, (face,)):
            others = tuple(other for other in FACES if other != face)
            assert not [name for name in ours if starts(name, others)], "faces import each other"


def test_errors_import_nothing() -> None:
    assert imports_of(PACKAGE / "errors.py") <= {
        "__future__", "__future__.annotations", "typing", "typing.Any", "typing.ClassVar",
    }  # fmt: skip


def test_only_the_ledger_writes_the_ledger() -> None:
    writes = re.compile(
        r"\b(insert|update|delete)\((tx, |sa\.)?(ledger|InventoryLedger|operations|Operation)\b"
    )
    writers = [module_of(path) for path in SOURCES if writes.search(path.read_text())]
    assert writers == ["inventory.ledger.writer"]


def test_only_db_begins_and_commits() -> None:
    ends = re.compile(
        r"(tx|session|engine|conn\w*|transaction)\.(begin|commit)\(|execution_options\(write=True"
    )
    assert [module_of(path) for path in SOURCES if ends.search(path.read_text())] == [
        "inventory.db"
    ]


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 500
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 70, node.name


def test_every_public_verb_says_what_it_does() -> None:
    for path in [PACKAGE / "ledger" / "__init__.py", PACKAGE / "stock.py", PACKAGE / "catalog.py"]:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.name}: {node.name}"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name
)
def test_templates_keep_to_the_content_security_policy(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 150
    broken = re.search(
        r"\sstyle=|<style|\shx-on|\son[a-z]+=\"|javascript:|\"js:|<script(?![^>]*src=)", text
    )
    assert not broken, broken and broken.group()


def test_a_worker_keeps_nothing_in_memory_that_it_never_needs(tmp_path: Path) -> None:
    make = (
        "import sys; from inventory import serve; from inventory.config import Config;"
        f" config = Config.from_env({{'INSTANCE_PATH': {str(tmp_path)!r}}});"
        " serve.create_app(config, migrates=False); print(*sys.modules)"
    )
    made = subprocess.run(
        [sys.executable, "-c", make], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(made.stdout.split())
    assert "flask" in loaded
    unneeded = {"alembic", "mako", "psycopg", "cryptography", "xlsxwriter", "reportlab"}
    assert not loaded & unneeded
