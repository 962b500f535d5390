"""One declaration an endpoint: its route, who may use it, what it takes and answers.

Routes, checks and the OpenAPI document are all made of it. A request is checked in this order:
token (401), role (403), query parameters (422), key (400), body (400, 415, 422); then the core.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response
from pydantic import BaseModel

from inventory import ledger
from inventory.accounts.api_tokens import Caller
from inventory.api import serializers
from inventory.api.auth import require_caller
from inventory.api.request_parsing import read_body, read_key, read_query
from inventory.api.schemas.field_types import Body, FlagInQuery
from inventory.common.errors import Refusal
from inventory.db import reading_briefly
from inventory.http.json_codec import camel_name, to_json

Json = dict[str, Any]
View = TypeVar("View", bound=Callable[..., Any])


class NoQuery(Body):
    """No query parameters."""


class WriteQuery(Body):
    dry_run: FlagInQuery | None = None


@dataclass(frozen=True)
class Call:
    """One request, read and checked."""

    caller: Caller
    query: Any
    body: Any
    key: str

    @property
    def dry_run(self) -> bool:
        return bool(self.query.dry_run)

    @property
    def write(self) -> dict[str, Any]:
        """What every verb of the core takes of a caller."""
        return {"user_id": self.caller.user_id, "key": self.key, "dry_run": self.dry_run}

    def post(self, **named: Any) -> Answered:
        """Do the one operation of the body; `named`: what the path says of it."""
        posting = ledger.post([self.body.request(**named)], **self.write)
        return Answered(serializers.written(posting)[0], posting.replayed)


@dataclass(frozen=True)
class Answered:
    """What a write led to, and whether its key was answered before."""

    content: Json
    replayed: bool


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    method: str
    path: str
    role: str
    view: Callable[..., Any]
    answer: type[BaseModel]
    status: int
    query: type[Body]
    body: type[Body] | None
    body_needed: bool
    refusals: tuple[str, ...]
    tag: str

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    @property
    def rule(self) -> str:
        """The path as Flask writes it."""
        return self.path.replace("{code}", "<item_code:code>").replace("{id}", "<row_id:id>")


class Endpoints:
    """The endpoints of one version, in the order of the document."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.all: list[Endpoint] = []

    def get(
        self,
        path: str,
        answer: type[BaseModel],
        *,
        tag: str,
        query: type[Body] = NoQuery,
        refusals: tuple[str, ...] = (),
    ) -> Callable[[Callable[..., Json]], Callable[..., Json]]:
        return self._add(
            method="GET", path=path, role="viewer", answer=answer, status=200, query=query,
            body=None, body_needed=False, refusals=refusals, tag=tag,
        )  # fmt: skip

    def write(
        self,
        method: str,
        path: str,
        answer: type[BaseModel],
        *,
        role: str,
        body: type[Body] | None,
        tag: str,
        status: int = 201,
        body_needed: bool = True,
        refusals: tuple[str, ...] = (),
    ) -> Callable[[Callable[..., Answered]], Callable[..., Answered]]:
        return self._add(
            method=method, path=path, role=role, answer=answer, status=status, query=WriteQuery,
            body=body, body_needed=body_needed, refusals=refusals, tag=tag,
        )  # fmt: skip

    def _add(self, **facts: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def declare(view: Callable[..., Any]) -> Callable[..., Any]:
            endpoint = Endpoint(view=view, **facts)
            self.all.append(endpoint)
            self.blueprint.add_url_rule(
                endpoint.rule,
                endpoint=endpoint.name,
                view_func=_view_of(endpoint),
                methods=[endpoint.method],
                provide_automatic_options=False,
            )
            return view

        return declare


def _view_of(endpoint: Endpoint) -> Callable[..., Response]:
    @wraps(endpoint.view)
    def view(**named: Any) -> Response:
        with reading_briefly() if endpoint.is_write else nullcontext():
            caller = require_caller(endpoint.role)
        query = read_query(endpoint.query)
        key = read_key() if endpoint.is_write else ""
        body = read_body(endpoint.body, needed=endpoint.body_needed) if endpoint.body else None
        try:
            answered = endpoint.view(Call(caller, query, body, key), **named)
        except Refusal as refusal:
            if "field" in refusal.figures:
                refusal.figures["field"] = camel_name(refusal.figures["field"])
            raise
        if isinstance(answered, Answered):
            return answer_json(answered.content, endpoint.status, replayed=answered.replayed)
        return answer_json(answered, endpoint.status)

    view.token_role = endpoint.role  # type: ignore[attr-defined]
    return open_to_all(view)


def open_to_all(view: View) -> View:
    """Let the browsers' guard pass it: what an endpoint asks for is a token."""
    view.minimum_role = "public"  # type: ignore[attr-defined]
    return view


def answer_json(content: Any, status: int = 200, *, replayed: bool = False) -> Response:
    response = Response(to_json(content), status, content_type="application/json")
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
