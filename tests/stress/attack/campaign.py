"""One attack: people of each role, their forms and bodies, and what came of it all."""

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
from tests.stress.attack.callers import Answer, Caller, Headers, Jar
from tests.stress.attack.forms import Form, forms_of
from tests.support.stock_builder import Stock

PASSWORD = "a quiet warehouse"
#: They start a process each and read no field: nothing to attack, much to wait for.
_LEFT_OUT = {"inventory.ledger.verify", "admin.health.back_up"}
_LEFT_OUT_FORMS = ("/ledger/verification/", "/checkup/backups/")
#: What a form that asks for something may well be filled in with, so that some get through.
_LIKELY = {
    "item": "BOLT", "qty": "1", "lot_code": "L-1", "reference": "JOB-1", "reason": "as told",
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


class Somebody:
    """A browser with somebody of a role at it, or a stranger; and a program with their token."""

    def __init__(self, app: Flask, call: Caller, role: str) -> None:
        self.app, self._call, self.role = app, call, role
        self.jar = Jar()
        self.csrf = self.token = ""
        self.forms: list[Form] = []

    def sends(self, method: str, path: str, headers: Headers, body: bytes = b"") -> Answer:
        answer = self._call(method, path, [*self.jar.header(), *headers], body)
        self.jar.take(answer)
        return answer

    def comes_in(self) -> None:
        """Logged in, with what the attack may have taken away given back."""
        with self.app.app_context():
            self._is_given_back()
            db.session.remove()
        self.jar = Jar()
        self._takes_token(self.sends("GET", "/login/", []))
        if self.role == "stranger":
            return
        fields = {"csrf_token": self.csrf, "name": self.role, "password": PASSWORD}
        form = [("Content-Type", "application/x-www-form-urlencoded")]
        answer = self.sends("POST", "/login/", form, urlencode(fields).encode())
        assert answer.status == 303, (self.role, answer.status)
        self._takes_token(self.sends("GET", "/account/", []))

    def _is_given_back(self) -> None:
        throttling.reset_throttle()
        if self.role == "stranger":
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

    def _takes_token(self, answer: Answer) -> None:
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        assert found, (self.role, answer.status)
        self.csrf = found[1]


class Campaign:
    def __init__(self, app: Flask, call: Caller, *, seed: int) -> None:
        self.app, self.dice = app, random.Random(seed)
        self.statuses: Counter[int] = Counter()
        self.faults: list[str] = []
        self._fill()
        roles = ("stranger", *users.ROLES)
        self.people = [Somebody(app, call, role) for role in roles]
        for person in reversed(self.people):  # the admin first
            person.comes_in()
        self.rules = [
            (method, rule)
            for rule in app.url_map.iter_rules()
            if rule.endpoint not in _LEFT_OUT
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
        for person in self.people:
            person.forms = list(self._forms_for(person))
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

    def _forms_for(self, person: Somebody) -> Iterator[Form]:
        """All that stand on the pages that this one may open."""
        for method, rule in self.rules:
            if method != "GET" or rule.rule.startswith(("/api/", "/static/")):
                continue
            path = self._path(rule, good=True)
            answer = person.sends("GET", path, [])
            if answer.status == 200 and "html" in answer.headers.get("Content-Type", ""):
                found = forms_of(answer.text, path)
                yield from (one for one in found if one.action not in _LEFT_OUT_FORMS)
            self._judge(person, "GET", path, answer)

    def run(self, count: int, *, told: Callable[[str], None] = lambda _: None) -> None:
        ways = (self._form, self._form, self._form, self._page, self._api, self._api, self._floor)
        for number in range(count):
            person = self.dice.choice(self.people)
            way = self.dice.choice(ways) if self.dice.random() > 0.03 else self._path_trick
            method, path, headers, body = way(person)
            answer = person.sends(method, path, headers, body)
            self._judge(person, method, path, answer, body)
            self._look_after(person, path, answer)
            if number % 1000 == 999:
                told(f"{number + 1} requests, {len(self.faults)} faults")

    def verify(self) -> list[str]:
        """What is wrong with the ledger afterwards."""
        with self.app.app_context():
            db.session.rollback()
            with snapshot() as reader:
                found = [str(finding) for finding in verification.verify(reader).findings]
            db.session.remove()
        return found

    def _judge(
        self, person: Somebody, method: str, path: str, answer: Answer, body: bytes = b""
    ) -> None:
        self.statuses[answer.status] += 1
        said = answer.text
        wrong = [
            *(["5xx"] if answer.status >= 500 else []),
            *(["traceback"] if "Traceback (most recent" in said else []),
            *(["markup"] if self._shows_markup(answer, said) else []),
            *(["no policy"] if not self._has_headers(answer) else []),
        ]
        if wrong:
            self.faults.append(
                f"{'+'.join(wrong)} {answer.status} {person.role} {method} {path[:200]}"
                f" {body[:300]!r} -> {said[:200]!r}"
            )

    @staticmethod
    def _shows_markup(answer: Answer, said: str) -> bool:
        return "html" in answer.headers.get("Content-Type", "") and values.MARK in said

    @staticmethod
    def _has_headers(answer: Answer) -> bool:
        """What never reached the application (a bad request line, a host) has none."""
        outside = answer.status in (0, 400, 408, 413, 414, 431)
        names = {name.lower() for name in answer.headers}
        return outside or {"content-security-policy", "x-content-type-options"} <= names

    def _look_after(self, person: Somebody, path: str, answer: Answer) -> None:
        """Whoever was logged out or slowed down comes in again; a token that ended is made anew."""
        if answer.status == 429 or "/login/" in answer.headers.get("Location", ""):
            person.comes_in()
        elif answer.status == 401 and path.startswith("/api/"):
            person.token = ""
            person.comes_in()
        elif answer.status in (401, 419) and person.role != "stranger":
            person.comes_in()

    # --- what is sent -----------------------------------------------------------------------------

    def _path(self, rule: Any, *, good: bool) -> str:
        def filled(found: re.Match[str]) -> str:
            if good or self.dice.random() < 0.6:
                known = {"kind": "csv", "report": "ageing", "item_code": "BOLT"}
                return known.get(found[1], "1")
            return self.dice.choice(values.IDS)

        return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", filled, rule.rule)

    def _query(self) -> str:
        pairs = [
            (self.dice.choice(_QUERY), values.text(self.dice)[:1500])
            for _ in range(self.dice.randrange(4))
        ]
        return f"?{_encoded(pairs)}" if pairs else ""

    def _headers(self) -> Headers:
        some = [self.dice.choice(values.HEADERS) for _ in range(self.dice.randrange(3))]
        return [(name, value) for name, value in some if self.dice.random() < 0.5]

    def _form(self, person: Somebody) -> tuple[str, str, Headers, bytes]:
        if not person.forms:
            return self._page(person)
        form = self.dice.choice(person.forms)
        pairs = [self._pair(name, choices) for name, choices in form.fields.items()]
        pairs = self._spoilt([(n, v) for n, v in pairs if n != "csrf_token"])
        if form.method == "get":
            return "GET", f"{form.action.partition('?')[0]}?{_encoded(pairs)}", self._headers(), b""
        if self.dice.random() > 0.02:
            pairs.append(("csrf_token", person.csrf))
        content_type, body = self._written(pairs, form.files)
        return "POST", form.action, [*self._headers(), ("Content-Type", content_type)], body

    def _pair(self, name: str, choices: list[str]) -> tuple[str, str]:
        value = self.dice.choice(choices) if choices else ""
        return name, value or (_LIKELY.get(name, "") if self.dice.random() < 0.8 else "")

    def _spoilt(self, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        pairs = list(pairs)
        for _ in range(self.dice.choice((0, 1, 1, 1, 2, 3))):
            if pairs:
                place = self.dice.randrange(len(pairs))
                pairs[place] = (pairs[place][0], values.text(self.dice))
        if pairs and self.dice.random() < 0.1:
            pairs.append((self.dice.choice(pairs)[0], values.text(self.dice)))
        if pairs and self.dice.random() < 0.1:
            del pairs[self.dice.randrange(len(pairs))]
        if self.dice.random() < 0.15:
            pairs.append(self.dice.choice(values.EXTRA))
        return pairs

    def _written(self, pairs: list[tuple[str, str]], files: list[str]) -> tuple[str, bytes]:
        chance = self.dice.random()
        if files or chance < 0.1:
            return "multipart/form-data; boundary=zz", _multipart(pairs, self._files(files))
        if chance < 0.15:
            content = json.dumps(dict(pairs)).encode("utf-8", "surrogatepass")
            return "application/json", content
        body = _encoded(pairs).encode()
        if chance < 0.2:
            body = body[: self.dice.randrange(len(body) + 1)] + b"%&=%zz&\xff\x00"
        return "application/x-www-form-urlencoded", body

    def _files(self, names: list[str]) -> list[tuple[str, bytes]]:
        return [(name, self.dice.choice(values.FILES)) for name in names or ["file"]]

    def _page(self, person: Somebody) -> tuple[str, str, Headers, bytes]:
        method, rule = self.dice.choice(self.rules)
        path = self._path(rule, good=False) + self._query()
        headers = self._headers()
        if rule.rule.startswith("/api/"):
            headers.append(("Authorization", f"Bearer {person.token}"))
        if method == "GET":
            return method, path, headers, b""
        pairs = self._spoilt([(n, _LIKELY[n]) for n in self.dice.sample(sorted(_LIKELY), 3)])
        content_type, body = self._written([*pairs, ("csrf_token", person.csrf)], [])
        key = ("Idempotency-Key", values.text(self.dice)[:300].strip() or "k")
        headers += [("Content-Type", content_type)] + ([key] if _is_header(key[1]) else [])
        return method, path, headers, body

    def _api(self, person: Somebody) -> tuple[str, str, Headers, bytes]:
        method, path, body = self.dice.choice(self.bodies)
        path = re.sub(r"\{\w+\}", lambda _: self.dice.choice(("1", "BOLT", *values.IDS)), path)
        key = f"k{self.dice.randrange(10**9)}" if self.dice.random() < 0.9 else "k"
        headers = [("Authorization", f"Bearer {person.token}"), ("Idempotency-Key", key)]
        return method, path + self._query(), *self._json(headers, body)

    def _floor(self, person: Somebody) -> tuple[str, str, Headers, bytes]:
        headers = [("X-CSRFToken", person.csrf)]
        if self.dice.random() < 0.3:
            scan = _encoded([("scan", values.text(self.dice)[:1500])])
            return "GET", f"/floor/lookup?{scan}", headers, b""
        ops = (
            "receive",
            "issue",
            "reserve",
            "count",
            "move",
            "pick",
            "link",
            values.text(self.dice),
        )
        fields = {"op": self.dice.choice(ops), "key": f"f{self.dice.randrange(10**9)}", "user": 1}
        fields |= {"item": "BOLT", "lotCode": "L-1", "lotId": 1, "qty": "1", "reference": "JOB-1"}
        return "POST", "/floor/operations", *self._json(headers, fields)

    def _json(self, headers: Headers, body: Any) -> tuple[Headers, bytes]:
        if isinstance(body, dict):
            body = dict(body)
            for _ in range(self.dice.choice((0, 1, 1, 2))):
                name = self.dice.choice([*body, "role", "userId"]) if body else "role"
                body[name] = values.json_value(self.dice)
        written = b"" if body is None else json.dumps(body).encode("utf-8", "surrogatepass")
        if self.dice.random() < 0.05:
            written = values.broken_json(self.dice, written)
        return [*headers, *self._headers(), ("Content-Type", "application/json")], written

    def _path_trick(self, person: Somebody) -> tuple[str, str, Headers, bytes]:
        method = self.dice.choice(
            ("GET", "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
        )
        return method, self.dice.choice(values.PATHS), self._headers(), b""


def _bodies() -> list[tuple[str, str, Any]]:
    """Each operation of the API, with its example's body."""
    file = Path(openapi.__file__).with_name("examples.json")
    examples = json.loads(file.read_text("utf-8"))["operations"]
    return [
        (method.upper(), path, examples[fields["operationId"]].get("body"))
        for path, methods in openapi.document()["paths"].items()
        for method, fields in methods.items()
        if fields.get("operationId") in examples
    ]


def _encoded(pairs: list[tuple[str, str]]) -> str:
    """As a browser writes it, but for what no browser would: halves of pairs are written, too."""
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
