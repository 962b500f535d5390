"""Rules of docs/security.md that hold for all pages, forms or source files."""

from __future__ import annotations

import ast
import re
import re._constants as sre
import re._parser as parser
from pathlib import Path

import pytest
import sqlalchemy as sa

from inventory.db import db
from inventory.models import Audit
from inventory.web.auth import permissions
from tests.stress.attack.forms import forms_of

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "inventory").rglob("*.py"))
_URL_VARIABLES = {
    "item_code": "BOLT",
    "kind": "csv",
    "report": "ageing",
    "draft_id": "x",
    "ending": "csv",
}


def pages_of(app, method):
    """Yield (path, endpoint) of every page with the method, its variables filled in."""
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()) and not rule.rule.startswith(("/api/", "/static/")):
            path = re.sub(
                r"<(?:[^:<>]+:)?([^<>]+)>", lambda name: _URL_VARIABLES.get(name[1], "1"), rule.rule
            )
            yield path, rule.endpoint


def row_counts():
    """Return the number of rows of each table."""
    db.session.rollback()
    tables = (table for table in db.metadata.sorted_tables)
    return {
        table.name: db.session.execute(sa.select(sa.func.count()).select_from(table)).scalar()
        for table in tables
    }


def test_every_page_that_writes_requires_the_csrf_token(app, ada):
    paths = list(pages_of(app, "POST"))
    assert len(paths) > 40
    with app.app_context():
        before = row_counts()
    for path, _ in paths:
        assert ada.client.post(path, data={"theme": "dark"}).status_code in (400, 419), path
        forged = {"csrf_token": "ImZvcmdlZCI.x.y"}
        assert ada.client.post(path, data=forged).status_code in (400, 419), path
    with app.app_context():
        assert row_counts() == before


def test_no_get_request_writes_anything(app, ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1")
    stock.link("9521123456785", item="BOLT")
    paths = [path for path, _ in pages_of(app, "GET")]
    assert len(paths) > 50
    with app.app_context():
        before = row_counts()
    for path in paths:
        ada.client.get(path, buffered=True)
    with app.app_context():
        assert row_counts() == before


def test_a_secret_is_never_sent_in_a_url(app, ada):
    for path, _ in pages_of(app, "GET"):
        answer = ada.client.get(path, buffered=True)
        if answer.mimetype != "text/html":
            continue
        for form in forms_of(answer.text, path):
            secret = {name for name in form.fields if re.search("password|code$|secret|pin", name)}
            assert form.method == "post" or not secret - {"code", "lot_code"}, (path, form.action)


@pytest.mark.parametrize("path", ["/broken/", "/api/v1/broken"])
def test_an_internal_error_reveals_no_details(app, client, path, caplog):
    @app.get(path)
    @permissions.public
    def broken():
        raise RuntimeError("SELECT secret FROM /srv/app.py")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = client.get(path)
    assert answer.status_code == 500
    for detail in ("SELECT", "RuntimeError", "Traceback", "app.py", "werkzeug", "Flask"):
        assert detail not in answer.text
    assert "SELECT secret" in caplog.text


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "PROPFIND", "X"])
def test_an_unsupported_method_is_refused(client, method):
    assert client.open("/login/", method=method).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config", "/.env", "/app.py", "/instance/secret_key", "/static/", "/static/vendor/",
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/..%5capp.py",
        "/static//etc/passwd", "/static/vendor", "/docs/security.md", "/templates/base.html",
    ],
)  # fmt: skip
def test_only_static_files_of_the_pages_are_served(client, path):
    assert client.get(path).status_code in (404, 308), path


def test_an_unknown_transfer_encoding_is_refused(app, client):

    answer = client.post("/login/", headers={"Transfer-Encoding": "gzip"}, data=b"x")
    assert answer.status_code == 400


def test_a_cross_origin_request_is_not_allowed(client):
    answer = client.options("/login/", headers={"Origin": "https://evil.example"})
    names = {name.lower() for name in answer.headers.keys()}  # noqa: SIM118
    assert not {name for name in names if name.startswith("access-control")}
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


# --- the source -----------------------------------------------------------------------------------


def test_the_source_uses_no_eval_shell_or_unsafe_parser():
    forbidden = {"eval", "exec", "compile", "__import__"}
    modules = {"pickle", "marshal", "shelve", "dill", "yaml", "xml", "telnetlib", "ftplib"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else ""
                assert called not in forbidden, (path, node.lineno)
                shell = [word for word in node.keywords if word.arg == "shell"]
                assert not shell, (path, node.lineno)
            if isinstance(node, ast.Import | ast.ImportFrom) and not _is_hardened_xml_import(
                path, node
            ):
                names = [name.name for name in node.names] + [getattr(node, "module", "") or ""]
                assert not {name.split(".")[0] for name in names} & modules, (path, node.lineno)


def _is_hardened_xml_import(path, node):
    """Only this parser reads XML; tests/imports/test_hostile_files.py checks that it is safe."""
    return path.name == "packages.py" and getattr(node, "module", "") == "xml.parsers"


def _patterns():
    """Yield (position, pattern) of every literal regular expression in the source."""
    calls = {"compile", "match", "fullmatch", "search", "sub", "split", "findall", "finditer"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if not isinstance(called, ast.Attribute) or called.attr not in calls:
                continue
            of_re = isinstance(called.value, ast.Name) and called.value.id == "re"
            first = node.args[0] if node.args else None
            if of_re and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield f"{path.name}:{node.lineno}", first.value


def _has_nested_repetition(parsed, inside=False):
    """Return whether unlimited repetitions are nested without a literal between them.

    Only such patterns can need exponential time.
    """
    for operator, value in parsed:
        if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            _, max_repeat, body = value
            unlimited = max_repeat == sre.MAXREPEAT
            is_separated = any(token[0] is sre.LITERAL for token in body)
            if inside and unlimited:
                return True
            if _has_nested_repetition(body, inside=(unlimited or inside) and not is_separated):
                return True
        elif operator is sre.SUBPATTERN:
            inner = value[-1]
            is_separated = any(token[0] is sre.LITERAL for token in inner)
            if _has_nested_repetition(inner, inside=inside and not is_separated):
                return True
        elif operator is sre.BRANCH and any(
            _has_nested_repetition(branch, inside) for branch in value[1]
        ):
            return True
    return False


def test_no_regular_expression_has_nested_repetition():
    assert _has_nested_repetition(parser.parse(r"(a+)+$"))
    assert _has_nested_repetition(parser.parse(r"(\w*)*x"))
    assert not _has_nested_repetition(parser.parse(r"\w+(\.\w+)*"))
    found = list(_patterns())
    assert len(found) > 20
    assert [
        position for position, text in found if _has_nested_repetition(parser.parse(text))
    ] == []


def test_the_audit_is_written_in_utc(app, ada):
    with app.app_context():
        times = db.session.execute(sa.select(Audit.at)).scalars().all()
    assert {time.utcoffset().total_seconds() for time in times} == {0}
