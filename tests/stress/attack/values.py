"""Hostile values: texts, ids, paths, headers, JSON values and files."""

# ruff: noqa: E501

from __future__ import annotations

import json
import random
from typing import Any

from tests.support import hostile_files

#: Part of many texts; no page may contain it as a tag.
MARK = "<i id=zz9>"

#: Lone surrogates are sent in the bytes that some encoders produce for them.
TEXTS: tuple[str, ...] = (
    "", " ", "\0", "a\0b", "\ud800", "x\udfffy", "\r\nSet-Cookie: a=b", "\n2027-01-01 INFO forged",
    "0", "-1", "-0", "1e999", "1e-7", "NaN", "Infinity", "0x10", "1_000", "1,5", "١٢٣", "１２", "½",
    str(2**31), str(2**63 - 1), str(2**63), str(-(2**63) - 1), "9" * 19, "9" * 400, "9" * 5000,
    "1." + "0" * 400, "." * 50, "0." + "0" * 30 + "1",
    "x" * 201, "x" * 5000, "é" * 3000, "a\u0301" * 2000, "😀" * 300, "\u202egnp.exe", "\ufeff",
    "\ufffd", "\ufffe", "\u2028", "\x7f", "\x1b[2J", "(" * 2000, "[" * 3000, "a" * 30 + "!",
    MARK, f'">{MARK}', f"'{MARK}", "</script><script>alert(1)</script>", "javascript:alert(1)",
    "{{7*7}}", "{%raw%}", "${7*7}", "%s%s%n", "' OR '1'='1", "'; DROP TABLE users; --", "\\", "%",
    "_", "%%%", "*", '"', '" OR "', "NEAR(", "a AND", "=1+1", "@SUM(A1)", "+1", "-1+1", "\t=1",
    "../../etc/passwd", "..\\..\\x", "/etc/passwd", "file:///etc/passwd", "//evil.example",
    "https://evil.example/", "http://127.0.0.1:1/", "http://[", "http://[::1", "http://169.254.1.1/",
    "2027-02-30", "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "2027-01-01T00:00",
    "2027-01-01T25:61:61Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "today",
    "]d2010952112345678510L1\x1d17", "(01)09521123456785(10)" + "L" * 500, "]C1" + "0" * 300,
    "true", "null", "None", "undefined", "[]", "{}", "admin", "SYSTEM", "system",
    "eyJhIjoxfQ", "W10", "WyJhIl0", "bnVsbA",
)  # fmt: skip
#: Ids in paths.
IDS: tuple[str, ...] = (
    "0", "-1", "2", "3", "999999", str(2**31), str(2**63 - 1), str(2**63), "9" * 30, "9" * 4000,
    "01", "1.0", "1e3", "x", "%00", "%D9%A3", "%ED%A0%80", "..", "%2e%2e%2f", "..%2f..%2fetc", "1%0d%0a",
    "1;x=1", "1%2F2", "%25", "%", "%zz", "+1", "%201", "None", "' OR 1=1 --".replace(" ", "%20"),
)  # fmt: skip
PATHS: tuple[str, ...] = (
    "//evil.example/", "/%2e%2e/", "/static/../../etc/passwd", "/static/%2e%2e/%2e%2e/app.py",
    "/static/..%5c..%5capp.py", "/%00", "/items/%00/", "/a" * 500, "/%ED%A0%80/", "/.git/config",
    "/.env", "/instance/secret_key", "/api/v1/", "/api/v1/items/..%2f..%2f", "/items//1/", "/items/1",
    "/ITEMS/", "/login/..;/users/", "/users/;a=b", "/api/v1/items/%F0%9F%98%80", "/floor/../users/",
    "/" + "%2e" * 300, "/search/%0d%0aX-Y:%20z", "/static/vendor/", "/static/", "/export.csv",
    "/items/export.exe", "/items/export.csv%00", "/analysis/x.csv", "/floor/scanner/x.svg",
)  # fmt: skip
#: Fields that no form has, but that an application could accept by mistake.
EXTRA: tuple[tuple[str, str], ...] = (
    ("role", "admin"), ("is_admin", "1"), ("user_id", "1"), ("id", "1"), ("approved_at", "now"),
    ("session_epoch", "0"), ("disabled_at", ""), ("hash", "0"), ("on_hand_after", "99"),
    ("dry_run", "0"), ("_method", "DELETE"), ("__class__", "x"), ("csrf_token", "x"),
)  # fmt: skip
HEADERS: tuple[tuple[str, str], ...] = (
    ("HX-Request", "true"), ("HX-Request-Type", "partial"), ("HX-Target", "div#live"),
    ("HX-Target", "form#act"), ("HX-Target", "x" * 500), ("HX-PTag", "0"), ("Floor-Timer", "1"),
    ("HX-Current-URL", "http://["), ("HX-Current-URL", "//"), ("HX-Current-URL", "x" * 3000),
    ("HX-Current-URL", "http://127.0.0.1/lots/99999999999999999999/"), ("Accept", "application/json"),
    ("Accept", "*/*;q=x"), ("Accept-Encoding", "br;q=9,;,"), ("If-None-Match", '"' * 50),
    ("Range", "bytes=9-1"), ("X-Forwarded-For", "x"), ("X-Forwarded-Host", "evil.example"),
    ("X-HTTP-Method-Override", "DELETE"), ("Referer", "http://evil.example/"), ("Origin", "null"),
    ("User-Agent", "<" * 2000), ("Accept-Language", "x" * 2000), ("Cookie", "theme=<i>; tablet=\x7f"),
)  # fmt: skip


def text(rng: random.Random) -> str:
    chosen = rng.choice(TEXTS)
    return chosen + rng.choice(TEXTS)[:100] if rng.random() < 0.1 else chosen


def json_value(rng: random.Random, depth: int = 0) -> Any:
    """Return a value of a random type, sometimes nested."""
    plain = (
        None, True, False, 0, -1, 2**31, 2**63, -(2**63) - 1, 10**400, 1.5, 1e308, 0.1, text(rng),
        text(rng), text(rng), [], {}, "1",
    )  # fmt: skip
    if depth < 3 and rng.random() < 0.3:
        inner = [json_value(rng, depth + 1) for _ in range(rng.randrange(4))]
        return inner if rng.random() < 0.5 else {text(rng): value for value in inner}
    return rng.choice(plain)


def broken_json(rng: random.Random, body: bytes) -> bytes:
    """Return bytes that are no valid JSON or expensive to parse."""
    cut = rng.randrange(len(body) + 1)
    return rng.choice((
        body[:cut], b"[" * 100_000, b'{"a":' * 50_000, b"", b"\xff\xfe{\x00", b"NaN", b"[1e999999]",
        b"9" * 6000, body + body, b'{"item":"A","item":"B"}', b'"\\ud800"', b"\x00", b"{}" + b" " * 9999,
        json.dumps({text(rng): 1 for _ in range(300)}).encode("utf-8", "surrogatepass"),
    ))  # fmt: skip


FILES: tuple[bytes, ...] = (
    b"", b"\0" * 500, b"PK\x03\x04 no archive", b"item,qty\n=1+1,5\n", b"item;qty\n\xff\xfe;1\n",
    b"\xef\xbb\xbfitem,qty\nBOLT,1\n", b'item,qty\n"BOLT,1\n' + b"x" * 9999, b"," * 20_000, b"\n" * 20_000,
    ("item,qty\n" + "BOLT,1\n" * 2000).encode(), b"item,qty\n" + b"9" * 5000 + b"," + b"9" * 5000,
    *hostile_files.SMALL,
)  # fmt: skip
