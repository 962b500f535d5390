"""Security headers, caching and static files."""

import gzip
import re

import brotli
import pytest

from inventory.http.security_headers import CONTENT_SECURITY_POLICY

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script';"
    " trusted-types htmx"
)


def _style(client, **headers):
    page = client.get("/login/", follow_redirects=True).text
    href = re.search(r'href="(/static/css/style\.[0-9a-f]{12}\.css)"', page).group(1)
    return client.get(href, headers=headers)


@pytest.mark.parametrize("path", ["/register/", "/account/", "/nowhere", "/static/css/style.css"])
def test_every_response_has_the_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == CSP == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_https_responses_have_strict_transport_security(client):
    answer = client.get("/register/", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_pages_are_not_cached(client):
    assert client.get("/register/").headers["Cache-Control"] == "no-store"


def test_a_page_lists_its_request_headers_in_vary(client):
    vary = client.get("/register/").headers["Vary"]
    assert {"HX-Request-Type", "Accept-Encoding", "Cookie"} <= set(vary.split(", "))


def test_a_static_file_with_a_hash_is_cached_permanently(client):
    answer = _style(client)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in answer.headers["Vary"]
    assert "Set-Cookie" not in answer.headers
    assert answer.mimetype == "text/css"


def test_a_static_file_is_compressed_as_the_client_accepts(client):
    plain = _style(client).data
    assert brotli.decompress(_style(client, **{"Accept-Encoding": "gzip, br"}).data) == plain
    assert gzip.decompress(_style(client, **{"Accept-Encoding": "gzip"}).data) == plain
    assert _style(client, **{"Accept-Encoding": "identity"}).data == plain


def test_a_static_file_without_a_hash_is_revalidated(client):
    answer = client.get("/static/css/style.css")
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get("/static/css/style.css", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["style.000000000000.css", "../app.py", "vendor", "no%00pe", "vendor/../../app.py", "x"]
)
def test_an_unknown_static_file_is_not_found(client, path):
    assert client.get(f"/static/{path}").status_code == 404


def test_a_static_file_cannot_be_posted_to(client):
    assert client.post("/static/css/style.css").status_code == 405


def test_the_scripts_of_a_page_are_bundled_in_order(client):
    text = client.get("/static/scripts.js").text
    positions = [text.index(part) for part in ("var htmx=", '"preload"', '"ptag"', '"house"')]
    assert positions == sorted(positions)
    assert client.get("/register/").text.count("<script") == 1
