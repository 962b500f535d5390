"""The outbox is written with the ledger, and each endpoint is told once, sooner or later."""

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
OTHER = "the key that the site had before this one"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


@pytest.fixture
def secret(stock: Stock, receiver: Receiver) -> str:
    """The receiver is told."""
    return endpoints.add_endpoint(url=receiver.url, key=KEY, user_id=stock.user_id)[1]


@pytest.fixture
def item(stock: Stock) -> str:
    """Reordered at 5; 20 are free."""
    stock.item("BOLT", reorder_point="5")
    stock.lot("receive 20", lot_code="L-1")
    return "BOLT"


def told() -> list[tuple[str, str]]:
    """Each event that stands in the outbox: its type, and what was free."""
    db.session.rollback()
    rows = connection().execute(sa.select(low_stock.events.c.body).order_by(low_stock.events.c.id))
    found = [json.loads(body) for body in rows.scalars()]
    return [(one["type"], one["data"]["free"]) for one in found]


def test_an_item_is_low_when_it_is_down_to_its_point_and_recovers_above_it(
    stock: Stock, item: str
) -> None:
    assert told() == [("item.low", "0"), ("item.recovered", "20")]
    stock.post("issue", item=item, qty=14)
    assert len(told()) == 2
    stock.post("issue", item=item, qty=1)
    stock.post("issue", item=item, qty=1)
    assert told()[2:] == [("item.low", "5")]
    stock.lot("receive 2", item=item)
    assert told()[3:] == [("item.recovered", "6")]


def test_what_is_reserved_or_on_hold_is_not_free(stock: Stock, item: str) -> None:
    promised = stock.reserve(15)
    stock.post("unreserve", reservation_id=promised)
    lot = stock.find_lot("L-1").id
    stock.post("decide_qc", lot_id=lot, status="QUARANTINE", reason="rust")
    stock.post("decide_qc", lot_id=lot, status="APPROVED", reason="clean")
    assert [type for type, _ in told()[2:]] == ["item.low", "item.recovered"] * 2


def test_what_is_rolled_back_or_refused_tells_nothing(stock: Stock, item: str) -> None:
    stock.post("issue", item=item, qty=18, dry_run=True)
    stock.refused("INSUFFICIENT_STOCK", "issue", item=item, qty=30)
    once = key()
    stock.post("issue", item=item, qty=18, key=once)
    stock.post("issue", item=item, qty=18, key=once)
    assert told()[2:] == [("item.low", "2")]


def test_one_operation_over_several_items_tells_of_each(stock: Stock, item: str) -> None:
    from inventory import ledger

    stock.item("NUT", reorder_point="1")
    stock.lot("receive 4", item="NUT")
    issues = [ledger.Issue(item="NUT", qty="4"), ledger.Issue(item=item, qty="16")]
    ledger.post(issues, user_id=stock.user_id, key=key())
    assert sorted(told()[-2:]) == [("item.low", "0"), ("item.low", "4")]


def test_a_changed_point_tells_too_and_items_without_one_tell_nothing(
    stock: Stock, item: str
) -> None:
    def change(**fields: object) -> None:
        catalog.update_item(user_id=stock.user_id, key=key(), item=item, **fields)

    for point in ("20", "19", "20", None):
        change(reorder_point=point)
    types = [type for type, _ in told()[2:]]
    assert types == ["item.low", "item.recovered", "item.low", "item.recovered"]
    stock.post("issue", item=item, qty=20)
    change(reorder_point="3")
    change(archived=True)
    assert [type for type, _ in told()[6:]] == ["item.low", "item.recovered"]


def test_time_alone_is_told_by_the_sweep(stock: Stock) -> None:
    stock.item("MILK", reorder_point="1")
    stock.lot("receive 9", item="MILK", expires_on=in_days(1))
    assert low_stock.refresh_low_stock_events() == 0
    with clock.frozen_at(clock.now() + timedelta(days=2)):
        assert low_stock.refresh_low_stock_events() == 1
        assert low_stock.refresh_low_stock_events() == 0
    assert told()[-1] == ("item.low", "0")


def test_writers_of_one_item_at_once_tell_of_each_crossing_once(stock: Stock) -> None:
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
    assert [type for type, _ in told()] == ["item.low", "item.recovered", "item.low"]


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


def test_several_senders_at_once_deliver_each_event_once(
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
    ids = [one.headers["webhook-id"] for one in receiver.requests]
    assert len(ids) == len(set(ids)) == 8


def test_signatures_verify_as_the_specification_has_it(
    stock: Stock, receiver: Receiver, secret: str, item: str
) -> None:
    deliver_due(keys=[KEY, OTHER])
    assert secret.startswith("whsec_")
    for one in receiver.requests:
        signed = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.{one.body}"
        made = hmac.new(base64.b64decode(secret[6:]), signed.encode(), hashlib.sha256).digest()
        given = one.headers["webhook-signature"].split()
        assert given[0] == "v1," + base64.b64encode(made).decode()
        assert len(given) == 2
        assert abs(int(one.headers["webhook-timestamp"]) - clock.now().timestamp()) < 60


def test_a_secret_is_kept_nowhere(stock: Stock, receiver: Receiver, secret: str) -> None:
    db.session.rollback()
    for table in db.metadata.sorted_tables:
        for row in connection().execute(sa.select(table)):
            assert secret not in repr(tuple(row))
            assert secret[6:] not in repr(tuple(row))


@pytest.mark.parametrize("answer", [500, 404, (302, {"Location": "/elsewhere"}), (308, {})])
def test_what_is_not_taken_is_sent_again_later_and_no_redirect_is_followed(
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


def test_pauses_grow_until_it_is_given_up_and_may_be_replayed(
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


def test_a_receiver_that_is_not_there_or_speaks_nonsense_is_a_failed_try(stock: Stock) -> None:
    for url in ("http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://nowhere.invalid/"):
        endpoints.add_endpoint(url=url, key=KEY, user_id=None)
    stock.item("BOLT", reorder_point="5")
    assert deliver_due(keys=[KEY]) == 3
    found = endpoints.list_deliveries(connection())
    assert {one.state for one in found} == {"waiting"}
    assert all(one.outcome and one.outcome.startswith("no answer") for one in found)


def test_a_slow_receiver_holds_up_nobody_else(
    stock: Stock, receiver: Receiver, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow one answers once the other was told: one after the other, that would be never."""
    told = threading.Event()
    waited = []
    with run_receiver() as quick:
        endpoints.add_endpoint(url=quick.url, key=KEY, user_id=stock.user_id)
        stock.item("BOLT", reorder_point="5")
        send = webhooks_delivery.send

        def sent(
            claimed: webhooks_delivery.ClaimedDelivery, *, keys: Sequence[str]
        ) -> tuple[bool, str]:
            if claimed.url == receiver.url:
                waited.append(told.wait(10))
                return False, "slow"
            told.set()
            return send(claimed, keys=keys)

        monkeypatch.setattr(webhooks_delivery, "send", sent)
        assert deliver_due(keys=[KEY]) == 2
        assert waited == [True]
        assert quick.types == ["item.low"]


def test_a_round_of_a_slow_receiver_ends(
    stock: Stock, receiver: Receiver, secret: str, item: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks_delivery, "ROUND_SECONDS", 0.01)
    receiver.seconds = 0.05
    assert [deliver_due(keys=[KEY]) for _ in range(3)] == [1, 1, 0]


def test_a_receiver_that_never_ends_its_answer_is_cut_off(
    stock: Stock, receiver: Receiver, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks_delivery, "STEP_SECONDS", 0.2)
    receiver.seconds = 1.0
    stock.item("BOLT", reorder_point="5")
    assert deliver_due(keys=[KEY]) == 1
    assert "timed out" in (endpoints.list_deliveries(connection())[0].outcome or "")


@pytest.mark.parametrize("place", ["send", "_record_attempt"])
def test_a_sender_that_dies_after_the_claim_loses_nothing(
    stock: Stock, receiver: Receiver, secret: str, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    stock.item("BOLT", reorder_point="5")

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(webhooks_delivery, place, die)
        with pytest.raises(KeyboardInterrupt):
            deliver_due(keys=[KEY])
    assert deliver_due(keys=[KEY]) == 0
    with clock.frozen_at(clock.now() + webhooks_delivery.CLAIM):
        assert deliver_due(keys=[KEY]) == 1
    assert len({one.headers["webhook-id"] for one in receiver.requests}) == 1
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


def test_an_ended_endpoint_is_told_nothing_more(
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


def test_a_renewed_secret_signs_from_then_on(stock: Stock, receiver: Receiver, secret: str) -> None:
    found = endpoints.list_endpoints(connection())[0]
    renewed = endpoints.renew_secret(endpoint_id=found.id, key=KEY, user_id=None)[1]
    assert renewed != secret
    stock.item("BOLT", reorder_point="5")
    deliver_due(keys=[KEY])
    one = receiver.requests[0]
    stamp = int(one.headers["webhook-timestamp"])
    made = endpoints.sign(renewed, one.headers["webhook-id"], stamp, one.body)
    assert one.headers["webhook-signature"] == made


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://a.example/", "//a.example/", "https://", "http://u:p@a.example/",
        "https://a.example/#x", "https://a b.example/", "https://ä.example/",
        "https://a.example:99999/", "file:///etc/passwd", "https://[x/", "h" * 600, 7,
    ],
)  # fmt: skip
def test_only_addresses_of_the_web_can_be_told(stock: Stock, url: object) -> None:
    with pytest.raises(InvalidInput):
        endpoints.add_endpoint(url=url, key=KEY, user_id=None)


def test_what_was_delivered_long_ago_is_forgotten_and_what_waits_is_not(
    stock: Stock, receiver: Receiver, secret: str
) -> None:
    stock.item("BOLT", reorder_point="5")
    deliver_due(keys=[KEY])
    stock.item("NUT", reorder_point="5")
    with clock.frozen_at(clock.now() + timedelta(days=91)):
        webhooks_delivery.purge_old_deliveries()
    assert [delivery.item_code for delivery in endpoints.list_deliveries(connection())] == ["NUT"]
    assert len(told()) == 1


def test_the_outbox_is_written_with_the_ledger_or_not_at_all(
    stock: Stock, item: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inventory.idempotency import store

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    before = stock.entries()
    with monkeypatch.context() as patched:
        patched.setattr(store, "store_outcome", fail)
        with pytest.raises(RuntimeError):
            stock.post("issue", item=item, qty=18)
    assert (stock.entries(), len(told())) == (before, 2)


def test_the_loop_delivers_until_it_is_over(
    stock: Stock, receiver: Receiver, secret: str, item: str
) -> None:
    turns = iter([False, False, True])
    webhooks_delivery.run_delivery_loop(keys=[KEY], pause=0, is_ended=lambda: next(turns))
    assert receiver.types == ["item.low", "item.recovered"]
    assert endpoints.count_pending(connection()) == 0
