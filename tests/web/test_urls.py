"""URLs of pages: kept ones are those that Flask builds."""

from __future__ import annotations

import flask
import pytest
from flask import Flask

from inventory.web.urls import url_for


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [
        ("inventory.items.item", {"item_id": 1}),
        ("inventory.items.index", {"q": "a b&c", "page": 2}),
        ("inventory.items.index", {"page": 2, "q": "a b&c"}),
        ("inventory.items.index", {"q": 1}),
        ("inventory.items.index", {"q": True}),
        ("inventory.items.index", {"q": None}),
        ("inventory.items.index", {"q": "1"}),
        ("inventory.items.index", {"q": ["a", "b"]}),
        ("inventory.items.index", {"_anchor": "list"}),
        ("inventory.items.index", {"_external": True}),
        ("static", {"filename": "css/base.css"}),
    ],
)
def test_a_kept_url_is_the_one_that_flask_builds(
    app: Flask, endpoint: str, values: dict[str, object]
) -> None:
    for root in ("", "/stock", ""):
        with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}):
            expected = flask.url_for(endpoint, **values)
            assert url_for(endpoint, **values) == expected
            assert url_for(endpoint, **values) == expected  # kept now


def test_relative_endpoints_stay_within_their_blueprint(app: Flask) -> None:
    for path, expected in (("/items/", "/items/"), ("/lots/", "/lots/")):
        with app.test_request_context(path):
            assert url_for(".index") == expected
