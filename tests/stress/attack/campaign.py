"""A campaign: users of each role send hostile forms and bodies, and responses are checked."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask

from inventory import verification
from inventory.accounts import api_tokens, throttling, users
from inventory.api import openapi
from inventory.db import db, snapshot
from tests.stress.attack import values
from tests.stress.attack.callers import Answer, Caller, CookieJar, Headers
from tests.stress.attack.forms import Form, forms_of
from tests.support.stock_builder import Stock

PASSWORD = "a quiet warehouse"
#: These start a process each and read no field.
_EXCLUDED = {"inventory.ledger.verify", "admin.health.back_up"}
_EXCLUDED_FORMS = ("/ledger/verification/", "/checkup/backups/")
#: Valid values for form fields, so that some requests succeed.
_VALID_VALUES = {
    "item": "BOLT", "qty": "1", "lot_code": "L-1", "reference": "JOB-1", "reason": "as agreed",
    "lot_id": "1", "location": "A-1", "code": "C-1", "name": "a name", "unit": "pcs",
    "decimals": "0", "expires_on": "2030-01-01", "supplier_lot": "S", "note": "n", "counted": "5",
    "url": "https://erp.example.com/", "status": "APPROVED", "password": PASSWORD,
    "current_password": "not this one", "q": "bolt", "at": "2027-01-01T00:00", "user": "admin",
}  # fmt: skip
_QUERY = (
    "q", "cursor", "rows", "sort", "at", "from", "to", "item", "lot", "state", "type", "kind",
    "user", "who", "what", "next", "unit", "reference", "do", "scan", "limit", "operation",
    "expires",
)  # fmt: skip


class Attacker:
    """A browser and an API client of one role, or without an account."""

    def __init__(self, app: Flask, call: Caller, role: str) -> None:
        self.app, self._call, self.role = app, call, role
        self.jar = CookieJar()
        self.csrf = self.token = ""
        self.forms: list[Form] = []

    def send(self, method: str, path: str, headers: Headers, body: bytes = b"") -> Answer:
        answer = self._call(method, path, [*self.jar.header(), *headers], body)
        self.jar.take(answer)
        return answer

    def log_in(self) -> None:
        """Restore the account, which the attack may have changed, and log in."""
        with self.app.app_context():
            self._restore_account()
            db.session.remove()
        self.jar = CookieJar()
        self._read_csrf(self.send("GET", "/login/", []))
        if self.role == "anonymous":
            return
        fields = {"csrf_token": self.csrf, "name": self.role, "password": PASSWORD}
        form = [("Content-Type", "application/x-www-form-urlencoded")]
        answer = self.send("POST", "/login/", form, urlencode(fields).encode())
        assert answer.status == 303, (self.role, answer.status)
        self._read_csrf(self.send("GET", "/account/", []))

    def _restore_account(self) -> None:
        throttling.reset_throttle()
        if self.role == "anonymous":
            return
        account = users.find_account(name=self.role)
        if account is None:
            account = users.create_user(name=self.role, password=PASSWORD, role=self.role)
        if account.role != self.role:
            users.set_role(user_id=account.id, role=self.role)
        if account.disabled_at is not None:
            users.enable(user_id=account.id)
        if not self.token:
            _, self.token = api_tokens.create_token(user_id=account.id, name="attack")

    def _read_csrf(self, answer: Answer) -> None:
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        assert found, (self.role, answer.status)
        self.csrf = found[1]


class Campaign:
    def __init__(self, app: Flask, call: Caller, *, seed: int) -> None:
        self.app, self.rng = app, random.Random(seed)
        self.statuses: Counter[int] = Counter()
        self.faults: list[str] = []
        self._fill()
        roles = ("anonymous", *users.ROLES)
        self.attackers = [Attacker(app, call, role) for role in roles]
        for attacker in reversed(self.attackers):  # the administrator first
            attacker.log_in()
        self.rules = [
            (method, rule)
            for rule in app.url_map.iter_rules()
            if rule.endpoint not in _EXCLUDED
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
        for attacker in self.attackers:
            attacker.forms = list(self._forms_for(attacker))
        self.bodies = _bodies()

    def _fill(self) -> None:
        with self.app.app_context():
            stock = Stock()
            stock.item("BOLT", name="Bolt", decimals=3)
            stock.lot("receive 10000, reserve 40 JOB-1, issue 1", lot_code="L-1")
            stock.lot("receive 500", lot_code="L-2")
            stock.lot("receive 10", lot_code="Q", item=stock.item("OIL", qc_required=True))
            stock.link("9521123456785", item="BOLT")
            db.session.remove()

    def _forms_for(self, attacker: Attacker) -> Iterator[Form]:
        """Yield the forms of all pages that the attacker can open."""
        for method, rule in self.rules:
            if method != "GET" or rule.rule.startswith(("/api/", "/static/")):
                continue
            path = self._path(rule, good=True)
            answer = attacker.send("GET", path, [])
            if answer.status == 200 and "html" in answer.headers.get("Content-Type", ""):
                found = forms_of(answer.text, path)
                yield from (form for form in found if form.action not in _EXCLUDED_FORMS)
            self._check_answer(attacker, "GET", path, answer)

    def run(self, count: int, *, report: Callable[[str], None] = lambda _: None) -> None:
        generators = (
            self._form,
            self._form,
            self._form,
            self._page,
            self._api,
            self._api,
            self._floor,
        )
        for number in range(count):
            attacker = self.rng.choice(self.attackers)
            generate = self.rng.choice(generators) if self.rng.random() > 0.03 else self._path_trick
            method, path, headers, body = generate(attacker)
            answer = attacker.send(method, path, headers, body)
            self._check_answer(attacker, method, path, answer, body)
            self._restore_session(attacker, path, answer)
            if number % 1000 == 999:
                report(f"{number + 1} requests, {len(self.faults)} faults")

    def verify(self) -> list[str]:
        """Return the findings of `ledger verify`."""
        with self.app.app_context():
            db.session.rollback()
            with snapshot() as reader:
                found = [str(finding) for finding in verification.verify(reader).findings]
            db.session.remove()
        return found

    def _check_answer(
        self, attacker: Attacker, method: str, path: str, answer: Answer, body: bytes = b""
    ) -> None:
        self.statuses[answer.status] += 1
        text = answer.text
        problems = [
            *(["5xx"] if answer.status >= 500 else []),
            *(["traceback"] if "Traceback (most recent" in text else []),
            *(["markup"] if self._shows_markup(answer, text) else []),
            *(["no policy"] if not self._has_headers(answer) else []),
        ]
        if problems:
            self.faults.append(
                f"{'+'.join(problems)} {answer.status} {attacker.role} {method} {path[:200]}"
                f" {body[:300]!r} -> {text[:200]!r}"
            )

    @staticmethod
    def _shows_markup(answer: Answer, text: str) -> bool:
        return "html" in answer.headers.get("Content-Type", "") and values.MARK in text

    @staticmethod
    def _has_headers(answer: Answer) -> bool:
        """Requests that do not reach the application, such as a bad request line, have none."""
        outside = answer.status in (0, 400, 408, 413, 414, 431)
        names = {name.lower() for name in answer.headers}
        return outside or {"content-security-policy", "x-content-type-options"} <= names

    def _restore_session(self, attacker: Attacker, path: str, answer: Answer) -> None:
        """Log in again after a logout or throttling; create a new token if it was revoked."""
        if answer.status == 429 or "/login/" in answer.headers.get("Location", ""):
            attacker.log_in()
        elif answer.status == 401 and path.startswith("/api/"):
            attacker.token = ""
            attacker.log_in()
        elif answer.status in (401, 419) and attacker.role != "anonymous":
            attacker.log_in()

    # --- requests ---------------------------------------------------------------------------------

    def _path(self, rule: Any, *, good: bool) -> str:
        def filled(found: re.Match[str]) -> str:
            if good or self.rng.random() < 0.6:
                known = {"kind": "csv", "report": "ageing", "item_code": "BOLT"}
                return known.get(found[1], "1")
            return self.rng.choice(values.IDS)

        return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", filled, rule.rule)

    def _query(self) -> str:
        pairs = [
            (self.rng.choice(_QUERY), values.text(self.rng)[:1500])
            for _ in range(self.rng.randrange(4))
        ]
        return f"?{_encoded(pairs)}" if pairs else ""

    def _headers(self) -> Headers:
        some = [self.rng.choice(values.HEADERS) for _ in range(self.rng.randrange(3))]
        return [(name, value) for name, value in some if self.rng.random() < 0.5]

    def _form(self, attacker: Attacker) -> tuple[str, str, Headers, bytes]:
        if not attacker.forms:
            return self._page(attacker)
        form = self.rng.choice(attacker.forms)
        pairs = [self._pair(name, choices) for name, choices in form.fields.items()]
        pairs = self._mutated([(n, v) for n, v in pairs if n != "csrf_token"])
        if form.method == "get":
            return "GET", f"{form.action.partition('?')[0]}?{_encoded(pairs)}", self._headers(), b""
        if self.rng.random() > 0.02:
            pairs.append(("csrf_token", attacker.csrf))
        content_type, body = self._encoded_body(pairs, form.files)
        return "POST", form.action, [*self._headers(), ("Content-Type", content_type)], body

    def _pair(self, name: str, choices: list[str]) -> tuple[str, str]:
        value = self.rng.choice(choices) if choices else ""
        return name, value or (_VALID_VALUES.get(name, "") if self.rng.random() < 0.8 else "")

    def _mutated(self, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        pairs = list(pairs)
        for _ in range(self.rng.choice((0, 1, 1, 1, 2, 3))):
            if pairs:
                position = self.rng.randrange(len(pairs))
                pairs[position] = (pairs[position][0], values.text(self.rng))
        if pairs and self.rng.random() < 0.1:
            pairs.append((self.rng.choice(pairs)[0], values.text(self.rng)))
        if pairs and self.rng.random() < 0.1:
            del pairs[self.rng.randrange(len(pairs))]
        if self.rng.random() < 0.15:
            pairs.append(self.rng.choice(values.EXTRA))
        return pairs

    def _encoded_body(self, pairs: list[tuple[str, str]], files: list[str]) -> tuple[str, bytes]:
        draw = self.rng.random()
        if files or draw < 0.1:
            return "multipart/form-data; boundary=zz", _multipart(pairs, self._files(files))
        if draw < 0.15:
            content = json.dumps(dict(pairs)).encode("utf-8", "surrogatepass")
            return "application/json", content
        body = _encoded(pairs).encode()
        if draw < 0.2:
            body = body[: self.rng.randrange(len(body) + 1)] + b"%&=%zz&\xff\x00"
        return "application/x-www-form-urlencoded", body

    def _files(self, names: list[str]) -> list[tuple[str, bytes]]:
        return [(name, self.rng.choice(values.FILES)) for name in names or ["file"]]

    def _page(self, attacker: Attacker) -> tuple[str, str, Headers, bytes]:
        method, rule = self.rng.choice(self.rules)
        path = self._path(rule, good=False) + self._query()
        headers = self._headers()
        if rule.rule.startswith("/api/"):
            headers.append(("Authorization", f"Bearer {attacker.token}"))
        if method == "GET":
            return method, path, headers, b""
        pairs = self._mutated(
            [(n, _VALID_VALUES[n]) for n in self.rng.sample(sorted(_VALID_VALUES), 3)]
        )
        content_type, body = self._encoded_body([*pairs, ("csrf_token", attacker.csrf)], [])
        key = ("Idempotency-Key", values.text(self.rng)[:300].strip() or "k")
        headers += [("Content-Type", content_type)] + ([key] if _is_header(key[1]) else [])
        return method, path, headers, body

    def _api(self, attacker: Attacker) -> tuple[str, str, Headers, bytes]:
        method, path, body = self.rng.choice(self.bodies)
        path = re.sub(r"\{\w+\}", lambda _: self.rng.choice(("1", "BOLT", *values.IDS)), path)
        key = f"k{self.rng.randrange(10**9)}" if self.rng.random() < 0.9 else "k"
        headers = [("Authorization", f"Bearer {attacker.token}"), ("Idempotency-Key", key)]
        return method, path + self._query(), *self._json(headers, body)

    def _floor(self, attacker: Attacker) -> tuple[str, str, Headers, bytes]:
        headers = [("X-CSRFToken", attacker.csrf)]
        if self.rng.random() < 0.3:
            scan = _encoded([("scan", values.text(self.rng)[:1500])])
            return "GET", f"/floor/lookup?{scan}", headers, b""
        ops = (
            "receive",
            "issue",
            "reserve",
            "count",
            "move",
            "pick",
            "link",
            values.text(self.rng),
        )
        fields = {"op": self.rng.choice(ops), "key": f"f{self.rng.randrange(10**9)}", "user": 1}
        fields |= {"item": "BOLT", "lotCode": "L-1", "lotId": 1, "qty": "1", "reference": "JOB-1"}
        return "POST", "/floor/operations", *self._json(headers, fields)

    def _json(self, headers: Headers, body: Any) -> tuple[Headers, bytes]:
        if isinstance(body, dict):
            body = dict(body)
            for _ in range(self.rng.choice((0, 1, 1, 2))):
                name = self.rng.choice([*body, "role", "userId"]) if body else "role"
                body[name] = values.json_value(self.rng)
        content = b"" if body is None else json.dumps(body).encode("utf-8", "surrogatepass")
        if self.rng.random() < 0.05:
            content = values.broken_json(self.rng, content)
        return [*headers, *self._headers(), ("Content-Type", "application/json")], content

    def _path_trick(self, attacker: Attacker) -> tuple[str, str, Headers, bytes]:
        method = self.rng.choice(
            ("GET", "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
        )
        return method, self.rng.choice(values.PATHS), self._headers(), b""


def _bodies() -> list[tuple[str, str, Any]]:
    """Return method, path and example body of each operation of the API."""
    file = Path(openapi.__file__).with_name("examples.json")
    examples = json.loads(file.read_text("utf-8"))["operations"]
    return [
        (method.upper(), path, examples[fields["operationId"]].get("body"))
        for path, methods in openapi.document()["paths"].items()
        for method, fields in methods.items()
        if fields.get("operationId") in examples
    ]


def _encoded(pairs: list[tuple[str, str]]) -> str:
    """Encode a form as a browser does, lone surrogates included."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _multipart(pairs: list[tuple[str, str]], files: list[tuple[str, bytes]]) -> bytes:
    parts = [
        b'--zz\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (name.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass"))
        for name, value in pairs
    ]
    parts += [
        b'--zz\r\nContent-Disposition: form-data; name="%s"; filename="../x.csv"\r\n\r\n%s\r\n'
        % (name.encode(), content)
        for name, content in files
    ]
    return b"".join(parts) + b"--zz--\r\n"


def _is_header(text: str) -> bool:
    return text.isascii() and text.isprintable()
