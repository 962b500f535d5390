"""Security headers of every response.

Nothing here queries the database or the session, because error pages have these headers too.
"""

from __future__ import annotations

import base64
import hashlib

from flask import Flask, Response, current_app, request


def content_security_policy(*, inline_script: str = "", trusted_types: str = "htmx") -> str:
    """Return the policy of a page.

    Scripts are files of this site. `inline_script` is the text of the only script that the page
    can contain itself: the policy has its hash.
    """
    script_sources = "'self'"
    if inline_script:
        digest = hashlib.sha256(inline_script.encode()).digest()
        script_sources += f" 'sha256-{base64.b64encode(digest).decode()}'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {script_sources}",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            f"trusted-types {trusted_types}",
        )
    )


CONTENT_SECURITY_POLICY = content_security_policy()

#: Defaults; a header that the response already has stays.
_DEFAULTS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(self), geolocation=(), gyroscope=(), magnetometer=(),"
        " microphone=(), payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Pages show stock and contain the session's CSRF token; no cache keeps them after sign-out.
    "Cache-Control": "no-store",
}
_ONE_YEAR = "max-age=31536000; includeSubDomains"


def init_app(app: Flask) -> None:
    """Install the headers."""
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Add the missing security headers to a response."""
    for name, value in _DEFAULTS.items():
        response.headers.setdefault(name, value)
    if request.is_secure or current_app.config["HTTPS"]:
        response.headers.setdefault("Strict-Transport-Security", _ONE_YEAR)
    return response
