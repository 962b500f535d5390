"""What docs/security.md promises and nothing else tests: by looking at all there is of a kind."""

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
_NUMBERS = {
    "item_code": "BOLT",
    "kind": "csv",
    "report": "ageing",
    "draft_id": "x",
    "ending": "csv",
}


def pages_of(app, method):
    """(path, endpoint) of every page that takes the method, its numbers filled in."""
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()) and not rule.rule.startswith(("/api/", "/static/")):
            path = re.sub(
                r"<(?:[^:<>]+:)?([^<>]+)>", lambda name: _NUMBERS.get(name[1], "1"), rule.rule
            )
            yield path, rule.endpoint


def counts():
    """How many rows each table has."""
    db.session.rollback()
    tables = (table for table in db.metadata.sorted_tables)
    return {
        table.name: db.session.execute(sa.select(sa.func.count()).select_from(table)).scalar()
        for table in tables
    }


def test_every_page_that_writes_asks_for_the_forms_token(app, ada):
    paths = list(pages_of(app, "POST"))
    assert len(paths) > 40
    with app.app_context():
        before = counts()
    for path, _ in paths:
        assert ada.client.post(path, data={"theme": "dark"}).status_code in (400, 419), path
        forged = {"csrf_token": "ImZvcmdlZCI.x.y"}
        assert ada.client.post(path, data=forged).status_code in (400, 419), path
    with app.app_context():
        assert counts() == before


def test_no_page_that_is_only_looked_at_writes_anything(app, ada, stock):
    stock.lot("receive 10, reserve 4 JOB-1")
    stock.link("9521123456785", item="BOLT")
    paths = [path for path, _ in pages_of(app, "GET")]
    assert len(paths) > 50
    with app.app_context():
        before = counts()
    for path in paths:
        ada.client.get(path, buffered=True)
    with app.app_context():
        assert counts() == before


def test_a_secret_is_never_sent_in_an_address(app, ada):
    for path, _ in pages_of(app, "GET"):
        answer = ada.client.get(path, buffered=True)
        if answer.mimetype != "text/html":
            continue
        for form in forms_of(answer.text, path):
            secret = {name for name in form.fields if re.search("password|code$|secret|pin", name)}
            assert form.method == "post" or not secret - {"code", "lot_code"}, (path, form.action)


@pytest.mark.parametrize("path", ["/broken/", "/api/v1/broken"])
def test_an_error_of_ours_tells_nothing_of_its_insides(app, client, path, caplog):
    @app.get(path)
    @permissions.public
    def broken():
        raise RuntimeError("SELECT secret FROM /srv/app.py")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = client.get(path)
    assert answer.status_code == 500
    for inside in ("SELECT", "RuntimeError", "Traceback", "app.py", "werkzeug", "Flask"):
        assert inside not in answer.text
    assert "SELECT secret" in caplog.text


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "PROPFIND", "X"])
def test_a_method_that_no_page_has_is_refused(client, method):
    assert client.open("/login/", method=method).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config", "/.env", "/app.py", "/instance/secret_key", "/static/", "/static/vendor/",
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/..%5capp.py",
        "/static//etc/passwd", "/static/vendor", "/docs/security.md", "/templates/base.html",
    ],
)  # fmt: skip
def test_no_file_is_served_but_those_of_the_pages(client, path):
    assert client.get(path).status_code in (404, 308), path


def test_what_cannot_be_read_by_any_parser_is_not_let_through_by_another(app, client):
    """A length that lies, two of them, or a coding that nobody asked for."""
    answer = client.post("/login/", headers={"Transfer-Encoding": "gzip"}, data=b"x")
    assert answer.status_code == 400


def test_a_cross_origin_page_is_allowed_nothing(client):
    answer = client.options("/login/", headers={"Origin": "https://evil.example"})
    names = {name.lower() for name in answer.headers.keys()}  # noqa: SIM118
    assert not {name for name in names if name.startswith("access-control")}
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


# --- the source -----------------------------------------------------------------------------------


def test_nothing_that_runs_or_unpacks_what_is_sent_is_used():
    forbidden = {"eval", "exec", "compile", "__import__"}
    modules = {"pickle", "marshal", "shelve", "dill", "yaml", "xml", "telnetlib", "ftplib"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else ""
                assert called not in forbidden, (path, node.lineno)
                shell = [word for word in node.keywords if word.arg == "shell"]
                assert not shell, (path, node.lineno)
            if isinstance(node, ast.Import | ast.ImportFrom) and not _refuses_entities(path, node):
                names = [name.name for name in node.names] + [getattr(node, "module", "") or ""]
                assert not {name.split(".")[0] for name in names} & modules, (path, node.lineno)


def _refuses_entities(path, node):
    """The one use of an XML parser; tests/imports/test_hostile_files.py holds that it refuses
    them."""
    return path.name == "packages.py" and getattr(node, "module", "") == "xml.parsers"


def _patterns():
    """Every regular expression that stands in the source."""
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


def _runs_away(parsed, inside=False):
    """Is there a repetition without end in another one, with nothing fixed that parts them? Only
    such ones try exponentially many ways."""
    for operator, value in parsed:
        if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            _, most, body = value
            endless = most == sre.MAXREPEAT
            parted = any(one[0] is sre.LITERAL for one in body)
            if inside and endless:
                return True
            if _runs_away(body, inside=(endless or inside) and not parted):
                return True
        elif operator is sre.SUBPATTERN:
            inner = value[-1]
            parted = any(one[0] is sre.LITERAL for one in inner)
            if _runs_away(inner, inside=inside and not parted):
                return True
        elif operator is sre.BRANCH and any(_runs_away(one, inside) for one in value[1]):
            return True
    return False


def test_no_regular_expression_runs_away():
    assert _runs_away(parser.parse(r"(a+)+$"))
    assert _runs_away(parser.parse(r"(\w*)*x"))
    assert not _runs_away(parser.parse(r"\w+(\.\w+)*"))
    found = list(_patterns())
    assert len(found) > 20
    assert [place for place, text in found if _runs_away(parser.parse(text))] == []


def test_the_audit_is_written_in_utc(app, ada):
    with app.app_context():
        moments = db.session.execute(sa.select(Audit.at)).scalars().all()
    assert {when.utcoffset().total_seconds() for when in moments} == {0}
