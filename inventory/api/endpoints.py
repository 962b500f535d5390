"""Registry of API endpoints: route, role, request and response models.

Routes, checks and the OpenAPI document are made from it. A request is checked in this order: token
(401), role (403), query parameters (422), key (400), body (400, 415, 422), then the rules of the
core.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app
from pydantic import BaseModel

from inventory import ledger
from inventory.accounts.api_tokens import ApiPrincipal
from inventory.api import serializers
from inventory.api.auth import authenticate
from inventory.api.request_parsing import read_body, read_key, read_query
from inventory.api.schemas.field_types import FlagInQuery, RequestModel
from inventory.common.errors import Refusal
from inventory.http.json_codec import camel_name, to_json

Json = dict[str, Any]
View = TypeVar("View", bound=Callable[..., Any])


class NoQuery(RequestModel):
    """No query parameters."""


class WriteQuery(RequestModel):
    dry_run: FlagInQuery | None = None


@dataclass(frozen=True)
class ApiRequest:
    """A request whose token, query and body have been checked."""

    caller: ApiPrincipal
    query: Any
    body: Any
    key: str

    @property
    def dry_run(self) -> bool:
        """Return whether the request is a dry run."""
        return bool(self.query.dry_run)

    @property
    def write(self) -> dict[str, Any]:
        """Return the arguments that every write of the core takes."""
        return {"user_id": self.caller.user_id, "key": self.key, "dry_run": self.dry_run}

    @property
    def own_minutes(self) -> int | None:
        """Return how long the caller can reverse own operations; None means all operations."""
        return None if self.caller.has_role("admin") else current_app.config["UNDO_MINUTES"]

    def post(self, **path_params: Any) -> WriteResult:
        """Post the operation of the body; `path_params` are ids of the path."""
        posting = ledger.post([self.body.to_command(**path_params)], **self.write)
        return WriteResult(serializers.written(posting)[0], posting.replayed)


@dataclass(frozen=True)
class WriteResult:
    """The result of a write, and whether it is a replay."""

    content: Json
    replayed: bool


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """The declaration of one endpoint."""

    method: str
    path: str
    role: str
    view: Callable[..., Any]
    answer: type[BaseModel]
    status: int
    query: type[RequestModel]
    body: type[RequestModel] | None
    body_needed: bool
    refusals: tuple[str, ...]
    tag: str

    @property
    def name(self) -> str:
        """Return the name of the view function."""
        return self.view.__name__

    @property
    def is_write(self) -> bool:
        """Return whether the endpoint writes."""
        return self.method != "GET"

    @property
    def rule(self) -> str:
        """Return the path in Flask's syntax."""
        return self.path.replace("{code}", "<item_code:code>").replace("{id}", "<row_id:id>")


class EndpointRegistry:
    """The endpoints of one API version, in the order of the document."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.all: list[Endpoint] = []

    def get(
        self,
        path: str,
        answer: type[BaseModel],
        *,
        tag: str,
        query: type[RequestModel] = NoQuery,
        refusals: tuple[str, ...] = (),
    ) -> Callable[[Callable[..., Json]], Callable[..., Json]]:
        """Decorator: declare a read endpoint."""
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
        body: type[RequestModel] | None,
        tag: str,
        status: int = 201,
        body_needed: bool = True,
        refusals: tuple[str, ...] = (),
    ) -> Callable[[Callable[..., WriteResult]], Callable[..., WriteResult]]:
        """Decorator: declare a write endpoint."""
        return self._add(
            method=method, path=path, role=role, answer=answer, status=status, query=WriteQuery,
            body=body, body_needed=body_needed, refusals=refusals, tag=tag,
        )  # fmt: skip

    def _add(self, **fields: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def declare(view: Callable[..., Any]) -> Callable[..., Any]:
            endpoint = Endpoint(view=view, **fields)
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
    def view(**path_params: Any) -> Response:
        caller = authenticate(endpoint.role)
        query = read_query(endpoint.query)
        key = read_key() if endpoint.is_write else ""
        body = read_body(endpoint.body, needed=endpoint.body_needed) if endpoint.body else None
        try:
            answered = endpoint.view(ApiRequest(caller, query, body, key), **path_params)
        except Refusal as refusal:
            if "field" in refusal.figures:
                refusal.figures["field"] = camel_name(refusal.figures["field"])
            raise
        if isinstance(answered, WriteResult):
            return answer_json(answered.content, endpoint.status, replayed=answered.replayed)
        return answer_json(answered, endpoint.status)

    view.token_role = endpoint.role  # type: ignore[attr-defined]
    return skip_login_check(view)


def skip_login_check(view: View) -> View:
    """Mark a view that checks tokens, so that the sign-in check of pages skips it."""
    view.minimum_role = "public"  # type: ignore[attr-defined]
    return view


def answer_json(content: Any, status: int = 200, *, replayed: bool = False) -> Response:
    """Return a JSON response."""
    response = Response(to_json(content), status, content_type="application/json")
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
