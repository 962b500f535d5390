"""Rules of the code structure: layers, imports, writers and sizes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "inventory"
SOURCES = sorted(PACKAGE.rglob("*.py"))

#: The layers, lowest first. A package imports only from lower layers, so that there are no import
#: cycles. docs/architecture.md describes them.
LAYERS = (
    ("common", "translations"),
    ("config",),
    ("db",),
    ("models",),
    ("audit", "idempotency", "stock"),
    ("accounts", "webhooks"),
    ("ledger", "catalog", "pictures"),
    ("verification", "barcodes"),
    ("queries", "labels", "backups"),
    ("exports", "demo", "doctor"),
    ("reports", "imports", "http"),
    ("api", "cli", "web"),
    ("server", ""),
    ("serve",),
)
LAYER_OF = {package: number for number, layer in enumerate(LAYERS) for package in layer}
#: Packages that may use request and response objects. Everything else is core.
INTERFACES = ("http", "api", "cli", "web", "server", "", "serve")
FORBIDDEN_IN_CORE = ("flask", "flask_login", "flask_wtf", "wtforms", "click", "jinja2", "werkzeug")


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def package_of(module: str) -> str:
    """`ledger` for inventory.ledger.rules.counts, an empty string for `inventory`."""
    return module.partition(".")[2].partition(".")[0]


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def has_prefix(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def packages_imported_by(path: Path) -> set[str]:
    """Return the packages of the product that a module imports, without its own."""
    names = {name for name in imports_of(path) if name.startswith("inventory.")}
    known = {package_of(name) for name in names}
    return (known & set(LAYER_OF)) - {package_of(module_of(path))}


def test_each_package_has_a_layer() -> None:
    assert {package_of(module_of(path)) for path in SOURCES} == set(LAYER_OF)


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_a_package_imports_lower_layers_only(path: Path) -> None:
    package = package_of(module_of(path))
    if module_of(path) == "inventory.cli.database":
        return  # it creates an application for another database
    imported = packages_imported_by(path)
    higher = [name for name in imported if LAYER_OF[name] >= LAYER_OF[package]]
    assert not higher, f"{package or 'inventory'} is not above {higher}"


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_the_core_does_not_use_flask(path: Path) -> None:
    module = module_of(path)
    if package_of(module) in INTERFACES or module == "inventory.db.session":
        return
    assert not [name for name in imports_of(path) if has_prefix(name, FORBIDDEN_IN_CORE)]


def test_migrations_do_not_import_the_product() -> None:
    for path in (ROOT / "migrations/versions").glob("*.py"):
        assert not [name for name in imports_of(path) if name.startswith("inventory")], path


def allowed_imports(package: str) -> str:
    """Return the sentence of a package's docstring about what it may import."""
    number = LAYER_OF[package]
    if number == 0:
        return "May import no other package of the product."
    *others, last = [f"`{name}`" for name in LAYERS[number - 1]]
    names = f"{', '.join(others)} and {last}" if others else last
    return f"May import {names}{' and the layers below' * (number > 1)}."


def test_each_package_says_what_it_may_import() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        text = ast.get_docstring(ast.parse(path.read_text()))
        assert text, path
        if path.parent.parent == PACKAGE:
            assert allowed_imports(path.parent.name) in text, path


def test_the_errors_module_imports_only_messages() -> None:
    imported = imports_of(PACKAGE / "common/errors.py")
    ours = {name for name in imported if name.startswith("inventory.")}
    assert {name for name in imported if not name.startswith("inventory.")} <= {
        "__future__", "__future__.annotations", "typing", "typing.Any", "typing.ClassVar",
    }  # fmt: skip
    assert all(name.startswith("inventory.common.messages") for name in ours)


def test_only_the_ledger_writer_writes_the_ledger() -> None:
    writes = re.compile(
        r"\b(insert|update|delete)\((tx, |sa\.)?(ledger|InventoryLedger|operations|Operation)\b"
    )
    writers = [module_of(path) for path in SOURCES if writes.search(path.read_text())]
    assert writers == ["inventory.ledger.writer"]


def test_only_db_transaction_begins_and_commits() -> None:
    ends = re.compile(
        r"\b(tx|session|engine|conn\w*|transaction)\.(begin|commit)\(|execution_options\(write=True"
    )
    found = [module_of(path) for path in SOURCES if ends.search(path.read_text())]
    assert found == ["inventory.db.transaction"]


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_modules_and_functions_are_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 500
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 70, node.name


def test_every_public_function_of_the_core_has_a_docstring() -> None:
    for name in ("ledger/operations.py", "ledger/posting.py", "stock/queries.py", "catalog.py"):
        path = PACKAGE / name
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.name}: {node.name}"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name
)
def test_templates_comply_with_the_content_security_policy(path: Path) -> None:
    text = path.read_text()
    # The policy of the floor app's pages has the hash of their import map.
    text = text.replace('<script type="importmap">{{ import_map }}</script>', "")
    broken = re.search(
        r"\sstyle=|<style|\shx-on|\son[a-z]+=\"|javascript:|\"js:|<script(?![^>]*src=)", text
    )
    assert not broken, broken and broken.group()


def test_the_server_does_not_import_unneeded_packages(tmp_path: Path) -> None:
    code = (
        "import sys; from inventory import server; from inventory.config import Config;"
        f" config = Config.from_env({{'INSTANCE_PATH': {str(tmp_path)!r}}});"
        " server.create_app(config, with_migrations=False); print(*sys.modules)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(process.stdout.split())
    assert "flask" in loaded
    unneeded = {"alembic", "mako", "psycopg", "cryptography", "xlsxwriter", "reportlab"}
    assert not loaded & unneeded
