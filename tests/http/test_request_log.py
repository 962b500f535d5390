"""Request ids, log lines and metrics for Prometheus."""

import dataclasses
import logging
import re

import pytest

from inventory import create_app
from inventory.db import db
from inventory.http import log_config, metrics

TOKEN = "a token for the scraper, long enough"


@pytest.fixture
def metrics_app(config):
    """Application with metrics enabled."""
    app = create_app(dataclasses.replace(config, metrics_token=TOKEN))
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def figures(app, token=TOKEN):
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    rows = re.findall(r"^(\w+(?:{[^}]*})?) ([0-9.e+-]+)$", answer.text, re.MULTILINE)
    return {name: float(value) for name, value in rows}


def test_metrics_are_off_by_default_and_need_the_token(client, metrics_app):
    assert client.get("/metrics").status_code == 404
    assert metrics_app.test_client().get("/metrics").status_code == 401
    wrong = {"Authorization": f"Bearer {TOKEN}x"}
    assert metrics_app.test_client().get("/metrics", headers=wrong).status_code == 401


def test_operations_refusals_and_requests_are_counted(metrics_app):
    from tests.support.context_stock import ContextStock
    from tests.support.users import Person

    stock, before = ContextStock(metrics_app), figures(metrics_app)
    lot = stock.lot("receive 10, quarantine")
    ada = Person(metrics_app, "ada")
    ada.submit("/issue/", item="BOLT", qty="99")
    ada.get(f"/lots/{lot}/").close()
    ada.get("/nowhere/").close()
    with metrics_app.app_context():
        from inventory.webhooks import endpoints

        endpoints.add_endpoint(url="http://127.0.0.1:9/", key="k", user_id=None)
    stock.item("LOW", reorder_point="5")
    after = figures(metrics_app)

    def increase(name):
        return after.get(name, 0) - before.get(name, 0)

    assert increase('inventory_operations_total{kind="RECEIPT",outcome="posted"}') == 1
    assert increase('inventory_operations_total{kind="ISSUE",outcome="refused"}') == 1
    assert increase('inventory_refusals_total{code="INSUFFICIENT_STOCK"}') == 1
    request_count = 'inventory_request_seconds_count{{method="GET",route="{}",status="{}"}}'
    assert increase(request_count.format("/lots/<int:lot_id>/", 200)) == 1
    assert increase(request_count.format("none", 404)) == 1
    assert not [name for name in after if f"/lots/{lot}/" in name]
    assert after["inventory_webhooks_waiting"] == 1
    waits = [name for name in after if name.startswith("inventory_lock_wait_seconds_count")]
    assert sum(after[name] for name in waits) > 0


def test_a_retried_transaction_is_counted(metrics_app):
    from inventory.common import instrumentation

    before = figures(metrics_app).get('inventory_lost_races_total{state="40001"}', 0)
    instrumentation.transaction_retried.send(reason="40001")
    assert figures(metrics_app)['inventory_lost_races_total{state="40001"}'] == before + 1
    assert metrics.metrics() is not None


@pytest.mark.parametrize(
    ("proxies", "request_id", "kept"),
    [
        (1, "trace-0123456789.abc", True),
        (0, "trace-0123456789.abc", False),
        (1, "short", False),
        (1, "x" * 65, False),
        (1, 'quote"0123456789', False),
        (1, "", False),
    ],
)
def test_a_request_id_is_accepted_from_a_proxy_if_well_formed(config, proxies, request_id, kept):
    client = create_app(dataclasses.replace(config, proxy_count=proxies)).test_client()
    answer = client.get("/health/live", headers={"X-Request-Id": request_id})
    ids = answer.headers.getlist("X-Request-Id")
    assert len(ids) == 1
    assert (ids[0] == request_id) == kept
    assert kept or re.fullmatch(r"[0-9a-f]{32}", ids[0])


@pytest.fixture
def restored_logging():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("inventory.requests").setLevel(logging.NOTSET)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_log_line_cannot_be_forged(restored_logging, capsys, form):
    log_config.set_up(level="INFO", form=form)
    logging.getLogger("inventory.x").warning("text %s", "a\nb\u2028{}")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "\u2028" not in lines[0]
