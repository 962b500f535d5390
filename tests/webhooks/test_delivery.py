"""Low-stock events are written with the ledger and delivered once to each endpoint."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from inventory import catalog
from inventory.common import clock
from inventory.common.errors import InvalidInput, NotFound
from inventory.db import connection, db
from inventory.webhooks import delivery as webhooks_delivery
from inventory.webhooks import endpoints, low_stock
from inventory.webhooks.delivery import deliver_due
from tests.support.stock_builder import Stock, in_days, key
from tests.support.webhook_receivers import Receiver, run_receiver

KEY = "the site's key, at least so long as this"
OLD_KEY = "the key that the site had before this one"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


@pytest.fixture
def secret(stock: Stock, receiver: Receiver) -> str:
    """The secret of an endpoint for the receiver."""
    return endpoints.add_endpoint(url=receiver.url, key=KEY, user_id=stock.user_id)[1]


@pytest.fixture
def item(stock: Stock) -> str:
    """An item with reorder point 5 and 20 free."""
    stock.item("BOLT", reorder_point="5")
    stock.lot("receive 20", lot_code="L-1")
    return "BOLT"


def events_written() -> list[tuple[str, str]]:
    """Return type and free quantity of each event in the outbox."""
    db.session.rollback()
    rows = connection().execute(sa.select(low_stock.events.c.body).order_by(low_stock.events.c.id))
    events = [json.loads(body) for body in rows.scalars()]
    return [(event["type"], event["data"]["free"]) for event in events]


def test_item_is_low_at_its_reorder_point_and_recovers_above_it(stock: Stock, item: str) -> None:
    assert events_written() == [("item.low", "0"), ("item.recovered", "20")]
    stock.post("issue", item=item, qty=14)
    assert len(events_written()) == 2
    stock.post("issue", item=item, qty=1)
    stock.post("issue", item=item, qty=1)
    assert events_written()[2:] == [("item.low", "5")]
    stock.lot("receive 2", item=item)
    assert events_written()[3:] == [("item.recovered", "6")]


def test_reserved_stock_and_stock_on_hold_are_not_free(stock: Stock, item: str) -> None:
    reservation = stock.reserve(15)
    stock.post("unreserve", reservation_id=reservation)
    lot = stock.find_lot("L-1").id
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="rust")
    stock.post("decide_qc", lot_id=lot, status="APPROVED", reason="clean")
    assert [type for type, _ in events_written()[2:]] == ["item.low", "item.recovered"] * 2


def test_dry_run_refusal_and_replay_write_no_event(stock: Stock, item: str) -> None:
    stock.post("issue", item=item, qty=18, dry_run=True)
    stock.refused("INSUFFICIENT_STOCK", "issue", item=item, qty=30)
    one_key = key()
    stock.post("issue", item=item, qty=18, key=one_key)
    stock.post("issue", item=item, qty=18, key=one_key)
    assert events_written()[2:] == [("item.low", "2")]


def test_batch_over_several_items_writes_an_event_for_each(stock: Stock, item: str) -> None:
    from inventory import ledger

    stock.item("NUT", reorder_point="1")
    stock.lot("receive 4", item="NUT")
    issues = [ledger.Issue(item="NUT", qty="4"), ledger.Issue(item=item, qty="16")]
    ledger.post(issues, user_id=stock.user_id, key=key())
    assert sorted(events_written()[-2:]) == [("item.low", "0"), ("item.low", "4")]


def test_change_of_the_reorder_point_writes_an_event(stock: Stock, item: str) -> None:
    def change(**fields: object) -> None:
        catalog.update_item(user_id=stock.user_id, key=key(), item=item, **fields)

    for point in ("20", "19", "20", None):
        change(reorder_point=point)
    types = [type for type, _ in events_written()[2:]]
    assert types == ["item.low", "item.recovered", "item.low", "item.recovered"]
    stock.post("issue", item=item, qty=20)
    change(reorder_point="3")
    change(archived=True)
    assert [type for type, _ in events_written()[6:]] == ["item.low", "item.recovered"]


def test_stock_that_expires_is_found_by_the_refresh(stock: Stock) -> None:
    stock.item("MILK", reorder_point="1")
    stock.lot("receive 9", item="MILK", expires_on=in_days(1))
    assert low_stock.refresh_low_stock_events() == 0
    with clock.frozen_at(clock.now() + timedelta(days=2)):
        assert low_stock.refresh_low_stock_events() == 1
        assert low_stock.refresh_low_stock_events() == 0
    assert events_written()[-1] == ("item.low", "0")


def test_concurrent_writes_write_each_low_event_once(stock: Stock) -> None:
    from flask import current_app

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    stock.item("BOLT", reorder_point="5")
    lots = [stock.lot("receive 5") for _ in range(4)]
    barrier = threading.Barrier(4)

    def work(lot: int) -> None:
        with app.app_context():
            barrier.wait()
            stock.post("scrap", lot_id=lot, qty=4, reason="bent")

    threads = [threading.Thread(target=work, args=(lot,)) for lot in lots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type for type, _ in events_written()] == ["item.low", "item.recovered", "item.low"]


# --- delivery -------------------------------------------------------------------------------------


def test_each_event_is_delivered_once(
    stock: Stock, receiver: Receiver, secret: str, item: str
) -> None:
    assert deliver_due(keys=[KEY]) == 2
    assert deliver_due(keys=[KEY]) == 0
    assert receiver.types == ["item.low", "item.recovered"]
    assert receiver.requests[1].content["data"] == {
        "item": "BOLT", "name": "Bolt", "unit": "pcs", "onHand": "20", "reserved": "0",
        "onHold": "0", "free": "20", "reorderPoint": "5",
    }  # fmt: skip
    states = [delivery.state for delivery in endpoints.list_deliveries(connection())]
    assert states == ["delivered", "delivered"]


def test_concurrent_senders_deliver_each_event_once(
    stock: Stock, receiver: Receiver, secret: str, item: str
) -> None:
    from flask import current_app

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    for _ in range(3):
        stock.post("reverse", operation_id=stock.post("issue", item=item, qty=19).operation.id)
    receiver.seconds = 0.02

    def work() -> None:
        with app.app_context():
            deliver_due(keys=[KEY])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert len(ids) == len(set(ids)) == 8


def test_signatures_match_the_specification(
    stock: Stock, receiver: Receiver, secret: str, item: str
) -> None:
    deliver_due(keys=[KEY, OLD_KEY])
    assert secret.startswith("whsec_")
    for request in receiver.requests:
        timestamp = request.headers["webhook-timestamp"]
        signed = f"{request.headers['webhook-id']}.{timestamp}.{request.body}"
        digest = hmac.new(base64.b64decode(secret[6:]), signed.encode(), hashlib.sha256).digest()
        signatures = request.headers["webhook-signature"].split()
        assert signatures[0] == "v1," + base64.b64encode(digest).decode()
        assert len(signatures) == 2
        assert abs(int(timestamp) - clock.now().timestamp()) < 60


def test_webhook_secret_is_not_stored(stock: Stock, receiver: Receiver, secret: str) -> None:
    db.session.rollback()
    for table in db.metadata.sorted_tables:
        for row in connection().execute(sa.select(table)):
            assert secret not in repr(tuple(row))
            assert secret[6:] not in repr(tuple(row))


@pytest.mark.parametrize("answer", [500, 404, (302, {"Location": "/elsewhere"}), (308, {})])
def test_failed_delivery_is_retried_and_redirects_are_not_followed(
    stock: Stock, receiver: Receiver, secret: str, item: str, answer: object
) -> None:
    receiver.answers = [answer, 200, 200]
    assert deliver_due(keys=[KEY]) == 2
    assert deliver_due(keys=[KEY]) == 0
    with clock.frozen_at(clock.now() + timedelta(seconds=10)):
        assert deliver_due(keys=[KEY]) == 1
    assert receiver.types == ["item.low", "item.recovered", "item.low"]
    first, again = receiver.requests[0], receiver.requests[2]
    assert (first.headers["webhook-id"], first.body) == (again.headers["webhook-id"], again.body)


def test_delivery_is_given_up_after_growing_pauses_and_can_be_replayed(
    stock: Stock, receiver: Receiver, secret: str
) -> None:
    stock.item("BOLT", reorder_point="5")
    receiver.answers, waits, now = [503], [], clock.now()
    for _ in range(20):
        with clock.frozen_at(now):
            if not deliver_due(keys=[KEY]):
                break
        delivery = endpoints.list_deliveries(db.session.connection())[0]
        db.session.rollback()
        if delivery.due_at is not None:
            waits.append((delivery.due_at - now).total_seconds())
            now = delivery.due_at
    assert [round(wait) for wait in waits] == pytest.approx(webhooks_delivery.PAUSES, rel=0.11)
    assert (delivery.state, delivery.outcome) == ("given up", "HTTP 503")
    assert len(receiver.requests) == len(webhooks_delivery.PAUSES) + 1
    receiver.answers = [200]
    endpoints.replay(delivery_id=delivery.id, user_id=stock.user_id)
    assert deliver_due(keys=[KEY]) == 1
    assert endpoints.list_deliveries(connection())[0].state == "delivered"


def test_unreachable_receiver_is_a_failed_attempt(stock: Stock) -> None:
    for url in ("http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://nowhere.invalid/"):
        endpoints.add_endpoint(url=url, key=KEY, user_id=None)
    stock.item("BOLT", reorder_point="5")
    assert deliver_due(keys=[KEY]) == 3
    found = endpoints.list_deliveries(connection())
    assert {delivery.state for delivery in found} == {"waiting"}
    assert all(delivery.outcome and delivery.outcome.startswith("no answer") for delivery in found)


def test_slow_receiver_does_not_delay_other_receivers(
    stock: Stock, receiver: Receiver, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow receiver answers only after the quick one got its event."""
    quick_sent = threading.Event()
    waited = []
    with run_receiver() as quick:
        endpoints.add_endpoint(url=quick.url, key=KEY, user_id=stock.user_id)
        stock.item("BOLT", reorder_point="5")
        send = webhooks_delivery.send

        def send_in_order(
            claimed: webhooks_delivery.ClaimedDelivery, *, keys: Sequence[str]
        ) -> tuple[bool, str]:
            if claimed.url == receiver.url:
                waited.append(quick_sent.wait(10))
                return False, "slow"
            quick_sent.set()
            return send(claimed, keys=keys)

        monkeypatch.setattr(webhooks_delivery, "send", send_in_order)
        assert deliver_due(keys=[KEY]) == 2
        assert waited == [True]
        assert quick.types == ["item.low"]


def test_delivery_round_with_a_slow_receiver_ends(
    stock: Stock, receiver: Receiver, secret: str, item: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks_delivery, "ROUND_SECONDS", 0.01)
    receiver.seconds = 0.05
    assert [deliver_due(keys=[KEY]) for _ in range(3)] == [1, 1, 0]


def test_receiver_that_does_not_answer_in_time_is_cut_off(
    stock: Stock, receiver: Receiver, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks_delivery, "STEP_SECONDS", 0.2)
    receiver.seconds = 1.0
    stock.item("BOLT", reorder_point="5")
    assert deliver_due(keys=[KEY]) == 1
    assert "timed out" in (endpoints.list_deliveries(connection())[0].outcome or "")


@pytest.mark.parametrize("function", ["send", "_record_attempt"])
def test_sender_killed_after_the_claim_loses_no_event(
    stock: Stock, receiver: Receiver, secret: str, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    stock.item("BOLT", reorder_point="5")

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(webhooks_delivery, function, interrupt)
        with pytest.raises(KeyboardInterrupt):
            deliver_due(keys=[KEY])
    assert deliver_due(keys=[KEY]) == 0
    with clock.frozen_at(clock.now() + webhooks_delivery.CLAIM):
        assert deliver_due(keys=[KEY]) == 1
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert endpoints.count_pending(connection()) == 0


def test_no_transaction_is_open_while_a_request_is_sent(
    stock: Stock, receiver: Receiver, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock.item("BOLT", reorder_point="5")
    busy = []

    def send(*_: object, **__: object) -> tuple[bool, str]:
        busy.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return True, "HTTP 200"

    db.session.rollback()
    monkeypatch.setattr(webhooks_delivery, "send", send)
    deliver_due(keys=[KEY])
    assert busy == [0]


def test_removed_endpoint_receives_no_more_events(
    stock: Stock, receiver: Receiver, secret: str, item: str
) -> None:
    found = endpoints.list_endpoints(connection())[0]
    assert found.waiting == 2
    endpoints.end_endpoint(endpoint_id=found.id, user_id=stock.user_id)
    stock.post("issue", item=item, qty=18)
    assert deliver_due(keys=[KEY]) == 0
    delivery = endpoints.list_deliveries(connection())[0]
    with pytest.raises(NotFound):
        endpoints.replay(delivery_id=delivery.id, user_id=None)
    with pytest.raises(NotFound):
        endpoints.end_endpoint(endpoint_id=found.id, user_id=None)
    assert receiver.requests == []


def test_renewed_secret_signs_new_deliveries(stock: Stock, receiver: Receiver, secret: str) -> None:
    found = endpoints.list_endpoints(connection())[0]
    renewed = endpoints.renew_secret(endpoint_id=found.id, key=KEY, user_id=None)[1]
    assert renewed != secret
    stock.item("BOLT", reorder_point="5")
    deliver_due(keys=[KEY])
    request = receiver.requests[0]
    stamp = int(request.headers["webhook-timestamp"])
    signature = endpoints.sign(renewed, request.headers["webhook-id"], stamp, request.body)
    assert request.headers["webhook-signature"] == signature


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://a.example/", "//a.example/", "https://", "http://u:p@a.example/",
        "https://a.example/#x", "https://a b.example/", "https://ä.example/",
        "https://a.example:99999/", "file:///etc/passwd", "https://[x/", "h" * 600, 7,
    ],
)  # fmt: skip
def test_only_http_urls_can_be_endpoints(stock: Stock, url: object) -> None:
    with pytest.raises(InvalidInput):
        endpoints.add_endpoint(url=url, key=KEY, user_id=None)


def test_old_deliveries_are_purged_but_pending_ones_are_kept(
    stock: Stock, receiver: Receiver, secret: str
) -> None:
    stock.item("BOLT", reorder_point="5")
    deliver_due(keys=[KEY])
    stock.item("NUT", reorder_point="5")
    with clock.frozen_at(clock.now() + timedelta(days=91)):
        webhooks_delivery.purge_old_deliveries()
    assert [delivery.item_code for delivery in endpoints.list_deliveries(connection())] == ["NUT"]
    assert len(events_written()) == 1


def test_events_are_written_in_the_transaction_of_the_ledger(
    stock: Stock, item: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inventory.idempotency import store

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("simulated failure")

    before = stock.entries()
    with monkeypatch.context() as patched:
        patched.setattr(store, "store_outcome", fail)
        with pytest.raises(RuntimeError):
            stock.post("issue", item=item, qty=18)
    assert (stock.entries(), len(events_written())) == (before, 2)


def test_delivery_loop_delivers_until_it_is_ended(
    stock: Stock, receiver: Receiver, secret: str, item: str
) -> None:
    turns = iter([False, False, True])
    webhooks_delivery.run_delivery_loop(keys=[KEY], pause=0, is_ended=lambda: next(turns))
    assert receiver.types == ["item.low", "item.recovered"]
    assert endpoints.count_pending(connection()) == 0
